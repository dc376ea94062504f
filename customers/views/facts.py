"""The master data of a customer as labelled facts, in sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from config.core import formats
from customers.models import Customer


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    text: str
    url: str = ""
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    facts: list[Fact]


def of(customer: Customer) -> list[Section]:
    """Return what is known of a customer; what is not known shows a dash."""
    return [
        Section(_("Customer"), _identity(customer)),
        Section(_("Responsibility and terms"), _responsibility(customer)),
        Section(_("Company facts"), _company(customer)),
    ]


def _identity(customer: Customer) -> list[Fact]:
    return [
        _fact(customer, "code", is_code=True),
        _fact(customer, "name"),
        _fact(customer, "short_name"),
        _fact(customer, "name_en"),
        _fact(customer, "uscc", is_code=True),
        _fact(customer, "tax_number", is_code=True),
        Fact(_("Kind"), customer.get_kind_display()),
        Fact(_("Segment"), customer.get_segment_display()),
        Fact(_("Size class"), customer.get_size_class_display() or formats.DASH),
        Fact(_("Status"), customer.get_status_display()),
        _fact(customer, "sort_key"),
    ]


def _responsibility(customer: Customer) -> list[Fact]:
    parent = reverse("customers:detail", args=[customer.parent_id]) if customer.parent_id else ""
    return [
        Fact(_("Business unit"), str(customer.unit)),
        _fact(customer, "sales_owner"),
        _fact(customer, "collector"),
        _fact(customer, "payment_terms"),
        _fact(customer, "currency"),
        Fact(_("Group parent"), str(customer.parent or formats.DASH), url=parent),
        _fact(customer, "customer_since"),
    ]


def _company(customer: Customer) -> list[Fact]:
    names = (
        "industry", "region", "address", "legal_representative", "actual_controller", "established_on",
        "registered_capital", "paid_in_capital", "note",
    )  # fmt: skip
    return [_fact(customer, name) for name in names]


def _fact(customer: Customer, name: str, *, is_code: bool = False) -> Fact:
    field = Customer._meta.get_field(name)
    label = str(getattr(field, "verbose_name", name))
    text = _text(getattr(customer, name))
    return Fact(label[:1].upper() + label[1:], text, is_code=is_code and text != formats.DASH)


def _text(value: Any) -> str:
    if value is None or value == "":
        return formats.DASH
    if hasattr(value, "isoformat"):
        return formats.day(value, language=get_language())
    if hasattr(value, "as_tuple"):
        return formats.money(value)
    return str(value)
