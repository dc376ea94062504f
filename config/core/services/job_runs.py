"""What a handler holds while it does a job: the lease, the cursor, the progress.

The lease is renewed by a thread with a connection of its own, so that neither a long statement nor
an open transaction of the handler lets it run out. The same thread writes progress (which is seen
at once, before the handler's transaction ends) and reads the wish to cancel.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from config.core.models import Job

logger = logging.getLogger("zhangqi.jobs")

Clock = Callable[[], datetime]
POLL_SECONDS = 1.0
# Set when this process is about to stop; handlers leave at their next check.
_stopping = threading.Event()


class JobCancelled(Exception):  # noqa: N818 - said as one would speak
    """Somebody asked to stop the job; raised by `check_cancelled`."""


class JobInterrupted(Exception):  # noqa: N818
    """This process stops; another one goes on from the cursor."""


class LeaseLost(Exception):  # noqa: N818
    """Another worker has the job now; whatever is not committed must be rolled back."""


def stop_soon() -> None:
    """Make every job of this process leave at its next check, and keep its cursor."""
    _stopping.set()


def carry_on() -> None:
    """Undo `stop_soon`."""
    _stopping.clear()


class JobRun:
    """One attempt at a job, as its handler sees it."""

    def __init__(self, *, job: Job, clock: Clock) -> None:
        self.job = job
        self.clock = clock
        self.payload: dict[str, Any] = job.payload
        self.done = job.progress_done
        self.total = job.progress_total
        self._token = job.lease_token
        self._reported = (self.done, self.total)
        self._cancel_seen = False
        self._lost = False
        self._keeper: threading.Thread | None = None

    @property
    def cursor(self) -> Any:
        """How far an earlier attempt came, or None at the beginning."""
        return self.job.cursor

    def progress(self, done: int, total: int | None = None) -> None:
        """Say how far the work is; people see it within a second."""
        self.done = done
        self.total = self.total if total is None else total
        if self._keeper is None:
            self._report(renew=False)

    def save_cursor(self, cursor: Any) -> None:
        """Keep how far the work is, in the handler's own transaction: effect and cursor together.

        :raises RuntimeError: outside a transaction, where it would not be kept together
        :raises LeaseLost: if another worker has taken over
        """
        if not connection.in_atomic_block:
            raise RuntimeError("save_cursor belongs into the transaction that holds the effect.")
        self._update_held(cursor=cursor, lease_until=self._next_lease())
        self.job.cursor = cursor

    def heartbeat(self) -> None:
        """Renew the lease and make sure that it is still ours; inside a transaction until its end.

        :raises LeaseLost: if another worker has taken over
        """
        self._update_held(lease_until=self._next_lease())

    def check_cancelled(self) -> None:
        """Leave if somebody asked for it, between two chunks of work.

        :raises JobCancelled: if a person asked to stop the job
        :raises JobInterrupted: if this process is about to stop
        :raises LeaseLost: if another worker has taken over
        """
        if self._lost:
            raise LeaseLost
        if _stopping.is_set():
            raise JobInterrupted
        if self._keeper is None:
            wishes = Job.objects.filter(pk=self.job.pk).values_list("cancel_requested", flat=True)
            self._cancel_seen = bool(wishes.first())
        if self._cancel_seen:
            raise JobCancelled

    def lock(self) -> Job:
        """Return the row, locked, if the lease is still ours.

        :raises LeaseLost: if another worker has taken over
        """
        held = Job.objects.select_for_update(of=("self",)).filter(
            pk=self.job.pk, lease_token=self._token
        )
        job = held.first()
        if job is None:
            raise LeaseLost
        return job

    @contextlib.contextmanager
    def keeping_lease(self) -> Iterator[None]:
        """Renew the lease from a thread until the block ends.

        Not inside a transaction: there nobody else sees the row, as in a test that rolls back.
        """
        if connection.in_atomic_block:
            yield
            return
        finished = threading.Event()
        self._keeper = threading.Thread(
            target=self._keep, args=(finished,), name=f"lease-{self.job.pk}", daemon=True
        )
        self._keeper.start()
        try:
            yield
        finally:
            finished.set()
            self._keeper.join(timeout=10)

    def _keep(self, finished: threading.Event) -> None:
        renewed = self.clock()
        try:
            while not finished.wait(POLL_SECONDS) and not self._lost:
                now = self.clock()
                due = now - renewed >= settings.JOB_LEASE / 3
                try:
                    if self._report(renew=due) and due:
                        renewed = now
                except DatabaseError as error:
                    # The server may come back before the lease ends; if not, somebody else goes on.
                    logger.warning(
                        "The lease of job %s could not be renewed: %s", self.job.pk, error
                    )
                    connection.close()
        finally:
            connection.close()

    def _report(self, *, renew: bool) -> bool:
        """Write progress and lease, read the wish to cancel. Return whether the row was free."""
        figures = (self.done, self.total)
        seen = (
            Job.objects.filter(pk=self.job.pk)
            .values_list("lease_token", "cancel_requested")
            .first()
        )
        if seen is None:
            return False
        self._lost = self._lost or seen[0] != self._token
        self._cancel_seen = self._cancel_seen or seen[1]
        if self._lost or (not renew and figures == self._reported):
            return not self._lost
        values: dict[str, Any] = {"progress_done": figures[0], "progress_total": figures[1]}
        if renew:
            values["lease_until"] = self._next_lease()
        with transaction.atomic():
            # Locked means that the handler itself holds the row in its transaction: nobody can
            # take it then, so there is nothing to wait for.
            free = Job.objects.select_for_update(skip_locked=True).filter(
                pk=self.job.pk, lease_token=self._token
            )
            if not list(free.values_list("pk", flat=True)):
                return False
            Job.objects.filter(pk=self.job.pk).update(**values)
        self._reported = figures
        return True

    def _next_lease(self) -> datetime:
        return self.clock() + settings.JOB_LEASE

    def _update_held(self, **values: Any) -> None:
        held = Job.objects.filter(pk=self.job.pk, lease_token=self._token, state=Job.State.RUNNING)
        if not held.update(**values):
            self._lost = True
            raise LeaseLost
