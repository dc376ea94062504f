"""Format code and templates."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from config.core.management import checks


class Command(BaseCommand):
    help = "Format Python by ruff and templates by djade, as `lint` wants them."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        ruff = str(Path(sys.executable).with_name("ruff"))
        for command in (
            [ruff, "check", "--fix", "--quiet", "--select", "I", "."],
            [ruff, "format", "."],
            checks.djade(),
        ):
            checks.run(command)
