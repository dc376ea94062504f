"""The ledger as plain records in one order: the same books give the same bytes, wherever they lie.

Records carry business keys only, no row ids, so that two installations can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db import connection, transaction

from config.core.money import to_text

OPEN_ITEMS_SQL = """
    SELECT u.code, c.code, i.source, i.number, i.instalment, i.kind, i.direction, i.document_date, i.posting_date,
           i.due_date, i.currency, i.amount, i.open_amount + COALESCE(d.amount, 0) + COALESCE(a.amount, 0)
    FROM receivables_openitem i
    LEFT JOIN (SELECT debit_item_id AS id, SUM(amount) AS amount FROM receivables_allocation
               WHERE effective_date > %(as_of)s GROUP BY 1) d ON d.id = i.id
    LEFT JOIN (SELECT credit_item_id AS id, SUM(amount) AS amount FROM receivables_allocation
               WHERE effective_date > %(as_of)s GROUP BY 1) a ON a.id = i.id
    JOIN core_businessunit u ON u.id = i.unit_id
    JOIN customers_customer c ON c.id = i.customer_id
    WHERE i.posting_date <= %(as_of)s AND i.open_amount + COALESCE(d.amount, 0) + COALESCE(a.amount, 0) <> 0
    ORDER BY u.code COLLATE "C", c.code COLLATE "C", i.source COLLATE "C", i.number_key COLLATE "C",
             i.instalment, i.posting_date, i.amount, i.document_date
"""
BALANCES_SQL = """
    SELECT u.code, c.code, i.currency, COALESCE(SUM(i.amount) FILTER (WHERE i.direction = 'debit'), 0),
           COALESCE(SUM(i.amount) FILTER (WHERE i.direction = 'credit'), 0)
    FROM receivables_openitem i
    JOIN core_businessunit u ON u.id = i.unit_id
    JOIN customers_customer c ON c.id = i.customer_id
    WHERE i.posting_date <= %(as_of)s
    GROUP BY u.code, c.code, i.currency
    ORDER BY u.code COLLATE "C", c.code COLLATE "C", i.currency COLLATE "C"
"""
# Exposure is counted from what is open, balances from what was posted: equal only if the ledger holds.
EXPOSURES_SQL = """
    SELECT u.code, c.code, o.currency, SUM(o.debit), SUM(o.credit)
    FROM (
        SELECT customer_id, currency, CASE WHEN direction = 'debit' THEN open_amount ELSE 0 END AS debit,
               CASE WHEN direction = 'credit' THEN open_amount ELSE 0 END AS credit
        FROM receivables_openitem WHERE posting_date <= %(as_of)s AND open_amount <> 0
        UNION ALL
        SELECT customer_id, currency, amount, 0 FROM receivables_allocation
        WHERE effective_date > %(as_of)s AND debit_posting_date <= %(as_of)s
        UNION ALL
        SELECT customer_id, currency, 0, amount FROM receivables_allocation
        WHERE effective_date > %(as_of)s AND credit_posting_date <= %(as_of)s
    ) o
    JOIN customers_customer c ON c.id = o.customer_id
    JOIN core_businessunit u ON u.id = c.unit_id
    GROUP BY u.code, c.code, o.currency
    HAVING SUM(o.debit) <> 0 OR SUM(o.credit) <> 0
    ORDER BY u.code COLLATE "C", c.code COLLATE "C", o.currency COLLATE "C"
"""
CHUNK = 5000


def records(*, as_of: date) -> Iterator[dict[str, Any]]:
    """This function will yield open items, balances and exposures at the end of a day, in order.

    All of one moment, unless the caller is in a transaction of its own: nothing posted meanwhile gets in.
    """
    is_first = not connection.in_atomic_block
    with transaction.atomic():
        if is_first:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for row in _stream(OPEN_ITEMS_SQL, as_of):
            yield _open_item(row)
        for unit, customer, currency, debit, credit in _stream(BALANCES_SQL, as_of):
            yield {
                "type": "balance", "unit": unit, "customer": customer, "currency": currency,
                "debit": to_text(debit), "credit": to_text(credit), "balance": to_text(debit - credit),
            }  # fmt: skip
        for unit, customer, currency, debit, credit in _stream(EXPOSURES_SQL, as_of):
            yield {
                "type": "exposure", "unit": unit, "customer": customer, "currency": currency,
                "open_debit": to_text(debit), "unapplied_credit": to_text(credit), "exposure": to_text(debit - credit),
            }  # fmt: skip


def _open_item(row: tuple[Any, ...]) -> dict[str, Any]:
    unit, customer, source, number, instalment, kind, direction, document, posted, due, currency, amount, left = row  # fmt: skip
    return {
        "type": "open_item", "unit": unit, "customer": customer, "source": source, "number": number,
        "instalment": instalment, "kind": kind, "direction": direction,
        "document_date": document.isoformat(), "posting_date": posted.isoformat(), "due_date": due.isoformat(),
        "currency": currency, "amount": to_text(amount), "open_amount": to_text(left),
    }  # fmt: skip


def _stream(sql: str, as_of: date) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"as_of": as_of})
        while rows := cursor.fetchmany(CHUNK):
            yield from rows
