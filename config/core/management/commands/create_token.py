"""Make an API token for a user; the last line of the output is the token."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.core import clock
from config.core.errors import DomainError
from config.core.models import User
from config.core.services import tokens


class Command(BaseCommand):
    help = "Make an API token for a user. The last line printed is the token; it is kept nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="command line", help="which program will use it")
        parser.add_argument(
            "--days", type=int, default=None, help="valid for so many days (default: until revoked)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {options['username']!r}.")
        now = clock.now()
        expires = None if options["days"] is None else now + timedelta(days=options["days"])
        try:
            _token, text = tokens.create(
                user=user, name=options["name"], actor=None, now=now, expires_at=expires
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stderr.write(f"Token for {user.username}; copy it now, it is shown this once:")
        self.stdout.write(text)
