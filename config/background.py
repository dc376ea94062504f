"""A Celery worker and beat inside this process, for when there is no REDIS_URL.

The broker is then Celery's `memory://`, which dies with the process; that loses nothing, since a
message carries only the id of a `Job` row and the sweeper sends it again.
"""

from __future__ import annotations

import logging
import threading

from celery import signals
from celery.beat import Scheduler, Service
from celery.worker import WorkController

from config.celery import app
from config.core.services import job_runs

THREADS = 4
# Sent once at the start, so that a newcomer need not wait for the schedule: what was missed while
# the machine was off is caught up, and /readyz turns green.
AT_START = (
    "config.core.tasks.beat",
    "config.core.tasks.sweep_jobs",
    "config.core.tasks.forget_old",
    "receivables.tasks.start_nightly_reviews",
)

logger = logging.getLogger("zhangqi.background")


class Background:
    """The worker and beat of this process."""

    def __init__(self) -> None:
        # Our own logging stays as it is.
        signals.setup_logging.connect(_keep_logging, weak=False)
        for name in ("celery", "kombu", "celery.worker", "celery.beat"):
            logging.getLogger(name).setLevel(logging.WARNING)
        # It warns that memory:// has no host name.
        logging.getLogger("kombu.connection").setLevel(logging.ERROR)
        app.loader.import_default_modules()
        app.finalize()
        self._worker = WorkController(
            app=app,
            pool_cls="threads",
            concurrency=THREADS,
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            quiet=True,
        )
        # Without a file: two servers could not share it, and AT_START covers what it is for.
        self._beat = Service(app, max_interval=5, scheduler_cls=Scheduler)
        self._worker_thread = threading.Thread(
            target=self._worker.start, name="celery-worker", daemon=True
        )
        self._beat_thread = threading.Thread(target=self._run_beat, name="celery-beat", daemon=True)

    def start(self) -> None:
        """Start both, and send what need not wait for the schedule."""
        job_runs.carry_on()
        self._worker_thread.start()
        self._beat_thread.start()
        for name in AT_START:
            if name in app.tasks:
                app.send_task(name)

    def _run_beat(self) -> None:
        try:
            self._beat.start()
        except Exception:
            logger.exception("Beat stopped; restart the server.")

    def stop(self, *, seconds: float) -> bool:
        """Stop both; a running job leaves at its next check and goes on after the next start.

        Return whether the worker had ended within `seconds`.
        """
        job_runs.stop_soon()
        # Not `wait`: a beat that has not yet begun would never say that it stopped.
        self._beat.stop()
        stopper = threading.Thread(target=self._stop_worker, name="celery-stop", daemon=True)
        stopper.start()
        stopper.join(seconds)
        return not stopper.is_alive()

    def _stop_worker(self) -> None:
        self._worker.stop()
        self._worker_thread.join()

    def is_alive(self) -> bool:
        return self._worker_thread.is_alive() and self._beat_thread.is_alive()


def _keep_logging(**kwargs: object) -> None:
    """Tell Celery that logging is set up."""
