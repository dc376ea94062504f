"""/receipts/ and /allocations/: money in, and what it is applied to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import Http404
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.core import clock
from config.core.idempotency import once
from config.core.permissions import person
from config.core.serializers import (
    AmountField,
    IsoDateField,
    StrictIntegerField,
    StrictSerializer,
    TextField,
)
from receivables.api.item_serializers import (
    ALLOCATION_ROW,
    IDEMPOTENCY_KEY,
    AllocationOutput,
    ItemOutput,
    ItemQuery,
    ItemsOutput,
    ReceiptInput,
    allocation_row,
    allocation_rows,
    unit_of,
    validated,
)
from receivables.api.items import VIEW, ItemListView, created, item_or_404
from receivables.models import Allocation, OpenItem
from receivables.selectors import items
from receivables.services import allocations, documents

ALLOCATE = "receivables.allocate_openitem"
MOST_PARTS = 500


class ReceiptListView(ItemListView):
    required_permissions = {"GET": VIEW, "POST": "receivables.post_receipt"}
    kinds = (OpenItem.Kind.RECEIPT,)

    @extend_schema(parameters=[ItemQuery], responses=ItemOutput(many=True))
    def get(self, request: Request) -> Response:
        """List receipts; `open_amount` is what is not applied yet."""
        return super().get(request)

    @extend_schema(parameters=[IDEMPOTENCY_KEY], request=ReceiptInput, responses={201: ItemsOutput})
    @once
    def post(self, request: Request) -> Response:
        """Post money received, not yet applied to anything."""
        data = validated(request, ReceiptInput)
        return created(request, [documents.post_receipt(actor=person(request), **data)])


class PartInput(StrictSerializer):
    item = StrictIntegerField(min_value=1, help_text="Id of the debit item.")
    amount = AmountField(positive=True)


class AllocateInput(StrictSerializer):
    """Either `allocations`, or `mode` "fifo" to pay the oldest due items first."""

    allocations = serializers.ListField(
        child=PartInput(), required=False, min_length=1, max_length=MOST_PARTS
    )
    mode = serializers.ChoiceField(required=False, choices=["fifo"])
    effective_date = IsoDateField(required=False, help_text="Today if left out.")
    method = serializers.ChoiceField(
        required=False, choices=["designated", "exact", "statutory"], default="designated"
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        parts = data.get("allocations", [])
        if bool(parts) == ("mode" in data):
            raise serializers.ValidationError(_("Send either allocations, or mode “fifo”."))
        if len({part["item"] for part in parts}) != len(parts):
            raise serializers.ValidationError({"allocations": _("An item stands twice.")})
        return data


class AllocationsOutput(serializers.Serializer[Any]):
    allocations = AllocationOutput(many=True)


class AllocateView(GenericAPIView[Allocation]):
    """Applies a credit item; below /receipts/ only receipts, below /open-items/ any credit."""

    queryset = Allocation.objects.none()
    serializer_class = AllocateInput
    required_permissions = {"POST": ALLOCATE}
    kinds: tuple[str, ...] = tuple(OpenItem.Kind.values)

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY], request=AllocateInput, responses={201: AllocationsOutput}
    )
    @once
    def post(self, request: Request, pk: int) -> Response:
        """Apply a credit to debit items of the same customer, all parts or none."""
        credit = item_or_404(request, pk)
        if credit.kind not in self.kinds:
            raise Http404
        data = validated(request, AllocateInput)
        day = data.get("effective_date") or clock.today(credit.unit.time_zone)
        rows = self._apply(request, credit, data, day)
        answer = {"allocations": allocation_rows(rows)}
        return Response(answer, status=status.HTTP_201_CREATED)

    def _apply(
        self, request: Request, credit: OpenItem, data: dict[str, Any], day: date
    ) -> list[Allocation]:
        actor = person(request)
        if "mode" in data:
            return allocations.allocate_oldest_first(
                credit_item=credit, effective_date=day, actor=actor
            )
        amounts: dict[int, Decimal] = {p["item"]: p["amount"] for p in data["allocations"]}
        return allocations.allocate(
            credit_item=credit,
            amounts=amounts,
            effective_date=day,
            method=data["method"],
            actor=actor,
        )


class ReceiptAllocateView(AllocateView):
    kinds = (OpenItem.Kind.RECEIPT,)


class AllocationQuery(StrictSerializer):
    unit = TextField(required=False)
    customer = serializers.IntegerField(required=False, min_value=1)
    credit_item = serializers.IntegerField(required=False, min_value=1)
    debit_item = serializers.IntegerField(required=False, min_value=1)
    method = serializers.ChoiceField(required=False, choices=Allocation.Method.values)
    currency = TextField(required=False, max_length=3)
    effective_from = IsoDateField(required=False)
    effective_to = IsoDateField(required=False)

    def validate_unit(self, value: str) -> int:
        return unit_of(self.context["request"], value).pk


LOOKUPS = {"effective_from": "effective_date__gte", "effective_to": "effective_date__lte"}


class AllocationListView(GenericAPIView[Allocation]):
    queryset = Allocation.objects.none()
    serializer_class = AllocationOutput
    ordering = ("id",)
    ordering_fields = ("id", "effective_date")
    extra_query_parameters = tuple(AllocationQuery().fields)
    required_permissions = {"GET": VIEW}

    @extend_schema(parameters=[AllocationQuery], responses=AllocationOutput(many=True))
    def get(self, request: Request) -> Response:
        """List what was applied to what, takings back included."""
        given = {name: value for name, value in request.query_params.items() if value != ""}
        query = AllocationQuery(
            data={k: v for k, v in given.items() if k in self.extra_query_parameters},
            context={"request": request},
        )
        query.is_valid(raise_exception=True)
        limits = {LOOKUPS.get(name, name): value for name, value in query.validated_data.items()}
        found = items.visible_allocations(user=person(request)).filter(**limits)
        page = self.paginate_queryset(self.filter_queryset(found.values(*ALLOCATION_ROW))) or []
        return self.get_paginated_response([allocation_row(row) for row in page])


class TakeBackInput(StrictSerializer):
    effective_date = IsoDateField(required=False, help_text="Today if left out.")


class TakeBackView(GenericAPIView[Allocation]):
    queryset = Allocation.objects.none()
    serializer_class = TakeBackInput
    required_permissions = {"POST": ALLOCATE}

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY], request=TakeBackInput, responses={201: AllocationOutput}
    )
    @once
    def post(self, request: Request, pk: int) -> Response:
        """Take an allocation back as of a date; both items are open again from then on."""
        found = items.visible_allocations(user=person(request)).filter(pk=pk)
        allocation = found.select_related("unit").first()
        if allocation is None:
            raise Http404
        data = validated(request, TakeBackInput)
        day = data.get("effective_date") or clock.today(allocation.unit.time_zone)
        row = allocations.take_back(
            allocation=allocation, effective_date=day, actor=person(request)
        )
        return Response(allocation_rows([row])[0], status=status.HTTP_201_CREATED)


urlpatterns: list[URLPattern] = [
    path("receipts/", ReceiptListView.as_view(), name="receipts"),
    path(
        "receipts/<int:pk>/allocations/", ReceiptAllocateView.as_view(), name="receipt-allocations"
    ),
    path("open-items/<int:pk>/allocations/", AllocateView.as_view(), name="open-item-allocations"),
    path("allocations/", AllocationListView.as_view(), name="allocations"),
    path("allocations/<int:pk>/take-back/", TakeBackView.as_view(), name="allocation-take-back"),
]
