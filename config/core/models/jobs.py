"""Background work is a row; the broker only carries its id, so losing the broker loses nothing."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.core.models.units import BusinessUnit


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: object) -> JobQuerySet:
        """Limit to own jobs and, for those who may see all jobs, to the jobs of their units."""
        own = models.Q(created_by=user)
        if user.has_perm("core.view_job"):  # type: ignore[attr-defined]
            return self.filter(own | models.Q(unit=None) | models.Q(unit__in=user.unit_ids()))  # type: ignore[attr-defined]
        return self.filter(own)


class Job(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    kind = models.CharField(_("kind"), max_length=60)
    # One row for one piece of work, e.g. "review:3:2026-11-22"; asking again finds it.
    dedup_key = models.CharField(max_length=200, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    payload = models.JSONField(default=dict)
    unit = models.ForeignKey(BusinessUnit, null=True, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=32, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    cursor = models.JSONField(null=True)
    progress_done = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(null=True)
    cancel_requested = models.BooleanField(default=False)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [
            models.Index(
                fields=["lease_until"],
                name="job_unfinished",
                condition=models.Q(state__in=["queued", "running"]),
            ),
            models.Index(fields=["-created_at"], name="job_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED, self.State.CANCELLED}

    @property
    def percent(self) -> int | None:
        """Return progress in whole percent, or None while the total is unknown."""
        if not self.progress_total:
            return None
        return min(100, int(100 * self.progress_done / self.progress_total))


class Heartbeat(models.Model):
    """When a part of the system was last seen alive; /readyz reads it."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at}"
