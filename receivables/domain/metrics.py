"""Receivables figures of a finance manager. Pure; formulas of domain notes, part 21.

A figure without meaning is None ("n/a"), never 0. Receivables are the open debit items; unapplied
credit stands apart and is not deducted. Days are calendar days, shares are percent.

The own example of the notes, second quarter, in millions:

>>> f = Flows(opening=Decimal("15.0"), sales=Decimal("27.0"), closing=Decimal("18.0"), closing_not_due=Decimal("13.5"), days=91)
>>> str(days_sales_outstanding(f)), str(best_possible_dso(f)), str(average_days_delinquent(f))
('60.67', '45.50', '15.17')
>>> str(collection_effectiveness_index(f))
'84.21'
>>> months = [Month(Decimal(10), 30), Month(Decimal(9), 31), Month(Decimal(8), 30)]
>>> str(count_back_dso(Decimal(18), months).days)
'57.56'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

HUNDREDTH = Decimal("0.01")
COUNT_BACK_MONTHS = 24


@dataclass(frozen=True)
class Flows:
    """A period's receivables: before its first day, what was sold in it, and at its end."""

    opening: Decimal
    sales: Decimal
    closing: Decimal
    closing_not_due: Decimal
    days: int


@dataclass(frozen=True)
class Month:
    """Credit sales of a month (or of its part so far) and the days it had."""

    sales: Decimal
    days: int


@dataclass(frozen=True)
class CountBack:
    """Count-back days; `exceeded` when not even 24 months of sales make up the receivables."""

    days: Decimal
    exceeded: bool = False


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(HUNDREDTH, rounding=ROUND_HALF_UP)


def ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return part ÷ whole in percent with two places, or None if the whole is not above zero."""
    return _rounded(100 * part / whole) if whole > 0 else None


def days_sales_outstanding(flows: Flows) -> Decimal | None:
    """Return closing receivables ÷ credit sales × days; None without sales."""
    return _rounded(flows.closing / flows.sales * flows.days) if flows.sales > 0 else None


def best_possible_dso(flows: Flows) -> Decimal | None:
    """Return receivables not yet due ÷ credit sales × days; None without sales."""
    return _rounded(flows.closing_not_due / flows.sales * flows.days) if flows.sales > 0 else None


def average_days_delinquent(flows: Flows) -> Decimal | None:
    """Return DSO less best possible DSO; None without sales."""
    if flows.sales <= 0:
        return None
    return _rounded((flows.closing - flows.closing_not_due) / flows.sales * flows.days)


def collection_effectiveness_index(flows: Flows) -> Decimal | None:
    """Return (opening + sales − closing) ÷ (opening + sales − closing not due), in percent.

    None when nothing was collectable.
    """
    collectable = flows.opening + flows.sales - flows.closing_not_due
    return ratio(flows.opening + flows.sales - flows.closing, collectable)


def receivables_turnover(flows: Flows) -> Decimal | None:
    """Return credit sales ÷ average of opening and closing receivables, in times a period."""
    average = (flows.opening + flows.closing) / 2
    return _rounded(flows.sales / average) if average > 0 else None


def count_back_dso(receivables: Decimal, months: Sequence[Month]) -> CountBack | None:
    """Return the days of the newest months' sales that make up the receivables, newest first.

    Whole months are subtracted and the last one counts pro rata. None where nothing was sold in
    any of the months.
    """
    if not any(month.sales > 0 for month in months):
        return None
    rest, days = receivables, Decimal(0)
    for month in months[:COUNT_BACK_MONTHS]:
        if rest <= 0:
            break
        if month.sales >= rest:
            return CountBack(_rounded(days + rest / month.sales * month.days))
        rest -= max(month.sales, Decimal(0))
        days += month.days
    return CountBack(_rounded(days), exceeded=rest > 0)
