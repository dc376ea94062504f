"""The staged rows become open items, and what was settled gets its settlement: a few statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from config.core.models import BusinessUnit, User
from receivables.models import ImportBatch
from receivables.services.imports.resolving import SETTLEMENT_PREFIX, Resolved, settlement_source

# Enough for the sort and the hashes of a slice.
MEMORY = "SET LOCAL work_mem = '128MB'"
SLICE_ROWS = 250_000


@dataclass(slots=True)
class Posted:
    """What was written: items per currency and side, and the settlements made with them."""

    items: int = 0
    settlements: int = 0
    # currency → {"debit": "0.00", "credit": "0.00"}
    totals: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    unit: BusinessUnit
    source: str
    batch: ImportBatch
    actor: User | None
    resolved: Resolved
    some_left_out: bool
    some_paid: bool


# What the settlements are made from; left out where nothing was paid.
KEPT = """, kept AS (
    INSERT INTO import_posted
    SELECT id, number_key, instalment, direction, currency, amount FROM posted WHERE open_amount <> amount
)
"""


def prepare() -> None:
    """This function will give the sorts and hashes of this transaction room."""
    with connection.cursor() as cursor:
        cursor.execute(MEMORY)


def slices(*, staged: int) -> list[tuple[int, int]]:
    """This function will divide the customers into ranges of ids of about equally many, for progress."""
    count = max(1, -(-staged // SLICE_ROWS))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(customer_id), max(customer_id) + 1 FROM (SELECT customer_id, ntile(%s) OVER (ORDER BY customer_id)"
            " AS part FROM import_customers WHERE customer_id IS NOT NULL) c GROUP BY part ORDER BY part",
            [count],
        )
        found: list[tuple[int, int]] = cursor.fetchall()
    return found


def post_slice(target: Target, *, first: int, end: int) -> int:
    """This function will post the items of customers from `first` up to `end`, sorted as the ledger's indexes are."""
    r = target.resolved
    left_out = (
        "AND NOT EXISTS (SELECT 1 FROM import_refused f WHERE f.row_no = s.row_no)"
        " AND NOT EXISTS (SELECT 1 FROM import_unchanged u WHERE u.row_no = s.row_no)"
        if target.some_left_out
        else ""
    )
    kept = KEPT if target.some_paid else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH posted AS (
                INSERT INTO receivables_openitem (unit_id, customer_id, kind, direction, source, number, number_key, instalment,
                    document_date, posting_date, due_date, currency, amount, open_amount, cause, order_reference,
                    contract_reference, text, batch_id, recorded_by_id, recorded_at)
                SELECT %(unit)s, m.customer_id, {r.kind}, {r.direction}, %(source)s, s.number, s.number_key, s.instalment,
                    s.document_date, {r.posting_date}, {r.due_date}, s.currency, abs(s.amount), abs(s.amount) - ({r.paid}),
                    {r.cause}, s.order_reference, s.contract_reference, s.text, %(batch)s, %(actor)s, transaction_timestamp()
                FROM import_rows s JOIN import_customers m USING (customer_no)
                WHERE m.customer_id >= %(first)s AND m.customer_id < %(end)s {left_out}
                ORDER BY m.customer_id, {r.due_date}
                RETURNING id, number_key, instalment, direction, currency, amount, open_amount
            ){kept}
            INSERT INTO import_sums
            SELECT currency, direction, count(*), sum(amount) FROM posted GROUP BY currency, direction
            """,  # noqa: S608 - constants of ours
            {
                "unit": target.unit.pk, "source": target.source, "batch": target.batch.pk,
                "actor": target.actor.pk if target.actor else None, "first": first, "end": end,
            },
        )  # fmt: skip
        cursor.execute("SELECT coalesce(sum(items), 0) FROM import_sums")
        return int(cursor.fetchone()[0])


def settle(target: Target) -> int:
    """This function will give every item that the file says is paid its settlement, and apply it.

    The settlement is posted on the day of payment; it is applied that day, or when the item was
    posted if it was paid before.
    """
    values: dict[str, Any] = {
        "unit": target.unit.pk, "source": settlement_source(target.source), "prefix": SETTLEMENT_PREFIX,
        "batch": target.batch.pk, "actor": target.actor.pk if target.actor else None,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM import_posted)")
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("ANALYZE import_posted")
        cursor.execute(SETTLEMENTS, values)
        count = int(cursor.rowcount)
        cursor.execute("ANALYZE import_settled")
        cursor.execute(ALLOCATIONS, values)
    return count


SETTLEMENTS = """
    CREATE TEMPORARY TABLE import_settled ON COMMIT DROP AS
    WITH paid AS (
        SELECT i.*, s.settled_on, i.amount - i.open_amount AS paid
        FROM import_posted p
        JOIN receivables_openitem i ON i.id = p.id
        JOIN import_rows s ON s.number_key = p.number_key AND s.instalment = p.instalment
        WHERE NOT EXISTS (SELECT 1 FROM import_refused f WHERE f.row_no = s.row_no)
    )
    SELECT id AS item_id, paid, settled_on, %(prefix)s || number AS number, %(prefix)s || number_key AS number_key,
           customer_id, instalment, direction, currency
    FROM paid;
    INSERT INTO receivables_openitem (unit_id, customer_id, kind, direction, source, number, number_key, instalment,
        document_date, posting_date, due_date, currency, amount, open_amount, cause, order_reference,
        contract_reference, text, batch_id, recorded_by_id, recorded_at)
    SELECT %(unit)s, customer_id, CASE direction WHEN 'debit' THEN 'receipt' ELSE 'refund' END,
        CASE direction WHEN 'debit' THEN 'credit' ELSE 'debit' END, %(source)s, number, number_key, instalment,
        settled_on, settled_on, settled_on, currency, paid, 0, '', '', '', '', %(batch)s, %(actor)s, transaction_timestamp()
    FROM import_settled ORDER BY customer_id, settled_on
"""
ALLOCATIONS = """
    INSERT INTO receivables_allocation (unit_id, customer_id, credit_item_id, debit_item_id, currency, amount, effective_date,
        method, debit_posting_date, debit_document_date, debit_due_date, debit_kind, credit_posting_date,
        credit_document_date, batch_id, recorded_by_id, recorded_at)
    SELECT %(unit)s, d.customer_id, c.id, d.id, d.currency, x.paid, greatest(d.posting_date, c.posting_date), 'imported',
        d.posting_date, d.document_date, d.due_date, d.kind, c.posting_date, c.document_date, %(batch)s, %(actor)s,
        transaction_timestamp()
    FROM import_settled x
    JOIN receivables_openitem o ON o.id = x.item_id
    JOIN receivables_openitem t ON t.unit_id = %(unit)s AND t.source = %(source)s AND t.number_key = x.number_key
         AND t.instalment = x.instalment
    JOIN receivables_openitem d ON d.id = CASE x.direction WHEN 'debit' THEN o.id ELSE t.id END
    JOIN receivables_openitem c ON c.id = CASE x.direction WHEN 'debit' THEN t.id ELSE o.id END
    ORDER BY x.settled_on
"""


def posted(*, settlements: int) -> Posted:
    """This function will return the sums of what was really written, as the INSERT gave them back."""
    result = Posted(settlements=settlements)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT currency, direction, sum(items), sum(amount) FROM import_sums GROUP BY 1, 2 ORDER BY 1, 2"
        )
        for currency, direction, items, amount in cursor.fetchall():
            result.items += int(items)
            result.totals.setdefault(currency, {"debit": "0.00", "credit": "0.00"})[direction] = (
                f"{amount:f}"
            )
    return result
