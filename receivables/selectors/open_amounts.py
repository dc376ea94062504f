"""What was open as of any date, as SQL that every report over the ledger is built from.

An item's open amount on day D is its open amount now plus all allocations effective after D; items
posted after D do not count. Both parts come from covering indexes without touching the tables
(DESIGN.md 8), so the past costs little more than the present.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from config.core.models import User
from config.core.selectors import rates
from receivables.domain.aging import Basis, Scheme
from receivables.models import OpenItem

UNAPPLIED = "unapplied"
RETENTION = "retention"
# Positions in the bucket expression that are no buckets of a scheme.
UNAPPLIED_POSITION = -1
RETENTION_POSITION = -2


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
        scheme, basis, basis_date=f"a.debit_{column}", due_date="a.debit_due_date", kind="a.debit_kind"
    )  # fmt: skip
    # Only the arrears type must be looked up in the items; all else stands in the index.
    cause, side, joins = ("", "", "")
    if with_cause:
        cause, side = ", i.cause", ", s.cause"
        joins = """
            JOIN receivables_openitem d ON d.id = a.debit_item_id
            JOIN receivables_openitem c ON c.id = a.credit_item_id"""
    debit_cause, credit_cause = (", d.cause", ", c.cause") if with_cause else ("", "")
    sql = f"""
        SELECT i.customer_id, i.currency,
               CASE WHEN i.direction = 'credit' THEN {UNAPPLIED_POSITION} ELSE {of_item} END AS position,
               i.open_amount AS amount{cause}
        FROM receivables_openitem i
        WHERE i.open_amount <> 0 AND i.posting_date <= %(as_of)s AND {items}
        UNION ALL
        SELECT a.customer_id, a.currency, s.position, a.amount{side}
        FROM receivables_allocation a {joins}
        CROSS JOIN LATERAL (
            SELECT {of_debit} AS position{debit_cause} WHERE a.debit_posting_date <= %(as_of)s
            UNION ALL
            SELECT {UNAPPLIED_POSITION}{credit_cause} WHERE a.credit_posting_date <= %(as_of)s
        ) s
        WHERE a.effective_date > %(as_of)s AND {applied}
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


def bucket_columns(scheme: Scheme) -> list[str]:
    return [f"b{i}" for i in range(len(scheme.buckets))] + [RETENTION, UNAPPLIED]


def _sums(scheme: Scheme) -> str:
    sums = [
        f"COALESCE(SUM(amount) FILTER (WHERE position = {i}), 0.00) AS b{i}"
        for i in range(len(scheme.buckets))
    ]
    sums.append(
        f"COALESCE(SUM(amount) FILTER (WHERE position = {RETENTION_POSITION}), 0.00) AS {RETENTION}"
    )
    sums.append(
        f"-COALESCE(SUM(amount) FILTER (WHERE position = {UNAPPLIED_POSITION}), 0.00) AS {UNAPPLIED}"
    )
    return ", ".join(sums)


def by_customer_sql(
    scope: Scope,
    *,
    as_of: date,
    basis: Basis,
    scheme: Scheme,
    convert_to: str = "",
    with_cause: bool = False,
) -> tuple[str, dict[str, Any]]:
    """Return SQL for (customer_id, currency, b0 …, retention, unapplied, missing[, cause]) and its values.

    With `convert_to`, every amount is converted and rounded per customer and bucket, before any
    grouping, so that the totals agree whatever they are grouped by; `missing` then names a currency
    that has no rate. `scheme` must already be the scheme for `basis`.
    """
    rows, values = open_rows_sql(
        scope, as_of=as_of, basis=basis, scheme=scheme, with_cause=with_cause
    )
    cause = ", cause" if with_cause else ""
    sql = f"""
        SELECT customer_id, currency{cause}, {_sums(scheme)}, NULL::text AS missing
        FROM ({rows}) r GROUP BY customer_id, currency{cause}
    """  # noqa: S608 - built from constants; every value is a parameter
    if not convert_to:
        return sql, values
    table = rates.table(base=convert_to, on=as_of)
    values |= {"convert_to": convert_to, "rate_of": list(table), "rate_is": list(table.values())}
    converted = ", ".join(
        f"CASE WHEN s.currency = %(convert_to)s THEN s.{n} ELSE ROUND(s.{n} * x.rate, 2) END AS {n}"
        for n in bucket_columns(scheme)
    )
    sql = f"""
        SELECT s.customer_id, %(convert_to)s AS currency{", s.cause" if with_cause else ""}, {converted},
               CASE WHEN x.rate IS NULL AND s.currency <> %(convert_to)s THEN s.currency END AS missing
        FROM ({sql}) s
        LEFT JOIN UNNEST(%(rate_of)s::text[], %(rate_is)s::numeric[]) AS x(currency, rate) ON x.currency = s.currency
    """  # noqa: S608
    return sql, values


def refuse_missing(currencies: Iterable[str | None], *, base: str, on: date) -> None:
    """Refuse a conversion for which a rate was not entered.

    :raises config.core.selectors.rates.RateMissing: naming the first such currency
    """
    for currency in currencies:
        if currency is not None:
            rates.rate(currency=currency, base=base, on=on)
