"""The nightly review by hand: `manage.py review --date 2026-03-31 --unit HQ`."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.core import clock
from config.core.errors import DomainError
from config.core.models import BusinessUnit
from receivables.services import reviews


class Command(BaseCommand):
    help = "Review the receivables as of the end of a day: snapshot, summaries, alerts. A second run changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--date", required=True, help="the day to review, YYYY-MM-DD")
        parser.add_argument("--unit", help="code of one business unit; all active units without it")
        parser.add_argument(
            "--force", action="store_true", help="review again, though this day has been reviewed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            as_of = date.fromisoformat(options["date"])
        except ValueError as error:
            raise CommandError(
                f"--date {options['date']!r} is not a day; write it as YYYY-MM-DD."
            ) from error
        for unit in self._units(options["unit"]):
            try:
                self._review(unit, as_of, force=options["force"])
            except DomainError as refusal:
                raise CommandError(str(refusal)) from refusal

    def _units(self, code: str | None) -> list[BusinessUnit]:
        units = BusinessUnit.objects.filter(is_active=True).order_by("code")
        if code is None:
            return list(units)
        chosen = list(units.filter(code=code))
        if not chosen:
            known = ", ".join(units.values_list("code", flat=True)) or "none yet"
            raise CommandError(f"There is no active business unit {code!r}. Known: {known}.")
        return chosen

    def _review(self, unit: BusinessUnit, as_of: date, *, force: bool) -> None:
        reviews.check_date(as_of=as_of, today=clock.today(unit.time_zone))
        done = reviews.run(unit=unit, as_of=as_of, actor=None, now=clock.now(), force=force)
        reviews.refresh_month_ends(unit=unit, until=as_of, now=clock.now())
        found = reviews.report(done)
        levels = ", ".join(
            f"{count} {level}" for level, count in found.get("raised", {}).items() if count
        )
        self.stdout.write(
            f"{unit.code} {as_of}: {done.customers} customers, {done.items} open items, "
            f"{done.alerts_raised} alerts raised{f' ({levels})' if levels else ''}."
        )
        for currency, parts in done.totals.items():
            if currency != reviews.REPORT:
                self.stdout.write(
                    f"  {currency} total {parts['total']}, overdue {parts['overdue']}"
                )
        for currency in found.get("missing_rates", []):
            self.stdout.write(
                self.style.WARNING(
                    f"  No exchange rate for {currency}: its amounts were left out of the alerts."
                )
            )
