"""Make the first administrator of an installation."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from config.core.errors import DomainError
from config.core.models import User
from config.core.roles import Role
from config.core.services import users


class Command(BaseCommand):
    help = (
        "Make an administrator. The password is read from ADMIN_PASSWORD, else asked for, else made up, "
        "printed as the last line, and to be changed at the first sign-in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", nargs="?", default="admin")
        parser.add_argument("--email", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        given = os.environ.get("ADMIN_PASSWORD") or (
            getpass.getpass("Password (empty: make one up): ") if sys.stdin.isatty() else ""
        )
        try:
            if given:
                validate_password(given, User(username=options["username"]))
            _user, password = users.create(
                username=options["username"],
                display_name="",
                email=options["email"],
                roles=[Role.ADMINISTRATOR],
                units=[],
                all_units=True,
                manager=None,
                language="",
                actor=None,
                password=given or None,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stderr.write(f"Administrator {options['username']} was made.")
        if not given:
            self.stdout.write(password)
