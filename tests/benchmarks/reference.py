"""The best SQL a person would write for the same figures, without any of the application's code.

It knows the tables and the delivered Chinese buckets, nothing else. Each question has several
answers; the quickest one on the day is the reference.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

# Upper edges of the buckets after "not due", as PostgreSQL intervals before the day.
EDGES = ("0 days", "30 days", "60 days", "90 days", "180 days", "1 year", "2 years", "3 years")
CHINESE_BUCKETS = len(EDGES) + 1
RETENTION, CREDIT = -2, -1
Fetch = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]


def position(due: str, kind: str) -> str:
    """Return the CASE for a debit's bucket: 0 is not due, 8 is more than three years."""
    cases = " ".join(
        f"WHEN {due} >= %(day)s::date - interval '{edge}' THEN {i}" for i, edge in enumerate(EDGES)
    )
    return (
        f"CASE WHEN {kind} = 'retention' AND {due} >= %(day)s THEN {RETENTION} {cases} ELSE 8 END"
    )


def sums(source: str) -> str:
    """Return one row a customer and currency with a column a bucket, named, from (…, position, amount)."""
    columns = ", ".join(
        f"coalesce(sum(amount) FILTER (WHERE position = {i}), 0)"
        for i in [*range(9), RETENTION, CREDIT]
    )
    return f"""
        SELECT c.id, c.code, c.name, s.* FROM (
            SELECT customer_id, currency, {columns} FROM ({source}) r GROUP BY customer_id, currency
        ) s JOIN customers_customer c ON c.id = s.customer_id
    """


def today(day: date) -> list[tuple[str, dict[str, Any]]]:
    """Return the ways to age all that is open now: nothing is dated later, so nothing is rolled back."""
    item = position("due_date", "kind")
    by_case = sums(f"""
        SELECT customer_id, currency, open_amount AS amount,
               CASE WHEN direction = 'credit' THEN {CREDIT} ELSE {item} END AS position
        FROM receivables_openitem WHERE open_amount <> 0 AND unit_id = ANY(%(units)s)
    """)
    # Ranges in the FILTERs instead of a CASE for each row.
    bounds = [f"due_date >= %(day)s::date - interval '{edge}'" for edge in EDGES]
    ranges = [
        bounds[0],
        *(f"{b} AND NOT {a}" for a, b in zip(bounds, bounds[1:], strict=False)),
        f"NOT {bounds[-1]}",
    ]
    debit = "direction = 'debit' AND NOT (kind = 'retention' AND due_date >= %(day)s)"
    columns = [f"coalesce(sum(open_amount) FILTER (WHERE {debit} AND {r}), 0)" for r in ranges]
    columns.append(
        "coalesce(sum(open_amount) FILTER (WHERE kind = 'retention' AND due_date >= %(day)s), 0)"
    )
    columns.append("coalesce(sum(open_amount) FILTER (WHERE direction = 'credit'), 0)")
    by_range = f"""
        SELECT c.id, c.code, c.name, s.* FROM (
            SELECT customer_id, currency, {", ".join(columns)}
            FROM receivables_openitem WHERE open_amount <> 0 AND unit_id = ANY(%(units)s)
            GROUP BY customer_id, currency
        ) s JOIN customers_customer c ON c.id = s.customer_id
    """
    return [(by_case, {"day": day}), (by_range, {"day": day})]


def rolled_back(day: date) -> list[tuple[str, dict[str, Any]]]:
    """Return the ways to age a past day: what is open now plus what was applied after that day."""
    item, debit = position("due_date", "kind"), position("debit_due_date", "debit_kind")
    still_open = f"""
        SELECT customer_id, currency, open_amount AS amount,
               CASE WHEN direction = 'credit' THEN {CREDIT} ELSE {item} END AS position
        FROM receivables_openitem
        WHERE open_amount <> 0 AND unit_id = ANY(%(units)s) AND posting_date <= %(day)s
    """
    twice = sums(f"""
        {still_open}
        UNION ALL
        SELECT customer_id, currency, amount, {debit} FROM receivables_allocation
        WHERE unit_id = ANY(%(units)s) AND effective_date > %(day)s AND debit_posting_date <= %(day)s
        UNION ALL
        SELECT customer_id, currency, amount, {CREDIT} FROM receivables_allocation
        WHERE unit_id = ANY(%(units)s) AND effective_date > %(day)s AND credit_posting_date <= %(day)s
    """)
    # One pass over the allocations; hardly any has both of its items before the day.
    once = sums(f"""
        {still_open}
        UNION ALL
        SELECT a.customer_id, a.currency, a.amount, p.position
        FROM receivables_allocation a
        CROSS JOIN LATERAL (
            SELECT {debit} AS position WHERE debit_posting_date <= %(day)s
            UNION ALL SELECT {CREDIT} WHERE credit_posting_date <= %(day)s
        ) p
        WHERE a.unit_id = ANY(%(units)s) AND a.effective_date > %(day)s
    """)
    return [(twice, {"day": day}), (once, {"day": day})]


def totals(rows: list[tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """Return currency → sum of each column, credits negative, to prove that both sides agree."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        currency, amounts = row[4], row[5:]
        own = found.setdefault(currency, [0] * len(amounts))
        for i, amount in enumerate(amounts):
            own[i] += -amount if i == len(amounts) - 1 else amount
    return {currency: tuple(own) for currency, own in sorted(found.items())}
