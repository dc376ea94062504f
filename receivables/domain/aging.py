"""Aging: how old an open item is, and which bucket that is. Pure; the buckets' edges live here only.

An item due today is not overdue. A bucket's upper edge belongs to it. Edges in years are
anniversaries, not multiples of 365 days (domain notes, part 12):

>>> scheme = Scheme("s", (Bucket("not_due", "Not due", 0), Bucket("y1", "≤ 1 year", 1, YEARS), Bucket("older", "older", None)))
>>> scheme.bucket_of(date(2024, 2, 29), as_of=date(2025, 2, 28)).code
'y1'
>>> scheme.bucket_of(date(2024, 2, 29), as_of=date(2025, 3, 1)).code
'older'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from config.core.dates import years_before
from config.core.errors import InvalidInput, gettext_noop
from config.core.money import ZERO

DAYS = "days"
YEARS = "years"


class Basis(StrEnum):
    """The date an item's age is counted from."""

    DUE = "due"
    DOCUMENT = "document"


class InvalidScheme(InvalidInput):
    """The buckets leave a gap, overlap, or do not begin with "not due" and end open."""

    code = "invalid_scheme"


@dataclass(frozen=True)
class Bucket:
    """A range of ages; `upper` is inclusive and None for the last, open one."""

    code: str
    label: str
    upper: int | None
    unit: str = DAYS

    @property
    def to_days(self) -> int | None:
        """Return the upper edge in days; a year counts 365 here, for display and order only."""
        if self.upper is None:
            return None
        return self.upper * (365 if self.unit == YEARS else 1)

    def first_date(self, as_of: date) -> date | None:
        """Return the earliest basis date that still falls into this bucket on `as_of`."""
        if self.upper is None:
            return None
        if self.unit == YEARS:
            return years_before(as_of, self.upper)
        return as_of - timedelta(days=self.upper)


@dataclass(frozen=True)
class Scheme:
    """Buckets in order; the first is "not due"."""

    code: str
    buckets: tuple[Bucket, ...]

    def for_basis(self, basis: Basis, *, first_label: str = "") -> Scheme:
        """Return the buckets as they apply to a basis.

        Counted from the document date nothing is "not due": the first aged bucket then begins at 0.
        """
        if basis is Basis.DUE:
            return self
        first = self.buckets[1]
        label = first_label or (f"0–{first.to_days}" if first.to_days is not None else first.label)
        youngest = Bucket(first.code, label, first.upper, first.unit)
        return Scheme(self.code, (youngest, *self.buckets[2:]))

    def first_dates(self, as_of: date) -> list[date]:
        """Return the earliest basis date of each bucket but the last, newest first."""
        return [first for b in self.buckets if (first := b.first_date(as_of)) is not None]

    def from_days(self, position: int) -> int | None:
        """Return the lower edge of the bucket at `position`, in days; None for "not due"."""
        if position == 0:
            return 0 if self.buckets[0].to_days else None
        previous = self.buckets[position - 1].to_days
        return None if previous is None else previous + 1

    def bucket_of(self, basis_date: date, *, as_of: date) -> Bucket:
        """Return the bucket of an item with this basis date on `as_of`."""
        for bucket, first in zip(self.buckets, self.first_dates(as_of), strict=False):
            if basis_date >= first:
                return bucket
        return self.buckets[-1]


def check_buckets(buckets: Sequence[Bucket]) -> None:
    """Refuse buckets that do not cover every age exactly once.

    :raises InvalidScheme: naming the bucket at fault and what to do
    """
    if len(buckets) < 3:
        raise InvalidScheme(
            gettext_noop(
                "A scheme needs at least three buckets: not due, one range, and an open end."
            )
        )
    if buckets[0].upper != 0 or buckets[0].unit != DAYS:
        raise InvalidScheme(gettext_noop("The first bucket must be “not due”, up to 0 days."))
    if len({b.code for b in buckets}) != len(buckets):
        raise InvalidScheme(gettext_noop("Two buckets have the same code; give each its own."))
    for earlier, later in zip(buckets, buckets[1:], strict=False):
        _check_pair(earlier, later)
    if buckets[-1].upper is not None:
        raise InvalidScheme(
            gettext_noop(
                "Items older than “%(label)s” would fall into no bucket; leave the last upper edge empty."
            ),
            label=buckets[-1].label,
        )


def _check_pair(earlier: Bucket, later: Bucket) -> None:
    if earlier.to_days is None:
        raise InvalidScheme(
            gettext_noop("“%(label)s” has no upper edge, so “%(next)s” after it would never be used."),
            label=earlier.label, next=later.label,
        )  # fmt: skip
    if later.to_days is not None and later.to_days <= earlier.to_days:
        raise InvalidScheme(
            gettext_noop(
                "“%(next)s” ends at %(until)s days, not after “%(label)s” (%(previous)s days): the buckets overlap."
            ),
            label=earlier.label,
            next=later.label,
            until=later.to_days,
            previous=earlier.to_days,
        )


def days_overdue(due_date: date, *, as_of: date) -> int:
    """Return days past the due date; 0 or less is not overdue."""
    return (as_of - due_date).days


def net_oldest_first(amounts: Sequence[Decimal], credit: Decimal) -> tuple[list[Decimal], Decimal]:
    """Set `credit` (≥ 0) against bucket amounts ordered youngest first, the oldest bucket first.

    Returns the reduced amounts and what is left of the credit.
    """
    reduced = list(amounts)
    for i in reversed(range(len(reduced))):
        used = min(max(reduced[i], ZERO), credit)
        reduced[i] -= used
        credit -= used
    return reduced, credit
