"""What deserves an alert, and what becomes of one. Pure.

A rule on days overdue is a window of due dates: what fell into it since the last review is news.

>>> window = due_window(30, as_of=date(2026, 3, 31), last=date(2026, 3, 30))
>>> window.newest.isoformat(), window.is_reached_by(date(2026, 3, 1)), window.is_news(date(2026, 2, 28))
('2026-03-01', True, False)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
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
class Window:
    """The due dates of items that are at least so many days overdue, and which of them are news."""

    newest: date
    # Items due on this day or before had reached the threshold at the last review already.
    known_until: date | None

    def is_reached_by(self, due_date: date) -> bool:
        return due_date <= self.newest

    def is_news(self, due_date: date) -> bool:
        return self.is_reached_by(due_date) and (
            self.known_until is None or due_date > self.known_until
        )


def threshold_days(kind: str, threshold: Decimal) -> int:
    """Return the days overdue at which a rule of this kind is reached; first overdue is day 1."""
    return 1 if kind == FIRST_OVERDUE else int(threshold)


def due_window(days: int, *, as_of: date, last: date | None) -> Window:
    """Return the due dates that reached `days` overdue on `as_of`; `last` is the last review's day."""
    return Window(
        as_of - timedelta(days=days), None if last is None else last - timedelta(days=days)
    )


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


def missing_days(*, reviewed: Collection[date], today: date) -> list[date]:
    """Return the ended days that have no final review since the first one, oldest first.

    It looks back `CATCH_UP_DAYS`, so that a night that failed is found although later ones did
    not. A unit that was never reviewed begins with yesterday.
    """
    yesterday = today - timedelta(days=1)
    if not reviewed:
        return [yesterday]
    first = max(min(reviewed), yesterday - timedelta(days=CATCH_UP_DAYS - 1))
    days = (first + timedelta(days=i) for i in range((yesterday - first).days + 1))
    return [day for day in days if day not in reviewed]
