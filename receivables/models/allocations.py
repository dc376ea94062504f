"""Allocations: which credit item pays which debit item, how much, and from which day on."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.core.models import BusinessUnit
from config.core.models.triggers import no_truncate
from config.core.money import MAX_AMOUNT
from customers.models import Customer
from receivables.models.items import OpenItem

# The last word on what services check first, once per statement, so that an import pays it once.
FITS_ITS_ITEMS = """
    IF EXISTS (
        SELECT 1 FROM new_rows a
        JOIN receivables_openitem c ON c.id = a.credit_item_id
        JOIN receivables_openitem d ON d.id = a.debit_item_id
        WHERE c.direction <> 'credit' OR d.direction <> 'debit'
           OR (c.unit_id, c.customer_id, c.currency, c.posting_date, c.document_date) IS DISTINCT FROM
              (a.unit_id, a.customer_id, a.currency, a.credit_posting_date, a.credit_document_date)
           OR (d.unit_id, d.customer_id, d.currency, d.posting_date, d.document_date, d.due_date, d.kind) IS DISTINCT FROM
              (a.unit_id, a.customer_id, a.currency, a.debit_posting_date, a.debit_document_date, a.debit_due_date, a.debit_kind)
    ) THEN
        RAISE EXCEPTION 'An allocation must agree with both of its items.' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT 1 FROM new_rows a JOIN receivables_allocation o ON o.id = a.reverses_id
        WHERE o.reverses_id IS NOT NULL OR a.effective_date < o.effective_date
           OR (o.credit_item_id, o.debit_item_id, o.amount) IS DISTINCT FROM (a.credit_item_id, a.debit_item_id, -a.amount)
    ) THEN
        RAISE EXCEPTION 'A reversal must undo one allocation wholly, and not before it.' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT 1 FROM receivables_allocation a JOIN receivables_openitem i ON i.id = a.debit_item_id
        WHERE a.debit_item_id IN (SELECT debit_item_id FROM new_rows)
        GROUP BY i.id HAVING SUM(a.amount) > i.amount
    ) OR EXISTS (
        SELECT 1 FROM receivables_allocation a JOIN receivables_openitem i ON i.id = a.credit_item_id
        WHERE a.credit_item_id IN (SELECT credit_item_id FROM new_rows)
        GROUP BY i.id HAVING SUM(a.amount) > i.amount
    ) THEN
        RAISE EXCEPTION 'More is applied than the item amounts to.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
"""


class Allocation(models.Model):
    """A credit item applied to a debit item. Append-only; a reversal is a new, negative row.

    The debit item's dates and owner are repeated here so that an aging of the past can roll back
    from this table's covering indexes alone, without a join.
    """

    class Method(models.TextChoices):
        DESIGNATED = "designated", _("Designated by the payer")
        EXACT = "exact", _("Exact reference or amount")
        STATUTORY = "statutory", _("Statutory order")
        FIFO = "fifo", _("First in, first out")
        IMPORTED = "imported", _("Imported")
        REVERSAL = "reversal", _("Reversal")

    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    credit_item = models.ForeignKey(
        OpenItem, on_delete=models.PROTECT, related_name="allocations_given"
    )
    debit_item = models.ForeignKey(
        OpenItem, on_delete=models.PROTECT, related_name="allocations_received"
    )
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    effective_date = models.DateField(_("effective date"))
    method = models.CharField(_("method"), max_length=10, choices=Method.choices)
    reverses = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    debit_posting_date = models.DateField()
    debit_document_date = models.DateField()
    debit_due_date = models.DateField()
    debit_kind = models.CharField(max_length=12)
    credit_posting_date = models.DateField()
    credit_document_date = models.DateField()
    batch = models.ForeignKey(
        "receivables.ImportBatch",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lte=MAX_AMOUNT, reverses=None)
                | Q(amount__lt=0, amount__gte=-MAX_AMOUNT, reverses__isnull=False),
                name="allocation_sign",
            ),
            models.CheckConstraint(
                condition=~Q(credit_item=F("debit_item")), name="allocation_between_two"
            ),
            models.CheckConstraint(
                condition=Q(effective_date__gte=F("debit_posting_date"))
                & Q(effective_date__gte=F("credit_posting_date")),
                name="allocation_not_before_its_items",
            ),
        ]
        indexes = [
            models.Index(
                fields=["unit", "effective_date"],
                include=[
                    "customer",
                    "amount",
                    "currency",
                    "debit_posting_date",
                    "debit_due_date",
                    "debit_document_date",
                    "debit_kind",
                    "credit_posting_date",
                    "credit_document_date",
                ],
                name="allocation_roll_back",
            ),  # fmt: skip
        ]
        triggers = [
            pgtrigger.Protect(
                name="allocation_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            no_truncate("allocation_no_truncate"),
            pgtrigger.Trigger(
                name="allocation_fits_its_items",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="new_rows"),
                func=FITS_ITS_ITEMS,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credit_item_id} → {self.debit_item_id}: {self.amount}"
