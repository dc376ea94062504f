"""Aging as of any date: who owes what, how old it is, by whatever one likes to group it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

import psycopg2.extensions
from django.db import connection
from django.utils.translation import gettext as _

from config.core.money import ZERO
from customers.models import Customer
from receivables.domain.aging import Basis, Scheme, net_oldest_first
from receivables.models import OpenItem
from receivables.selectors.open_amounts import (
    Scope,
    bucket_columns,
    by_customer_sql,
    refuse_missing,
)


class GroupBy(StrEnum):
    CUSTOMER = "customer"
    GROUP = "group"
    SEGMENT = "segment"
    INDUSTRY = "industry"
    REGION = "region"
    OWNER = "owner"
    COLLECTOR = "collector"
    UNIT = "unit"
    CAUSE = "cause"


# For each grouping: its key, a code and a label over per-customer rows `p` joined to their customer `c`.
GROUP_COLUMNS: dict[GroupBy, tuple[str, str, str, str]] = {
    GroupBy.CUSTOMER: ("c.id", "c.code", "c.name", ""),
    GroupBy.GROUP: (
        "COALESCE(g.id, c.id)", "COALESCE(g.code, c.code)", "COALESCE(g.name, c.name)",
        "LEFT JOIN customers_customer g ON g.id = c.parent_id",
    ),
    GroupBy.SEGMENT: ("c.segment", "c.segment", "c.segment", ""),
    GroupBy.INDUSTRY: ("c.industry", "c.industry", "c.industry", ""),
    GroupBy.REGION: ("c.region", "c.region", "c.region", ""),
    GroupBy.OWNER: (
        "u.id", "COALESCE(u.username, '')", "COALESCE(NULLIF(u.display_name, ''), u.username, '')",
        "LEFT JOIN core_user u ON u.id = c.sales_owner_id",
    ),
    GroupBy.COLLECTOR: (
        "u.id", "COALESCE(u.username, '')", "COALESCE(NULLIF(u.display_name, ''), u.username, '')",
        "LEFT JOIN core_user u ON u.id = c.collector_id",
    ),
    GroupBy.UNIT: ("b.id", "b.code", "b.name", "JOIN core_businessunit b ON b.id = c.unit_id"),
    GroupBy.CAUSE: ("p.cause", "p.cause", "p.cause", ""),
}  # fmt: skip


class AgingRow(NamedTuple):
    """One group in one currency; `amounts` follow the scheme's buckets, `unapplied` is ≤ 0."""

    key: Any
    code: str
    label: str
    currency: str
    amounts: tuple[Decimal, ...]
    retention: Decimal
    unapplied: Decimal
    total: Decimal


@dataclass(frozen=True)
class AgingReport:
    as_of: date
    basis: Basis
    scheme: Scheme
    group_by: GroupBy
    currency: str  # empty: several currencies side by side
    rows: list[AgingRow]
    totals: list[AgingRow]  # one per currency

    @property
    def total(self) -> AgingRow:
        """Return the only total, or a row of zeros where there is nothing."""
        if self.totals:
            return self.totals[0]
        zeros = tuple(ZERO for _bucket in self.scheme.buckets)
        return AgingRow(None, "", "", self.currency, zeros, ZERO, ZERO, ZERO)


TEXTS = psycopg2.extensions.new_type(
    psycopg2.extensions.DECIMAL.values, "TEXTS", lambda v, _cursor: v
)


def _fetch(sql: str, values: dict[str, Any], *, as_text: bool = False) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        if as_text:
            psycopg2.extensions.register_type(TEXTS, cursor.cursor)
        cursor.execute(sql, values)
        fetched: list[tuple[Any, ...]] = cursor.fetchall()
        return fetched


def aging(
    *,
    scope: Scope,
    as_of: date,
    scheme: Scheme,
    basis: Basis = Basis.DUE,
    group_by: GroupBy = GroupBy.CUSTOMER,
    convert_to: str = "",
    netted: bool = False,
    as_text: bool = False,
) -> AgingReport:
    """Return what was open on `as_of` by group and bucket, largest total first.

    `convert_to` turns every amount into that currency by the rate of `as_of`; without it each
    currency has rows of its own. `netted` sets unapplied credit against the customer's oldest
    buckets; otherwise it stands apart as a negative column. `as_text` leaves the amounts as the
    texts that the database wrote, where they are only written on; it does not go with `netted`.

    :raises config.core.selectors.rates.RateMissing: if a needed rate is not there
    """
    applied = scheme.for_basis(basis)
    # Credit is netted within a customer, so netting needs a row for each before they are added up.
    rows, sums = _grouped(
        scope, as_of, applied, basis, group_by, convert_to, per_customer=netted, as_text=as_text
    )
    if netted:
        rows = sorted(_merged([_net(row) for row in rows]), key=_largest_first)
        sums = totals_of(rows)
    currency = convert_to or (sums[0].currency if len(sums) == 1 else scope.currency)
    return AgingReport(as_of, basis, applied, group_by, currency, _labelled(rows, group_by), sums)


def _grouped(
    scope: Scope,
    as_of: date,
    scheme: Scheme,
    basis: Basis,
    group_by: GroupBy,
    convert_to: str,
    *,
    per_customer: bool,
    as_text: bool,
) -> tuple[list[AgingRow], list[AgingRow]]:
    """Return the groups, largest first, and the totals, one per currency, from one statement."""
    sql, values = _grouped_sql(scope, as_of, scheme, basis, group_by, convert_to, per_customer)
    fetched = _fetch(sql, values, as_text=as_text)
    refuse_missing((r[-1] for r in fetched), base=convert_to, on=as_of)
    end = 5 + len(scheme.buckets)
    of_rows: list[AgingRow] = []
    of_totals: list[AgingRow] = []
    for r in fetched:
        row = AgingRow(r[1], r[2], r[3], r[4], r[5:end], r[end], r[end + 1], r[end + 2])
        (of_totals if r[0] else of_rows).append(row)
    return of_rows, sorted(of_totals, key=attrgetter("currency"))


def _grouped_sql(
    scope: Scope,
    as_of: date,
    scheme: Scheme,
    basis: Basis,
    group_by: GroupBy,
    convert_to: str,
    per_customer: bool,
) -> tuple[str, dict[str, Any]]:
    by_customer, values = by_customer_sql(
        scope, as_of=as_of, basis=basis, scheme=scheme, convert_to=convert_to,
        with_cause=group_by is GroupBy.CAUSE,
    )  # fmt: skip
    key, code, label, join = GROUP_COLUMNS[group_by]
    names = bucket_columns(scheme)
    own, total = ", ".join(f"p.{n}" for n in names), " + ".join(f"p.{n}" for n in names)
    missing, grouping = "p.missing", ""
    if not per_customer and (group_by is not GroupBy.CUSTOMER or convert_to):
        own, total = (
            ", ".join(f"SUM(p.{n}) AS {n}" for n in names),
            " + ".join(f"SUM(p.{n})" for n in names),
        )
        missing, grouping = "MIN(p.missing)", "GROUP BY 1, 2, 3, 4"
    # The total is the sum of what is shown, so that a row cannot disagree with itself.
    anything = " OR ".join(f"q.{n} <> 0" for n in names)
    sql = f"""
        WITH q AS MATERIALIZED (
            SELECT {key} AS key, {code} AS code, {label} AS label, p.currency, {own}, {total} AS total, {missing} AS missing
            FROM ({by_customer}) p JOIN customers_customer c ON c.id = p.customer_id {join} {grouping}
        )
        (SELECT false, q.* FROM q WHERE {anything} OR q.missing IS NOT NULL ORDER BY q.total DESC, q.label)
        UNION ALL
        SELECT true, NULL, '', '', q.currency, {", ".join(f"SUM(q.{n})" for n in names)}, SUM(q.total), MIN(q.missing)
        FROM q WHERE {anything} OR q.missing IS NOT NULL GROUP BY q.currency
    """  # noqa: S608 - built from constants; every value is a parameter
    return sql, values


def totals(
    *, scope: Scope, as_of: date, scheme: Scheme, convert_to: str, basis: Basis = Basis.DUE
) -> AgingRow:
    """Return only the total row, in one currency; quicker than the whole report.

    :raises config.core.selectors.rates.RateMissing: if a needed rate is not there
    """
    applied = scheme.for_basis(basis)
    by_customer, values = by_customer_sql(
        scope, as_of=as_of, basis=basis, scheme=applied, convert_to=convert_to
    )
    sums = ", ".join(f"COALESCE(SUM(p.{n}), 0.00)" for n in bucket_columns(applied))
    row = _fetch(f"SELECT {sums}, MIN(p.missing) FROM ({by_customer}) p", values)[0]  # noqa: S608
    refuse_missing([row[-1]], base=convert_to, on=as_of)
    end = len(applied.buckets)
    return AgingRow(
        None, "", "", convert_to, row[:end], row[end], row[end + 1], sum(row[:-1], ZERO)
    )


def _net(row: AgingRow) -> AgingRow:
    amounts, rest = net_oldest_first((row.retention, *row.amounts), -row.unapplied)
    return row._replace(amounts=tuple(amounts[1:]), retention=amounts[0], unapplied=-rest + ZERO)


def _merged(rows: list[AgingRow]) -> list[AgingRow]:
    """Add up rows of the same group and currency (there are several after netting)."""
    merged: dict[tuple[Any, str], AgingRow] = {}
    for row in rows:
        place = (row.key, row.currency)
        merged[place] = _add(merged[place], row) if place in merged else row
    return [r for r in merged.values() if r.total or r.unapplied or r.retention or any(r.amounts)]


def _add(a: AgingRow, b: AgingRow) -> AgingRow:
    amounts = tuple(x + y for x, y in zip(a.amounts, b.amounts, strict=True))
    return a._replace(
        amounts=amounts, retention=a.retention + b.retention, unapplied=a.unapplied + b.unapplied, total=a.total + b.total
    )  # fmt: skip


def totals_of(rows: Sequence[AgingRow]) -> list[AgingRow]:
    """Return the column totals, one row per currency."""
    columns: dict[str, list[AgingRow]] = {}
    for row in rows:
        columns.setdefault(row.currency, []).append(row)
    return [
        AgingRow(
            None, "", "", currency,
            tuple(sum(column, ZERO) for column in zip(*(r.amounts for r in group), strict=True)),
            sum((r.retention for r in group), ZERO),
            sum((r.unapplied for r in group), ZERO),
            sum((r.total for r in group), ZERO),
        )
        for currency, group in sorted(columns.items())
    ]  # fmt: skip


def _largest_first(row: AgingRow) -> tuple[Decimal, str, str]:
    return -row.total, row.label, row.currency


def _labelled(rows: list[AgingRow], group_by: GroupBy) -> list[AgingRow]:
    """Replace codes by names in the active language where the group is a choice or empty."""
    if group_by is GroupBy.SEGMENT:
        names = {value: str(label) for value, label in Customer.Segment.choices}
    elif group_by is GroupBy.CAUSE:
        names = {value: str(label) for value, label in OpenItem.Cause.choices}
    elif group_by in {GroupBy.CUSTOMER, GroupBy.GROUP, GroupBy.UNIT}:
        return rows
    else:
        names = {
            "": _("Not assigned")
            if group_by in {GroupBy.OWNER, GroupBy.COLLECTOR}
            else _("Not stated")
        }
    return [r._replace(label=names.get(r.label, r.label)) for r in rows]
