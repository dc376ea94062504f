"""Calendar arithmetic without a clock. Pure."""

from __future__ import annotations

import calendar
from datetime import date, timedelta


def month_start(day: date) -> date:
    """Return the first day of the month of `day`."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """Return the last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def add_months(day: date, months: int) -> date:
    """Return the corresponding day `months` later, or the month's end where there is none.

    Source: Civil Code art. 202 (a period of months ends on the corresponding day or at month end).
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_years(day: date, years: int) -> date:
    """Return the anniversary; 29 February becomes 28 February in a common year."""
    return add_months(day, 12 * years)


def years_before(day: date, years: int) -> date:
    """Return the earliest date whose anniversary after `years` years is not before `day`.

    It is the inverse of `add_years` that aging by years needs: an item is at most n years old on
    `day` exactly when its basis date is on or after this date.
    """
    year = day.year - years
    if day.month == 2 and day.day == 29 and not calendar.isleap(year):
        return date(year, 3, 1)
    return day.replace(year=year)


def quarter_start(day: date) -> date:
    """Return the first day of the calendar quarter of `day`."""
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def month_ends(until: date, count: int) -> list[date]:
    """Return `count` month ends in order, the last one being the month end on or before `until`."""
    last = until if until == month_end(until) else month_start(until) - timedelta(days=1)
    return [month_end(add_months(month_start(last), -back)) for back in reversed(range(count))]
