"""Made-up histories into the ledger's tables, by COPY and in constant memory.

The rows keep all rules of the ledger: no application before its items, open = amount − Σ applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from io import StringIO
from itertools import islice
from random import Random

from django.db import connection

from receivables.domain.demo import Application, Credit, Debt, History, make_history
from receivables.services.demo.customers import Plan

CHUNK = 400  # customers a COPY
ITEM_COLUMNS = (
    "id", "unit_id", "customer_id", "kind", "direction", "source", "number", "number_key", "instalment",
    "document_date", "posting_date", "due_date", "currency", "amount", "open_amount", "cause",
    "order_reference", "contract_reference", "text", "recorded_by_id", "recorded_at",
)  # fmt: skip
ALLOCATION_COLUMNS = (
    "id", "unit_id", "customer_id", "credit_item_id", "debit_item_id", "currency", "amount", "effective_date",
    "method", "debit_posting_date", "debit_document_date", "debit_due_date", "debit_kind",
    "credit_posting_date", "credit_document_date", "recorded_by_id", "recorded_at",
)  # fmt: skip
PREFIXES = {
    "invoice": "INV", "debit_note": "DN", "retention": "INV", "opening": "OB", "credit_note": "CN",
    "receipt": "RC", "bill": "BA", "write_off": "WO",
}  # fmt: skip
TEXTS = {
    "opening": "期初余额",
    "retention": "质保金",
    "bill": "银行承兑汇票",
    "write_off": "坏账核销",
}


@dataclass(slots=True)
class Written:
    items: int = 0
    open_items: int = 0
    allocations: int = 0


@dataclass(frozen=True, slots=True)
class Recorders:
    """Who is said to have recorded what: documents, and money."""

    documents: int
    money: int


@dataclass(slots=True)
class _Chunk:
    items: StringIO = field(default_factory=StringIO)
    allocations: StringIO = field(default_factory=StringIO)


def fill_ledger(
    *,
    plans: Iterable[Plan],
    seed: int,
    first_day: date,
    last_day: date,
    recorders: Recorders,
    transaction: Callable[[], AbstractContextManager[object]],
) -> Written:
    """This function will write every planned customer's history, some hundred customers at a time.

    `transaction` surrounds each chunk: an outer transaction for a small company, one for each
    chunk for millions of rows, so that memory stays flat.
    """
    written = Written()
    for chunk in _chunks(plans, CHUNK):
        histories = [
            (plan, _history(plan, seed, first_day=first_day, last_day=last_day)) for plan in chunk
        ]
        with transaction():
            _write_chunk(histories, recorders, written)
    return written


def _history(plan: Plan, seed: int, *, first_day: date, last_day: date) -> History:
    rng = Random(f"{seed}:{plan.number}")  # noqa: S311 - made-up data, not a secret
    return make_history(profile=plan.profile, rng=rng, first_day=first_day, last_day=last_day)


def _chunks(plans: Iterable[Plan], size: int) -> Iterator[list[Plan]]:
    waiting = iter(plans)
    while chunk := list(islice(waiting, size)):
        yield chunk


def _write_chunk(
    histories: list[tuple[Plan, History]], recorders: Recorders, written: Written
) -> None:
    items = sum(len(h.debts) + len(h.credits) for _plan, h in histories)
    allocations = sum(len(h.applications) for _plan, h in histories)
    item_ids = _reserve_ids("receivables_openitem", items)
    allocation_ids = _reserve_ids("receivables_allocation", allocations)
    chunk = _Chunk()
    for plan, history in histories:
        debt_ids = _write_debts(chunk, plan, history.debts, item_ids, recorders)
        credit_ids = _write_credits(chunk, plan, history.credits, item_ids, recorders)
        _write_applications(chunk, plan, history, debt_ids, credit_ids, allocation_ids, recorders)
        written.open_items += sum(1 for d in history.debts if d.left)
        written.open_items += sum(1 for c in history.credits if c.left)
    _copy("receivables_openitem", ITEM_COLUMNS, chunk.items)
    _copy("receivables_allocation", ALLOCATION_COLUMNS, chunk.allocations)
    written.items += items
    written.allocations += allocations


def _reserve_ids(table: str, count: int) -> Iterator[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [table, count],
        )
        return iter([row[0] for row in cursor.fetchall()])


def _copy(table: str, columns: tuple[str, ...], rows: StringIO) -> None:
    rows.seek(0)
    with connection.cursor() as cursor:
        # The only driver call that Django does not know; psycopg 3 names it differently.
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", rows)


# Lines of COPY -----------------------------------------------------------------------------------


def _write_debts(
    chunk: _Chunk, plan: Plan, debts: list[Debt], ids: Iterator[int], recorders: Recorders
) -> list[int]:
    own = []
    start = f"\t{plan.unit_id}\t{plan.customer_id}\t"
    for debt in debts:
        pk = next(ids)
        own.append(pk)
        number = (
            f"{PREFIXES[debt.kind]}-{_month(debt.document_day)}-{plan.number:05d}-{debt.serial:02d}"
        )
        order = f"SO-{_month(debt.day)}-{plan.number:05d}" if debt.kind == "invoice" else ""
        contract = (
            f"HT-{_month(debt.day)[:4]}-{plan.number:05d}" if debt.kind == "retention" else ""
        )
        chunk.items.write(
            f"{pk}{start}{debt.kind}\tdebit\tledger\t{number}\t{number}\t{debt.instalment}\t"
            f"{_iso(debt.document_day)}\t{_iso(debt.day)}\t{_iso(debt.due)}\t{plan.currency}\t"
            f"{_yuan(debt.cents)}\t{_yuan(debt.left)}\t{debt.cause}\t{order}\t{contract}\t"
            f"{TEXTS.get(debt.kind, '')}\t{recorders.documents}\t{_iso(debt.day)} 09:30+08\n"
        )
    return own


def _write_credits(
    chunk: _Chunk, plan: Plan, credits: list[Credit], ids: Iterator[int], recorders: Recorders
) -> list[int]:
    own = []
    start = f"\t{plan.unit_id}\t{plan.customer_id}\t"
    for position, credit in enumerate(credits, start=1):
        pk = next(ids)
        own.append(pk)
        # Several credit notes may share a day; the position keeps every number unique.
        number = f"{PREFIXES[credit.kind]}-{_compact(credit.day)}-{plan.number:05d}-{position:02d}"
        day = _iso(credit.day)
        chunk.items.write(
            f"{pk}{start}{credit.kind}\tcredit\tledger\t{number}\t{number}\t1\t{day}\t{day}\t{day}\t"
            f"{plan.currency}\t{_yuan(credit.cents)}\t{_yuan(credit.left)}\t\t\t\t"
            f"{TEXTS.get(credit.kind, '')}\t{recorders.money}\t{day} 10:15+08\n"
        )
    return own


def _write_applications(
    chunk: _Chunk,
    plan: Plan,
    history: History,
    debt_ids: list[int],
    credit_ids: list[int],
    ids: Iterator[int],
    recorders: Recorders,
) -> None:
    start = f"\t{plan.unit_id}\t{plan.customer_id}\t"
    for application in history.applications:
        debt = history.debts[application.debt]
        credit_day = _iso(history.credits[application.credit].day)
        chunk.allocations.write(
            f"{next(ids)}{start}{credit_ids[application.credit]}\t{debt_ids[application.debt]}\t"
            f"{plan.currency}\t{_yuan(application.cents)}\t{_iso(application.day)}\t"
            f"{application.method}\t{_iso(debt.day)}\t{_iso(debt.document_day)}\t{_iso(debt.due)}\t"
            f"{debt.kind}\t{credit_day}\t{credit_day}\t{recorders.money}\t{_recorded(application)}\n"
        )


def _recorded(application: Application) -> str:
    return f"{_iso(application.day)} 10:20+08"


def _yuan(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


@lru_cache(maxsize=16384)
def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()


@lru_cache(maxsize=16384)
def _compact(day: int) -> str:
    return f"{date.fromordinal(day):%Y%m%d}"


@lru_cache(maxsize=16384)
def _month(day: int) -> str:
    return f"{date.fromordinal(day):%Y%m}"
