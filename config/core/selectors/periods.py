"""The months of a unit and whether they are open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from config.core.dates import add_months, month_start
from config.core.models import AccountingPeriod, BusinessUnit, PeriodReopening, User


@dataclass(frozen=True)
class Month:
    """A calendar month of a unit, with its row if it was ever closed."""

    first_day: date
    period: AccountingPeriod | None
    request: PeriodReopening | None
    has_ended: bool

    @property
    def is_closed(self) -> bool:
        return self.period is not None and self.period.state == AccountingPeriod.State.CLOSED


def visible_to(user: User) -> QuerySet[AccountingPeriod]:
    """This function will return the periods of the units a person sees."""
    periods = AccountingPeriod.objects.select_related("unit", "closed_by")
    return periods if user.sees_all_units else periods.filter(unit__in=user.unit_ids())


def reopenings_visible_to(user: User) -> QuerySet[PeriodReopening]:
    """This function will return the re-opening requests of the units a person sees."""
    rows = PeriodReopening.objects.select_related("period__unit", "requested_by", "decided_by")
    return rows if user.sees_all_units else rows.filter(period__unit__in=user.unit_ids())


def months(*, unit: BusinessUnit, today: date, count: int) -> list[Month]:
    """This function will return the last `count` months of a unit, newest first, this one included."""
    newest = month_start(today)
    days = [add_months(newest, -back) for back in range(count)]
    known = {
        period.first_day: period
        for period in AccountingPeriod.objects.filter(unit=unit, first_day__in=days).select_related(
            "closed_by"
        )
    }
    waiting = {
        request.period_id: request
        for request in PeriodReopening.objects.filter(
            period__in=known.values(), state=PeriodReopening.State.REQUESTED
        ).select_related("requested_by")
    }
    return [_month(day, known.get(day), waiting, newest) for day in days]


def _month(
    day: date, period: AccountingPeriod | None, waiting: dict[int, PeriodReopening], newest: date
) -> Month:
    request = waiting.get(period.pk) if period else None
    return Month(first_day=day, period=period, request=request, has_ended=day < newest)
