"""Overdue alerts and the rules that raise them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.core.models import BusinessUnit
from customers.models import Customer
from receivables.models.items import OpenItem

if TYPE_CHECKING:
    from config.core.models import User


class AlertLevel(models.TextChoices):
    YELLOW = "yellow", _("Yellow: watch")
    ORANGE = "orange", _("Orange: act")
    RED = "red", _("Red: act today")


class AlertRule(models.Model):
    class Kind(models.TextChoices):
        FIRST_OVERDUE = "first_overdue", _("First overdue")
        DAYS_OVERDUE = "days_overdue", _("Days overdue reached")
        OVERDUE_AMOUNT = "overdue_amount", _("Overdue amount above")
        CONCENTRATION = "concentration", _("Share of all receivables above")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    # Days for days_overdue, an amount in the unit's base currency, or percent for concentration.
    threshold = models.DecimalField(_("threshold"), max_digits=18, decimal_places=2, default=0)
    level = models.CharField(_("level"), max_length=6, choices=AlertLevel.choices)
    escalate_after_days = models.PositiveSmallIntegerField(_("escalate after, days"), default=3)
    is_active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")

    def __str__(self) -> str:
        return self.code


class OverdueAlertQuerySet(models.QuerySet["OverdueAlert"]):
    def visible_to(self, user: User) -> OverdueAlertQuerySet:
        """Limit to the user's business units and, for a salesperson, to the own customers."""
        visible = self if user.sees_all_units else self.filter(unit__in=user.unit_ids())
        return (
            visible.filter(customer__sales_owner=user) if user.is_limited_to_portfolio else visible
        )

    def unfinished(self) -> OverdueAlertQuerySet:
        return self.exclude(state=OverdueAlert.State.CLOSED)


class OverdueAlert(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("Unhandled")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        CLOSED = "closed", _("Closed")

    class CloseReason(models.TextChoices):
        PAID = "paid", _("Paid")
        PLAN_AGREED = "plan_agreed", _("Repayment plan agreed")
        DISPUTE = "dispute", _("Disputed, handled as a dispute")
        LEGAL = "legal", _("Handed to legal")
        ERROR = "error", _("Booking error corrected")
        ACCEPTED = "accepted", _("Risk accepted")

    TRANSITIONS = {"open": {"acknowledged", "closed"}, "acknowledged": {"closed"}, "closed": set()}

    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="alerts"
    )
    item = models.ForeignKey(
        OpenItem,
        verbose_name=_("open item"),
        null=True,
        on_delete=models.PROTECT,
        related_name="alerts",
    )
    rule = models.ForeignKey(AlertRule, on_delete=models.PROTECT, related_name="alerts")
    level = models.CharField(_("level"), max_length=6, choices=AlertLevel.choices)
    raised_on = models.DateField(_("raised on"))
    # What it means, once: one alert per rule and subject until it is closed.
    dedup_key = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(_("amount"), max_digits=20, decimal_places=2)
    # The values of the cause: {"days": 61, "threshold": "60", "share": …}; the sentence is made from
    # the rule's kind and these, in the reader's language.
    cause = models.JSONField(default=dict)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.OPEN)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True)
    note = models.CharField(_("note"), max_length=1000, blank=True)
    escalated_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    escalated_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(
        _("reason"), max_length=12, choices=CloseReason.choices, blank=True
    )
    close_note = models.CharField(max_length=1000, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = OverdueAlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("overdue alert")
        verbose_name_plural = _("overdue alerts")
        permissions = [("handle_overduealert", "Acknowledge and close alerts")]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "dedup_key"],
                condition=~Q(state="closed"),
                name="alert_once_while_unfinished",
            ),
            models.UniqueConstraint(
                fields=["unit", "dedup_key", "raised_on"], name="alert_once_a_day"
            ),
            models.CheckConstraint(
                condition=Q(state="open")
                | Q(acknowledged_by__isnull=False)
                | Q(closed_by__isnull=False)
                | Q(state="closed"),
                name="alert_handled_by_someone",
            ),
        ]
        indexes = [models.Index(fields=["unit", "state", "-raised_on", "-id"], name="alert_list")]

    def __str__(self) -> str:
        return f"{self.rule} {self.customer_id}"
