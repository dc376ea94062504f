"""A worker is killed in the middle of an import; the next one leaves exactly what an undisturbed run leaves."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime

import pytest
from django.conf import settings
from django.db import connections

from config.core.models import BusinessUnit, Job
from config.core.services import jobs
from receivables.models import Allocation, ImportBatch, OpenItem
from receivables.services.imports import background, runs, uploads
from tests import database

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SEED = int(os.environ.get("ZQ_SEED", "20261123"))
ROWS = 20_000
KILLS = 6


def ledger() -> bytes:
    lines = ["number,customer,document date,due date,amount,settled on"]
    for n in range(ROWS):
        settled = "2026-02-01" if n % 5 else ""
        lines.append(f"INV-{n},C{n % 200},2026-01-{n % 28 + 1:02d},2026-02-10,{n + 1}.25,{settled}")
    return "\n".join(lines).encode()


def take(unit: BusinessUnit, content: bytes) -> ImportBatch:
    return uploads.take(
        unit=unit, kind="open-items", file_name="ledger.csv", content=[content], mapping="",
        options={"create_customers": True}, actor=None,
    )  # fmt: skip


def state_of(unit: BusinessUnit) -> str:
    """Return the digest of what the unit's ledger holds, without keys and times."""
    items = (
        OpenItem.objects.filter(unit=unit)
        .order_by("source", "number_key")
        .values_list(
            "source",
            "number",
            "customer__code",
            "kind",
            "amount",
            "open_amount",
            "due_date",
            "posting_date",
        )
    )
    links = (
        Allocation.objects.filter(unit=unit)
        .order_by("debit_item__number_key")
        .values_list("debit_item__number", "credit_item__number", "amount", "effective_date")
    )
    return hashlib.sha256(repr((list(items), list(links))).encode()).hexdigest()


@pytest.fixture
def start_worker(tmp_path):
    environment = os.environ | {
        "DATABASE_URL": database.url(settings.DATABASES["default"]["NAME"]),
        "JOB_LEASE_SECONDS": "2", "ZQ_VAR": str(tmp_path), "SECRET_KEY": "x" * 50,
    }  # fmt: skip
    (tmp_path / "files").symlink_to(settings.MEDIA_ROOT)
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.receivables.imports.crash_worker"],
            env=environment, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_killed_at_random_moments_nothing_is_lost_or_doubled(start_worker, monkeypatch):
    chance = random.Random(SEED)
    print(f"ZQ_SEED={SEED}")
    content = ledger()
    calm = BusinessUnit.objects.create(code="CALM", name="平静")
    runs.run(
        batch=take(calm, content),
        actor=None,
        now=datetime(2026, 3, 1, tzinfo=UTC),
        today=date(2026, 3, 1),
    )
    monkeypatch.setattr(settings, "JOB_ATTEMPTS", 99)
    unit = BusinessUnit.objects.create(code="STORM", name="风暴")
    batch = take(unit, content)
    background.enqueue(batch=batch, actor=None)
    for _turn in range(KILLS):
        worker = start_worker()
        deadline = time.monotonic() + 20
        while not Job.objects.filter(state="running", lease_until__gt=datetime.now(UTC)).exists():
            if Job.objects.filter(state="done").exists() or time.monotonic() > deadline:
                break
            time.sleep(0.01)
        time.sleep(chance.uniform(0.05, 1.0))
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        Job.objects.filter(state="running").update(attempt=1)
    start_worker()
    deadline = time.monotonic() + 60
    while not Job.objects.filter(state="done").exists():
        assert time.monotonic() < deadline, "It was not resumed in time."
        time.sleep(0.1)
    batch.refresh_from_db()
    assert (batch.state, batch.rows_written) == ("done", ROWS)
    assert OpenItem.objects.filter(unit=unit, source="ledger").count() == ROWS
    assert state_of(unit) == state_of(calm)


def test_two_imports_of_one_file_at_once_write_it_once():
    unit = BusinessUnit.objects.create(code="TWICE", name="两次")
    content = ledger()
    batches = [take(unit, content) for _ in range(2)]
    barrier = threading.Barrier(2)

    def work(batch: ImportBatch) -> None:
        try:
            barrier.wait()
            runs.run(
                batch=batch,
                actor=None,
                now=datetime(2026, 3, 1, tzinfo=UTC),
                today=date(2026, 3, 1),
            )
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for batch in batches:
        batch.refresh_from_db()
    assert sorted((b.state, b.rows_written, b.rows_unchanged) for b in batches) == [
        ("done", 0, ROWS),
        ("done", ROWS, 0),
    ]


def test_a_cancelled_import_leaves_nothing():
    unit = BusinessUnit.objects.create(code="STOP", name="停")
    batch = take(unit, ledger())
    job = background.enqueue(batch=batch, actor=None)
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)

    class Wish(jobs.JobRun):
        def check_cancelled(self) -> None:
            raise jobs.JobCancelled

    with pytest.raises(jobs.JobCancelled):
        background.run(
            Wish(job=Job.objects.get(pk=job.pk), clock=lambda: datetime(2026, 3, 1, tzinfo=UTC))
        )
    batch.refresh_from_db()
    assert batch.state == "cancelled"
    assert not OpenItem.objects.filter(unit=unit).exists()
