"""One page of the aging by customer, sorted and cut by the database: 20,000 rows need not travel.

Page, count and totals come from one statement, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Any

from django.db import connection

from config.core.money import ZERO
from receivables.domain.aging import Basis, Scheme
from receivables.selectors.aging import AgingRow
from receivables.selectors.open_amounts import (
    Scope,
    bucket_columns,
    by_customer_sql,
    refuse_missing,
)


@dataclass
class CustomerAging:
    """The aging of every customer, read a page at a time (config.core.list_pages.ReportRows).

    :raises config.core.selectors.rates.RateMissing: when read, if a needed rate is not there
    """

    scope: Scope
    as_of: date
    scheme: Scheme  # as it applies to the basis
    basis: Basis
    convert_to: str = ""
    count: int = 0
    totals: list[AgingRow] = field(default_factory=list)
    _counts: list[int] = field(default_factory=list)

    def read(self, *, sort: str, descending: bool, number: int, size: int) -> list[AgingRow]:
        """Return the rows of a page (the last one if there are fewer), and keep count and totals."""
        rows = self._read(sort, descending, limit=size, offset=(number - 1) * size)
        if not rows and self.count:
            last = -(-self.count // size)
            rows = self._read(sort, descending, limit=size, offset=(last - 1) * size)
        return rows

    def all(self, *, sort: str, descending: bool) -> Iterator[AgingRow]:
        """Yield every row, for a file."""
        yield from self._read(sort, descending, limit=None, offset=0)

    def totals_by_currency(self) -> list[tuple[int, AgingRow]]:
        """Return the number of customers and their total, for each currency."""
        return list(zip(self._counts, self.totals, strict=True))

    def _read(
        self, sort: str, descending: bool, *, limit: int | None, offset: int
    ) -> list[AgingRow]:
        sql, values = self._sql(sort, descending)
        with connection.cursor() as cursor:
            cursor.execute(sql, {**values, "limit": limit, "offset": offset})
            fetched = cursor.fetchall()
        refuse_missing((r[-1] for r in fetched), base=self.convert_to, on=self.as_of)
        sums = sorted((r for r in fetched if r[0] == "total"), key=itemgetter(4))
        self._counts = [r[1] for r in sums]
        self.count = sum(self._counts)
        self.totals = [self._row(r) for r in sums]
        return [self._row(r) for r in fetched if r[0] == "row"]

    def _row(self, r: tuple[Any, ...]) -> AgingRow:
        end = 5 + len(self.scheme.buckets)
        key = r[1] if r[0] == "row" else None
        total: Decimal = sum(r[5 : end + 2], ZERO)
        return AgingRow(key, r[2], r[3], r[4], r[5:end], r[end], r[end + 1], total)

    def _sql(self, sort: str, descending: bool) -> tuple[str, dict[str, Any]]:
        by_customer, values = by_customer_sql(
            self.scope, as_of=self.as_of, basis=self.basis, scheme=self.scheme, convert_to=self.convert_to
        )  # fmt: skip
        names = bucket_columns(self.scheme)
        shown = ", ".join(f"q.{n}" for n in names)
        sums = ", ".join(f"SUM(q.{n})" for n in names)
        direction = "DESC" if descending else "ASC"
        sql = f"""
            WITH q AS MATERIALIZED (
                SELECT p.customer_id, p.currency, {", ".join(f"SUM(p.{n}) AS {n}" for n in names)},
                       {" + ".join(f"SUM(p.{n})" for n in names)} AS total, MIN(p.missing) AS missing
                FROM ({by_customer}) p GROUP BY p.customer_id, p.currency
                HAVING {" OR ".join(f"SUM(p.{n}) <> 0" for n in names)} OR MIN(p.missing) IS NOT NULL
            )
            SELECT 'total', COUNT(*), '', '', q.currency, {sums}, MIN(q.missing) FROM q GROUP BY q.currency
            UNION ALL
            (SELECT 'row', c.id, c.code, c.name, q.currency, {shown}, q.missing
             FROM q JOIN customers_customer c ON c.id = q.customer_id
             ORDER BY {self._order(sort)} {direction}, c.id, q.currency LIMIT %(limit)s OFFSET %(offset)s)
        """  # noqa: S608 - built from constants; every value is a parameter
        return sql, values

    def _order(self, sort: str) -> str:
        """Return the SQL of a column's order; Chinese names go by their pinyin."""
        known = {
            "label": "c.sort_key",
            "code": "c.code",
            "currency": "q.currency",
            "total": "q.total",
        }
        known |= {f"b_{b.code}": f"q.b{i}" for i, b in enumerate(self.scheme.buckets)}
        known |= {"retention": "q.retention", "unapplied": "q.unapplied"}
        return known.get(sort, "q.total")
