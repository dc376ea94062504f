"""How fast a ledger of a million invoices is imported, beside a raw COPY of the same rows.

The reference is a COPY into a copy of the ledger's table with the same columns, indexes, checks and
foreign keys, from a file that has every value ready. The import starts from what a user has: a CSV
with customer codes and dates as people write them.
"""

from __future__ import annotations

import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psycopg2

ROOT = Path(__file__).resolve().parents[2]
FIRST_DAY = date(2023, 1, 1)
DAYS = 1000
CLONE = """
    CREATE TABLE bench_item (LIKE receivables_openitem INCLUDING ALL);
    ALTER TABLE bench_item
        ADD FOREIGN KEY (unit_id) REFERENCES core_businessunit DEFERRABLE INITIALLY DEFERRED,
        ADD FOREIGN KEY (customer_id) REFERENCES customers_customer DEFERRABLE INITIALLY DEFERRED,
        ADD FOREIGN KEY (reverses_id) REFERENCES bench_item DEFERRABLE INITIALLY DEFERRED,
        ADD FOREIGN KEY (batch_id) REFERENCES receivables_importbatch DEFERRABLE INITIALLY DEFERRED,
        ADD FOREIGN KEY (recorded_by_id) REFERENCES core_user DEFERRABLE INITIALLY DEFERRED;
"""
COLUMNS = (
    "unit_id, customer_id, kind, direction, source, number, number_key, instalment, document_date, posting_date, due_date,"
    " currency, amount, open_amount, cause, order_reference, contract_reference, text, batch_id, recorded_at"
)


@dataclass(frozen=True)
class Result:
    rows: int
    copy_seconds: float
    import_seconds: float
    peak_megabytes: float

    @property
    def share(self) -> float:
        """Rows a second of the import, as a share of those of the raw COPY."""
        return self.copy_seconds / self.import_seconds


def write_files(
    folder: Path, *, rows: int, customers: int, unit_id: int, first_customer: int, batch_id: int
) -> tuple[Path, Path]:
    """Write the same invoices as a user's CSV and as lines for COPY, in the order of their dates."""
    dice = random.Random(7)
    csv_path, copy_path = folder / "invoices.csv", folder / "invoices.copy"
    with (
        csv_path.open("w", encoding="utf-8") as csv_file,
        copy_path.open("w", encoding="utf-8") as copy_file,
    ):
        csv_file.write("发票号,客户编码,开票日期,到期日,金额,订单号\n")
        for n in range(rows):
            day = FIRST_DAY + timedelta(days=n * DAYS // rows)
            due = day + timedelta(days=dice.choice((30, 45, 60, 90)))
            customer = dice.randrange(customers)
            amount = f"{dice.randrange(100, 90_000_000) / 100:.2f}"
            number = f"INV{dice.getrandbits(24):08d}-{n}"
            csv_file.write(
                f"{number},C{customer:06d},{day:%Y/%m/%d},{due:%Y/%m/%d},{amount},SO{n}\n"
            )
            copy_file.write(
                f"{unit_id}\t{first_customer + customer}\tinvoice\tdebit\tledger\t{number}\t{number}\t1\t{day}\t{day}\t{due}\t"
                f"CNY\t{amount}\t{amount}\t\tSO{n}\t\t\t{batch_id}\t2026-01-01\n"
            )
    return csv_path, copy_path


def prepare(cursor: Any, *, customers: int) -> dict[str, int]:
    """Make a unit with customers and an import that the copied rows belong to; return their ids."""
    cursor.execute(
        "INSERT INTO core_businessunit (code, name, name_en, base_currency, time_zone, is_active, version, created_at)"
        " VALUES ('BENCH', 'Bench', '', 'CNY', 'Asia/Shanghai', true, 1, now()) RETURNING id"
    )
    unit_id = cursor.fetchone()[0]
    cursor.execute(
        """
        INSERT INTO customers_customer (unit_id, code, code_key, name, short_name, name_en, search_keys, sort_key, uscc,
            tax_number, kind, size_class, segment, industry, region, address, legal_representative, actual_controller,
            currency, status, note, version, created_at, updated_at)
        SELECT %s, c, c, c, '', '', '', c, '', '', 'company', '', 'regular', '', '', '', '', '', 'CNY', 'active', '', 1, now(), now()
        FROM (SELECT 'C' || lpad(n::text, 6, '0') AS c FROM generate_series(0, %s) n) x ORDER BY c
        """,
        [unit_id, customers - 1],
    )
    cursor.execute("SELECT min(id) FROM customers_customer WHERE unit_id = %s", [unit_id])
    first_customer = cursor.fetchone()[0]
    cursor.execute(
        "INSERT INTO receivables_importbatch (unit_id, kind, state, file_name, stored_name, size, sha256, mapping, options,"
        " rows_read, rows_written, rows_unchanged, rows_refused, report, created_at)"
        " VALUES (%s, 'open-items', 'done', 'x', 'x', 1, '', '{}', '{}', 0, 0, 0, 0, '{}', now()) RETURNING id",
        [unit_id],
    )
    return {"unit_id": unit_id, "first_customer": first_customer, "batch_id": cursor.fetchone()[0]}


def copy_raw(connection: Any, path: Path) -> float:
    """COPY the ready lines into a copy of the table; return the seconds until the commit."""
    with connection.cursor() as cursor:
        cursor.execute(CLONE)
        connection.commit()
        cursor.execute("CHECKPOINT")
        connection.commit()
        started = time.perf_counter()
        with path.open("rb") as file:
            cursor.copy_expert(f"COPY bench_item ({COLUMNS}) FROM STDIN", file, 1 << 17)
        connection.commit()
        seconds = time.perf_counter() - started
        cursor.execute("DROP TABLE bench_item")
        cursor.execute("CHECKPOINT")
        connection.commit()
    return seconds


def import_file(path: Path, *, database_url: str, var: Path) -> tuple[float, float]:
    """Run the command in a process of its own; return its seconds and the peak memory in MB."""
    environment = {**os.environ, "DATABASE_URL": database_url, "ZQ_VAR": str(var)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "import_file", "open-items", str(path), "--unit", "BENCH"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    peak = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024
    found = re.search(r"\((\d+\.\d) s\)", done.stdout)
    if found is None:
        raise RuntimeError(done.stdout)
    return float(found[1]), peak


def once(*, database_url: str, rows: int, customers: int) -> Result:
    """Measure both in a migrated, empty database."""
    connection = psycopg2.connect(database_url)
    connection.autocommit = False
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with connection.cursor() as cursor:
                ids = prepare(cursor, customers=customers)
                connection.commit()
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE customers_customer")
            connection.autocommit = False
            csv_path, copy_path = write_files(folder, rows=rows, customers=customers, **ids)
            copy_seconds = copy_raw(connection, copy_path)
            import_seconds, peak = import_file(
                csv_path, database_url=database_url, var=folder / "var"
            )
    finally:
        connection.close()
    return Result(rows, copy_seconds, import_seconds, peak)


def run(*, rows: int = 1_000_000, customers: int = 20_000, rounds: int = 5) -> list[Result]:
    """Measure `rounds` times, each in a fresh database, print every figure and the medians."""
    from tests import database  # noqa: PLC0415 - needs Django set up

    database.start()
    results = []
    for turn in range(rounds):
        name = database.create(f"import_speed_{turn}")
        try:
            results.append(once(database_url=database.url(name), rows=rows, customers=customers))
        finally:
            database.drop(name)
        print(_line(f"round {turn + 1}", results[-1]))
    middle = Result(
        rows,
        median(r.copy_seconds for r in results),
        median(r.import_seconds for r in results),
        max(r.peak_megabytes for r in results),
    )
    print(_line("median", middle))
    return results


def _line(label: str, result: Result) -> str:
    return (
        f"import of {result.rows:,} rows, {label}: raw COPY {result.copy_seconds:.1f} s, import {result.import_seconds:.1f} s "
        f"= {result.share:.0%} of the rows a second (target 50%), peak memory {result.peak_megabytes:.0f} MB (target 400)"
    )


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    sys.path.insert(0, str(ROOT))
    django.setup()
    run(rows=int(os.environ.get("ROWS", "1000000")), rounds=int(os.environ.get("ROUNDS", "1")))
