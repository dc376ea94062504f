"""Entry points of the background: each reads the clock, makes one call, and may run twice."""

from __future__ import annotations

import logging
import os
import queue
import threading

from celery import shared_task

from config.core import clock
from config.core.selectors import health
from config.core.services import audit_chain, heartbeats, housekeeping, jobs, outbox

logger = logging.getLogger("zhangqi.jobs")

# A hung job in a prefork worker is killed after this long; then its lease runs out.
LONGEST_JOB_SECONDS = 3 * 3600


@shared_task
def beat(**kwargs: object) -> None:
    """Prove that beat, broker and worker are alive: /readyz reads the time."""
    heartbeats.record(name=health.BEAT, now=clock.now())


@shared_task
def sweep_jobs(**kwargs: object) -> None:
    """Wake workers for jobs that wait and for jobs whose worker died."""
    jobs.sweep(now=clock.now())


@shared_task(time_limit=LONGEST_JOB_SECONDS)
def run_job(*, job_id: int, **kwargs: object) -> None:
    """Do one job, if nobody else does."""
    jobs.run(job_id=job_id, clock=clock.now)


@shared_task
def seal_audit(**kwargs: object) -> None:
    """Chain the events of the trail that were written since."""
    audit_chain.seal_pending(now=clock.now())


@shared_task
def export_audit_anchor(**kwargs: object) -> None:
    """Write the head of the chain to a place outside the database."""
    now = clock.now()
    audit_chain.seal_pending(now=now, full=True)
    audit_chain.export_anchor(now=now)


@shared_task
def send_outbox(**kwargs: object) -> None:
    """Send the mail that is due."""
    outbox.send_due(now=clock.now())


@shared_task
def forget_old(**kwargs: object) -> None:
    """Delete what has no use any more."""
    housekeeping.forget_old(now=clock.now())


class Nudger:
    """Sends job ids to the broker from a thread of its own.

    A request must neither wait for a broker that is down nor fail with it: an id that could not be
    sent is dropped, and the sweeper finds the job.
    """

    def __init__(self) -> None:
        self._ids: queue.Queue[int] = queue.Queue(maxsize=1000)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, job_id: int) -> None:
        try:
            self._ids.put_nowait(job_id)
        except queue.Full:
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._send, name="job-nudger", daemon=True)
                self._thread.start()

    def _send(self) -> None:
        while True:
            job_id = self._ids.get()
            try:
                run_job.apply_async(kwargs={"job_id": job_id}, retry=False)
            except Exception as error:  # whatever the broker's client raises
                logger.warning(
                    "Job %s waits for the sweeper, the broker is out of reach: %s", job_id, error
                )


def renew_nudger() -> None:
    """Start afresh; a forked process inherits neither the thread nor the state of its lock."""
    jobs.set_nudge(Nudger())


renew_nudger()
os.register_at_fork(after_in_child=renew_nudger)
