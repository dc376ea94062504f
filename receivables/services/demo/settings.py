"""What the demo company has set up: exchange rates by month and closed accounting periods."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from config.core.dates import add_months, month_start
from config.core.models import AccountingPeriod, BusinessUnit, ExchangeRate, User

SHANGHAI = ZoneInfo("Asia/Shanghai")
RATE_SOURCE = "demo"
MONTHS_OPEN = 2  # besides the present one is the month before it


def create_rates(*, rng: Random, first_day: date, last_day: date) -> int:
    """This function will make up a USD/CNY rate for the first of every month, within a corridor."""
    rates = []
    level = 7.12
    month = month_start(first_day)
    while month <= last_day:
        level = min(7.34, max(6.96, level + rng.gauss(0, 0.025)))
        rate = Decimal(int(level * 10_000)) / 10_000
        rates.append(
            ExchangeRate(currency="USD", base="CNY", date=month, rate=rate, source=RATE_SOURCE)
        )
        month = add_months(month, 1)
    return len(ExchangeRate.objects.bulk_create(rates))


def close_periods(
    *, units: Iterable[BusinessUnit], first_day: date, today: date, closed_by: User
) -> int:
    """This function will close every month but this and the last, each a few days after its end."""
    periods = []
    for unit in units:
        month = month_start(first_day)
        while month <= add_months(month_start(today), -MONTHS_OPEN):
            day = add_months(month, 1) + timedelta(days=5)
            periods.append(
                AccountingPeriod(
                    unit=unit,
                    first_day=month,
                    state=AccountingPeriod.State.CLOSED,
                    closed_by=closed_by,
                    closed_at=datetime.combine(day, time(17, 30), SHANGHAI),
                )
            )
            month = add_months(month, 1)
    return len(AccountingPeriod.objects.bulk_create(periods))
