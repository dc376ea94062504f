"""The benchmark's databases: one that is built once, and a copy of it that may be spoilt."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import psycopg2
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from psycopg2 import sql

from config.core.models import AuditEvent
from config.core.services import audit
from receivables.services.demo import company

BUILT, COPY = "zhangqi_bench", "zhangqi_bench_copy"
SEED = 20260101
# The demo's customers leave 7 % of their debts open; this lifts it to the 15 % of the target.
UNPAID_SHARE = 0.085
# A few more are planned than asked for, because each customer's number is random.
MARGIN = 1.012
# Reports take the data's own day; pages draw trends up to it. Older data would be odd to look at.
LONGEST_REUSE = timedelta(days=31)
COUNTS = """
    SELECT count(*) FILTER (WHERE direction = 'debit'),
           count(*) FILTER (WHERE direction = 'debit' AND open_amount <> 0),
           count(*), (SELECT count(*) FROM receivables_allocation), (SELECT count(*) FROM customers_customer)
    FROM receivables_openitem
"""


@dataclass(frozen=True)
class Facts:
    """What the figures were measured on."""

    today: date
    debits: int
    open_debits: int
    items: int
    allocations: int
    customers: int
    build_seconds: float | None  # None: an earlier run built it

    def sentence(self) -> str:
        share = 100 * self.open_debits / max(1, self.debits)
        built = (
            "built earlier"
            if self.build_seconds is None
            else f"built in {self.build_seconds:.0f} s"
        )
        return (
            f"{self.debits:,} debit items ({share:.1f} % open), {self.items - self.debits:,} receipts and credits, "
            f"{self.allocations:,} allocations, {self.customers:,} customers as of {self.today} ({built})."
        )


def prepare(*, customers: int, items: int, today: date, rebuild: bool) -> Facts:
    """Switch to the benchmark's database, building it unless an earlier run's data fit."""
    order = company.Order(
        customers=customers,
        items=int(items * MARGIN),
        seed=SEED,
        as_of=today,
        unpaid_share=UNPAID_SHARE,
    )
    if not exists(BUILT):
        create(BUILT)
    use(BUILT)
    call_command("migrate", verbosity=0, interactive=False)
    built_for = _day_of(order)
    if built_for is not None and today - built_for <= LONGEST_REUSE and not rebuild:
        return _facts(built_for, None)
    began = time.monotonic()
    _build(order)
    return _facts(today, time.monotonic() - began)


def _build(order: company.Order) -> None:
    drop(BUILT)
    create(BUILT)
    use(BUILT)
    call_command("migrate", verbosity=0, interactive=False)
    company.create(order=order)
    company.tidy()


def _day_of(order: company.Order) -> date | None:
    """Return the day for which the same order was built, or None."""
    event = AuditEvent.objects.filter(action=company.ACTION).first()
    known: dict[str, Any] = (event.after or {}).get("order", {}) if event else {}
    wanted = audit.safe({**asdict(order), "as_of": known.get("as_of")})
    return date.fromisoformat(known["as_of"]) if known and known == wanted else None


def _facts(today: date, build_seconds: float | None) -> Facts:
    with connection.cursor() as cursor:
        cursor.execute(COUNTS)
        debits, open_debits, items, allocations, customers = cursor.fetchone()
    return Facts(today, debits, open_debits, items, allocations, customers, build_seconds)


# Databases ---------------------------------------------------------------------------------------


def use(name: str) -> None:
    """Let all of Django's connections of this process go to another database of the same server."""
    connections.close_all()
    settings.DATABASES["default"]["NAME"] = name
    connections.settings["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name


@contextlib.contextmanager
def copy() -> Iterator[None]:
    """Work on a copy of the built database, file by file, so that nothing of it is spoilt."""
    drop(COPY)
    create(COPY, template=BUILT)
    use(COPY)
    try:
        yield
    finally:
        use(BUILT)
        drop(COPY)


@contextlib.contextmanager
def _server() -> Iterator[Any]:
    connections.close_all()
    place = settings.DATABASES["default"]
    server = psycopg2.connect(
        host=place.get("HOST") or None,
        port=place.get("PORT") or None,
        user=place.get("USER") or None,
        password=place.get("PASSWORD") or None,
        dbname="postgres",
    )
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            yield cursor
    finally:
        server.close()


def exists(name: str) -> bool:
    with _server() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return cursor.fetchone() is not None


def create(name: str, *, template: str = "template0") -> None:
    """Create a database; a copy waits for autovacuum to leave its template."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    with _server() as cursor:
        for attempt in range(60):
            try:
                cursor.execute(statement)
            except psycopg2.errors.ObjectInUse:
                if attempt == 59:
                    raise
                time.sleep(1)
            else:
                return


def drop(name: str) -> None:
    with _server() as cursor:
        cursor.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


# The burst ---------------------------------------------------------------------------------------

CHOOSE = """
    CREATE TEMPORARY TABLE burst AS
    SELECT id, nextval(pg_get_serial_sequence('receivables_openitem', 'id')) AS receipt
    FROM (
        SELECT id FROM receivables_openitem
        WHERE direction = 'debit' AND open_amount <> 0 AND posting_date <= %(day)s
        ORDER BY md5(id::text) LIMIT %(count)s
    ) i
"""
RECEIPTS = """
    INSERT INTO receivables_openitem (id, unit_id, customer_id, kind, direction, source, number, number_key, instalment,
        document_date, posting_date, due_date, currency, amount, open_amount, cause, order_reference,
        contract_reference, text, recorded_at)
    SELECT b.receipt, i.unit_id, i.customer_id, 'receipt', 'credit', 'burst', 'B-' || i.id, 'B-' || i.id, 1,
        %(day)s, %(day)s, %(day)s, i.currency, i.open_amount, 0, '', '', '', '', now()
    FROM burst b JOIN receivables_openitem i USING (id)
"""
ALLOCATIONS = """
    INSERT INTO receivables_allocation (unit_id, customer_id, credit_item_id, debit_item_id, currency, amount,
        effective_date, method, debit_posting_date, debit_document_date, debit_due_date, debit_kind,
        credit_posting_date, credit_document_date, recorded_at)
    SELECT i.unit_id, i.customer_id, b.receipt, i.id, i.currency, i.open_amount, %(day)s, 'exact',
        i.posting_date, i.document_date, i.due_date, i.kind, %(day)s, %(day)s, now()
    FROM burst b JOIN receivables_openitem i USING (id)
"""
SETTLE = "UPDATE receivables_openitem i SET open_amount = 0 FROM burst b WHERE b.id = i.id"


def burst(*, count: int, day: date) -> int:
    """Pay `count` open debts in full on one day, each by a receipt of its own, without a vacuum.

    All rules of the ledger hold afterwards. Returns how many debts were paid.
    """
    values: dict[str, Any] = {"count": count, "day": day}
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        for statement in (CHOOSE, RECEIPTS, ALLOCATIONS, SETTLE):
            cursor.execute(statement, values)
        changed = cursor.rowcount
        cursor.execute("COMMIT")
        cursor.execute("DROP TABLE burst")
    return int(changed)
