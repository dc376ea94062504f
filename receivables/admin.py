"""The ledger for administrators: to look at, never to change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from receivables.models import AgingScheme, Allocation, ImportBatch, OpenItem, OverdueAlert


class ReadOnlyAdmin(admin.ModelAdmin):
    """Posted is final, in every interface."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(OpenItem)
class OpenItemAdmin(ReadOnlyAdmin):
    list_display = (
        "number",
        "unit",
        "customer",
        "kind",
        "due_date",
        "currency",
        "amount",
        "open_amount",
    )
    list_select_related = ("unit", "customer")
    search_fields = ("number_key",)
    ordering = ("-pk",)


@admin.register(Allocation)
class AllocationAdmin(ReadOnlyAdmin):
    list_display = (
        "pk",
        "credit_item",
        "debit_item",
        "currency",
        "amount",
        "effective_date",
        "method",
    )
    list_select_related = ("credit_item", "debit_item")
    ordering = ("-pk",)


@admin.register(AgingScheme)
class AgingSchemeAdmin(ReadOnlyAdmin):
    list_display = ("code", "name", "is_default", "is_active")


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    list_display = ("pk", "unit", "kind", "state", "file_name", "rows_written", "created_at")
    list_select_related = ("unit",)
    ordering = ("-pk",)


@admin.register(OverdueAlert)
class OverdueAlertAdmin(ReadOnlyAdmin):
    list_display = ("pk", "unit", "customer", "rule", "level", "state", "raised_on")
    list_select_related = ("unit", "customer", "rule")
    ordering = ("-pk",)
