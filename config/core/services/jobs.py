"""Background work: ask for it, do it, lose nothing when a worker dies.

A job is a row. A worker takes it by a lease, renews the lease while it works, and commits each
effect together with the cursor that says how far it came. When the worker is killed, the lease
runs out and the sweeper wakes another, which goes on from the cursor. A worker that lost its
lease can not commit any more: every write of the row names the lease's token.

    @jobs.handler("ledger.import")
    def import_ledger(work: JobRun) -> dict[str, object]:
        for chunk in chunks(after=work.cursor):
            work.check_cancelled()
            with transaction.atomic():
                ...
                work.save_cursor(chunk.end)
            work.progress(chunk.end, total)
        return {"rows": total}
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from config.core import request_context
from config.core.errors import DomainError, NotAllowed
from config.core.models import BusinessUnit, Job, Notification, User
from config.core.roles import Role
from config.core.services import audit, notify
from config.core.services.job_runs import JobCancelled, JobInterrupted, JobRun, LeaseLost

__all__ = [
    "JobAlreadyFinished",
    "JobCancelled",
    "JobInterrupted",
    "JobNotRetriable",
    "JobRun",
    "LeaseLost",
]

logger = logging.getLogger("zhangqi.jobs")

Handler = Callable[[JobRun], Mapping[str, object] | None]
Clock = Callable[[], datetime]
Text = str | Promise
UNFINISHED = (Job.State.QUEUED, Job.State.RUNNING)
# One person's long jobs may not keep everyone else's waiting.
RUNNING_PER_USER = 2
SWEEP_LIMIT = 100
FIRST_PAUSE = timedelta(seconds=5)
PUT_ASIDE = gettext_noop("Job %(job)s (%(kind)s) failed %(attempts)s times and was put aside.")
BUG = _("Something went wrong on our side. Tell the administrator this number: %(reference)s.")

_handlers: dict[str, Handler] = {}
_labels: dict[str, Text] = {}
_nudge: Callable[[int], None] | None = None


class JobNotRetriable(DomainError):
    code = "job_not_retriable"


class JobAlreadyFinished(DomainError):
    code = "job_already_finished"


class JobBroken(DomainError):
    """A fault of ours or of the machine, told without its details."""

    code = "internal_error"
    status = 500


def handler(kind: str, *, label: Text = "") -> Callable[[Handler], Handler]:
    """Register the function that does jobs of this kind; people read the label."""

    def register(function: Handler) -> Handler:
        known = _handlers.get(kind, function)
        if known is not function and known.__qualname__ != function.__qualname__:
            raise RuntimeError(f"Two handlers for jobs of kind {kind!r}.")
        _handlers[kind] = function
        _labels[kind] = label or kind
        return function

    return register


def label_of(*, kind: str) -> str:
    """Return what people call this kind of job."""
    return str(_labels.get(kind, kind))


def labels() -> dict[str, Text]:
    """Return the known kinds of jobs and what people call them."""
    return dict(_labels)


def set_nudge(nudge: Callable[[int], None] | None) -> None:
    """Say how to tell a worker that a job waits; None leaves it to the sweeper."""
    global _nudge
    _nudge = nudge


@transaction.atomic
def enqueue(
    *,
    kind: str,
    dedup_key: str,
    payload: Mapping[str, object],
    unit: BusinessUnit | None,
    actor: User | None,
) -> Job:
    """Ask for a piece of work, once: the same `dedup_key` finds the job that was asked before.

    After the commit a worker is nudged; if that fails, the sweeper finds the job within seconds.
    """
    job, is_new = Job.objects.get_or_create(
        dedup_key=dedup_key,
        defaults={"kind": kind, "payload": dict(payload), "unit": unit, "created_by": actor},
    )
    if is_new:
        nudge_after_commit(job_id=job.pk)
    return job


def nudge_after_commit(*, job_id: int) -> None:
    """Tell a worker about a job once the transaction is committed; never fails and never waits."""
    transaction.on_commit(lambda: _send_nudge(job_id), robust=True)


def _send_nudge(job_id: int) -> None:
    if _nudge is not None:
        _nudge(job_id)


@transaction.atomic
def claim(*, job_id: int, now: datetime) -> Job | None:
    """Take the lease of a job, or return None if it is finished, leased, or not to be run now.

    A row that is locked belongs to a worker in the middle of its transaction, so it is skipped.
    """
    waiting = _unleased(now=now).select_for_update(skip_locked=True, of=("self",))
    job = waiting.filter(pk=job_id).first()
    if job is None or _ends_unrun(job, now=now) or _exceeds_share(job, now=now):
        return None
    job.state = Job.State.RUNNING
    job.started_at = job.started_at or now
    job.attempt += 1
    job.lease_token = secrets.token_hex(16)
    job.lease_until = now + settings.JOB_LEASE
    job.save(update_fields=["state", "started_at", "attempt", "lease_token", "lease_until"])
    return job


def _ends_unrun(job: Job, *, now: datetime) -> bool:
    """Finish a job that was cancelled while it waited, or whose workers died too often."""
    if job.cancel_requested:
        _end(job, state=Job.State.CANCELLED, now=now)
        return True
    if job.attempt >= settings.JOB_ATTEMPTS:
        _put_aside(job, now=now, refusal=JobBroken(BUG, reference=f"job-{job.pk}"))
        return True
    return False


def _exceeds_share(job: Job, *, now: datetime) -> bool:
    if job.created_by_id is None:
        return False
    running = Job.objects.filter(
        created_by=job.created_by_id, state=Job.State.RUNNING, lease_until__gte=now
    )
    return running.exclude(pk=job.pk).count() >= RUNNING_PER_USER


def run(*, job_id: int, clock: Clock) -> Job | None:
    """Claim a job and do it; return it as it ended, or None if it was not ours to do.

    A refusal (`DomainError`) ends the job with its sentence. Any other error is a bug or a fault of
    the machine: it is logged under a number, and the job is tried again a little later.
    """
    kind = Job.objects.filter(pk=job_id).values_list("kind", flat=True).first()
    if kind not in _handlers:
        logger.warning("Job %s of kind %r has no handler in this process.", job_id, kind)
        return None
    job = claim(job_id=job_id, now=clock())
    if job is None:
        return None
    work = JobRun(job=job, clock=clock)
    before = request_context.current()
    request_context.set_current(request_context.RequestContext(request_id=f"job-{job.pk}"))
    try:
        with translation.override(_language(job)), work.keeping_lease():
            _do(work)
    except LeaseLost:
        logger.warning("Job %s lost its lease; another worker goes on.", job.pk)
    finally:
        request_context.set_current(before)
    job.refresh_from_db()
    return job


def run_waiting(*, clock: Clock, limit: int = 100) -> list[Job]:
    """Do the jobs that wait, oldest first, in this process; for commands and tests."""
    ids = list(_unleased(now=clock()).order_by("pk").values_list("pk", flat=True)[:limit])
    ended = [run(job_id=job_id, clock=clock) for job_id in ids]
    return [job for job in ended if job is not None]


def _language(job: Job) -> str:
    chosen = job.created_by.language if job.created_by else ""
    return chosen or settings.LANGUAGE_CODE


def _do(work: JobRun) -> None:
    try:
        result = _handlers[work.job.kind](work)
        _finish(work, state=Job.State.DONE, result=dict(result or {}))
    except LeaseLost:
        raise
    except JobCancelled:
        _finish(work, state=Job.State.CANCELLED)
    except JobInterrupted:
        _release(work)
    except DomainError as refusal:
        _finish(work, state=Job.State.FAILED, refusal=refusal)
    except Exception:
        _try_again(work)


@transaction.atomic
def _finish(
    work: JobRun,
    *,
    state: Job.State,
    result: dict[str, Any] | None = None,
    refusal: DomainError | None = None,
) -> None:
    job = work.lock()  # another worker may have taken over while a long statement ran
    job.progress_done, job.progress_total = work.done, work.total
    if state == Job.State.DONE and job.progress_total is not None:
        job.progress_done = job.progress_total
    _end(job, state=state, now=work.clock(), result=result, refusal=refusal)


def _end(
    job: Job,
    *,
    state: Job.State,
    now: datetime,
    result: dict[str, Any] | None = None,
    refusal: DomainError | None = None,
) -> None:
    job.state = state
    job.result = {"refusal": _template(refusal)} if refusal else result
    job.error = str(refusal) if refusal else ""
    job.finished_at = now
    job.lease_until, job.lease_token = None, ""
    job.save()


def _template(refusal: DomainError) -> dict[str, object]:
    """Return a refusal so that it can be read later in another language."""
    with translation.override(None):
        message = str(refusal.message)
    context = {name: str(value) for name, value in refusal.context.items()}
    return {"code": refusal.code, "message": message, "context": context}


@transaction.atomic
def _release(work: JobRun) -> None:
    """Give the lease back so that another worker goes on at once; an interruption is no failure."""
    job = work.lock()
    job.state = Job.State.QUEUED
    job.attempt -= 1
    job.lease_until, job.lease_token = None, ""
    job.save(update_fields=["state", "attempt", "lease_until", "lease_token"])


def _try_again(work: JobRun) -> None:
    """Put the job back with a growing pause, or aside after the last attempt."""
    reference = secrets.token_hex(4)
    logger.exception("Job %s (%s) failed, reference %s.", work.job.pk, work.job.kind, reference)
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()  # the fault may have been the server's restart
    with transaction.atomic():
        _put_back(work, reference=reference)


def _put_back(work: JobRun, *, reference: str) -> None:
    job = work.lock()
    now = work.clock()
    refusal = JobBroken(BUG, reference=reference)
    if job.attempt >= settings.JOB_ATTEMPTS:
        _put_aside(job, now=now, refusal=refusal)
        return
    job.state = Job.State.QUEUED
    job.error = str(refusal)
    # Nobody may claim it before then: 5, 10, 20, 40 seconds.
    job.lease_until = now + FIRST_PAUSE * 2 ** (job.attempt - 1)
    job.lease_token = ""
    job.save(update_fields=["state", "error", "lease_until", "lease_token"])


def _put_aside(job: Job, *, now: datetime, refusal: DomainError) -> None:
    """End a job that failed too often, and tell those who can do something about it."""
    logger.error("Job %s (%s) is put aside after %s attempts.", job.pk, job.kind, job.attempt)
    _end(job, state=Job.State.FAILED, now=now, refusal=refusal)
    concerned = Q(groups__name=Role.ADMINISTRATOR.value) | Q(pk=job.created_by_id)
    notify.notify_many(
        users=User.objects.filter(concerned, is_active=True).order_by("pk").distinct(),
        kind="job.failed",
        level=Notification.Level.DANGER,
        message=PUT_ASIDE,
        context={"job": job.pk, "kind": job.kind, "attempts": job.attempt},
        link=f"/jobs/{job.pk}/",
    )


@transaction.atomic
def request_cancel(*, job: Job, actor: User) -> Job:
    """Ask a job to stop; one that waits is cancelled when a worker takes it up.

    :raises NotAllowed: if it is somebody else's job
    :raises JobAlreadyFinished: if there is nothing left to stop
    """
    _refuse_stranger(job, actor=actor)
    # The row itself may be locked by a worker's transaction for long, so it is not locked here:
    # one column, one direction.
    waiting = Job.objects.filter(pk=job.pk, state__in=UNFINISHED)
    if not waiting.exists():
        raise JobAlreadyFinished(
            _("The job has already ended, so it can not be cancelled any more.")
        )
    if waiting.filter(cancel_requested=False).update(cancel_requested=True):
        audit.record(actor=actor, action="job.cancel_requested", target=job, unit=job.unit)
    nudge_after_commit(job_id=job.pk)
    job.refresh_from_db()
    return job


@transaction.atomic
def retry(*, job: Job, actor: User | None) -> Job:
    """Take up a failed or cancelled job again, from its cursor; the caller knows that it may.

    :raises JobNotRetriable: if it waits, runs or is done
    """
    job = Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
    if job.state not in {Job.State.FAILED, Job.State.CANCELLED}:
        raise JobNotRetriable(_("Only a job that failed or was cancelled can be taken up again."))
    before = {"state": job.state, "attempt": job.attempt}
    job.state, job.attempt, job.cancel_requested = Job.State.QUEUED, 0, False
    job.error, job.result, job.finished_at = "", None, None
    job.save()
    audit.record(actor=actor, action="job.retried", target=job, unit=job.unit, before=before)
    nudge_after_commit(job_id=job.pk)
    return job


def retry_by_person(*, job: Job, actor: User) -> Job:
    """Take up a job again because a person asked for it.

    :raises NotAllowed: if it is somebody else's job
    :raises JobNotRetriable: if it waits, runs or is done
    """
    _refuse_stranger(job, actor=actor)
    return retry(job=job, actor=actor)


def may_handle(*, job: Job, user: User) -> bool:
    """Return whether a person may cancel a job or take it up again: the own ones, or as administrator."""
    return job.created_by_id == user.pk or user.is_superuser or user.has_role(Role.ADMINISTRATOR)


def _refuse_stranger(job: Job, *, actor: User) -> None:
    if not may_handle(job=job, user=actor):
        raise NotAllowed(_("Only who asked for a job, or an administrator, may do this."))


def sweep(*, now: datetime) -> list[int]:
    """Wake workers for the jobs that wait and for those whose worker died; return their ids."""
    ids = list(_unleased(now=now).order_by("pk").values_list("pk", flat=True)[:SWEEP_LIMIT])
    for job_id in ids:
        _send_nudge(job_id)
    return ids


def _unleased(*, now: datetime) -> QuerySet[Job]:
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    return Job.objects.filter(free, state__in=UNFINISHED)
