"""Every check that needs no test, in one command."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config.core.management.checks import CHECKS


class Command(BaseCommand):
    help = (
        "Check format, style, types, import contracts, templates, migrations, catalogues and "
        "vendored files. Runs all of them, then says which failed; exits 1 if any did."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("only", nargs="*", help="names of checks: " + ", ".join(CHECKS))

    def handle(self, *args: Any, only: list[str], **options: Any) -> None:
        unknown = [name for name in only if name not in CHECKS]
        if unknown:
            self.stderr.write(f"There is no check {unknown[0]!r}; there are: {', '.join(CHECKS)}.")
            raise SystemExit(2)
        results = [self.check_one(name) for name in CHECKS if not only or name in only]
        failed = [name for name, is_fine in results if not is_fine]
        self.stdout.write("")
        if failed:
            self.stdout.write(
                self.style.ERROR(f"{len(failed)} of {len(results)} failed: {', '.join(failed)}")
            )
            raise SystemExit(1)
        self.stdout.write(self.style.SUCCESS(f"All {len(results)} checks passed."))

    def check_one(self, name: str) -> tuple[str, bool]:
        began = time.monotonic()
        wrong = CHECKS[name]()
        seconds = time.monotonic() - began
        style = self.style.ERROR if wrong else self.style.SUCCESS
        self.stdout.write(f"{style('failed' if wrong else 'ok'):8} {name}  ({seconds:.1f} s)")
        if wrong:
            self.stdout.write("\n".join("    " + line for line in wrong.splitlines()))
        self.stdout.flush()
        return name, not wrong
