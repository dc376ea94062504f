"""A worker process for `test_jobs_killed`, made to be killed.

python -m tests.core.crash_worker      (DATABASE_URL names the database)
"""

from __future__ import annotations

import os
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.db import transaction  # noqa: E402

from config.core import clock  # noqa: E402
from config.core.models import LoginFailure  # noqa: E402
from config.core.services import jobs  # noqa: E402
from config.core.services.job_runs import JobRun  # noqa: E402

STEPS = 60


@jobs.handler("test.rows")
def write_rows(work: JobRun) -> dict[str, Any]:
    """Write row 0 … 59, three in each transaction, slowly enough to be killed in the middle."""
    for start in range(work.cursor or 0, STEPS, 3):
        with transaction.atomic():
            for number in range(start, start + 3):
                # Not unique in the database: a doubled step would be seen as a second row.
                LoginFailure.objects.create(
                    username_key=f"job-{work.job.pk}", address=str(number), at=work.clock()
                )
                time.sleep(work.payload.get("pause", 0.004))
            work.save_cursor(start + 3)
        work.progress(start + 3, STEPS)
    return {"rows": STEPS}


if __name__ == "__main__":
    print("ready", flush=True)
    while True:
        jobs.run_waiting(clock=clock.now)
        time.sleep(0.1)
