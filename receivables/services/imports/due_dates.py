"""Due dates that the file leaves to the customers' payment terms."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import connection

from config.core.selectors import calendar
from customers.domain import terms as engine
from customers.models import PaymentTerms
from customers.selectors import terms as customer_terms
from receivables.services.imports.resolving import Resolved

PROBE = Decimal("1000000.00")
BY_TERMS = "('invoice', 'debit_note')"
OPEN_QUESTIONS = """
    FROM import_rows s JOIN import_customers m USING (customer_no)
    WHERE s.due_date IS NULL AND {r.kind} IN {kinds}
"""


def fill_in(*, resolved: Resolved) -> int:
    """This function will give staged rows without a due date the one of their customer's terms.

    A row whose terms ask for instalments becomes several. It returns how many rows have neither a
    due date nor terms; these are due on their document date, as everywhere in the ledger.
    """
    questions = OPEN_QUESTIONS.format(r=resolved, kinds=BY_TERMS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM import_rows WHERE due_date IS NULL)")
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(f"SELECT count(*) {questions} AND m.terms_id IS NULL")
        without = int(cursor.fetchone()[0])
        cursor.execute(
            f"SELECT DISTINCT m.terms_id, s.document_date {questions} AND m.terms_id IS NOT NULL"
        )
        asked: list[tuple[int, date]] = cursor.fetchall()
    if asked:
        _answer(asked, resolved)
    return without


def _answer(asked: list[tuple[int, date]], resolved: Resolved) -> None:
    is_working_day = calendar.load().is_working_day
    rules = {
        terms.pk: customer_terms.rule_of(terms=terms)
        for terms in PaymentTerms.objects.filter(
            pk__in={terms_id for terms_id, _day in asked}
        ).prefetch_related("instalments")
    }
    single = [(t, day) for t, day in asked if len(rules[t].parts) <= 1]
    dues = [
        (t, day, engine.due_dates(rules[t], day, PROBE, is_working_day)[-1].due_date)
        for t, day in single
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE import_rows s SET due_date = a.due_date
            FROM import_customers m, unnest(%s::bigint[], %s::date[], %s::date[]) AS a(terms_id, document_date, due_date)
            WHERE s.due_date IS NULL AND {resolved.kind} IN {BY_TERMS} AND m.customer_no = s.customer_no
              AND a.terms_id = m.terms_id AND a.document_date = s.document_date
            """,  # noqa: S608 - constants of ours
            [[d[0] for d in dues], [d[1] for d in dues], [d[2] for d in dues]],
        )
    _divide({t: rule for t, rule in rules.items() if len(rule.parts) > 1}, resolved)


def _divide(rules: dict[int, engine.Rule], resolved: Resolved) -> None:
    """Replace the rows of terms with instalments by one row for each."""
    if not rules:
        return
    is_working_day = calendar.load().is_working_day
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.row_no, m.terms_id, s.document_date, s.amount
            FROM import_rows s JOIN import_customers m USING (customer_no)
            WHERE s.due_date IS NULL AND {resolved.kind} IN {BY_TERMS} AND s.amount > 0 AND s.open_amount IS NULL
              AND m.terms_id = ANY(%s)
            """,  # noqa: S608
            [list(rules)],
        )
        parts = [
            (
                row_no,
                part.position,
                part.amount,
                part.due_date,
                part.kind is engine.InstalmentKind.RETENTION,
            )
            for row_no, terms_id, day, amount in cursor.fetchall()
            for part in engine.due_dates(rules[terms_id], day, amount, is_working_day)
            if part.amount > 0
        ]
        cursor.execute(REPLACE, [[p[column] for p in parts] for column in range(5)])


REPLACE = """
    WITH parts AS (
        SELECT * FROM unnest(%s::int[], %s::smallint[], %s::numeric[], %s::date[], %s::boolean[])
            AS p(row_no, instalment, amount, due_date, is_retention)
    ), whole AS (
        DELETE FROM import_rows s USING (SELECT DISTINCT row_no FROM parts) p WHERE s.row_no = p.row_no RETURNING s.*
    )
    INSERT INTO import_rows (row_no, number, number_key, instalment, customer_no, kind, document_date, posting_date, due_date,
        amount, settled_on, currency, disputed, cause, order_reference, contract_reference, text)
    SELECT w.row_no, w.number, w.number_key, p.instalment, w.customer_no,
        CASE WHEN p.is_retention THEN 'retention' ELSE w.kind END, w.document_date, w.posting_date, p.due_date,
        p.amount, w.settled_on, w.currency, w.disputed, w.cause, w.order_reference, w.contract_reference, w.text
    FROM whole w JOIN parts p USING (row_no)
"""
