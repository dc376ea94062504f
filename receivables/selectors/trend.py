"""Month ends of the past, from the summaries that the nightly review keeps.

A month end whose summary is not there yet is left out: a trend shows what was computed, it does
not guess. Whoever needs the figure all the same rolls back to that day (selectors/aging.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum

from config.core.money import ZERO, quantize
from config.core.selectors import rates
from receivables.models import AgingSummary
from receivables.selectors.open_amounts import RETENTION, UNAPPLIED, Scope, refuse_missing
from receivables.selectors.sales import RECEIPTS, SALES

NOT_DUE = "not_due"
NO_BUCKETS = {UNAPPLIED, SALES, RECEIPTS}


@dataclass
class Point:
    """One day of a trend, in one currency."""

    as_of: date
    buckets: dict[str, Decimal] = field(default_factory=dict)

    @property
    def receivables(self) -> Decimal:
        """Return the open debit items, retention included; unapplied credit is not deducted."""
        return sum((a for code, a in self.buckets.items() if code not in NO_BUCKETS), ZERO)

    @property
    def not_due(self) -> Decimal:
        return self.buckets.get(NOT_DUE, ZERO) + self.buckets.get(RETENTION, ZERO)

    @property
    def overdue(self) -> Decimal:
        return self.receivables - self.not_due

    @property
    def sales(self) -> Decimal:
        """Return the credit sales of the month up to this day."""
        return self.buckets.get(SALES, ZERO)


def can_answer(scope: Scope) -> bool:
    """Return whether the summaries know this scope: they tell units, owners and currencies apart."""
    return scope.customer_id is None and scope.collector_id is None and not scope.segment


def points(scope: Scope, *, days: Sequence[date], convert_to: str) -> dict[date, Point]:
    """Return day → point for the days whose summaries are there for every unit of the scope.

    :raises config.core.selectors.rates.RateMissing: if a needed rate is not there
    """
    summaries = AgingSummary.objects.filter(unit__in=scope.unit_ids, as_of__in=days)
    complete = _complete_days(
        summaries.values_list("unit_id", "as_of").distinct(), len(scope.unit_ids)
    )
    wanted = Q(currency=scope.currency) if scope.currency else Q()
    for owner in (scope.sales_owner_id, scope.portfolio_of):
        wanted &= Q(owner=owner) if owner is not None else Q()
    rows = (
        summaries.filter(wanted)
        .values_list("as_of", "currency", "bucket")
        .annotate(total=Sum("amount"))
    )
    table = rates.tables(base=convert_to, days=days)
    found = {day: Point(day) for day in sorted(complete)}
    for as_of, currency, bucket, total in rows:
        if as_of not in found:
            continue
        if currency not in table[as_of]:
            refuse_missing([currency], base=convert_to, on=as_of)
        held = found[as_of].buckets
        held[bucket] = held.get(bucket, ZERO) + quantize(total * table[as_of][currency])
    return found


def _complete_days(known: object, units: int) -> set[date]:
    counts: dict[date, int] = {}
    for _unit, as_of in known:  # type: ignore[attr-defined]
        counts[as_of] = counts.get(as_of, 0) + 1
    return {day for day, count in counts.items() if count == units}
