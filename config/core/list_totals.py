"""What a list adds up to: one query for rows in the database, one pass for rows in memory.

Where a list has several currencies there is a row of totals for each: they are never added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, QuerySet, Sum
from django.utils.translation import gettext as _

from config.core.list_columns import Column, look_up, text_of
from config.core.list_pages import ReportRows

Sums = tuple[str, int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TotalsRow:
    """The label of the first column; class and text of the others; all of it for a file."""

    label: str
    cells: list[tuple[str, str]]
    values: list[Any]


def totals(
    rows: QuerySet[Any] | Sequence[Any], *, columns: Sequence[Column], currency: str
) -> list[TotalsRow]:
    """This function will return a row of totals, or one a currency where a field of it is named."""
    summed = [c for c in columns if c.total is not False]
    if isinstance(rows, QuerySet):
        sums = _in_database(rows, summed, currency)
    else:
        sums = _in_memory(rows, summed, currency)
    return [_row(columns, *one) for one in sums]


def of_report(rows: ReportRows, *, columns: Sequence[Column], currency: str) -> list[TotalsRow]:
    """This function will return the totals that a report has added up with its page."""
    summed = [c for c in columns if c.total is not False]
    return [
        _row(columns, str(look_up(t, currency)), count, {c.key: c.of(t) for c in summed})
        for count, t in rows.totals_by_currency()
    ]


def _in_database(rows: QuerySet[Any], summed: Sequence[Column], currency: str) -> list[Sums]:
    wanted: dict[str, Any] = {
        f"total_{c.key}": Sum(F(c.total) if isinstance(c.total, str) else c.total) for c in summed
    }
    wanted["rows_counted"] = Count("pk")
    if currency:
        groups = rows.order_by().values(currency).annotate(**wanted).order_by(currency)
        found = [(str(group[currency]), group) for group in groups]
    else:
        found = [("", rows.order_by().aggregate(**wanted))]
    return [
        (name, group["rows_counted"], {c.key: group[f"total_{c.key}"] for c in summed})
        for name, group in found
    ]


def _in_memory(rows: Sequence[Any], summed: Sequence[Column], currency: str) -> list[Sums]:
    groups: dict[str, tuple[int, dict[str, Any]]] = {}
    for row in rows:
        name = str(look_up(row, currency)) if currency else ""
        count, sums = groups.get(name, (0, {c.key: Decimal(0) for c in summed}))
        for column in summed:
            sums[column.key] += column.of(row) or 0
        groups[name] = (count + 1, sums)
    return [(name, count, sums) for name, (count, sums) in sorted(groups.items())]


def _row(
    columns: Sequence[Column], currency: str, count: int, sums: Mapping[str, Any]
) -> TotalsRow:
    label = f"{_('Total')} {currency}".strip()
    values = [(sums[c.key] or Decimal(0)) if c.key in sums else None for c in columns[1:]]
    cells = [
        (c.css_class, "" if value is None else text_of(c.kind, value))
        for c, value in zip(columns[1:], values, strict=True)
    ]
    return TotalsRow(f"{label} · {text_of('number', count)}", cells, [label, *values])
