"""`manage.py verify_ledger`: recompute the ledger from its events; exit 1 with a list where it fails."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.core.models import BusinessUnit
from receivables.management.dates import day_argument
from receivables.selectors import proof


class Command(BaseCommand):
    help = "Recomputes the ledger from its events. Exits 1 and lists what contradicts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--unit", default="", help="code of one business unit; default: all")
        parser.add_argument(
            "--as-of",
            type=day_argument,
            help="totals at the end of this day; default: of everything",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        unit = None
        if options["unit"]:
            unit = BusinessUnit.objects.filter(code=options["unit"]).first()
            if unit is None:
                raise CommandError(f"There is no business unit {options['unit']!r}.")
        findings = proof.verify(unit=unit, as_of=options["as_of"])
        for finding in findings:
            self.stderr.write(str(finding))
        if findings:
            raise CommandError(f"The ledger does not hold: {len(findings)} contradictions.")
        self.stdout.write("The ledger holds: buckets = open items = debit less credit.")
