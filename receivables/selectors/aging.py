"""Aging as of any date, by roll back: what is open now, plus what was applied after that date.

An item's open amount on day D is its open amount now plus all allocations effective after D; items
posted after D do not count. Both parts come from covering indexes without touching the tables
(DESIGN.md 8), so the past costs little more than the present.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext as _

from config.core.models import User
from config.core.money import ZERO, quantize
from config.core.selectors import rates
from customers.models import Customer
from receivables.domain.aging import Basis, Scheme, net_oldest_first
from receivables.models import OpenItem

UNAPPLIED = "unapplied"
RETENTION = "retention"
# Positions in the bucket expression that are no buckets of a scheme.
UNAPPLIED_POSITION = -1
RETENTION_POSITION = -2


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


@dataclass(frozen=True)
class Scope:
    """Whose items are aged: business units, and optionally some of their customers or one currency."""

    unit_ids: tuple[int, ...]
    currency: str = ""
    sales_owner_id: int | None = None
    collector_id: int | None = None
    customer_id: int | None = None
    segment: str = ""
    # A salesperson's own customers, whatever else is asked for.
    portfolio_of: int | None = None

    def conditions(self, alias: str) -> tuple[str, dict[str, Any]]:
        """Return SQL conditions on a table with unit_id, customer_id and currency, and their values."""
        sql = [f"{alias}.unit_id = ANY(%(unit_ids)s)"]
        values: dict[str, Any] = {"unit_ids": list(self.unit_ids)}
        if self.currency:
            sql.append(f"{alias}.currency = %(currency)s")
            values["currency"] = self.currency
        if self.customer_id is not None:
            sql.append(f"{alias}.customer_id = %(customer_id)s")
            values["customer_id"] = self.customer_id
        of_customer, more = self._customer_conditions()
        if of_customer:
            wanted = " AND ".join(of_customer)
            sql.append(f"{alias}.customer_id IN (SELECT id FROM customers_customer WHERE {wanted})")  # noqa: S608
        return " AND ".join(sql), {**values, **more}

    def _customer_conditions(self) -> tuple[list[str], dict[str, Any]]:
        named = {
            "sales_owner_id = %(sales_owner_id)s": ("sales_owner_id", self.sales_owner_id),
            "collector_id = %(collector_id)s": ("collector_id", self.collector_id),
            "segment = %(segment)s": ("segment", self.segment or None),
            "sales_owner_id = %(portfolio_of)s": ("portfolio_of", self.portfolio_of),
        }
        wanted = {sql: pair for sql, pair in named.items() if pair[1] is not None}
        return list(wanted), dict(wanted.values())


def scope_for(user: User, *, unit_ids: Iterable[int] | None = None, **limits: Any) -> Scope:
    """Return the scope of what `user` may see, limited further to some units or customers."""
    allowed = user.unit_ids()
    chosen = allowed if unit_ids is None else [u for u in unit_ids if u in allowed]
    portfolio = user.pk if user.is_limited_to_portfolio else None
    return Scope(unit_ids=tuple(chosen), portfolio_of=portfolio, **limits)


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
    totals: list[AgingRow] = field(default_factory=list)  # one per currency

    @property
    def total(self) -> AgingRow:
        """Return the only total, or a row of zeros where there is nothing."""
        if self.totals:
            return self.totals[0]
        zeros = tuple(ZERO for _bucket in self.scheme.buckets)
        return AgingRow(None, "", "", self.currency, zeros, ZERO, ZERO, ZERO)


def position_sql(scheme: Scheme, basis: Basis, *, basis_date: str, due_date: str, kind: str) -> str:
    """Return the SQL CASE that gives a debit item's bucket position; needs `cuts` and `as_of`."""
    last = len(scheme.buckets) - 1
    cases = "".join(f" WHEN {basis_date} >= %(cut{i})s THEN {i}" for i in range(last))
    retention = f"WHEN {kind} = '{OpenItem.Kind.RETENTION.value}' AND {due_date} >= %(as_of)s THEN {RETENTION_POSITION}"
    return f"CASE {retention}{cases} ELSE {last} END"


def open_rows_sql(
    scope: Scope, *, as_of: date, basis: Basis, scheme: Scheme, with_cause: bool = False
) -> tuple[str, dict[str, Any]]:
    """Return SQL for (customer_id, currency, position, amount[, cause]) of all that was open, and its values.

    `scheme` must already be the scheme for `basis`. Amounts are positive, credits too.
    """
    column = "due_date" if basis is Basis.DUE else "document_date"
    items, values = scope.conditions("i")
    applied, _same = scope.conditions("a")
    of_item = position_sql(
        scheme, basis, basis_date=f"i.{column}", due_date="i.due_date", kind="i.kind"
    )
    of_debit = position_sql(
        scheme,
        basis,
        basis_date=f"a.debit_{column}",
        due_date="a.debit_due_date",
        kind="a.debit_kind",
    )
    cause = (
        {"i": ", i.cause", "d": ", d.cause", "c": ", c.cause"}
        if with_cause
        else {"i": "", "d": "", "c": ""}
    )
    join = {
        "d": "JOIN receivables_openitem d ON d.id = a.debit_item_id" if with_cause else "",
        "c": "JOIN receivables_openitem c ON c.id = a.credit_item_id" if with_cause else "",
    }
    sql = f"""
        SELECT i.customer_id, i.currency,
               CASE WHEN i.direction = 'credit' THEN {UNAPPLIED_POSITION} ELSE {of_item} END AS position,
               i.open_amount AS amount{cause["i"]}
        FROM receivables_openitem i
        WHERE i.open_amount <> 0 AND i.posting_date <= %(as_of)s AND {items}
        UNION ALL
        SELECT a.customer_id, a.currency, {of_debit}, a.amount{cause["d"]}
        FROM receivables_allocation a {join["d"]}
        WHERE a.effective_date > %(as_of)s AND a.debit_posting_date <= %(as_of)s AND {applied}
        UNION ALL
        SELECT a.customer_id, a.currency, {UNAPPLIED_POSITION}, a.amount{cause["c"]}
        FROM receivables_allocation a {join["c"]}
        WHERE a.effective_date > %(as_of)s AND a.credit_posting_date <= %(as_of)s AND {applied}
    """  # noqa: S608 - built from constants; every value is a parameter
    values["as_of"] = as_of
    values |= {f"cut{i}": first for i, first in enumerate(scheme.first_dates(as_of))}
    return sql, values


def customer_bucket_sql(
    scope: Scope, *, as_of: date, basis: Basis, scheme: Scheme
) -> tuple[str, dict[str, Any]]:
    """Return SQL for (customer_id, currency, bucket code, amount), without zeros, and its values.

    Besides the scheme's codes, `bucket` is `retention` (not yet due) or `unapplied` (negative).
    """
    applied = scheme.for_basis(basis)
    rows, values = open_rows_sql(scope, as_of=as_of, basis=basis, scheme=applied)
    codes = " ".join(f"WHEN {i} THEN '{b.code}'" for i, b in enumerate(applied.buckets))
    sql = f"""
        SELECT customer_id, currency,
               CASE position WHEN {UNAPPLIED_POSITION} THEN '{UNAPPLIED}'
                             WHEN {RETENTION_POSITION} THEN '{RETENTION}' {codes} END AS bucket,
               CASE WHEN position = {UNAPPLIED_POSITION} THEN -SUM(amount) ELSE SUM(amount) END AS amount
        FROM ({rows}) AS r
        GROUP BY customer_id, currency, position
        HAVING SUM(amount) <> 0
    """  # noqa: S608
    return sql, values


def _sums(scheme: Scheme) -> str:
    columns = [
        f"COALESCE(SUM(amount) FILTER (WHERE position = {i}), 0) AS b{i}"
        for i in range(len(scheme.buckets))
    ]
    columns.append(
        f"COALESCE(SUM(amount) FILTER (WHERE position = {RETENTION_POSITION}), 0) AS retention"
    )
    columns.append(
        f"-COALESCE(SUM(amount) FILTER (WHERE position = {UNAPPLIED_POSITION}), 0) AS unapplied"
    )
    return ", ".join(columns)


def _fetch(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def aging(
    *,
    scope: Scope,
    as_of: date,
    scheme: Scheme,
    basis: Basis = Basis.DUE,
    group_by: GroupBy = GroupBy.CUSTOMER,
    convert_to: str = "",
    netted: bool = False,
) -> AgingReport:
    """Return what was open on `as_of` by group and bucket, largest total first.

    `convert_to` turns every amount into that currency by the rate of `as_of`; without it each
    currency has rows of its own. `netted` sets unapplied credit against the customer's oldest
    buckets; otherwise it stands apart as a negative column.

    :raises config.core.selectors.rates.RateMissing: if a needed rate is not there
    """
    applied = scheme.for_basis(basis)
    # Credit is netted within a customer, so netting needs a row for each before they are added up.
    rows = _grouped(scope, as_of, applied, basis, group_by, per_customer=netted)
    if netted:
        rows = [_net(row) for row in rows]
    if convert_to:
        rows = [_convert(row, convert_to, as_of) for row in rows]
    rows = _labelled(_merged(rows), group_by)
    rows.sort(key=_largest_first)
    currencies = {row.currency for row in rows}
    currency = convert_to or (currencies.pop() if len(currencies) == 1 else scope.currency)
    return AgingReport(as_of, basis, applied, group_by, currency, rows, totals_of(rows))


def _grouped(
    scope: Scope,
    as_of: date,
    scheme: Scheme,
    basis: Basis,
    group_by: GroupBy,
    *,
    per_customer: bool,
) -> list[AgingRow]:
    with_cause = group_by is GroupBy.CAUSE
    rows_sql, values = open_rows_sql(
        scope, as_of=as_of, basis=basis, scheme=scheme, with_cause=with_cause
    )
    key, code, label, join = GROUP_COLUMNS[group_by]
    cause = ", cause" if with_cause else ""
    names = [f"b{i}" for i in range(len(scheme.buckets))] + [RETENTION, UNAPPLIED]
    by_customer = f"SELECT customer_id, currency{cause}, {_sums(scheme)} FROM ({rows_sql}) r GROUP BY customer_id, currency{cause}"  # noqa: S608
    if group_by is GroupBy.CUSTOMER or per_customer:
        columns, grouping = ", ".join(f"p.{n}" for n in names), ""
    else:
        columns, grouping = ", ".join(f"SUM(p.{n})" for n in names), "GROUP BY 1, 2, 3, 4"
    sql = f"""
        SELECT {key}, {code}, {label}, p.currency, {columns}
        FROM ({by_customer}) p JOIN customers_customer c ON c.id = p.customer_id {join} {grouping}
    """  # noqa: S608
    end = 4 + len(scheme.buckets)
    # The total is the sum of what is shown, so that a row cannot disagree with itself.
    return [
        AgingRow(r[0], r[1], r[2], r[3], r[4:end], r[end], r[end + 1], sum(r[4:], ZERO))
        for r in _fetch(sql, values)
    ]


def _net(row: AgingRow) -> AgingRow:
    amounts, rest = net_oldest_first((row.retention, *row.amounts), -row.unapplied)
    return row._replace(amounts=tuple(amounts[1:]), retention=amounts[0], unapplied=-rest + ZERO)


def _convert(row: AgingRow, currency: str, as_of: date) -> AgingRow:
    if row.currency == currency:
        return row
    rate = rates.rate(currency=row.currency, base=currency, on=as_of)
    amounts = tuple(quantize(a * rate) for a in row.amounts)
    retention, unapplied = quantize(row.retention * rate), quantize(row.unapplied * rate)
    total = sum(amounts, ZERO) + retention + unapplied
    return row._replace(
        currency=currency, amounts=amounts, retention=retention, unapplied=unapplied, total=total
    )


def _merged(rows: list[AgingRow]) -> list[AgingRow]:
    """Add up rows of the same group and currency (after conversion or netting)."""
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


def in_currency(scope: Scope, currency: str) -> Scope:
    """Return the scope limited to one currency."""
    return replace(scope, currency=currency)
