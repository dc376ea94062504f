"""Write everything into one file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.core import clock
from config.core.errors import DomainError
from config.core.services import archives


class Command(BaseCommand):
    help = (
        "Write the database and the uploaded files into one file, while people work. SECRET_KEY "
        "and AUDIT_KEY are not in it: keep them elsewhere, or the audit trail can not be proved."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, help="where to (default: zhangqi-<date>-<time>.tar here)"
        )

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        now = clock.now()
        target = file or Path(f"zhangqi-{now:%Y%m%d-%H%M%S}.tar")
        try:
            content = archives.backup(target=target.absolute(), now=now)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"{target}: the database and {content.files} files, {content.bytes:,} bytes."
        )
