"""Forms of the ledger's pages: they check shape and never save."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.core import currencies
from config.core.models import User
from config.core.money import MAX_AMOUNT
from config.core.text import clean
from config.core.views.forms import CleanForm, DateField
from customers.models import Customer
from receivables.models import OpenItem

# Receipts have a form of their own; write-offs and reversals are made by their own steps.
POSTABLE = [
    (kind.value, kind.label)
    for kind in OpenItem.Kind
    if kind not in {"receipt", "write_off", "reversal"}
]
AMOUNT = forms.NumberInput(attrs={"step": "0.01", "min": "0.01", "inputmode": "decimal"})


class CauseForm(CleanForm):
    cause = forms.ChoiceField(
        label=_("Arrears type"), required=False, choices=OpenItem.Cause.choices
    )


class DateOnlyForm(CleanForm):
    effective_date = DateField(label=_("As of"))


class ReversalForm(CleanForm):
    effective_date = DateField(
        label=_("Reversed as of"), help_text=_("Reports before this day keep showing the document.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)


class OfCustomerForm(CleanForm):
    """The customer, found by typing; the page carries only the chosen one."""

    customer = forms.ModelChoiceField(
        label=_("Customer"), queryset=Customer.objects.none(), empty_label=""
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["customer"]
        known = Customer.objects.visible_to(user).select_related("unit", "payment_terms")
        field.queryset = known  # type: ignore[attr-defined]
        field.widget.attrs["data-customer-search"] = reverse("customers:options")
        field.widget.attrs["data-query-parameter"] = "q"
        chosen = self._chosen(known)
        field.widget.choices = [("", ""), *([(chosen.pk, chosen.name)] if chosen else [])]

    def _chosen(self, known: Any) -> Customer | None:
        asked = str(self.data.get("customer") or self.initial.get("customer") or "")
        if not asked.isdecimal() or len(asked) > 18:
            return None
        found: Customer | None = known.filter(pk=int(asked)).first()
        return found

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).upper()
        if not currencies.is_currency(code):
            raise ValidationError(
                _("Not an ISO 4217 currency with at most two decimals, such as CNY.")
            )
        return code

    def clean_number(self) -> str:
        return clean(self.cleaned_data["number"])


def _amount() -> forms.DecimalField:
    return forms.DecimalField(
        label=_("Amount"), min_value=Decimal("0.01"), max_value=MAX_AMOUNT, decimal_places=2, max_digits=18,
        widget=AMOUNT,
    )  # fmt: skip


def _currency() -> forms.CharField:
    codes = forms.TextInput(attrs={"list": "zq-currencies", "autocomplete": "off", "size": 4})
    return forms.CharField(label=_("Currency"), min_length=3, max_length=3, widget=codes)


class DocumentForm(OfCustomerForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=POSTABLE)
    number = forms.CharField(label=_("Document number"), max_length=60)
    document_date = DateField(label=_("Document date"))
    posting_date = DateField(label=_("Posting date"))
    amount = _amount()
    currency = _currency()
    due_date = DateField(
        label=_("Due date"), required=False,
        help_text=_("Left empty, it follows from the customer's payment terms."),
    )  # fmt: skip
    base_date = DateField(
        label=_("Terms count from"), required=False,
        help_text=_("Delivery, acceptance or receipt of the invoice; the document date if left empty."),
    )  # fmt: skip
    order_reference = forms.CharField(label=_("Order"), max_length=60, required=False)
    contract_reference = forms.CharField(label=_("Contract"), max_length=60, required=False)
    text = forms.CharField(label=_("Text"), max_length=200, required=False)
    field_order = ("customer", "kind", "number", "document_date", "posting_date", "amount", "currency", "due_date", "base_date")  # fmt: skip


class ReceiptForm(OfCustomerForm):
    number = forms.CharField(
        label=_("Bank reference"), max_length=60, help_text=_("Unique in the business unit.")
    )
    receipt_date = DateField(label=_("Received on"))
    posting_date = DateField(label=_("Posting date"))
    amount = _amount()
    currency = _currency()
    order_reference = forms.CharField(label=_("Order"), max_length=60, required=False)
    text = forms.CharField(
        label=_("Text"), max_length=200, required=False, help_text=_("What the payer wrote.")
    )
    field_order = ("customer", "number", "receipt_date", "posting_date", "amount", "currency")
