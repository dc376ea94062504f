"""A worker is killed with `kill -9` in the middle of a review; nothing is lost and nothing doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from config.core import clock
from config.core.models import BusinessUnit, Job
from receivables import tasks
from receivables.models import AgingReview, AgingSnapshot, AgingSummary, OverdueAlert
from tests import database
from tests.receivables.review_books import customer, overdue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def start(tmp_path: Path, **more: str) -> subprocess.Popen[str]:
    environment = os.environ | {
        "DATABASE_URL": database.url(settings.DATABASES["default"]["NAME"]),
        "JOB_LEASE_SECONDS": "2",
        "ZQ_VAR": str(tmp_path),
        "SECRET_KEY": "x" * 50,
        **more,
    }
    command = [sys.executable, "-m", "tests.receivables.review_worker"]
    worker = subprocess.Popen(
        command, env=environment, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    return worker


def test_killed_in_the_middle_it_is_done_wholly_by_the_next(
    unit: BusinessUnit, tmp_path: Path
) -> None:
    yesterday = clock.today() - timedelta(days=1)
    li, wang = customer(unit), customer(unit)
    for days in (1, 45, 200):
        overdue(li, 100, days, as_of=yesterday)
        overdue(wang, 50, days, as_of=yesterday)
    job = tasks.enqueue_review(unit=unit, as_of=yesterday, actor=None)

    victim = start(tmp_path, HANG="1")
    try:
        assert victim.stdout is not None
        raised = victim.stdout.readline()
        os.kill(victim.pid, signal.SIGKILL)
    finally:
        victim.kill()
        victim.wait()
    assert raised == "raised 8\n"  # three for each customer by age, one by share
    assert not AgingReview.objects.exists()
    assert not OverdueAlert.objects.exists()

    heir = start(tmp_path)
    try:
        until = time.monotonic() + 60
        while not Job.objects.filter(pk=job.pk, state=Job.State.DONE).exists():
            assert time.monotonic() < until, "The next worker did not finish the review in time."
            time.sleep(0.1)
    finally:
        heir.kill()
        heir.wait()
    assert AgingReview.objects.get().alerts_raised == 8
    assert OverdueAlert.objects.count() == 8
    assert AgingSnapshot.objects.count() == 6
    assert AgingSummary.objects.filter(as_of=yesterday, amount=150).count() == 3
