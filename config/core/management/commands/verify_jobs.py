"""Are the background jobs in order? Exits 1 with a list where they are not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from config.core import clock
from config.core.models import Job
from config.core.selectors import jobs


class Command(BaseCommand):
    help = (
        "List the jobs that nobody works on although somebody should: forgotten, without a living "
        "worker, put aside after too many attempts. Exits 1 if there are any."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        faults = jobs.faults(now=clock.now())
        for fault in faults:
            self.stdout.write(fault)
        if faults:
            raise SystemExit(1)
        self.stdout.write(f"{Job.objects.count()} jobs, all in order.")
