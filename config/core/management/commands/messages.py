"""Collect what is to be translated, and compile what was."""

from __future__ import annotations

import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from config.core.management.checks import compiled

IGNORED = [".venv/*", "var/*", "staticfiles/*", "docs/*", "tests/*", "node_modules/*"]
LANGUAGE = "zh_Hans"


class Command(BaseCommand):
    help = (
        "Bring config/locale up to date with the code (needs GNU gettext) and compile it "
        "(needs nothing). Says how much is not translated yet."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--compile-only", action="store_true", help="leave the .po files as they are"
        )

    def handle(self, *args: Any, compile_only: bool, **options: Any) -> None:
        if not compile_only:
            self.collect()
        for po in sorted(Path(settings.LOCALE_PATHS[0]).rglob("*.po")):
            po.with_suffix(".mo").write_bytes(compiled(po))
            self.stdout.write(f"{po.relative_to(settings.BASE_DIR)}: {self.state_of(po)}")

    def collect(self) -> None:
        if shutil.which("xgettext") is None:
            raise CommandError(
                "GNU gettext is missing: apt-get install gettext, or use --compile-only."
            )
        call_command(
            "makemessages",
            locale=[LANGUAGE],
            ignore_patterns=IGNORED,
            extensions=["py", "html", "txt"],
            no_obsolete=True,
            no_wrap=True,
            add_location="file",
            verbosity=0,
        )

    def state_of(self, po: Path) -> str:
        from babel.messages.pofile import read_po  # noqa: PLC0415 - a developer's tool

        with open(po, "rb") as source:
            entries = [message for message in read_po(source) if message.id]
        fuzzy = sum(message.fuzzy for message in entries)
        missing = sum(
            not all(message.string if isinstance(message.string, tuple) else (message.string,))
            for message in entries
        )
        return f"{len(entries)} messages, {missing} not translated, {fuzzy} fuzzy, compiled"
