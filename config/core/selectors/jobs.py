"""What people and monitors ask about background work."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from config.core.models import Job, User

# A job that waits longer has no worker, or none that knows its kind.
WAITING_TOO_LONG = timedelta(hours=1)


def visible(*, user: User) -> QuerySet[Job]:
    """Return the jobs `user` may see, the newest first, with their unit and author."""
    return Job.objects.visible_to(user).select_related("unit", "created_by").order_by("-pk")


def error_of(*, job: Job) -> str:
    """Return why a job failed, in the language that is active now."""
    refusal = (job.result or {}).get("refusal") if job.state == Job.State.FAILED else None
    if not isinstance(refusal, dict) or not refusal.get("message"):
        return job.error
    template = gettext(str(refusal["message"]))
    context = refusal.get("context") or {}
    try:
        return template % context if context else template
    except (KeyError, ValueError, TypeError):
        return job.error


def faults(*, now: datetime) -> list[str]:
    """Return one line for each job that nobody works on although somebody should."""
    expired = Q(state=Job.State.RUNNING, lease_until__lt=now - timedelta(minutes=2))
    forgotten = Q(state=Job.State.QUEUED, created_at__lt=now - WAITING_TOO_LONG, attempt=0)
    unleased = Q(state=Job.State.RUNNING, lease_until=None)
    ended_leased = Q(lease_until__isnull=False, finished_at__isnull=False)
    unended = Q(state__in=[Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED], finished_at=None)
    put_aside = Q(state=Job.State.FAILED, result__refusal__code="internal_error")
    reasons = {
        "runs without a living worker": expired | unleased,
        "waits for more than an hour": forgotten,
        "ended but still leased": ended_leased,
        "ended without a time": unended,
        "was put aside after too many attempts": put_aside,
    }
    return [
        f"Job {job.pk} ({job.kind}) {reason}."
        for reason, condition in reasons.items()
        for job in Job.objects.filter(condition).order_by("pk")
    ]
