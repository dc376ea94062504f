"""Prove that the trail is what was sealed."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.core import clock
from config.core.models import AuditSeal
from config.core.services import audit_chain


class Command(BaseCommand):
    help = (
        "Recompute the hash chain of the audit trail and compare it with the anchors. "
        "Exits 1 with the places where something was changed, removed, moved or added."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--most", type=int, default=100, help="stop after so many findings (default 100)"
        )
        parser.add_argument(
            "--no-seal", action="store_true", help="do not seal pending events first"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        while not options["no_seal"] and audit_chain.seal_pending(now=now, full=True):
            pass
        findings = audit_chain.verify(now=now, most=options["most"])
        for finding in findings:
            self.stderr.write(str(finding))
        if findings:
            raise CommandError(f"The trail is not what was sealed: {len(findings)} finding(s).")
        self.stdout.write(
            f"The trail is whole: {AuditSeal.objects.count()} events, chained and anchored."
        )
