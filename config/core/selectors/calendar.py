"""Working days: China's public holidays and 调休 days from `holidays`; our own table wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

import holidays

from config.core.models import CalendarDay

ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=1)
def _public() -> holidays.HolidayBase:
    return holidays.country_holidays("CN")


@dataclass(frozen=True)
class WorkingCalendar:
    """The calendar with the exceptions of the table; load it once for many questions."""

    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def is_working_day(self, day: date) -> bool:
        known = self.exceptions.get(day)
        return bool(_public().is_working_day(day)) if known is None else known

    def next_working_day(self, day: date) -> date:
        """Return `day` if it is a working day, else the first one after it."""
        while not self.is_working_day(day):
            day += ONE_DAY
        return day

    def previous_working_day(self, day: date) -> date:
        """Return `day` if it is a working day, else the last one before it."""
        while not self.is_working_day(day):
            day -= ONE_DAY
        return day

    def add_working_days(self, day: date, count: int) -> date:
        """Return the working day `count` working days after `day` (before it, if negative)."""
        step = ONE_DAY if count >= 0 else -ONE_DAY
        left = abs(count)
        while left:
            day += step
            left -= self.is_working_day(day)
        return day

    def working_days_between(self, first: date, last: date) -> int:
        """Return the number of working days from `first` to `last`, both included."""
        return sum(
            self.is_working_day(first + timedelta(days=n)) for n in range((last - first).days + 1)
        )


def load() -> WorkingCalendar:
    """This function will return the calendar with all exceptions of the table, by one query."""
    return WorkingCalendar(dict(CalendarDay.objects.values_list("date", "is_working")))


def is_working_day(day: date) -> bool:
    """This function will return whether people work on `day`; for many days use `load()`."""
    return load().is_working_day(day)


def next_working_day(day: date) -> date:
    """This function will return `day` or the first working day after it."""
    return load().next_working_day(day)


def add_working_days(day: date, count: int) -> date:
    """This function will return the day `count` working days after `day`."""
    return load().add_working_days(day, count)


def public_name(day: date) -> str:
    """This function will return the name of the public holiday on `day`, in Chinese, or ""."""
    return str(_public().get(day) or "")
