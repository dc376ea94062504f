"""A worker process for `test_killed`, made to be killed.

python -m tests.receivables.imports.crash_worker      (DATABASE_URL names the database)
"""

from __future__ import annotations

import os
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from config.core import clock  # noqa: E402
from config.core.services import jobs  # noqa: E402
from receivables.services.imports import background  # noqa: E402

assert background.KIND

if __name__ == "__main__":
    print("ready", flush=True)
    while True:
        jobs.run_waiting(clock=clock.now)
        time.sleep(0.05)
