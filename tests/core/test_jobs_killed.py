"""Workers are killed with `kill -9` at any moment; no row is lost and none is doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings

from config.core.models import Job, LoginFailure
from config.core.services import jobs
from tests import database
from tests.core import crash_worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SEED = int(os.environ.get("ZQ_SEED", "20261123"))
KILLS = 10


@pytest.fixture
def start_worker(tmp_path):
    environment = os.environ | {
        "DATABASE_URL": database.url(settings.DATABASES["default"]["NAME"]),
        "JOB_LEASE_SECONDS": "2",
        "ZQ_VAR": str(tmp_path),
        "SECRET_KEY": "x" * 50,
    }
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.core.crash_worker"]
        process = subprocess.Popen(
            command, env=environment, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_for(condition, *, seconds: float) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "It did not happen in time."
        time.sleep(0.05)
    return time.monotonic() - began


def ask(number: int) -> Job:
    return jobs.enqueue(
        kind="test.rows", dedup_key=f"rows:{number}", payload={}, unit=None, actor=None
    )


def test_ten_kills_lose_and_double_nothing(start_worker, monkeypatch):
    """Two workers share three jobs; one of the two is killed and replaced ten times."""
    chance = random.Random(SEED)
    print(f"ZQ_SEED={SEED}")
    asked = [ask(number) for number in range(3)]
    # Each kill costs an attempt of at most one job.
    monkeypatch.setattr(settings, "JOB_ATTEMPTS", 99)
    workers = [start_worker(), start_worker()]
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.35))
        victim = chance.randrange(2)
        os.kill(workers[victim].pid, signal.SIGKILL)
        workers[victim].wait()
        workers[victim] = start_worker()
        Job.objects.filter(state="running").update(attempt=1)

    wait_for(lambda: not Job.objects.exclude(state="done").exists(), seconds=60)

    for job in asked:
        rows = list(
            LoginFailure.objects.filter(username_key=f"job-{job.pk}")
            .order_by("pk")
            .values_list("address", flat=True)
        )
        assert rows == [str(number) for number in range(crash_worker.STEPS)]
        job.refresh_from_db()
        assert job.result == {"rows": crash_worker.STEPS}


def test_a_killed_workers_job_is_resumed_when_its_lease_ends(start_worker):
    job = ask(1)
    worker = start_worker()
    wait_for(lambda: LoginFailure.objects.exists(), seconds=10)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    job.refresh_from_db()
    assert job.state == "running"

    start_worker()
    took = wait_for(lambda: Job.objects.filter(pk=job.pk, state="done").exists(), seconds=20)

    job.refresh_from_db()
    assert job.attempt == 2
    assert took < 10
    assert LoginFailure.objects.count() == crash_worker.STEPS
