"""What deserves an alert, and what becomes of one. Pure.

An item belongs to at most one rule a night: the highest threshold it crossed since the last review.

>>> rules = [Crossing("first", 1), Crossing("d30", 30), Crossing("d60", 60)]
>>> crossed(rules, days=65, days_before=20).code
'd60'
>>> crossed(rules, days=65, days_before=64) is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.core.errors import InvalidInput, gettext_noop

YELLOW, ORANGE, RED = "yellow", "orange", "red"
# From mild to severe.
LEVELS = (YELLOW, ORANGE, RED)

FIRST_OVERDUE = "first_overdue"
DAYS_OVERDUE = "days_overdue"
OVERDUE_AMOUNT = "overdue_amount"
CONCENTRATION = "concentration"
# Alerts of these kinds are about items that fell due between two dates; the others are about a customer.
ITEM_KINDS = (FIRST_OVERDUE, DAYS_OVERDUE)
CUSTOMER_KINDS = (OVERDUE_AMOUNT, CONCENTRATION)

# Days that one catch-up goes back at most; older days can be reviewed by hand.
CATCH_UP_DAYS = 31
# Days for which a customer's alert stays quiet after a person closed it though its cause remains.
QUIET_DAYS = 30
# Numbers of items that one alert names; the rest is counted.
NAMED_ITEMS = 20

LIMITS = {
    FIRST_OVERDUE: (Decimal(0), Decimal(0)),
    DAYS_OVERDUE: (Decimal(1), Decimal(3650)),
    OVERDUE_AMOUNT: (Decimal("0.01"), Decimal("9999999999999.99")),
    CONCENTRATION: (Decimal("0.01"), Decimal(100)),
}


class InvalidThreshold(InvalidInput):
    """A rule's threshold can not mean anything."""

    code = "invalid_threshold"


@dataclass(frozen=True)
class Crossing:
    """A rule on days overdue: reached when an item is `days` overdue; first overdue is day 1."""

    code: str
    days: int


def crossed(rules: Iterable[Crossing], *, days: int, days_before: int | None) -> Crossing | None:
    """Return the highest rule an item reached since it was `days_before` overdue; None: never seen."""
    reached = [r for r in rules if r.days <= days and (days_before is None or r.days > days_before)]
    return max(reached, key=lambda r: (r.days, r.code), default=None)


def worst(levels: Iterable[str]) -> str:
    """Return the most severe of the levels, or "" where there is none."""
    return max(levels, key=LEVELS.index, default="")


def check_threshold(kind: str, threshold: Decimal) -> None:
    """Refuse a threshold that its kind of rule can not have.

    :raises InvalidThreshold: naming the range
    """
    low, high = LIMITS[kind]
    if not low <= threshold <= high:
        raise InvalidThreshold(
            gettext_noop("The threshold must lie between %(low)s and %(high)s."),
            low=f"{low:f}", high=f"{high:f}",
        )  # fmt: skip
    if kind == DAYS_OVERDUE and threshold != threshold.to_integral_value():
        raise InvalidThreshold(gettext_noop("Days overdue are whole days, such as 30."))


def is_closing(*, as_of: date, finished_at: datetime, time_zone: str) -> bool:
    """Return whether a review was made after its day had ended, so that its figures are final."""
    end = datetime.combine(as_of + timedelta(days=1), time.min, tzinfo=ZoneInfo(time_zone))
    return finished_at >= end


def missing_days(*, last: date | None, today: date) -> list[date]:
    """Return the ended days after the last reviewed one, oldest first, at most `CATCH_UP_DAYS`.

    A unit that was never reviewed begins with yesterday.
    """
    yesterday = today - timedelta(days=1)
    if last is None:
        return [yesterday]
    first = max(last + timedelta(days=1), yesterday - timedelta(days=CATCH_UP_DAYS - 1))
    return [first + timedelta(days=i) for i in range((yesterday - first).days + 1)]


def escalation_cutoff(*, today: date, after_days: int, is_working: Callable[[date], bool]) -> date:
    """Return the last raise date whose alerts waited `after_days` working days by `today`.

    The day of raising does not count, today does.
    """
    day, left = today, after_days
    while left > 0:
        if is_working(day):
            left -= 1
        day -= timedelta(days=1)
    return day


def escalation_days(*, today: date, longest: int) -> Sequence[date]:
    """Return every date `escalation_cutoff` may ask about, for one read of the calendar."""
    return [today - timedelta(days=i) for i in range(3 * longest + 60)]
