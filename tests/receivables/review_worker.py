"""A worker process for `test_reviews_killed`: it stops in the middle of a review until it is killed.

python -m tests.receivables.review_worker      (DATABASE_URL names the database, HANG=1 makes it stop)
"""

from __future__ import annotations

import os
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from config.core import clock  # noqa: E402
from config.core.services import jobs  # noqa: E402
from receivables import tasks  # noqa: E402, F401 - registers the job
from receivables.services import alert_raising  # noqa: E402


def hang_after_raising(**given: Any) -> Any:
    """Raise the alerts in the open transaction, say so, and never come back."""
    found = RAISE(**given)
    print(f"raised {found.total}", flush=True)
    time.sleep(600)
    return found


RAISE = alert_raising.raise_and_close

if __name__ == "__main__":
    if os.environ.get("HANG"):
        alert_raising.raise_and_close = hang_after_raising
    print("ready", flush=True)
    while True:
        jobs.run_waiting(clock=clock.now)
        time.sleep(0.1)
