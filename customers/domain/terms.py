"""Payment terms: from a document's date to its due dates. Pure.

An invoice of 10 March under the two readings of 月结30天 (domain notes, part 13):

>>> due_date(Rule(months=1), date(2026, 3, 10))
datetime.date(2026, 4, 10)
>>> due_date(Rule(end_of_month=True, days=30), date(2026, 3, 10))
datetime.date(2026, 4, 30)

Base event → cut-off → end of month → months and days → pay days → grace → holiday rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from config.core import money
from config.core.dates import add_months, month_end, month_start

IsWorkingDay = Callable[[date], bool]
HUNDRED = Decimal(100)
# Construction: all retention together is at most 3 % of the settlement price.
RETENTION_CAP_PERCENT = Decimal(3)
LONGEST_HOLIDAY = 60  # days; a calendar without a working day in them is broken


class BaseEvent(StrEnum):
    ORDER = "order"
    DISPATCH = "dispatch"
    SIGN_OFF = "sign_off"
    ACCEPTANCE = "acceptance"
    INVOICE = "invoice"
    INVOICE_RECEIVED = "invoice_received"
    STATEMENT_CONFIRMED = "statement_confirmed"
    PERIOD_END = "period_end"


class HolidayRule(StrEnum):
    UNCHANGED = "unchanged"
    NEXT_WORKING_DAY = "next"
    PREVIOUS_WORKING_DAY = "previous"


class InstalmentKind(StrEnum):
    REGULAR = "regular"
    RETENTION = "retention"


class Problem(StrEnum):
    """Why a rule can not be used."""

    CUT_OFF_DAY = "cut_off_day"
    PAY_DAYS = "pay_days"
    NEGATIVE = "negative"
    DISCOUNT_HALF = "discount_half"
    DISCOUNT_PERCENT = "discount_percent"
    PERCENT = "percent"
    PERCENT_SUM = "percent_sum"


@dataclass(frozen=True, slots=True)
class Part:
    """One instalment: its share, and its own months and days in place of the rule's."""

    percent: Decimal
    months: int = 0
    days: int = 0
    kind: InstalmentKind = InstalmentKind.REGULAR


@dataclass(frozen=True, slots=True)
class Rule:
    """Payment terms as plain values; days and months are counted from the base event."""

    base_event: BaseEvent = BaseEvent.INVOICE
    cut_off_day: int | None = None
    end_of_month: bool = False
    months: int = 0
    days: int = 0
    pay_days: tuple[int, ...] = ()
    grace_days: int = 0
    holiday_rule: HolidayRule = HolidayRule.UNCHANGED
    discount_percent: Decimal | None = None
    discount_days: int | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Instalment:
    """An amount with its due date; `nominal_date` is the date before the holiday rule."""

    position: int
    kind: InstalmentKind
    amount: Decimal
    due_date: date
    nominal_date: date

    @property
    def was_moved(self) -> bool:
        return self.due_date != self.nominal_date


@dataclass(frozen=True, slots=True)
class Discount:
    """What may be deducted by whoever pays on or before `last_day`."""

    percent: Decimal
    amount: Decimal
    last_day: date


def due_date(rule: Rule, event_date: date, is_working_day: IsWorkingDay | None = None) -> date:
    """This function will return the one due date of a rule without instalments.

    :raises ValueError: if the holiday rule needs a calendar and none is given
    """
    return _on_working_day(rule, nominal_date(rule, event_date), is_working_day)


def nominal_date(rule: Rule, event_date: date) -> date:
    """This function will return the due date before the holiday rule.

    With "end of month", months run from month end to month end (28 Feb + 1 month = 31 Mar).
    """
    start = _after_cut_off(rule, event_date)
    if rule.end_of_month:
        counted = month_end(add_months(month_start(start), rule.months))
    else:
        counted = add_months(start, rule.months)
    return _on_pay_day(rule, counted + timedelta(days=rule.days)) + timedelta(days=rule.grace_days)


def due_dates(
    rule: Rule,
    event_date: date,
    amount: Decimal,
    is_working_day: IsWorkingDay | None = None,
    *,
    acceptance_date: date | None = None,
) -> list[Instalment]:
    """This function will split `amount` into instalments with their due dates.

    The parts add up to `amount` (largest remainder). Retention is due its defect period after the
    acceptance (the event where no acceptance date is given), whatever the month's end or pay days.

    :raises ValueError: if the holiday rule needs a calendar and none is given
    """
    parts = rule.parts or (Part(HUNDRED, months=rule.months, days=rule.days),)
    amounts = money.split(amount, [part.percent for part in parts])
    instalments = []
    for position, (part, share) in enumerate(zip(parts, amounts, strict=True), start=1):
        nominal = _nominal_of_part(rule, part, event_date, acceptance_date)
        due = _on_working_day(rule, nominal, is_working_day)
        instalments.append(Instalment(position, part.kind, share, due, nominal))
    return instalments


def discount_for(rule: Rule, event_date: date, amount: Decimal) -> Discount | None:
    """This function will return the cash discount and its last day, or None.

    >>> discount_for(Rule(days=30, discount_percent=Decimal(2), discount_days=10),
    ...     date(2026, 3, 1), Decimal("1000.00"))
    Discount(percent=Decimal('2'), amount=Decimal('20.00'), last_day=datetime.date(2026, 3, 11))
    """
    if rule.discount_percent is None or rule.discount_days is None:
        return None
    saved = money.quantize(amount * rule.discount_percent / HUNDRED)
    return Discount(rule.discount_percent, saved, event_date + timedelta(days=rule.discount_days))


def bill_due_date(issued_on: date, *, months: int = 0, days: int = 0) -> date:
    """This function will return when a bill of exchange falls due.

    A term by months ends on the same day, and a bill issued on a month's last day falls due on a
    month's last day; by days, either the first or the last day is counted, not both.

    >>> bill_due_date(date(2026, 4, 30), months=3)
    datetime.date(2026, 7, 31)
    """
    due = add_months(issued_on, months)
    if months and issued_on == month_end(issued_on):
        due = month_end(due)
    return due + timedelta(days=days)


def problems_of(rule: Rule) -> list[Problem]:
    """This function will return why a rule can not be used; an empty list means it can."""
    found = []
    if rule.cut_off_day is not None and not 1 <= rule.cut_off_day <= 31:
        found.append(Problem.CUT_OFF_DAY)
    if any(not 1 <= day <= 31 for day in rule.pay_days):
        found.append(Problem.PAY_DAYS)
    counts = [rule.months, rule.days, rule.grace_days, rule.discount_days or 0]
    counts += [n for part in rule.parts for n in (part.months, part.days)]
    if any(n < 0 for n in counts):
        found.append(Problem.NEGATIVE)
    return found + _discount_problems(rule) + _part_problems(rule.parts)


def retention_percent(rule: Rule) -> Decimal:
    """This function will return the share of the amount that is kept back, in percent."""
    kept = [part.percent for part in rule.parts if part.kind == InstalmentKind.RETENTION]
    return sum(kept, Decimal(0))


def is_over_retention_cap(rule: Rule) -> bool:
    """This function will return whether retention exceeds what construction law allows."""
    return retention_percent(rule) > RETENTION_CAP_PERCENT


def _discount_problems(rule: Rule) -> list[Problem]:
    if (rule.discount_percent is None) != (rule.discount_days is None):
        return [Problem.DISCOUNT_HALF]
    if rule.discount_percent is not None and not 0 < rule.discount_percent < HUNDRED:
        return [Problem.DISCOUNT_PERCENT]
    return []


def _part_problems(parts: Sequence[Part]) -> list[Problem]:
    if any(not 0 < part.percent <= HUNDRED for part in parts):
        return [Problem.PERCENT]
    if parts and sum(part.percent for part in parts) != HUNDRED:
        return [Problem.PERCENT_SUM]
    return []


def _nominal_of_part(
    rule: Rule, part: Part, event_date: date, acceptance_date: date | None
) -> date:
    if part.kind == InstalmentKind.RETENTION:
        accepted = add_months(acceptance_date or event_date, part.months)
        return accepted + timedelta(days=part.days)
    return nominal_date(replace(rule, months=part.months, days=part.days), event_date)


def _after_cut_off(rule: Rule, day: date) -> date:
    """An event after the cut-off day counts as one of the first of the next month."""
    if rule.cut_off_day is None or day.day <= rule.cut_off_day:
        return day
    return month_end(day) + timedelta(days=1)


def _on_pay_day(rule: Rule, day: date) -> date:
    """Return the first pay day on or after `day`; a pay day 31 is the last day of any month."""
    if not rule.pay_days:
        return day
    for month in (month_start(day), add_months(month_start(day), 1)):
        last = month_end(month)
        candidates = sorted({last.replace(day=min(n, last.day)) for n in rule.pay_days})
        for candidate in candidates:
            if candidate >= day:
                return candidate
    raise AssertionError("Every month has a pay day.")


def _on_working_day(rule: Rule, day: date, is_working_day: IsWorkingDay | None) -> date:
    if rule.holiday_rule == HolidayRule.UNCHANGED:
        return day
    if is_working_day is None:
        raise ValueError("This holiday rule needs a calendar.")
    step = timedelta(days=1 if rule.holiday_rule == HolidayRule.NEXT_WORKING_DAY else -1)
    for _ in range(LONGEST_HOLIDAY):
        if is_working_day(day):
            return day
        day += step
    raise ValueError("The calendar has no working day near the due date.")
