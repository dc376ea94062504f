"""`manage.py import_file KIND FILE`: import a ledger, receipts or customers from the command line."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.core import clock
from config.core.errors import DomainError
from config.core.models import BusinessUnit
from config.core.services import units
from receivables.domain.importing.fields import FIELDS
from receivables.models import ImportBatch
from receivables.selectors import imports
from receivables.services.imports import runs, uploads

BLOCK = 1 << 20
SHOWN_REFUSALS = 20


class Command(BaseCommand):
    help = "Import customers, open items or receipts from a CSV file or an Excel workbook."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=sorted(FIELDS))
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--unit",
            default="",
            help="code of the business unit; may be left out where there is one",
        )
        parser.add_argument(
            "--create-unit",
            action="store_true",
            help="create the unit if there is none of that code",
        )
        parser.add_argument(
            "--mapping", default="", help="name of a mapping (ibm, highradius, …) or JSON"
        )
        parser.add_argument(
            "--create-customers", action="store_true", help="create customers that do not exist yet"
        )
        parser.add_argument(
            "--currency", default="", help="currency of rows without one; the unit's by default"
        )
        parser.add_argument(
            "--source", default="", help="number range; “ledger” or “cash” by default"
        )
        parser.add_argument("--date-order", default="", choices=["", "YMD", "DMY", "MDY"])
        parser.add_argument("--sheet", default="", help="sheet of a workbook")
        parser.add_argument(
            "--good-rows-only",
            action="store_true",
            help="leave refused rows out instead of refusing the file",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="check everything, write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        started = time.monotonic()
        names = (
            "currency",
            "source",
            "sheet",
            "date_order",
            "good_rows_only",
            "create_customers",
            "dry_run",
        )
        try:
            batch = uploads.take(
                unit=self._unit(options),
                kind=options["kind"],
                file_name=path.name,
                content=_blocks(path),
                mapping=options["mapping"],
                options={name: options[name] for name in names},
                actor=None,
            )
            batch = runs.run(
                batch=batch, actor=None, now=clock.now(), today=clock.today(batch.unit.time_zone)
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self._report(batch, time.monotonic() - started)

    def _unit(self, options: dict[str, Any]) -> BusinessUnit:
        code = options["unit"].strip()
        found = list(
            BusinessUnit.objects.filter(code__iexact=code)
            if code
            else BusinessUnit.objects.all()[:2]
        )
        if len(found) == 1:
            return found[0]
        if code and options["create_unit"]:
            currency = options["currency"] or "CNY"
            return units.create(
                code=code,
                name=code,
                name_en="",
                base_currency=currency,
                time_zone="Asia/Shanghai",
                actor=None,
            )
        if code:
            raise CommandError(
                f"There is no business unit {code}. Give --create-unit to create it."
            )
        raise CommandError("Name the business unit with --unit CODE.")

    def _report(self, batch: ImportBatch, seconds: float) -> None:
        self.stdout.write(f"{batch.file_name}: {batch.get_state_display()} ({seconds:.1f} s)")
        self.stdout.write(
            f"  rows read {batch.rows_read}, good {batch.report.get('rows_good', 0)}, written {batch.rows_written}, already there {batch.rows_unchanged}, "
            f"refused {batch.rows_refused}"
        )
        for line in imports.total_lines(batch=batch):
            self.stdout.write(f"  {line}")
        for sentence in imports.notices(batch=batch):
            self.stdout.write(f"  {sentence}")
        refusal = imports.file_refusal(batch=batch)
        if refusal:
            self.stderr.write(f"  {refusal}")
        for row in imports.refusals(batch=batch)[:SHOWN_REFUSALS]:
            self.stderr.write(f"  {imports.place(row)}: {imports.reason(row)}")
        if batch.state == ImportBatch.State.REFUSED or (
            batch.state == ImportBatch.State.CHECKED and batch.rows_refused
        ):
            raise CommandError("The file was refused. Nothing was written.")


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
