"""What the ledger's resources take and give: strict in, light out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from config.core import clock
from config.core.models import BusinessUnit
from config.core.money import to_text
from config.core.permissions import person
from config.core.serializers import (
    AmountField,
    CurrencyField,
    IsoDateField,
    StrictIntegerField,
    StrictSerializer,
    TextField,
)
from customers.models import Customer
from receivables.domain.aging import Basis, days_overdue
from receivables.models import Allocation, OpenItem
from receivables.selectors.items import ItemFilter

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, required=True,
    description="1 to 255 printable characters, new for each operation; a repetition does nothing twice.",
)  # fmt: skip
# Receipts have a resource of their own; write-offs and reversals are made by their own steps.
POSTABLE = tuple(kind for kind in OpenItem.Kind if kind not in {"receipt", "write_off", "reversal"})


def validated(
    request: Request, serializer: type[StrictSerializer], **options: Any
) -> dict[str, Any]:
    """Return the checked body of a request."""
    body = serializer(data=request.data, context={"request": request}, **options)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def unit_of(request: Request, value: str) -> BusinessUnit:
    """Return a unit of the caller by code or id; what is out of scope is as if it did not exist."""
    units = BusinessUnit.objects.visible_to(person(request))
    found = units.filter(code=value).first()
    if found is None and value.isascii() and value.isdigit() and len(value) < 10:
        found = units.filter(pk=int(value)).first()
    if found is None:
        raise serializers.ValidationError(_("There is no such business unit."))
    return found


class OfCustomer(StrictSerializer):
    """Mixin fields: the customer, by id or by code and unit."""

    customer = StrictIntegerField(required=False, min_value=1, help_text="Id of the customer.")
    customer_code = TextField(
        required=False, max_length=40, help_text="Code instead of id, with `unit`."
    )
    unit = TextField(required=False, max_length=20, help_text="Code of the unit.")

    def validate_unit(self, value: str) -> BusinessUnit:
        return unit_of(self.context["request"], value)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Put the customer in the place of what names it."""
        known = Customer.objects.visible_to(person(self.context["request"])).select_related("unit")
        unit = data.pop("unit", None)
        if unit is not None:
            known = known.filter(unit=unit)
        pk, code = data.pop("customer", None), data.pop("customer_code", "")
        if (pk is None) == (not code):
            raise serializers.ValidationError(
                {"customer": _("Name the customer by id, or by customer_code and unit.")}
            )
        if code and unit is None:
            raise serializers.ValidationError({"unit": _("A code needs the unit it belongs to.")})
        found = known.filter(code=code).first() if code else known.filter(pk=pk).first()
        if found is None:
            name = "customer_code" if code else "customer"
            raise serializers.ValidationError({name: _("There is no such customer.")})
        return {**data, "customer": found}


class ItemInput(OfCustomer):
    kind = serializers.ChoiceField(choices=[(k.value, k.value) for k in POSTABLE])
    number = TextField(max_length=60)
    document_date = IsoDateField()
    posting_date = IsoDateField(required=False, help_text="The document date if left out.")
    due_date = IsoDateField(
        required=False, help_text="Left out, it follows from the customer's payment terms."
    )
    base_date = IsoDateField(
        required=False, help_text="What the terms count from; the document date if left out."
    )
    amount = AmountField(positive=True)
    currency = CurrencyField()
    direction = serializers.ChoiceField(
        required=False,
        choices=OpenItem.Direction.values,
        help_text="Only an opening balance may be either.",
    )
    source = serializers.RegexField(  # type: ignore[assignment]
        r"^[a-z][a-z0-9_-]{0,19}$", required=False, help_text="The system it comes from."
    )
    cause = serializers.ChoiceField(
        required=False, allow_blank=True, choices=[c for c in OpenItem.Cause.values if c]
    )
    order_reference = TextField(required=False, allow_blank=True, max_length=60)
    contract_reference = TextField(required=False, allow_blank=True, max_length=60)
    text = TextField(required=False, allow_blank=True, max_length=200)

    def validate_source(self, value: str) -> str:
        if value in {"cash", "reversal"}:
            raise serializers.ValidationError(_("This source is kept for our own entries."))
        return value

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(data)
        data.setdefault("posting_date", data["document_date"])
        return data


class ReceiptInput(OfCustomer):
    number = TextField(max_length=60, help_text="The bank's reference, unique in the unit.")
    receipt_date = IsoDateField()
    posting_date = IsoDateField(required=False, help_text="The receipt date if left out.")
    amount = AmountField(positive=True)
    currency = CurrencyField()
    order_reference = TextField(required=False, allow_blank=True, max_length=60)
    text = TextField(required=False, allow_blank=True, max_length=200)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(data)
        data.setdefault("posting_date", data["receipt_date"])
        return data


class ReversalInput(StrictSerializer):
    effective_date = IsoDateField()
    reason = TextField(max_length=200)


class ClassifyInput(StrictSerializer):
    cause = serializers.ChoiceField(
        choices=[c for c in OpenItem.Cause.values if c], allow_blank=True
    )


class ItemQuery(StrictSerializer):
    """Filters of the ledger; everything may be left out."""

    as_of = IsoDateField(required=False, help_text="Open amounts at the end of this day; today.")
    open_only = serializers.BooleanField(required=False, default=False)
    unit = TextField(required=False)
    customer = serializers.IntegerField(required=False, min_value=1)
    kind = serializers.ChoiceField(required=False, choices=OpenItem.Kind.values)
    direction = serializers.ChoiceField(required=False, choices=OpenItem.Direction.values)
    currency = CurrencyField(required=False)
    cause = serializers.ChoiceField(
        required=False, choices=["none", *(c for c in OpenItem.Cause.values if c)]
    )
    number = TextField(required=False, max_length=60)
    q = TextField(required=False, max_length=100, help_text="Number, order, contract or customer.")
    bucket = TextField(
        required=False,
        max_length=20,
        help_text="A code of the aging scheme, `retention` or `unapplied`.",
    )
    scheme = TextField(required=False, max_length=30)
    basis = serializers.ChoiceField(required=False, choices=[b.value for b in Basis], default="due")
    due_from = IsoDateField(required=False)
    due_to = IsoDateField(required=False)
    posted_from = IsoDateField(required=False)
    posted_to = IsoDateField(required=False)
    document_from = IsoDateField(required=False)
    document_to = IsoDateField(required=False)

    def validate_unit(self, value: str) -> BusinessUnit:
        return unit_of(self.context["request"], value)

    def wanted(self) -> ItemFilter:
        """Return the checked query as the selector takes it."""
        data = dict(self.validated_data)
        unit = data.pop("unit", None)
        as_of = data.pop("as_of", None) or clock.today(unit.time_zone if unit else None)
        kind, cause, customer = data.pop("kind", ""), data.pop("cause", None), data.pop("customer", None)  # fmt: skip
        return ItemFilter(
            as_of=as_of,
            state="open" if data.pop("open_only") else "all",
            unit_ids=(unit.pk,) if unit else None,
            customer_id=customer,
            kinds=(kind,) if kind else (),
            cause="" if cause == "none" else cause,
            text=data.pop("q", ""),
            basis=Basis(data.pop("basis")),
            **data,
        )


# Answers -----------------------------------------------------------------------------------------


class CustomerReference(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()


class ItemOutput(serializers.Serializer[Any]):
    """One open item; `open_amount` and `days_overdue` are as of the day asked for."""

    id = serializers.IntegerField()
    unit = serializers.CharField()
    customer = CustomerReference()
    kind = serializers.ChoiceField(choices=OpenItem.Kind.values)
    direction = serializers.ChoiceField(choices=OpenItem.Direction.values)
    source = serializers.CharField()  # type: ignore[assignment]
    number = serializers.CharField()
    instalment = serializers.IntegerField()
    document_date = serializers.DateField()
    posting_date = serializers.DateField()
    due_date = serializers.DateField()
    days_overdue = serializers.IntegerField(
        allow_null=True, help_text="0 or less is not overdue; null for credits and settled items."
    )
    currency = serializers.CharField()
    amount = serializers.CharField()
    open_amount = serializers.CharField()
    cause = serializers.CharField(allow_blank=True)
    order_reference = serializers.CharField(allow_blank=True)
    contract_reference = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)
    reverses = serializers.IntegerField(allow_null=True)
    batch = serializers.IntegerField(allow_null=True)


def item_row(row: Mapping[str, Any], *, as_of: date) -> dict[str, Any]:
    """Return one item, read by `values(*ROW)` with `open_as_of`, as the API writes it."""
    is_due = row["direction"] == "debit" and row["open_as_of"]
    return {
        "id": row["id"],
        "unit": row["unit__code"],
        "customer": {
            "id": row["customer_id"],
            "code": row["customer__code"],
            "name": row["customer__name"],
        },
        "kind": row["kind"],
        "direction": row["direction"],
        "source": row["source"],
        "number": row["number"],
        "instalment": row["instalment"],
        "document_date": row["document_date"].isoformat(),
        "posting_date": row["posting_date"].isoformat(),
        "due_date": row["due_date"].isoformat(),
        "days_overdue": days_overdue(row["due_date"], as_of=as_of) if is_due else None,
        "currency": row["currency"],
        "amount": to_text(row["amount"]),
        "open_amount": to_text(row["open_as_of"]),
        "cause": row["cause"],
        "order_reference": row["order_reference"],
        "contract_reference": row["contract_reference"],
        "text": row["text"],
        "reverses": row["reverses_id"],
        "batch": row["batch_id"],
    }


class AllocationOutput(serializers.Serializer[Any]):
    """A credit applied to a debit; negative where it takes an earlier one back."""

    id = serializers.IntegerField()
    credit_item = serializers.IntegerField()
    credit_number = serializers.CharField()
    debit_item = serializers.IntegerField()
    debit_number = serializers.CharField()
    customer = serializers.IntegerField()
    currency = serializers.CharField()
    amount = serializers.CharField()
    effective_date = serializers.DateField()
    method = serializers.ChoiceField(choices=Allocation.Method.values)
    reverses = serializers.IntegerField(allow_null=True)
    reversed_by = serializers.IntegerField(allow_null=True)
    recorded_at = serializers.DateTimeField()


class ItemDetailOutput(ItemOutput):
    reversed_by = serializers.IntegerField(allow_null=True)
    recorded_by = serializers.CharField(allow_null=True)
    recorded_at = serializers.DateTimeField()
    allocations = AllocationOutput(many=True)


class ItemsOutput(serializers.Serializer[Any]):
    """What a posting made: one item, or one for each instalment."""

    items = ItemOutput(many=True)


ALLOCATION_ROW = (
    "id", "credit_item_id", "credit_item__number", "debit_item_id", "debit_item__number", "customer_id",
    "currency", "amount", "effective_date", "method", "reverses_id", "reversed_by__id", "recorded_at",
)  # fmt: skip


def allocation_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one allocation, read by `values(*ALLOCATION_ROW)`, as the API writes it."""
    return {
        "id": row["id"],
        "credit_item": row["credit_item_id"],
        "credit_number": row["credit_item__number"],
        "debit_item": row["debit_item_id"],
        "debit_number": row["debit_item__number"],
        "customer": row["customer_id"],
        "currency": row["currency"],
        "amount": to_text(row["amount"]),
        "effective_date": row["effective_date"].isoformat(),
        "method": row["method"],
        "reverses": row["reverses_id"],
        "reversed_by": row["reversed_by__id"],
        "recorded_at": row["recorded_at"].isoformat(),
    }


def allocation_rows(rows: Iterable[Allocation]) -> list[dict[str, Any]]:
    """Return allocations just made, in order of their ids."""
    made = Allocation.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    return [allocation_row(row) for row in made.values(*ALLOCATION_ROW)]
