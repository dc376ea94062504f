"""The open debit items as of a day, one row each, as SQL that reviews and worklists build on.

The same roll back as the aging: what is open now plus what was applied after the day. The two
branches keep the partial index of open items usable; one condition over both would not.
"""

from __future__ import annotations

from datetime import date
from typing import Any

COLUMNS = "i.id, i.customer_id, i.currency, i.due_date, i.number, i.recorded_at"


def open_debits_sql(*, unit_id: int, as_of: date) -> tuple[str, dict[str, Any]]:
    """Return SQL for (id, customer_id, currency, due_date, number, recorded_at, amount), and its values."""
    sql = f"""
        WITH later AS (
            SELECT debit_item_id AS id, SUM(amount) AS amount
            FROM receivables_allocation
            WHERE unit_id = %(unit_id)s AND effective_date > %(as_of)s AND debit_posting_date <= %(as_of)s
            GROUP BY debit_item_id
        )
        SELECT {COLUMNS}, i.open_amount + COALESCE(l.amount, 0) AS amount
        FROM receivables_openitem i LEFT JOIN later l ON l.id = i.id
        WHERE i.unit_id = %(unit_id)s AND i.open_amount <> 0 AND i.direction = 'debit'
          AND i.posting_date <= %(as_of)s AND i.open_amount + COALESCE(l.amount, 0) <> 0
        UNION ALL
        SELECT {COLUMNS}, l.amount
        FROM later l JOIN receivables_openitem i ON i.id = l.id
        WHERE i.open_amount = 0 AND l.amount <> 0
    """  # noqa: S608 - built from constants; every value is a parameter
    return sql, {"unit_id": unit_id, "as_of": as_of}
