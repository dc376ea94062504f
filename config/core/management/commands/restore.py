"""Bring everything back from one file, into an empty database."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.core.errors import DomainError
from config.core.services import archives


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty database and an empty files folder; nothing is ever "
        "overwritten. Brings the tables up to date with this version afterwards."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            content = archives.restore(source=file)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write(
            f"Restored the database and {content.files} files of {content.made_at}. "
            "Now prove them: verify_ledger, verify_audit, verify_jobs."
        )
