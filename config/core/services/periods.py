"""Closing a month, and opening it again with a second person.

Whoever posts takes a shared lock on the months it touches (`require_open`), whoever closes or
opens a month takes it alone: a posting can not slip into a month while it is being closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.core.dates import month_end, month_start
from config.core.errors import DomainError, InvalidInput, NotAllowed
from config.core.models import AccountingPeriod, BusinessUnit, PeriodReopening, User
from config.core.services import audit

LOCK_SPACE = 0x5A51_50 << 40  # "ZQP": our advisory locks on periods, apart from all others
CLOSED = AccountingPeriod.State.CLOSED
OPEN = AccountingPeriod.State.OPEN
Decision = PeriodReopening.State


class PeriodClosed(DomainError):
    """A posting would fall into a closed month."""

    code = "period_closed"
    status = 422


class PeriodRefused(DomainError):
    """The month is not in the state that this step needs."""

    code = "period_refused"


def require_open(*, unit: BusinessUnit, dates: Iterable[date]) -> None:
    """This function will refuse a posting on `dates` if one lies in a closed month of the unit.

    Call it inside the transaction that posts, before writing: the months stay open until it ends.

    :raises PeriodClosed: naming the first closed month and what to do
    """
    months = sorted({month_start(day) for day in dates})
    _lock(unit, months, shared=True)
    closed = (
        AccountingPeriod.objects.filter(unit=unit, first_day__in=months, state=CLOSED)
        .order_by("first_day")
        .first()
    )
    if closed is not None:
        raise PeriodClosed(
            _(
                "%(month)s is closed for %(unit)s. Use a date in an open month, or ask under Settings → Accounting periods to open it again."
            ),
            month=f"{closed.first_day:%Y-%m}",
            unit=unit.name,
        )


@transaction.atomic
def close(
    *, unit: BusinessUnit, month: date, actor: User, now: datetime, today: date
) -> AccountingPeriod:
    """This function will close the month of `month`: nothing can be posted into it any more.

    It waits for postings under way.

    :raises PeriodRefused: if the month has not ended or is closed already
    """
    first_day = month_start(month)
    if month_end(first_day) >= today:
        raise PeriodRefused(
            _("%(month)s has not ended. Close it from %(date)s on."),
            code="period_running",
            month=f"{first_day:%Y-%m}",
            date=_day_after(first_day).isoformat(),
        )
    _lock(unit, [first_day], shared=False)
    period, _created = AccountingPeriod.objects.select_for_update().get_or_create(
        unit=unit, first_day=first_day
    )
    if period.state == CLOSED:
        raise PeriodRefused(
            _("%(month)s is closed already."),
            code="period_closed_already",
            month=f"{first_day:%Y-%m}",
        )
    period.state, period.closed_by, period.closed_at = CLOSED, actor, now
    period.save()
    audit.record(
        actor=actor,
        action="period.closed",
        target=period,
        before={"state": OPEN},
        after={"state": CLOSED},
    )
    return period


@transaction.atomic
def request_reopening(*, period: AccountingPeriod, reason: str, actor: User) -> PeriodReopening:
    """This function will ask to open a closed month again; somebody else decides.

    :raises PeriodRefused: if the month is open or somebody asked already
    :raises InvalidInput: if no reason is given
    """
    locked = AccountingPeriod.objects.select_for_update(of=("self",)).get(pk=period.pk)
    month = f"{locked.first_day:%Y-%m}"
    if not reason.strip():
        raise InvalidInput(_("Say why the month must be opened again."), code="reason_missing")
    if locked.state != CLOSED:
        raise PeriodRefused(_("%(month)s is open."), code="period_open", month=month)
    if locked.reopenings.filter(state=Decision.REQUESTED).exists():
        raise PeriodRefused(
            _("Somebody already asked to open %(month)s again."),
            code="reopening_pending",
            month=month,
        )
    request = PeriodReopening.objects.create(
        period=locked, reason=reason.strip(), requested_by=actor
    )
    audit.record(
        actor=actor,
        action="period.reopening_requested",
        target=request,
        unit=locked.unit,
        after={"month": month, "reason": request.reason},
    )
    return request


@transaction.atomic
def decide_reopening(
    *, reopening: PeriodReopening, approve: bool, note: str, actor: User, now: datetime
) -> PeriodReopening:
    """This function will approve or reject a request; an approval opens the month.

    :raises NotAllowed: if the person asked for it
    :raises PeriodRefused: if it was decided already
    """
    unit_id, first_day = PeriodReopening.objects.values_list(
        "period__unit_id", "period__first_day"
    ).get(pk=reopening.pk)
    _lock(BusinessUnit(pk=unit_id), [first_day], shared=False)
    period = AccountingPeriod.objects.select_for_update(of=("self",)).get(
        unit_id=unit_id, first_day=first_day
    )
    request = PeriodReopening.objects.select_for_update(of=("self",)).get(pk=reopening.pk)
    if request.requested_by_id == actor.pk:
        raise NotAllowed(
            _("You asked for this yourself; somebody else decides."), code="maker_is_checker"
        )
    new_state = Decision.APPROVED if approve else Decision.REJECTED
    if new_state not in PeriodReopening.TRANSITIONS[request.state]:
        raise PeriodRefused(_("This request was decided already."), code="already_decided")
    request.state, request.decided_by, request.decided_at, request.decision_note = (
        new_state,
        actor,
        now,
        note.strip(),
    )
    request.save()
    if approve:
        period.state, period.closed_by, period.closed_at = OPEN, None, None
        period.save()
    audit.record(
        actor=actor,
        action="period.reopened" if approve else "period.reopening_rejected",
        target=request,
        unit=period.unit,
        before={"state": Decision.REQUESTED},
        after={"state": new_state, "month": f"{first_day:%Y-%m}", "note": request.decision_note},
    )
    return request


def _day_after(first_day: date) -> date:
    last = month_end(first_day)
    return date.fromordinal(last.toordinal() + 1)


def _lock(unit: BusinessUnit, months: Iterable[date], *, shared: bool) -> None:
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    keys = [LOCK_SPACE | int(unit.pk) << 16 | (month.year * 12 + month.month) for month in months]
    if not keys:
        return
    with connection.cursor() as cursor:
        # The array keeps its order, so that two who want the same months can not deadlock.
        cursor.execute(f"SELECT {function}(k) FROM unnest(%s::bigint[]) AS k", [keys])  # noqa: S608
