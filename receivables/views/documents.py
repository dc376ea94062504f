"""Posting by hand: an invoice, a credit note, a receipt; due dates shown before they are posted."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from config.core import clock
from config.core.context import current_unit
from config.core.money import MAX_AMOUNT, quantize
from config.core.permissions import person, requires
from config.core.views.forms import attempt
from customers.models import Customer
from receivables.selectors import due_dates
from receivables.services import documents
from receivables.views.item_forms import DocumentForm, ReceiptForm

POST, POST_RECEIPT = "receivables.post_openitem", "receivables.post_receipt"


def _initial(request: HttpRequest) -> dict[str, Any]:
    unit = current_unit(request)
    today = clock.today(unit.time_zone if unit else None)
    asked = request.GET.get("customer", "")
    initial: dict[str, Any] = {"posting_date": today, "document_date": today, "receipt_date": today}
    initial["currency"] = unit.base_currency if unit else "CNY"
    if asked.isdecimal() and len(asked) < 19:
        known = Customer.objects.visible_to(person(request)).filter(pk=int(asked)).first()
        if known is not None:
            initial |= {"customer": known.pk, "currency": known.currency}
    return initial


@require_http_methods(["GET", "POST"])
@requires(POST)
def item_create(request: HttpRequest) -> HttpResponse:
    """Post a document; without a due date, the customer's payment terms say when it falls due."""
    user = person(request)
    form = DocumentForm(
        request.POST or None, user=user, initial=_initial(request) | {"kind": "invoice"}
    )
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        made = attempt(
            form,
            lambda: documents.post_document(unit=values["customer"].unit, actor=user, **values),
        )
        if made:
            text = ngettext("%(number)s was posted.", "%(number)s was posted as %(count)s instalments.", len(made))  # fmt: skip
            messages.success(request, text % {"number": made[0].number, "count": len(made)})
            return redirect("receivables:item", pk=made[0].pk)
    context = {"form": form, "currencies": ("CNY", "USD", "EUR", "HKD", "JPY", "GBP")}
    return render(
        request, "receivables/items/form.html", context, status=422 if form.errors else 200
    )


@require_GET
@requires(POST)
def due_preview(request: HttpRequest) -> HttpResponse:
    """Say when the document being typed would fall due."""
    form = DocumentForm(request.GET, user=person(request))
    form.is_valid()
    values = form.cleaned_data
    customer, base = values.get("customer"), values.get("base_date") or values.get("document_date")
    context: dict[str, Any] = {"customer": customer, "amount": _amount(request)}
    is_by_terms = values.get("kind") in documents.BY_TERMS
    if customer and base and is_by_terms and not values.get("due_date"):
        amount = context["amount"] or Decimal("100.00")
        context["parts"] = due_dates.instalments(customer=customer, base_date=base, amount=amount)
    return render(request, "receivables/items/_due_preview.html", context)


def _amount(request: HttpRequest) -> Decimal | None:
    try:
        amount = Decimal(request.GET.get("amount", ""))
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 < amount <= MAX_AMOUNT:
        return None
    return quantize(amount)


@require_http_methods(["GET", "POST"])
@requires(POST_RECEIPT)
def receipt_create(request: HttpRequest) -> HttpResponse:
    """Post money received; it is applied on its own page."""
    user = person(request)
    form = ReceiptForm(request.POST or None, user=user, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        made = attempt(form, lambda: documents.post_receipt(actor=user, **values))
        if made is not None:
            messages.success(request, _("%(number)s was posted.") % {"number": made.number})
            return redirect("receivables:receipt", pk=made.pk)
    context = {"form": form, "currencies": ("CNY", "USD", "EUR", "HKD", "JPY", "GBP")}
    return render(
        request, "receivables/receipts/form.html", context, status=422 if form.errors else 200
    )


urlpatterns: list[URLPattern] = [
    path("items/new/", item_create, name="item_create"),
    path("items/due-dates/", due_preview, name="due_preview"),
    path("receipts/new/", receipt_create, name="receipt_create"),
]
