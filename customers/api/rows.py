"""Customers as JSON rows, read by `values()`: building model instances for lists costs many times more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from config.core import money
from customers.models import Customer, CustomerQuerySet

# Member of the JSON → column.
MEMBERS: Mapping[str, str] = {
    "id": "id",
    "unit": "unit__code",
    "code": "code",
    "name": "name",
    "short_name": "short_name",
    "name_en": "name_en",
    "sort_key": "sort_key",
    "uscc": "uscc",
    "tax_number": "tax_number",
    "kind": "kind",
    "size_class": "size_class",
    "segment": "segment",
    "industry": "industry",
    "region": "region",
    "address": "address",
    "legal_representative": "legal_representative",
    "actual_controller": "actual_controller",
    "established_on": "established_on",
    "registered_capital": "registered_capital",
    "paid_in_capital": "paid_in_capital",
    "parent": "parent_id",
    "payment_terms": "payment_terms__code",
    "currency": "currency",
    "sales_owner": "sales_owner__username",
    "collector": "collector__username",
    "customer_since": "customer_since",
    "note": "note",
    "status": "status",
    "version": "version",
    "created_at": "created_at",
    "updated_at": "updated_at",
}
AMOUNTS = ("registered_capital", "paid_in_capital")


def values(customers: CustomerQuerySet) -> Any:
    """Return the columns that `row` needs, and the key that pages are cut by."""
    return customers.values(*MEMBERS.values(), "pk")


def row(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return one customer as its JSON members."""
    members = {member: found[column] for member, column in MEMBERS.items()}
    for name in AMOUNTS:
        if members[name] is not None:
            members[name] = money.to_text(members[name])
    return members


def rows(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [row(values) for values in found]


def read(customer: Customer) -> dict[str, Any]:
    """Return one customer afresh, with the names of what it refers to."""
    return row(values(Customer.objects.filter(pk=customer.pk)).get())
