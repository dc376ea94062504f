"""/ledger-proof/ and /customers/{id}/ledger/: the books, and that they add up."""

from __future__ import annotations

import base64
import binascii
from datetime import date
from typing import Any

from django.http import Http404
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.core import clock, dates
from config.core.filters import refuse_unknown_parameters
from config.core.models import BusinessUnit
from config.core.money import to_text
from config.core.permissions import person
from config.core.serializers import CurrencyField, IsoDateField, StrictSerializer, TextField
from customers.models import Customer
from receivables.api.item_serializers import unit_of
from receivables.selectors import ledger, proof

PAGE = 200


def parsed(request: Request, query_class: type[StrictSerializer]) -> dict[str, Any]:
    """Return the checked query; unknown parameters are refused by name."""
    refuse_unknown_parameters(request, allowed=query_class().fields)
    given = {name: value for name, value in request.query_params.items() if value != ""}
    query = query_class(data=given, context={"request": request})
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)


class ProofQuery(StrictSerializer):
    as_of = IsoDateField(required=False, help_text="Totals at the end of this day; today.")
    unit = TextField(required=False, help_text="Code or id; all units of the caller if left out.")

    def validate_unit(self, value: str) -> BusinessUnit:
        return unit_of(self.context["request"], value)


class BalanceOutput(serializers.Serializer[Any]):
    unit = serializers.CharField()
    currency = serializers.CharField()
    items = serializers.IntegerField()
    debit = serializers.CharField()
    credit = serializers.CharField()
    open = serializers.CharField()
    buckets = serializers.CharField()
    difference = serializers.CharField()


class FindingOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    unit = serializers.CharField()
    message = serializers.CharField()
    item = serializers.IntegerField(allow_null=True)


class ProofOutput(serializers.Serializer[Any]):
    as_of = serializers.DateField()
    is_proven = serializers.BooleanField()
    balances = BalanceOutput(many=True)
    findings = FindingOutput(many=True)


class ProofView(APIView):
    required_permissions = {"GET": "receivables.verify_ledger"}

    @extend_schema(parameters=[ProofQuery], responses=ProofOutput)
    def get(self, request: Request) -> Response:
        """Recompute the ledger from its events: Σ buckets = Σ open = Σ debit − Σ credit, and more."""
        query = parsed(request, ProofQuery)
        unit = query.get("unit")
        as_of = query.get("as_of") or clock.today(unit.time_zone if unit else None)
        unit_ids = [unit.pk] if unit else person(request).unit_ids()
        findings = proof.verify_units(unit_ids=unit_ids, as_of=as_of)
        balances = proof.balances(unit_ids=unit_ids, as_of=as_of)
        return Response(
            {
                "as_of": as_of.isoformat(),
                "is_proven": not findings,
                "balances": [balance_row(balance) for balance in balances],
                "findings": [
                    {"code": f.code, "unit": f.unit, "message": f.sentence, "item": f.item_id}
                    for f in findings
                ],
            }
        )


def balance_row(balance: proof.Balance) -> dict[str, Any]:
    return {
        "unit": balance.unit.code,
        "currency": balance.currency,
        "items": balance.items,
        "debit": to_text(balance.debit),
        "credit": to_text(balance.credit),
        "open": to_text(balance.open),
        "buckets": to_text(balance.buckets),
        "difference": to_text(balance.difference),
    }


class LedgerQuery(StrictSerializer):
    currency = CurrencyField(required=False, help_text="The customer's own if left out.")
    date_from = IsoDateField(required=False, help_text="Twelve months before the end if left out.")
    date_to = IsoDateField(required=False, help_text="Today if left out.")
    cursor = TextField(required=False, max_length=60)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE, default=PAGE)

    def validate_cursor(self, value: str) -> ledger.Place:
        place = read_cursor(value)
        if place is None:
            raise serializers.ValidationError(_("This cursor is not one of ours."))
        return place


def cursor_of(place: ledger.Place) -> str:
    """Return a place in a ledger as text for an address."""
    return base64.urlsafe_b64encode(f"{place[0].isoformat()} {place[1]}".encode()).decode()


def read_cursor(text: str) -> ledger.Place | None:
    """Return the place that a text means, or None."""
    try:
        day, number = base64.urlsafe_b64decode(text.encode()).decode().split(" ")
        place = date.fromisoformat(day), int(number)
    except (ValueError, binascii.Error):
        return None
    return place if 0 <= place[1] < 2**63 else None


class LineOutput(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    posting_date = serializers.DateField()
    document_date = serializers.DateField()
    due_date = serializers.DateField()
    number = serializers.CharField()
    instalment = serializers.IntegerField()
    kind = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    debit = serializers.CharField(allow_null=True)
    credit = serializers.CharField(allow_null=True)
    balance = serializers.CharField()
    open_amount = serializers.CharField(help_text="What is open of the item now.")


class LedgerOutput(serializers.Serializer[Any]):
    customer = serializers.IntegerField()
    currency = serializers.CharField()
    currencies = serializers.ListField(child=serializers.CharField())
    date_from = serializers.DateField()
    date_to = serializers.DateField()
    opening_balance = serializers.CharField()
    debit = serializers.CharField()
    credit = serializers.CharField()
    closing_balance = serializers.CharField()
    count = serializers.IntegerField()
    lines = LineOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="The `cursor` of the next page.")


class CustomerLedgerView(APIView):
    required_permissions = {"GET": "receivables.view_openitem"}

    @extend_schema(parameters=[LedgerQuery], responses=LedgerOutput)
    def get(self, request: Request, pk: int) -> Response:
        """A customer's ledger: every posting of a period in order, with the balance after it."""
        customer = (
            Customer.objects.visible_to(person(request))
            .select_related("unit")
            .filter(pk=pk)
            .first()
        )
        if customer is None:
            raise Http404
        query = parsed(request, LedgerQuery)
        date_to = query.get("date_to") or clock.today(customer.unit.time_zone)
        found = ledger.customer_ledger(
            customer=customer,
            currency=query.get("currency") or customer.currency,
            date_from=query.get("date_from") or dates.add_years(date_to, -1),
            date_to=date_to,
            after=query.get("cursor"),
            limit=query["page_size"],
        )
        return Response(ledger_row(customer, found))


def ledger_row(customer: Customer, found: ledger.CustomerLedger) -> dict[str, Any]:
    return {
        "customer": customer.pk,
        "currency": found.currency,
        "currencies": ledger.currencies_of(customer=customer),
        "date_from": found.date_from.isoformat(),
        "date_to": found.date_to.isoformat(),
        "opening_balance": to_text(found.opening_balance),
        "debit": to_text(found.debit),
        "credit": to_text(found.credit),
        "closing_balance": to_text(found.closing_balance),
        "count": found.count,
        "lines": [line_row(line) for line in found.lines],
        "next": cursor_of(found.next_after) if found.next_after else None,
    }


def line_row(line: ledger.LedgerLine) -> dict[str, Any]:
    return {
        "item": line.id,
        "posting_date": line.posting_date.isoformat(),
        "document_date": line.document_date.isoformat(),
        "due_date": line.due_date.isoformat(),
        "number": line.number,
        "instalment": line.instalment,
        "kind": line.kind,
        "text": line.text,
        "debit": None if line.debit is None else to_text(line.debit),
        "credit": None if line.credit is None else to_text(line.credit),
        "balance": to_text(line.balance),
        "open_amount": to_text(line.open_amount),
    }


urlpatterns: list[URLPattern] = [
    path("ledger-proof/", ProofView.as_view(), name="ledger-proof"),
    path("customers/<int:pk>/ledger/", CustomerLedgerView.as_view(), name="customer-ledger"),
]
