"""What views that write have in common: refusals go to their field, versions come from the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from config.core.errors import DomainError
from config.core.permissions import person
from customers.models import Customer
from customers.services.refusals import FieldRefused

Result = TypeVar("Result")


def attempt(form: forms.Form, action: Callable[[], Result]) -> Result | None:
    """Call a service; a refusal is shown at its field, or above the form where it has none."""
    try:
        return action()
    except FieldRefused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    except DomainError as refusal:
        form.add_error(None, str(refusal))
    return None


def version_read(request: HttpRequest) -> int:
    """Return the version the page was made from; 0, which no record has, where it says none."""
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def customer_or_404(request: HttpRequest, pk: int) -> Customer:
    """Return a customer of the user's scope with what its page names."""
    scope = Customer.objects.visible_to(person(request))
    related = scope.select_related("unit", "sales_owner", "collector", "payment_terms", "parent")
    return get_object_or_404(related, pk=pk)
