"""Pages of a list: by key for rows in the database, so that any page costs the same; by number for
rows that a report has computed already.

A cursor holds the sort value and key of the row beside the page, and how many rows came before it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, QuerySet, Value
from django.db.models.expressions import Combinable

SORT, KEY = "_sort", "_key"
LAST_PAGE = "end"
COUNT_CAP = 10_000


@dataclass(frozen=True, slots=True)
class Order:
    """One expression and its direction; ties are broken by the primary key in the same direction."""

    expression: str | Combinable
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    value: Any
    key: Any
    position: int  # rows up to and including the row of the cursor; -1 when unknown

    def token(self) -> str:
        plain = self.value if isinstance(self.value, (int, type(None))) else str(self.value)
        text = json.dumps([plain, self.key, self.position], ensure_ascii=False)
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, the position of the first of them (None: not known), and the ways on."""

    rows: list[Any]
    first: int | None = 1
    previous: str = ""
    next: str = ""
    number: int | None = None  # for pages by number

    @property
    def last(self) -> int | None:
        return None if self.first is None else self.first + len(self.rows) - 1


class RowComparison(Func):
    """`(a, b) > (x, y)`: the comparison that an index on (a, b) answers without reading the rest."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, *expressions: Any, operator: str, **extra: Any) -> None:
        super().__init__(*expressions, **extra)
        self.operator = operator

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_extra: Any) -> Any:
        parts, params = [], []
        for expression in self.get_source_expressions():
            sql, values = compiler.compile(expression)
            parts.append(sql)
            params.extend(values)
        left, right = ", ".join(parts[:2]), ", ".join(parts[2:])
        return f"({left}) {self.operator} ({right})", params


def value_of(row: Any, name: str) -> Any:
    return row[name] if isinstance(row, dict) else getattr(row, name)


def read_cursor(token: str, queryset: QuerySet[Any]) -> Cursor | None:
    """Return the cursor that a token means for this list, or None if it means nothing."""
    try:
        padded = token + "=" * (-len(token) % 4)
        value, key, position = json.loads(base64.urlsafe_b64decode(padded.encode()))
        field = queryset.query.annotations[SORT].output_field
        value = None if value is None else field.to_python(value)
        key = queryset.query.annotations[KEY].output_field.to_python(key)
        return Cursor(value, key, int(position)) if key is not None else None
    except (ValueError, TypeError, binascii.Error, ValidationError, RecursionError):
        return None


def sortable(queryset: QuerySet[Any], order: Order) -> QuerySet[Any]:
    """Return the rows with their sort value and key beside them, unordered."""
    expression = F(order.expression) if isinstance(order.expression, str) else order.expression
    return queryset.order_by().annotate(**{SORT: expression, KEY: F("pk")})


def ordered(queryset: QuerySet[Any], order: Order) -> QuerySet[Any]:
    """Return the rows of `sortable` in order (as PostgreSQL's indexes are: nulls last, or first down)."""
    sign = "-" if order.descending else ""
    return queryset.order_by(f"{sign}{SORT}", f"{sign}{KEY}")


def _rows_after(
    queryset: QuerySet[Any], order: Order, cursor: Cursor | None, limit: int
) -> list[Any]:
    """Return up to `limit` rows that follow the cursor; nulls stand last, or first when descending."""
    if cursor is None:
        return list(ordered(queryset, order)[:limit])
    operator = "<" if order.descending else ">"
    nulls = queryset.filter(**{f"{SORT}__isnull": True})
    if cursor.value is None:
        by_key = {f"{KEY}__{'lt' if order.descending else 'gt'}": cursor.key}
        parts = [nulls.filter(**by_key)]
        if order.descending:
            parts.append(queryset.filter(**{f"{SORT}__isnull": False}))
    else:
        kind = queryset.query.annotations[SORT].output_field
        edge = (Value(cursor.value, output_field=kind), Value(cursor.key))
        parts = [queryset.filter(RowComparison(F(SORT), F(KEY), *edge, operator=operator))]
        if not order.descending:
            parts.append(nulls)
    rows: list[Any] = []
    for part in parts:
        if len(rows) < limit:
            rows += ordered(part, order)[: limit - len(rows)]
    return rows


def page_by_key(
    queryset: QuerySet[Any], *, order: Order, size: int, after: str = "", before: str = ""
) -> Page:
    """This function will return the page after or before a cursor, or the first, or the last ("end").

    It reads `size` + 1 rows by index, wherever the page lies. `queryset` must have passed
    through `sortable`. A cursor that cannot be read gives the first page.
    """
    if before:
        page = _page_before(queryset, order, size, before)
        if page is not None:
            return page
    cursor = read_cursor(after, queryset) if after else None
    rows = _rows_after(queryset, order, cursor, size + 1)
    start = cursor.position if cursor else 0
    page = _page(rows[:size], start if start >= 0 else None)
    return replace(
        page,
        previous=page.previous if cursor and rows else "",
        next=page.next if len(rows) > size else "",
    )


def _page_before(queryset: QuerySet[Any], order: Order, size: int, before: str) -> Page | None:
    """Return the page that ends before the cursor; None where it would be the first page."""
    at_end = before == LAST_PAGE
    cursor = None if at_end else read_cursor(before, queryset)
    if cursor is None and not at_end:
        return None
    back = replace(order, descending=not order.descending)
    rows = _rows_after(queryset, back, cursor, size + 1)
    if len(rows) <= size:
        return None  # the page begins with the first row
    known = cursor is not None and cursor.position > size
    start = cursor.position - 1 - size if cursor is not None and known else None
    page = _page(rows[:size][::-1], start)
    return replace(page, next="" if at_end else page.next)


def _page(rows: list[Any], start: int | None) -> Page:
    """Return rows with cursors to both sides; `start` rows came before them (None: not known)."""
    if not rows:
        return Page([], first=None)

    def cursor(row: Any, position: int) -> str:
        return Cursor(value_of(row, SORT), value_of(row, KEY), position).token()

    first = None if start is None else start + 1
    last = -1 if start is None else start + len(rows)
    return Page(
        rows=rows,
        first=first,
        previous=cursor(rows[0], first if first is not None else -1),
        next=cursor(rows[-1], last),
    )


class ReportRows(Protocol):
    """Rows of a report that the database sorts, cuts and adds up itself; no query set could."""

    count: int

    def read(self, *, sort: str, descending: bool, number: int, size: int) -> list[Any]:
        """Return the rows of a page, and know their number and totals from then on."""

    def all(self, *, sort: str, descending: bool) -> Iterable[Any]:
        """Return every row, in order."""

    def totals_by_currency(self) -> Iterable[tuple[int, Any]]:
        """Return the number of rows and their total as a row, for each currency."""


def page_of_report(
    rows: ReportRows, *, sort: str, descending: bool, number: int, size: int
) -> Page:
    """This function will return page `number` of a report; out of range means the last one."""
    found = rows.read(sort=sort, descending=descending, number=max(1, number), size=size)
    pages = max(1, -(-rows.count // size))
    return _numbered(found, number=min(max(1, number), pages), pages=pages, size=size)


def page_by_number(rows: Sequence[Any], *, number: int, size: int) -> Page:
    """This function will return page `number` of rows in memory; out of range means the last one."""
    pages = max(1, -(-len(rows) // size))
    number = min(max(1, number), pages)
    start = (number - 1) * size
    return _numbered(list(rows[start : start + size]), number=number, pages=pages, size=size)


def _numbered(rows: list[Any], *, number: int, pages: int, size: int) -> Page:
    return Page(
        rows=rows,
        first=(number - 1) * size + 1 if rows else None,
        previous=str(number - 1) if number > 1 else "",
        next=str(number + 1) if number < pages else "",
        number=number,
    )


def capped_count(queryset: QuerySet[Any], *, cap: int = COUNT_CAP) -> int:
    """This function will count rows, but not further than `cap` + 1: no page waits for a million."""
    return queryset.order_by()[: cap + 1].count()
