"""Credit sales and receipts of a period, from the postings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from config.core.money import ZERO
from config.core.selectors import rates
from receivables.selectors.open_amounts import Scope, refuse_missing

SALES = "sales"
RECEIPTS = "receipts"

# What was sold on credit is what was invoiced, less what was credited or reversed; opening balances,
# interest and refunds are no sales.
FLOW_OF = """
    CASE WHEN {0}.kind IN ('invoice', 'debit_note', 'retention', 'credit_note') THEN 'sales'
         WHEN {0}.kind IN ('receipt', 'bill') THEN 'receipts' END
"""
SIGNED = "CASE WHEN {0}.kind = 'credit_note' THEN -{0}.amount ELSE {0}.amount END"


def _postings_sql(wanted: str) -> str:
    """Return SQL for (customer_id, currency, posting_date, flow, amount); a reversal undoes its item's flow.

    Reversals are a part of their own, since only they must look at another row: the rest is then
    read from the covering index alone.
    """
    period = f"i.posting_date BETWEEN %(flow_from)s AND %(flow_until)s AND {wanted}"
    return f"""
        SELECT i.customer_id, i.currency, i.posting_date, {FLOW_OF.format("i")} AS flow, {SIGNED.format("i")} AS amount
        FROM receivables_openitem i
        WHERE i.kind IN ('invoice', 'debit_note', 'retention', 'credit_note', 'receipt', 'bill') AND {period}
        UNION ALL
        SELECT i.customer_id, i.currency, i.posting_date, {FLOW_OF.format("o")}, -({SIGNED.format("o")})
        FROM receivables_openitem i JOIN receivables_openitem o ON o.id = i.reverses_id
        WHERE i.kind = 'reversal' AND {period}
    """  # noqa: S608 - built from constants; every value is a parameter


def flow_sql(scope: Scope, *, date_from: date, until: date) -> tuple[str, dict[str, Any]]:
    """Return SQL for (customer_id, currency, flow, amount) posted in a period, both days included."""
    wanted, values = scope.conditions("i")
    sql = f"""
        SELECT customer_id, currency, flow AS bucket, SUM(amount) AS amount
        FROM ({_postings_sql(wanted)}) f WHERE flow IS NOT NULL
        GROUP BY customer_id, currency, flow
    """  # noqa: S608
    return sql, {**values, "flow_from": date_from, "flow_until": until}


def flows_by_month(
    scope: Scope, *, date_from: date, until: date, convert_to: str
) -> dict[tuple[date, str], Decimal]:
    """Return (first day of month, flow) → amount in `convert_to`, by the rate of `until`.

    :raises config.core.selectors.rates.RateMissing: if a needed rate is not there
    """
    wanted, values = scope.conditions("i")
    sql = f"""
        SELECT date_trunc('month', posting_date)::date, flow, currency, SUM(amount)
        FROM ({_postings_sql(wanted)}) f WHERE flow IS NOT NULL
        GROUP BY 1, 2, 3
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, "flow_from": date_from, "flow_until": until})
        rows: Sequence[tuple[date, str, str, Decimal]] = cursor.fetchall()
    table = rates.table(base=convert_to, on=until)
    refuse_missing((r[2] for r in rows if r[2] not in table), base=convert_to, on=until)
    totals: dict[tuple[date, str], Decimal] = {}
    for month, flow, currency, amount in rows:
        totals[month, flow] = totals.get((month, flow), ZERO) + amount * table[currency]
    return totals


def ledger_balance(scope: Scope, *, as_of: date) -> dict[str, Decimal]:
    """Return Σ debit − Σ credit per currency of everything posted on or before a day.

    It reads postings only, never open amounts or allocations, and so proves an aging independently.
    """
    wanted, values = scope.conditions("i")
    sql = f"""
        SELECT i.currency, SUM(CASE WHEN i.direction = 'debit' THEN i.amount ELSE -i.amount END)
        FROM receivables_openitem i
        WHERE i.posting_date <= %(as_of)s AND {wanted} GROUP BY i.currency
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, "as_of": as_of})
        return dict(cursor.fetchall())
