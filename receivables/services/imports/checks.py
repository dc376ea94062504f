# ruff: noqa: S608 - what is put into the statements are expressions of ours; values are parameters
"""Set-based checks of the staged rows; each puts the rows it refuses into `import_refused`."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection

from config.core.dates import month_end
from config.core.models import AccountingPeriod, BusinessUnit
from receivables.domain.importing.fields import RECEIPTS
from receivables.services.imports.resolving import SETTLEMENT_PREFIX, Resolved, settlement_source

REFUSE = "INSERT INTO import_refused (row_no, code, field, value, context) "


def _execute(sql: str, values: dict[str, Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or {})
        return int(cursor.rowcount)


def _rows(sql: str, values: dict[str, Any] | None = None) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or {})
        return list(cursor.fetchall())


def row_rules(*, resolved: Resolved, file_kind: str) -> None:
    """This function will refuse rows that contradict themselves: one look at each."""
    if file_kind == RECEIPTS:
        _execute(
            REFUSE
            + "SELECT row_no, 'receipt_negative', 'amount', amount::text, '{}' FROM import_rows WHERE amount < 0"
        )
        return
    _execute(
        REFUSE
        + f"""
        SELECT s.row_no, b.code, b.field, b.value, b.context
        FROM (SELECT s.*, {resolved.kind} AS as_kind, {resolved.direction} AS side, {resolved.paid} AS paid
              FROM import_rows s WHERE s.amount < 0 OR s.open_amount IS NOT NULL OR s.settled_on IS NOT NULL) s
        CROSS JOIN LATERAL (VALUES
            (s.amount < 0 AND s.side = 'debit', 'amount_negative', 'amount', s.amount::text,
             jsonb_build_object('kind', s.as_kind)),
            (s.paid < 0 OR sign(s.open_amount) = -sign(s.amount), 'open_above_amount', 'open_amount',
             s.open_amount::text, jsonb_build_object('open', s.open_amount::text, 'amount', s.amount::text)),
            (s.paid > 0 AND s.settled_on IS NULL, 'settlement_date_missing', 'settled_on', '', '{{}}'::jsonb),
            (s.paid = 0 AND s.settled_on IS NOT NULL, 'settled_but_open', 'settled_on', s.settled_on::text, '{{}}'::jsonb),
            (s.paid > 0 AND length(s.number) > 58, 'number_too_long_to_settle', 'number', s.number, '{{}}'::jsonb)
        ) AS b(bad, code, field, value, context)
        WHERE b.bad
        """
    )


def duplicates() -> None:
    """This function will refuse every row whose number stood in an earlier row."""
    _execute(
        REFUSE
        + """
        SELECT s.row_no, 'duplicate_in_file', 'number', s.number,
               jsonb_build_object('number', s.number, 'first', d.first::text)
        FROM (SELECT number_key, instalment, min(row_no) AS first FROM import_rows
              GROUP BY number_key, instalment HAVING count(*) > 1) d
        JOIN import_rows s ON s.number_key = d.number_key AND s.instalment = d.instalment AND s.row_no > d.first
        """
    )


def match_customers(*, unit: BusinessUnit) -> int:
    """This function will find the customers the file names in the unit; it returns how many are unknown."""
    _execute(
        """
        UPDATE import_customers m SET customer_id = c.id, terms_id = c.payment_terms_id
        FROM customers_customer c WHERE c.unit_id = %(unit)s AND c.code_key = m.code_key
        """,
        {"unit": unit.pk},
    )
    found = _rows("SELECT count(*) FROM import_customers WHERE customer_id IS NULL")
    return int(str(found[0][0]))


def unknown_customers() -> None:
    """This function will refuse the rows of customers that do not exist."""
    _execute(
        REFUSE
        + """
        SELECT s.row_no, 'unknown_customer', 'customer', m.code, jsonb_build_object('code', m.code)
        FROM import_rows s JOIN import_customers m USING (customer_no) WHERE m.customer_id IS NULL
        """
    )


def closed_periods(*, unit: BusinessUnit, resolved: Resolved) -> list[date]:
    """This function will refuse rows that post into a closed month; it returns a day of every open month.

    The caller takes the periods' lock on those days before it posts.
    """
    days = _rows(
        f"""
        SELECT DISTINCT date_trunc('month', d)::date FROM (
            SELECT {resolved.posting_date} AS d FROM import_rows s
            UNION SELECT s.settled_on FROM import_rows s WHERE s.settled_on IS NOT NULL) days
        """
    )
    closed = set(
        AccountingPeriod.objects.filter(unit=unit, state=AccountingPeriod.State.CLOSED).values_list(
            "first_day", flat=True
        )
    )
    months = [day[0] for day in days if isinstance(day[0], date)]
    for first in sorted(closed & set(months)):
        _refuse_month(first, "posting_date", resolved.posting_date)
        _refuse_month(first, "settled_on", "s.settled_on")
    return [month for month in months if month not in closed]


def _refuse_month(first: date, field: str, expression: str) -> None:
    _execute(
        REFUSE
        + f"""
        SELECT s.row_no, 'period_closed', %(field)s, ({expression})::text, jsonb_build_object('period', %(period)s::text)
        FROM import_rows s WHERE {expression} BETWEEN %(first)s AND %(last)s
        """,
        {"field": field, "period": f"{first:%Y-%m}", "first": first, "last": month_end(first)},
    )


def ledger(*, unit: BusinessUnit, source: str, resolved: Resolved) -> None:
    """This function will set rows apart that are already posted, and refuse those posted differently."""
    any_there = _rows(
        "SELECT EXISTS (SELECT 1 FROM receivables_openitem WHERE unit_id = %(unit)s AND source IN (%(a)s, %(b)s))",
        {"unit": unit.pk, "a": source, "b": settlement_source(source)},
    )
    if not any_there[0][0]:
        return
    values: dict[str, Any] = {
        "unit": unit.pk, "source": source, "settlements": settlement_source(source), "prefix": SETTLEMENT_PREFIX
    }  # fmt: skip
    _execute(KNOWN.format(r=resolved), values)
    _execute("INSERT INTO import_unchanged SELECT row_no FROM import_known WHERE field IS NULL")
    _execute(
        REFUSE
        + """
        SELECT row_no, CASE WHEN field = 'settled_on' AND still_open > 0 THEN 'settled_in_file_only' ELSE 'different_in_ledger' END,
               field, in_file, jsonb_build_object('number', number, 'field', field, 'ledger', in_ledger, 'file', in_file,
                                                  'open', still_open::text, 'settled', in_file)
        FROM import_known WHERE field IS NOT NULL
        """
    )
    _execute("DROP TABLE import_known")
    _execute(TAKEN.format(r=resolved), values)


# The first difference between a row and the item of its number; none: the row is already there.
KNOWN = """
    CREATE TEMPORARY TABLE import_known ON COMMIT DROP AS
    SELECT k.row_no, k.number, k.still_open, d.field, d.in_ledger, d.in_file
    FROM (
        SELECT s.row_no, s.number, i.open_amount AS still_open, i.customer_id AS l_customer, m.customer_id AS f_customer,
               c.code AS l_code, m.code AS f_code, i.kind AS l_kind, {r.kind} AS f_kind, i.direction AS l_side,
               {r.direction} AS f_side, i.currency AS l_currency, s.currency AS f_currency, i.amount AS l_amount,
               abs(s.amount) AS f_amount, i.document_date AS l_document, s.document_date AS f_document,
               i.posting_date AS l_posting, {r.posting_date} AS f_posting, i.due_date AS l_due, {r.due_date} AS f_due,
               {r.paid} AS paid, s.settled_on AS f_settled, t.posting_date AS l_settled
        FROM import_rows s
        JOIN import_customers m USING (customer_no)
        JOIN receivables_openitem i ON i.unit_id = %(unit)s AND i.source = %(source)s
             AND i.number_key = s.number_key AND i.instalment = s.instalment
        JOIN customers_customer c ON c.id = i.customer_id
        LEFT JOIN receivables_openitem t ON t.unit_id = %(unit)s AND t.source = %(settlements)s
             AND t.number_key = %(prefix)s || s.number_key AND t.instalment = s.instalment AND s.settled_on IS NOT NULL
    ) k
    LEFT JOIN LATERAL (
        SELECT * FROM (VALUES
            (1, l_customer IS DISTINCT FROM f_customer, 'customer', l_code, f_code),
            (2, l_kind <> f_kind OR l_side <> f_side, 'kind', l_kind, f_kind),
            (3, l_currency <> f_currency, 'currency', l_currency, f_currency),
            (4, l_amount <> f_amount, 'amount', l_amount::text, f_amount::text),
            (5, l_document <> f_document, 'document_date', l_document::text, f_document::text),
            (6, l_posting <> f_posting, 'posting_date', l_posting::text, f_posting::text),
            (7, l_due <> f_due, 'due_date', l_due::text, f_due::text),
            (8, paid > 0 AND (CASE WHEN l_settled IS NULL THEN still_open > l_amount - paid ELSE l_settled <> f_settled END),
                'settled_on', coalesce(l_settled::text, '—'), f_settled::text)
        ) AS v(rank, differs, field, in_ledger, in_file) WHERE differs ORDER BY rank LIMIT 1
    ) d ON true
"""
# A settlement whose number is taken although its item is new.
TAKEN = (
    REFUSE
    + """
    SELECT s.row_no, 'settlement_number_taken', 'number', s.number, jsonb_build_object('number', s.number)
    FROM import_rows s
    JOIN receivables_openitem t ON t.unit_id = %(unit)s AND t.source = %(settlements)s
         AND t.number_key = %(prefix)s || s.number_key AND t.instalment = s.instalment
    WHERE {r.paid} > 0 AND NOT EXISTS (SELECT 1 FROM import_unchanged u WHERE u.row_no = s.row_no)
      AND NOT EXISTS (SELECT 1 FROM import_refused f WHERE f.row_no = s.row_no)
"""
)
