"""The rows of a file in a temporary table: COPY reads what Python parses, both at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, islice

from django.db import connection
from psycopg2 import Error as DriverError

from config.core.files.cells import Chunk
from receivables.domain.importing.items import MetCustomer
from receivables.domain.importing.tables import Lines

COPY_SIZE = 1 << 17
CHUNKS_A_COPY = 5
TABLES = """
    CREATE TEMPORARY TABLE import_rows (
        row_no integer NOT NULL,
        number text NOT NULL,
        number_key text NOT NULL,
        instalment smallint NOT NULL DEFAULT 1,
        customer_no integer NOT NULL,
        kind text NOT NULL DEFAULT '',
        document_date date NOT NULL,
        posting_date date,
        due_date date,
        amount numeric(18,2) NOT NULL,
        open_amount numeric(18,2),
        settled_on date,
        currency text NOT NULL DEFAULT '',
        disputed text NOT NULL DEFAULT '',
        cause text NOT NULL DEFAULT '',
        order_reference text NOT NULL DEFAULT '',
        contract_reference text NOT NULL DEFAULT '',
        text text NOT NULL DEFAULT ''
    ) ON COMMIT DROP;
    CREATE TEMPORARY TABLE import_customers (
        customer_no integer PRIMARY KEY, code_key text NOT NULL, code text NOT NULL, name text NOT NULL,
        customer_id bigint, terms_id bigint
    ) ON COMMIT DROP;
    CREATE TEMPORARY TABLE import_refused (
        row_no integer NOT NULL, code text NOT NULL, field text NOT NULL, value text NOT NULL, context jsonb NOT NULL
    ) ON COMMIT DROP;
    CREATE TEMPORARY TABLE import_unchanged (row_no integer NOT NULL) ON COMMIT DROP;
    CREATE TEMPORARY TABLE import_posted (
        id bigint NOT NULL, number_key text NOT NULL, instalment smallint NOT NULL,
        direction text NOT NULL, currency text NOT NULL, amount numeric(18,2) NOT NULL
    ) ON COMMIT DROP;
    CREATE TEMPORARY TABLE import_sums (
        currency text NOT NULL, direction text NOT NULL, items bigint NOT NULL, amount numeric NOT NULL
    ) ON COMMIT DROP;
"""
DROP = """
    DROP TABLE IF EXISTS import_rows, import_customers, import_refused, import_unchanged, import_posted, import_sums,
        import_known, import_settled
"""


class Feed:
    """What COPY reads: the lines of one chunk after the other, made when they are asked for."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._rest = memoryview(b"")
        self.failure: BaseException | None = None

    def read(self, size: int = COPY_SIZE) -> bytes:
        while not self._rest:
            try:
                self._rest = memoryview(next(self._lines).encode())
            except StopIteration:
                return b""
            except BaseException as failure:
                # The driver would hide it behind an error of its own.
                self.failure = failure
                raise
        part, self._rest = self._rest[:size], self._rest[size:]
        return bytes(part)


def create(*, currency: str) -> None:
    """This function will make the temporary tables; they go with the transaction.

    `currency` is that of the rows if the file has no column for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(DROP)
        cursor.execute(TABLES)
        cursor.execute("ALTER TABLE import_rows ALTER COLUMN currency SET DEFAULT %s", [currency])


def fill(
    *,
    chunks: Iterable[Chunk],
    read: Callable[[Chunk], Lines],
    columns: list[str],
    after_part: Callable[[], None],
) -> None:
    """This function will read all chunks and stage their good rows.

    `after_part` is called between two COPYs: while one runs, the connection is taken.

    :raises FileRefused: where the file cannot be read further
    """
    statement = f"COPY import_rows (row_no, {', '.join(columns)}) FROM STDIN"
    source = iter(chunks)
    for first in source:
        part = chain([first], islice(source, CHUNKS_A_COPY - 1))
        _copy(statement, (text for text in (read(chunk).text for chunk in part) if text))
        after_part()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE import_rows")


def fill_customers(customers: Iterable[MetCustomer]) -> None:
    """This function will stage the customers that the file names."""
    lines = (
        f"{c.position}\t{_plain(c.key)}\t{_plain(c.code)}\t{_plain(c.name)}\n" for c in customers
    )
    _copy("COPY import_customers (customer_no, code_key, code, name) FROM STDIN", lines)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE import_customers")


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", " ").replace("\n", " ").replace("\r", " ")


def _copy(statement: str, lines: Iterable[str]) -> None:
    feed = Feed(lines)
    with connection.cursor() as cursor:
        try:
            cursor.cursor.copy_expert(statement, feed, COPY_SIZE)
        except (DriverError, Exception):
            if feed.failure is not None:
                raise feed.failure from None
            raise
