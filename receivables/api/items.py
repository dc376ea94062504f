"""/open-items/: everything customers owe or are owed; posted, reversed, classified, never edited."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import F
from django.http import Http404
from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.core import clock
from config.core.idempotency import once
from config.core.permissions import person
from receivables.api.item_serializers import (
    ALLOCATION_ROW,
    IDEMPOTENCY_KEY,
    ClassifyInput,
    ItemDetailOutput,
    ItemInput,
    ItemOutput,
    ItemQuery,
    ItemsOutput,
    ReversalInput,
    allocation_row,
    item_row,
    validated,
)
from receivables.models import OpenItem
from receivables.selectors import items
from receivables.services import documents, ledger

VIEW = "receivables.view_openitem"


def rows_of(made: Iterable[OpenItem], *, as_of: date) -> list[dict[str, Any]]:
    """Return items just written, in order of their ids."""
    known = OpenItem.objects.filter(pk__in=[item.pk for item in made]).order_by("pk")
    values = known.annotate(open_as_of=F("open_amount")).values(*items.ROW, "open_as_of")
    return [item_row(row, as_of=as_of) for row in values]


def item_or_404(request: Request, pk: int) -> OpenItem:
    """Return the item, if it lies in the caller's scope."""
    item = items.get(user=person(request), pk=pk)
    if item is None:
        raise Http404
    return item


class ItemListView(GenericAPIView[OpenItem]):
    queryset = OpenItem.objects.none()
    serializer_class = ItemOutput
    ordering = ("id",)
    ordering_fields = ("id", "due_date", "posting_date", "document_date", "amount", "number")
    extra_query_parameters = tuple(ItemQuery().fields)
    required_permissions: dict[str, str] = {"GET": VIEW, "POST": "receivables.post_openitem"}
    kinds: tuple[str, ...] = ()

    @extend_schema(parameters=[ItemQuery], responses=ItemOutput(many=True))
    def get(self, request: Request) -> Response:
        """List the items of the caller's scope, with what was open as of a day."""
        given = {name: value for name, value in request.query_params.items() if value != ""}
        query = ItemQuery(
            data={k: v for k, v in given.items() if k in self.extra_query_parameters},
            context={"request": request},
        )
        query.is_valid(raise_exception=True)
        wanted = query.wanted()
        found = items.search(user=person(request), wanted=wanted)
        if self.kinds:
            found = found.filter(kind__in=self.kinds)
        rows = self.filter_queryset(found.values(*items.ROW, "open_as_of"))
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([item_row(row, as_of=wanted.as_of) for row in page])

    @extend_schema(parameters=[IDEMPOTENCY_KEY], request=ItemInput, responses={201: ItemsOutput})
    @once
    def post(self, request: Request) -> Response:
        """Post a document: one item, or one for each instalment of the payment terms."""
        data = validated(request, ItemInput)
        made = documents.post_document(unit=data["customer"].unit, actor=person(request), **data)
        return created(request, made)


def created(request: Request, made: list[OpenItem]) -> Response:
    """Answer with what was posted and where the first item is."""
    rows = rows_of(made, as_of=clock.today(made[0].unit.time_zone))
    where = request.build_absolute_uri(f"/api/v1/open-items/{made[0].pk}/")
    return Response({"items": rows}, status=status.HTTP_201_CREATED, headers={"Location": where})


class ItemView(GenericAPIView[OpenItem]):
    queryset = OpenItem.objects.none()
    serializer_class = ItemDetailOutput
    required_permissions = {"GET": VIEW}
    extra_query_parameters = ()

    @extend_schema(responses=ItemDetailOutput)
    def get(self, request: Request, pk: int) -> Response:
        """One item as of today, with all its allocations and what reverses it."""
        self.filter_queryset(OpenItem.objects.none())
        item = item_or_404(request, pk)
        (row,) = rows_of([item], as_of=clock.today(item.unit.time_zone))
        side = item.allocations_received if item.is_debit else item.allocations_given
        allocations = side.order_by("effective_date", "pk").values(*ALLOCATION_ROW)
        opposite = getattr(item, "reversed_by", None)
        row["reversed_by"] = opposite.pk if opposite else None
        row["recorded_by"] = item.recorded_by.username if item.recorded_by else None
        row["recorded_at"] = item.recorded_at.isoformat()
        row["allocations"] = [allocation_row(a) for a in allocations]
        return Response(row)


class ReverseView(GenericAPIView[OpenItem]):
    queryset = OpenItem.objects.none()
    serializer_class = ReversalInput
    required_permissions = {"POST": "receivables.reverse_openitem"}

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY], request=ReversalInput, responses={201: ItemsOutput}
    )
    @once
    def post(self, request: Request, pk: int) -> Response:
        """Cancel an item by an opposite one, as of a date; answers with the opposite item."""
        item = item_or_404(request, pk)
        data = validated(request, ReversalInput)
        return created(request, [ledger.reverse(item=item, actor=person(request), **data)])


class ClassifyView(GenericAPIView[OpenItem]):
    queryset = OpenItem.objects.none()
    serializer_class = ClassifyInput
    required_permissions = {"POST": "receivables.classify_openitem"}

    @extend_schema(request=ClassifyInput, responses=ItemOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Set the arrears type of an item; it changes no figure."""
        item = item_or_404(request, pk)
        data = validated(request, ClassifyInput)
        ledger.classify(item=item, actor=person(request), **data)
        return Response(rows_of([item], as_of=clock.today(item.unit.time_zone))[0])


urlpatterns: list[URLPattern] = [
    path("open-items/", ItemListView.as_view(), name="open-items"),
    path("open-items/<int:pk>/", ItemView.as_view(), name="open-item"),
    path("open-items/<int:pk>/reverse/", ReverseView.as_view(), name="open-item-reverse"),
    path("open-items/<int:pk>/classify/", ClassifyView.as_view(), name="open-item-classify"),
]
