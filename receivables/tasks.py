"""Entry points of the background work on receivables; jobs carry ids and dates, nothing else."""

from __future__ import annotations

from datetime import date, timedelta

from celery import shared_task
from django.urls import reverse
from django.utils.translation import gettext_lazy

from config.core import clock
from config.core.models import BusinessUnit, Job, User
from config.core.services import jobs
from receivables.services import alert_notices, reviews
from receivables.services.imports import background  # noqa: F401 - registers the job that imports files

REVIEW = "review"

# A review that failed in the night is tried again in the next.
RETRY_AFTER = timedelta(hours=20)


def enqueue_review(
    *, unit: BusinessUnit, as_of: date, actor: User | None, with_alerts: bool = True
) -> Job:
    """Ask for the review of a unit and a day, once; a failed one is taken up again when a person asks.

    A day that has not ended gets a job of its own, so that the night's review still takes place.
    """
    is_over = as_of < clock.today(unit.time_zone)
    job = jobs.enqueue(
        kind=REVIEW,
        dedup_key=f"review:{unit.pk}:{as_of.isoformat()}{'' if is_over else ':early'}",
        payload={"unit": unit.pk, "as_of": as_of.isoformat(), "alerts": with_alerts},
        unit=unit,
        actor=actor,
    )
    if _may_be_retried(job, asked_by=actor):
        return jobs.retry(job=job, actor=actor)
    return job


def _may_be_retried(job: Job, *, asked_by: User | None) -> bool:
    """Return whether to take up a job that ended badly: at once for a person, once a night by itself."""
    if job.state not in {Job.State.FAILED, Job.State.CANCELLED}:
        return False
    if asked_by is not None:
        return True
    ended = job.finished_at
    return job.state == Job.State.FAILED and ended is not None and clock.now() - ended > RETRY_AFTER


@jobs.handler(REVIEW, label=gettext_lazy("Aging review"))
def run_review(work: jobs.JobRun) -> dict[str, object]:
    """Do one review, then bring stale month ends up to date; each step is a transaction of its own."""
    unit = BusinessUnit.objects.get(pk=work.payload["unit"])
    as_of = date.fromisoformat(work.payload["as_of"])
    work.check_cancelled()
    done = reviews.run(
        unit=unit,
        as_of=as_of,
        actor=work.job.created_by,
        now=clock.now(),
        job_run=work,
        with_alerts=bool(work.payload.get("alerts", True)),
    )

    def progress(count: int, total: int) -> None:
        work.check_cancelled()
        work.progress(1 + count, 1 + total)

    reviews.refresh_month_ends(unit=unit, until=as_of, now=clock.now(), progress=progress)
    _send_digest_if_complete(as_of=as_of)
    return {"review": done.pk, "alerts": done.alerts_raised, "customers": done.customers}


@shared_task
def start_nightly_reviews(**kwargs: object) -> None:
    """Ask for every review that is due: of yesterday, and of days that were missed."""
    for unit in BusinessUnit.objects.filter(is_active=True).order_by("pk"):
        today = clock.today(unit.time_zone)
        for day in reviews.missing_days(unit, today):
            # Alerts tell of now: an old hole is filled without them.
            newest = day == today - timedelta(days=1)
            enqueue_review(unit=unit, as_of=day, actor=None, with_alerts=newest)
    _send_digest_if_complete(as_of=clock.today() - timedelta(days=1))


@shared_task
def escalate_alerts(**kwargs: object) -> None:
    """Bring alerts that nobody acknowledged to the manager."""
    link = reverse("receivables:alerts") + "?escalated=me"
    alert_notices.escalate(today=clock.today(), now=clock.now(), link=link)


def _send_digest_if_complete(*, as_of: date) -> None:
    """Send the digest of last night, when the last unit is done; older days are old news."""
    if as_of == clock.today() - timedelta(days=1) and alert_notices.is_complete(as_of=as_of):
        day = as_of.isoformat()
        link = f"{reverse('receivables:alerts')}?raised_from={day}&raised_to={day}"
        alert_notices.send_digest(as_of=as_of, link=link)
