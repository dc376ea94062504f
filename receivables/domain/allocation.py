"""What may be applied to what, and what an item had open on a day. Pure.

`open on D = amount − Σ applications effective on or before D`; a reversal is a negative application.
Nothing may be applied that would make any later day's open amount negative, so a report of the past
stays true and possible whatever is entered later:

>>> lowest_open(Decimal(100), [(date(2026, 3, 1), Decimal(100)), (date(2026, 4, 1), Decimal(-100))], since=date(2026, 3, 15))
Decimal('0')
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Application = tuple[date, Decimal]


def open_on(amount: Decimal, applications: Iterable[Application], *, day: date) -> Decimal:
    """Return what was open at the end of `day`."""
    return amount - sum((applied for on, applied in applications if on <= day), Decimal(0))


def lowest_open(amount: Decimal, applications: Iterable[Application], *, since: date) -> Decimal:
    """Return the smallest open amount on `since` or any later day."""
    later = sorted((on, applied) for on, applied in applications)
    running = open_on(amount, later, day=since)
    lowest = running
    by_day: dict[date, Decimal] = {}
    for on, applied in later:
        if on > since:
            by_day[on] = by_day.get(on, Decimal(0)) + applied
    for on in sorted(by_day):
        running -= by_day[on]
        lowest = min(lowest, running)
    return lowest


@dataclass(frozen=True)
class Claim:
    """A debit item that money could be applied to."""

    id: int
    due_date: date
    document_date: date
    open_amount: Decimal


def oldest_due_first(claims: Sequence[Claim], available: Decimal) -> dict[int, Decimal]:
    """Spread `available` over the claims, earliest due date first; the rest stays unapplied.

    Ties go to the older document, then to the earlier entered one.
    """
    parts: dict[int, Decimal] = {}
    for claim in sorted(claims, key=lambda c: (c.due_date, c.document_date, c.id)):
        part = min(claim.open_amount, available)
        if part > 0:
            parts[claim.id] = part
            available -= part
    return parts
