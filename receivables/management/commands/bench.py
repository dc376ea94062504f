"""Print every speed figure beside its reference, measured in one run on a million open items."""

from __future__ import annotations

import importlib
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand

from config.core import clock


class Command(BaseCommand):
    help = (
        "Build 1,000,000 debit items of 20,000 customers in a database of its own (once) and print "
        "each speed figure beside its reference: hand-written SQL or raw COPY on the same rows."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--customers", type=int, default=20_000)
        parser.add_argument(
            "--items", type=int, default=1_000_000, help="debit items; receipts come on top"
        )
        parser.add_argument("--import-rows", type=int, default=1_000_000)
        parser.add_argument("--import-rounds", type=int, default=5)
        parser.add_argument("--rebuild", action="store_true", help="build the data again")
        parser.add_argument(
            "--as-of", type=date.fromisoformat, help="the data's today (default: today)"
        )
        parser.add_argument(
            "--only", nargs="+", metavar="SECTION", help="aging, review, pages, burst, import"
        )
        parser.add_argument(
            "--json", default="", metavar="FILE", help="write the figures for a program, too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Benchmarks are no part of an installation: they lie beside the tests.
        benchmarks = importlib.import_module("tests.benchmarks.run")
        unknown = set(options["only"] or ()) - set(benchmarks.SECTIONS)
        if unknown:
            self.stderr.write(f"There is no section {', '.join(sorted(unknown))}.")
            raise SystemExit(2)
        wanted = benchmarks.Options(
            today=options["as_of"] or clock.today(),
            customers=options["customers"],
            items=options["items"],
            import_rows=options["import_rows"],
            import_rounds=options["import_rounds"],
            rebuild=options["rebuild"],
            only=tuple(options["only"] or benchmarks.SECTIONS),
            json=options["json"],
        )
        benchmarks.run(wanted, self.say)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
