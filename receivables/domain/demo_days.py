"""Days as ordinals, for the demo's many documents: weekdays, months, due days. Pure."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from config.core import dates


def weekday(day: int, *, at_least: int = 0) -> int:
    """Return `day`, or the Friday before a weekend; the Monday after it if that is too early."""
    # Ordinal 1 was a Monday, so Saturdays are 6 and Sundays 0 modulo 7.
    back = {6: 1, 0: 2}.get(day % 7, 0)
    return day - back if day - back >= at_least else day + 3 - back


def months(first_day: date, last_day: date) -> list[tuple[int, int]]:
    """Return first and last day of every month from `first_day` to `last_day`, the last one cut."""
    found = []
    start = dates.month_start(first_day)
    while start <= last_day:
        found.append((start.toordinal(), min(dates.month_end(start), last_day).toordinal()))
        start = dates.add_months(start, 1)
    return found


@lru_cache(maxsize=8192)
def month_number(day: int) -> int:
    return date.fromordinal(day).month


@lru_cache(maxsize=8192)
def month_end(day: int) -> int:
    return dates.month_end(date.fromordinal(day)).toordinal()


@lru_cache(maxsize=65536)
def later(day: int, months: int) -> int:
    return dates.add_months(date.fromordinal(day), months).toordinal()
