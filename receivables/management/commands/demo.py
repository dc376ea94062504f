"""Make up a demo company: people, 300 customers, three years of invoices and receipts."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils.translation import gettext as _

from config.core import clock
from config.core.errors import DomainError
from receivables.services.demo import company, people, routine
from receivables.services.demo.customers import DEBTS_PER_CUSTOMER

SEED = 20260101


class Command(BaseCommand):
    help = (
        "Make up a demo company in an empty database: the same seed and day give the same figures. "
        "It prints the logins. A second run changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--customers", type=int, default=300)
        parser.add_argument(
            "--items",
            type=int,
            help="about how many invoices and other debts; receipts come on top "
            f"(default: {DEBTS_PER_CUSTOMER} a customer)",
        )
        parser.add_argument("--seed", type=int, default=SEED)
        parser.add_argument(
            "--as-of", type=date.fromisoformat, help="the demo's today, YYYY-MM-DD (default: today)"
        )
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing where there is data already"
        )
        parser.add_argument(
            "--force", action="store_true", help="also in production, with its well-known password"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION and not options["force"]:
            raise CommandError(
                "The demo's password is known to everybody. Use --force to make it up in production."
            )
        if company.is_there():
            self.say("The demo company is there already; nothing was changed.")
        elif not company.is_empty() and options["if_empty"]:
            self.say("There is data already; nothing was changed.")
            return
        else:
            self.create(order_from(options))
        if options["verbosity"]:
            self.stdout.write("\n".join(logins()))

    def create(self, order: company.Order) -> None:
        began = time.monotonic()
        try:
            made = company.create(order=order)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        company.tidy()
        alerts = live_on(order, now=clock.now())
        self.say(
            f"Made up {made.customers} customers, {made.items} documents ({made.open_items} open) and "
            f"{made.allocations} allocations up to {order.last_day}; {alerts} alerts raised "
            f"({time.monotonic() - began:.1f} s)."
        )

    def say(self, line: str) -> None:
        self.stdout.write(line)


def live_on(order: company.Order, *, now: datetime) -> int:
    """Let the demo's people work for a week, as far as a new-comer sees it; return the alerts raised."""
    today = order.as_of
    routine.import_files(today=today, now=now, seed=order.seed)
    company.summarise(as_of=today, now=now)
    raised = company.review(as_of=today)
    routine.handle_alerts(today=today, now=now)
    link = reverse("receivables:alerts")
    routine.tell_people(today=today, now=now, link=link, escalated_link=f"{link}?escalated=me")
    company.tidy()
    return raised


def order_from(options: dict[str, Any]) -> company.Order:
    """Return what the command's options ask for."""
    customers = options["customers"]
    if customers < 1:
        raise CommandError("--customers must be at least 1.")
    return company.Order(
        customers=customers,
        items=options["items"] or customers * DEBTS_PER_CUSTOMER,
        seed=options["seed"],
        as_of=options["as_of"] or clock.today(),
    )


def logins() -> list[str]:
    """Return the lines that tell a newcomer how to sign in; none if this is no demo company."""
    if not company.is_there():
        return []
    entries = people.demo_logins()
    width = max(len(username) for username, _password, _role in entries)
    lines = [f"{username:<{width}}  {password}" for username, password, _role in entries]
    return [_("Sign in with one of these (user name, password):"), *lines]
