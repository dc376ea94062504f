"""Imports: the file, how its columns were read, what became of it, and every row refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.core.models import BusinessUnit, Job

if TYPE_CHECKING:
    from config.core.models import User


class ImportKind(models.TextChoices):
    CUSTOMERS = "customers", _("Customers")
    OPEN_ITEMS = "open-items", _("Open items")
    RECEIPTS = "receipts", _("Receipts")


class ImportMapping(models.Model):
    """Which column means what, remembered per source: unit, kind and the file's heading."""

    unit = models.ForeignKey(BusinessUnit, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=ImportKind.choices)
    name = models.CharField(_("name"), max_length=60)
    # {"columns": {"number": "invoiceNumber", …}, "date_order": "MDY", "defaults": {…}}
    mapping = models.JSONField()
    heading_digest = models.CharField(max_length=64, blank=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("import mapping")
        verbose_name_plural = _("import mappings")
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "kind", "name"], name="mapping_name_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    def visible_to(self, user: User) -> ImportBatchQuerySet:
        return self if user.sees_all_units else self.filter(unit__in=user.unit_ids())


class ImportBatch(models.Model):
    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        RUNNING = "running", _("Running")
        DONE = "done", _("Imported")
        CHECKED = "checked", _("Checked, nothing written")
        REFUSED = "refused", _("Refused")
        CANCELLED = "cancelled", _("Cancelled")

    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=ImportKind.choices)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.UPLOADED
    )
    file_name = models.CharField(_("file"), max_length=255)
    # A generated name below MEDIA_ROOT; the user's file name is only ever shown.
    stored_name = models.CharField(max_length=100)
    size = models.BigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)
    # {"currency": "CNY", "source": "ledger", "dry_run": false, "good_rows_only": false,
    #  "create_customers": false, "sheet": "…"}
    options = models.JSONField(default=dict)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    rows_read = models.PositiveIntegerField(_("rows read"), default=0)
    rows_written = models.PositiveIntegerField(_("rows written"), default=0)
    rows_unchanged = models.PositiveIntegerField(_("rows already there"), default=0)
    rows_refused = models.PositiveIntegerField(_("rows refused"), default=0)
    # Totals per currency, hidden rows, encoding found, refusal of the whole file …
    report = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        permissions = [("import_data", "Import files")]
        indexes = [models.Index(fields=["unit", "-id"], name="import_newest")]

    def __str__(self) -> str:
        return self.file_name


class ImportRefusal(models.Model):
    """One refused row: place, value, and the reason as a translatable template with its values."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="refusals")
    sheet = models.CharField(_("sheet"), max_length=80, blank=True)
    row = models.PositiveIntegerField(_("row"))
    column = models.CharField(_("column"), max_length=120, blank=True)
    value = models.CharField(_("value"), max_length=200, blank=True)
    code = models.CharField(max_length=40)
    message = models.CharField(_("reason"), max_length=300)
    context = models.JSONField(default=dict)
    # The row as it was read, so that the refused rows can be corrected and sent again.
    cells = models.JSONField(default=list)

    class Meta:
        verbose_name = _("refused row")
        verbose_name_plural = _("refused rows")
        indexes = [models.Index(fields=["batch", "row", "id"], name="refusal_order")]

    def __str__(self) -> str:
        return f"{self.row} {self.column}"
