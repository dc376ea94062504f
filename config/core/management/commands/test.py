"""`manage.py test` is pytest: every argument goes to it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

ROOT = Path(__file__).resolve().parents[4]
# Two processes; a file stays in one of them, so that what it builds once is built once.
IN_PARALLEL = ["-n", "2", "--dist", "loadfile"]
SAYS_HOW = ("-n", "--numprocesses", "--dist", "--pdb", "--trace", "-p", "--collect-only", "--co")


class Command(BaseCommand):
    help = (
        "Run the tests: pytest with all arguments passed on, e.g. `manage.py test -k aging -x` or "
        "`manage.py test tests/core`. They use a private PostgreSQL of their own, or the server "
        "that TEST_DATABASE_URL names."
    )

    def run_from_argv(self, argv: list[str]) -> None:
        if "--help" in argv[2:]:
            super().run_from_argv(argv)
            return
        arguments = argv[2:]
        if not any(argument.split("=")[0].startswith(SAYS_HOW) for argument in arguments):
            arguments = [*IN_PARALLEL, *arguments]
        sys.stdout.flush()
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606

    def handle(self, *args: Any, **options: Any) -> None:
        """Never reached: the process has become pytest."""
