"""Accounting periods (calendar months of a unit): a closed one takes no posting.

A month without a row is open. Re-opening needs a second person.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.core.models.units import BusinessUnit


class AccountingPeriod(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="periods")
    first_day = models.DateField(_("month"))
    state = models.CharField(_("state"), max_length=6, choices=State.choices, default=State.OPEN)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("closed by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    closed_at = models.DateTimeField(_("closed at"), null=True)

    class Meta:
        verbose_name = _("accounting period")
        verbose_name_plural = _("accounting periods")
        permissions = [
            ("close_accountingperiod", "Close an accounting period"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["unit", "first_day"], name="period_once"),
            models.CheckConstraint(condition=Q(first_day__day=1), name="period_is_a_month"),
        ]

    def __str__(self) -> str:
        return f"{self.unit} {self.first_day:%Y-%m}"


class PeriodReopening(models.Model):
    """A request to re-open a closed period, decided by someone else."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("Waiting for a decision")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")

    TRANSITIONS = {"requested": {"approved", "rejected"}, "approved": set(), "rejected": set()}

    period = models.ForeignKey(
        AccountingPeriod, on_delete=models.PROTECT, related_name="reopenings"
    )
    reason = models.CharField(_("reason"), max_length=500)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.REQUESTED
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("period re-opening")
        verbose_name_plural = _("period re-openings")
        permissions = [
            ("request_periodreopening", "Ask to re-open a period"),
            ("decide_periodreopening", "Decide on re-opening a period"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
                name="reopening_maker_is_not_checker",
            ),
            models.UniqueConstraint(
                fields=["period"], condition=Q(state="requested"), name="reopening_one_pending"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.state}"
