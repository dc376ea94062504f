"""The turnover figures of a finance manager, each with its formula and what went into it.

A period always begins with a month and ends on `as_of`: the month, the quarter or the year so far,
or three months, this one and the two before. Its opening is then a month end, which the summaries
of the nightly review know without counting again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from django.utils.translation import gettext as _

from config.core.dates import add_months, month_end, month_start, quarter_start
from config.core.money import ZERO
from receivables.domain import metrics as formulas
from receivables.domain.aging import Scheme
from receivables.selectors import aging, sales, trend
from receivables.selectors.open_amounts import Scope

QUICK_MONTHS = 6


class Period(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    THREE_MONTHS = "three_months"


class Unit(StrEnum):
    MONEY = "money"
    DAYS = "days"
    PERCENT = "percent"
    TIMES = "times"


@dataclass(frozen=True)
class Balance:
    """Open debit items of a day: all, not yet due, and what is older than 90 days overdue."""

    receivables: Decimal
    not_due: Decimal
    aged: Decimal
    unapplied: Decimal

    @property
    def overdue(self) -> Decimal:
        return self.receivables - self.not_due


@dataclass(frozen=True)
class Metric:
    """A figure, or None where it is undefined, with its formula in words and its inputs."""

    code: str
    label: str
    value: Decimal | None
    unit: Unit
    formula: str
    inputs: dict[str, str]
    note: str = ""


def period_start(as_of: date, period: Period) -> date:
    """Return the first day of the period that ends on `as_of`."""
    if period is Period.MONTH:
        return month_start(as_of)
    if period is Period.QUARTER:
        return quarter_start(as_of)
    if period is Period.YEAR:
        return date(as_of.year, 1, 1)
    return add_months(month_start(as_of), -2)


def balance_of(row: aging.AgingRow, scheme: Scheme) -> Balance:
    """Return the balance that an aging total by due date shows."""
    not_due = row.amounts[0] + row.retention
    aged = [
        a
        for a, b in zip(row.amounts, scheme.buckets, strict=True)
        if b.to_days is None or b.to_days > 90
    ]
    return Balance(sum(row.amounts, ZERO) + row.retention, not_due, sum(aged, ZERO), row.unapplied)


def receivables_on(scope: Scope, *, day: date, scheme: Scheme, convert_to: str) -> Decimal:
    """Return the open debit items at the end of a day, from its summary or by rolling back to it."""
    if trend.can_answer(scope):
        point = trend.points(scope, days=[day], convert_to=convert_to).get(day)
        if point is not None:
            return point.receivables
    row = aging.totals(scope=scope, as_of=day, scheme=scheme, convert_to=convert_to)
    return sum(row.amounts, ZERO) + row.retention


def months_of_sales(
    scope: Scope, *, as_of: date, convert_to: str, receivables: Decimal
) -> list[formulas.Month]:
    """Return the months' sales newest first, as many as the count-back needs (24 at most)."""
    months = _months(scope, as_of, QUICK_MONTHS, convert_to)
    if sum((m.sales for m in months), ZERO) < receivables:
        months = _months(scope, as_of, formulas.COUNT_BACK_MONTHS, convert_to)
    return months


def _months(scope: Scope, as_of: date, count: int, convert_to: str) -> list[formulas.Month]:
    starts = [add_months(month_start(as_of), -back) for back in range(count)]
    ends = [min(as_of, month_end(start)) for start in starts]
    sold = sales_by_month(scope, starts=starts, as_of=as_of, convert_to=convert_to)
    return [
        formulas.Month(sold.get(start, ZERO), (end - start).days + 1)
        for start, end in zip(starts, ends, strict=True)
    ]


def sales_by_month(
    scope: Scope, *, starts: list[date], as_of: date, convert_to: str
) -> dict[date, Decimal]:
    """Return month → credit sales; whole months from the summaries where they are known."""
    ends = [month_end(s) for s in starts if month_end(s) < as_of]
    known = (
        trend.points(scope, days=ends, convert_to=convert_to)
        if ends and trend.can_answer(scope)
        else {}
    )
    sold = {month_start(day): p.sales for day, p in known.items() if sales.SALES in p.buckets}
    missing = [s for s in starts if s not in sold]
    if missing:
        flows = sales.flows_by_month(
            scope, date_from=min(missing), until=as_of, convert_to=convert_to
        )
        sold |= {s: flows.get((s, sales.SALES), ZERO) for s in missing}
    return sold


def metrics(
    *,
    scope: Scope,
    as_of: date,
    period: Period,
    scheme: Scheme,
    convert_to: str,
    balance: Balance | None = None,
) -> list[Metric]:
    """Return the figures of a period that ends on `as_of`, in `convert_to`.

    `balance` may be given by a caller who has aged that day already.

    :raises config.core.selectors.rates.RateMissing: if a needed rate is not there
    """
    if balance is None:
        row = aging.totals(scope=scope, as_of=as_of, scheme=scheme, convert_to=convert_to)
        balance = balance_of(row, scheme)
    start = period_start(as_of, period)
    opening = receivables_on(
        scope, day=start - timedelta(days=1), scheme=scheme, convert_to=convert_to
    )
    months = months_of_sales(
        scope, as_of=as_of, convert_to=convert_to, receivables=balance.receivables
    )
    in_period = (as_of.year - start.year) * 12 + as_of.month - start.month + 1
    if in_period > len(months):
        months = _months(scope, as_of, in_period, convert_to)
    sold = sum((m.sales for m in months[:in_period]), ZERO)
    days = (as_of - start).days + 1
    flows = formulas.Flows(opening, sold, balance.receivables, balance.not_due, days)
    return [*_balances(balance), *_turnover(flows), _count_back(balance.receivables, months)]


def _balances(balance: Balance) -> list[Metric]:
    total, overdue = balance.receivables, balance.overdue
    inputs = {"receivables": str(total), "overdue": str(overdue)}
    return [
        Metric("receivables", _("Receivables"), total, Unit.MONEY, _("Open debit items, retention included"), {}),
        Metric("not_due", _("Not due"), balance.not_due, Unit.MONEY, _("Open debit items due today or later"), {}),
        Metric("overdue", _("Overdue"), overdue, Unit.MONEY, _("Open debit items due before today"), {}),
        Metric("unapplied", _("Unapplied credit"), balance.unapplied, Unit.MONEY,
               _("Receipts and credit notes not yet applied; not deducted from receivables"), {}),
        Metric("overdue_ratio", _("Overdue share"), formulas.ratio(overdue, total), Unit.PERCENT,
               _("Overdue ÷ receivables"), inputs),
        Metric("aged_over_90_ratio", _("Share over 90 days overdue"), formulas.ratio(balance.aged, total), Unit.PERCENT,
               _("Overdue for more than 90 days ÷ receivables"),
               {"aged_over_90": str(balance.aged), "receivables": str(total)}),
    ]  # fmt: skip


def _turnover(flows: formulas.Flows) -> list[Metric]:
    inputs = {
        "opening": str(flows.opening), "sales": str(flows.sales), "closing": str(flows.closing),
        "closing_not_due": str(flows.closing_not_due), "days": str(flows.days),
    }  # fmt: skip
    return [
        Metric("dso", _("DSO"), formulas.days_sales_outstanding(flows), Unit.DAYS,
               _("Receivables ÷ credit sales of the period × its days"), inputs),
        Metric("best_possible_dso", _("Best possible DSO"), formulas.best_possible_dso(flows), Unit.DAYS,
               _("Receivables not due ÷ credit sales of the period × its days"), inputs),
        Metric("average_days_delinquent", _("Average days delinquent"), formulas.average_days_delinquent(flows),
               Unit.DAYS, _("DSO − best possible DSO"), inputs),
        Metric("collection_effectiveness_index", _("Collection effectiveness (CEI)"),
               formulas.collection_effectiveness_index(flows), Unit.PERCENT,
               _("(Opening + sales − closing) ÷ (opening + sales − closing not due)"), inputs),
        Metric("ar_turnover", _("Receivables turnover"), formulas.receivables_turnover(flows), Unit.TIMES,
               _("Credit sales of the period ÷ average of opening and closing receivables"), inputs),
    ]  # fmt: skip


def _count_back(receivables: Decimal, months: list[formulas.Month]) -> Metric:
    found = formulas.count_back_dso(receivables, months)
    note = ""
    if found is not None and found.exceeded:
        note = _(
            "The sales of 24 months do not make up the receivables; the figure is a lower bound."
        )
    return Metric(
        "dso_countback", _("DSO, count-back"), found.days if found else None, Unit.DAYS,
        _("Subtract the months' sales from the receivables, newest first, and add up their days"),
        {"receivables": str(receivables), "sales_by_month": ", ".join(f"{m.sales}/{m.days}" for m in months[:QUICK_MONTHS])},
        note,
    )  # fmt: skip
