"""`manage.py export_canonical --as-of D`: the books as sorted JSON lines, the same bytes for the same books."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from receivables.management.dates import day_argument
from receivables.selectors import canonical


class Command(BaseCommand):
    help = "Writes open items, balances and exposures at the end of a day as sorted JSON lines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as-of", type=day_argument, required=True, help="YYYY-MM-DD")
        parser.add_argument("--output", default="", help="file to write; default: standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["output"]:
            self._write(self.stdout, options["as_of"])
            return
        with open(options["output"], "w", encoding="utf-8", newline="\n") as file:
            self._write(file, options["as_of"])

    def _write(self, target: Any, as_of: Any) -> None:
        for record in canonical.records(as_of=as_of):
            line = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            target.write(f"{line}\n")
