"""What was applied to items, and when: the events that their open amount is computed from."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from django.db import connection

from receivables.domain.allocation import Application

EVENTS_SQL = """
    SELECT debit_item_id, effective_date, amount FROM receivables_allocation WHERE debit_item_id = ANY(%(ids)s)
    UNION ALL
    SELECT credit_item_id, effective_date, amount FROM receivables_allocation WHERE credit_item_id = ANY(%(ids)s)
"""


def events_of(item_ids: Collection[int]) -> dict[int, list[Application]]:
    """This function will return by item what was applied to or from it, in one query; order unsaid."""
    events: dict[int, list[Application]] = {}
    with connection.cursor() as cursor:
        cursor.execute(EVENTS_SQL, {"ids": list(item_ids)})
        rows: list[tuple[int, object, Decimal]] = cursor.fetchall()
    for item_id, day, amount in rows:
        events.setdefault(item_id, []).append((day, amount))  # type: ignore[arg-type]
    return events
