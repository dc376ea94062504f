"""What the nightly review stores: one run per unit and day, its snapshot, and summaries for trends."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.core.models import BusinessUnit, Job
from customers.models import Customer
from receivables.models.aging import AgingScheme


class AgingReview(models.Model):
    """One execution of the review for a unit and a business date."""

    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="reviews")
    as_of = models.DateField(_("as of"))
    scheme = models.ForeignKey(AgingScheme, on_delete=models.PROTECT, related_name="+")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    finished_at = models.DateTimeField(_("finished"))
    customers = models.PositiveIntegerField(_("customers"), default=0)
    items = models.PositiveIntegerField(_("open items"), default=0)
    alerts_raised = models.PositiveIntegerField(_("alerts raised"), default=0)
    # Per currency: {"CNY": {"total": "0.00", "not_due": …, "overdue": …, "unapplied": …}}
    totals = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("aging review")
        verbose_name_plural = _("aging reviews")
        permissions = [("run_review", "Run the aging review by hand")]
        constraints = [models.UniqueConstraint(fields=["unit", "as_of"], name="review_once_a_day")]

    def __str__(self) -> str:
        return f"{self.unit} {self.as_of}"


class AgingSnapshot(models.Model):
    """A customer's amount in one bucket on one day. `bucket` may also be `unapplied` or `retention`."""

    review = models.ForeignKey(
        AgingReview, on_delete=models.CASCADE, related_name="snapshots", db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    currency = models.CharField(max_length=3)
    bucket = models.CharField(max_length=20)
    amount = models.DecimalField(max_digits=20, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["review", "customer", "currency", "bucket"], name="snapshot_once"
            )
        ]
        indexes = [models.Index(fields=["customer", "review"], name="snapshot_customer")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.bucket} {self.amount}"


class AgingSummary(models.Model):
    """A unit's amount in one bucket on one day by owner: what trends are drawn from.

    Kept for review days and for month ends; `computed_at` tells whether later postings with an
    earlier date make a month end stale (the next review then computes it again).
    """

    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    as_of = models.DateField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    currency = models.CharField(max_length=3)
    bucket = models.CharField(max_length=20)
    amount = models.DecimalField(max_digits=20, decimal_places=2)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "as_of", "owner", "currency", "bucket"],
                name="summary_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.as_of} {self.bucket}"
