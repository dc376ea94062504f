"""The trail: who did what, before and after. Rows are only ever added.

Writers append `AuditEvent` freely inside their transaction; a sealer chains them afterwards in
`AuditSeal`, so that no writer queues behind another (see docs/adr).
"""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.core.models.triggers import no_truncate
from config.core.models.units import BusinessUnit


class AuditEvent(models.Model):
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    action = models.CharField(_("what"), max_length=80)
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=40)
    target_label = models.CharField(_("record"), max_length=200, blank=True)
    unit = models.ForeignKey(BusinessUnit, null=True, on_delete=models.PROTECT, related_name="+")
    # The customer the event belongs to, for the customer's timeline; an id only, so that core
    # stays below customers.
    customer_key = models.BigIntegerField(null=True)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    request_id = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=45, blank=True)
    idempotency_key = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        indexes = [
            models.Index(fields=["target_type", "target_id", "-id"], name="audit_target"),
            models.Index(fields=["customer_key", "-id"], name="audit_customer"),
            models.Index(fields=["actor", "-id"], name="audit_actor"),
            models.Index(fields=["action", "-id"], name="audit_action"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="audit_event_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            no_truncate("audit_event_no_truncate"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target_id}"


class AuditSeal(models.Model):
    """One link of the hash chain: `digest = HMAC(key, sequence ‖ previous ‖ canonical(event))`."""

    sequence = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        triggers = [
            pgtrigger.Protect(
                name="audit_seal_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            no_truncate("audit_seal_no_truncate"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}: {self.digest[:12]}"


class AuditAnchor(models.Model):
    """The head of the chain as it was exported to a place outside the database."""

    sequence = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    exported_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.sequence} at {self.exported_at}"
