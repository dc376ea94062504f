"""Aging buckets from their upper edges alone: codes and labels follow, in both languages. Pure.

>>> [bucket.label_en for bucket in named([Edge(0), Edge(30), Edge(1, YEARS), Edge(2, YEARS), Edge(None)])]
['Not due', '1–30', '31–365', '1–2 years', 'Over 2 years']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from receivables.domain.aging import DAYS, YEARS, Bucket, InvalidScheme, check_buckets

LONGEST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Edge:
    """The upper edge of one bucket, inclusive; None for the last, open one."""

    upper: int | None
    unit: str = DAYS

    @property
    def days(self) -> int | None:
        return None if self.upper is None else self.upper * (365 if self.unit == YEARS else 1)


@dataclass(frozen=True, slots=True)
class Named:
    """A bucket's code and its labels."""

    code: str
    label: str
    label_en: str


def named(edges: Sequence[Edge]) -> list[Named]:
    """Return code and labels of each bucket; edges need not be valid yet."""
    found = []
    for position, edge in enumerate(edges):
        below = edges[position - 1] if position else None
        found.append(_named(below, edge))
    return found


def _named(below: Edge | None, edge: Edge) -> Named:
    if below is None:
        return Named("not_due", "未到期", "Not due")
    if edge.upper is None:
        return _open_end(below)
    if edge.unit == YEARS and below.unit == YEARS:
        span = f"{below.upper}–{edge.upper}"
        return Named(f"y{below.upper}_{edge.upper}", f"{span}年", f"{span} years")
    first = (below.days or 0) + 1
    return Named(f"d{first}_{edge.days}", f"{first}–{edge.days}", f"{first}–{edge.days}")


def _open_end(below: Edge) -> Named:
    if below.unit == YEARS:
        years = "year" if below.upper == 1 else "years"
        return Named(f"over_y{below.upper}", f"{below.upper}年以上", f"Over {below.upper} {years}")
    return Named(f"over_d{below.upper}", f"{below.upper}以上", f"Over {below.upper}")


def check(buckets: Sequence[Bucket]) -> None:
    """Refuse buckets that do not cover every age exactly once.

    :raises InvalidScheme: with the `position` of the bucket at fault in its context
    """
    try:
        check_buckets(buckets)
    except InvalidScheme as refusal:
        context: dict[str, Any] = {**refusal.context, "position": position_of_fault(buckets)}
        raise InvalidScheme(refusal.message, **context) from refusal


def position_of_fault(buckets: Sequence[Bucket]) -> int:
    """Return the position of the first bucket that breaks the rules, or of the last one."""
    if buckets and (buckets[0].upper != 0 or buckets[0].unit != DAYS):
        return 0
    for position in range(1, len(buckets)):
        earlier, later = buckets[position - 1], buckets[position]
        if later.code in {b.code for b in buckets[:position]}:
            return position
        if earlier.to_days is None:
            return position - 1
        if later.to_days is not None and later.to_days <= earlier.to_days:
            return position
    return max(0, len(buckets) - 1)
