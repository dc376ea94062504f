"""`/api/v1/exchange-rates/`"""

from __future__ import annotations

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from config.core import concurrency
from config.core.api.units import IF_MATCH
from config.core.models import ExchangeRate
from config.core.permissions import person
from config.core.serializers import (
    CurrencyField,
    IsoDateField,
    RateField,
    StrictSerializer,
    TextField,
)
from config.core.services import rates


class RateOutput(serializers.ModelSerializer[ExchangeRate]):
    rate = RateField(read_only=True)

    class Meta:
        model = ExchangeRate
        fields = ("id", "currency", "base", "date", "rate", "source", "version")
        read_only_fields = fields


class RateInput(StrictSerializer):
    currency = CurrencyField()
    base = CurrencyField(default="CNY")
    date = IsoDateField()
    rate = RateField()
    source = TextField(max_length=80, allow_blank=True, default="")  # type: ignore[assignment]


class RateChange(StrictSerializer):
    rate = RateField(required=False)
    source = TextField(max_length=80, allow_blank=True, required=False)  # type: ignore[assignment]


class RateFilter(django_filters.FilterSet):
    currency = django_filters.CharFilter(max_length=3)
    base = django_filters.CharFilter(max_length=3)
    date_from = django_filters.DateFilter(field_name="date", lookup_expr="gte")
    date_to = django_filters.DateFilter(field_name="date", lookup_expr="lte")

    class Meta:
        model = ExchangeRate
        fields = ("currency", "base", "date_from", "date_to")


@extend_schema_view(list=extend_schema(summary="List exchange rates, newest first"))
class RateViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[ExchangeRate]):
    """One unit of `currency` is `rate` units of `base` from `date` on."""

    required_permissions = {
        "GET": "core.view_exchangerate",
        "POST": "core.change_exchangerate",
        "PATCH": "core.change_exchangerate",
        "DELETE": "core.change_exchangerate",
    }
    serializer_class = RateOutput
    filterset_class = RateFilter
    queryset = ExchangeRate.objects.all()
    ordering = ("-date",)
    ordering_fields = ("date",)
    lookup_value_regex = r"[0-9]{1,18}"

    @extend_schema(summary="Read an exchange rate")
    def retrieve(self, request: Request, pk: str) -> Response:
        row = self.get_object()
        return Response(RateOutput(row).data, headers=concurrency.headers(row))

    @extend_schema(summary="Enter an exchange rate", request=RateInput, responses={201: RateOutput})
    def create(self, request: Request) -> Response:
        form = RateInput(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        row = rates.add(on=values.pop("date"), actor=person(request), **values)
        return Response(RateOutput(row).data, status=201, headers=concurrency.headers(row))

    @extend_schema(
        summary="Correct an exchange rate",
        request=RateChange,
        responses=RateOutput,
        parameters=[IF_MATCH],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        row = self.get_object()
        version = concurrency.expected_version(request)
        form = RateChange(data=request.data)
        form.is_valid(raise_exception=True)
        values = {"rate": row.rate, "source": row.source, **form.validated_data}
        changed = rates.change(row=row, actor=person(request), expected_version=version, **values)
        return Response(RateOutput(changed).data, headers=concurrency.headers(changed))

    @extend_schema(summary="Remove an exchange rate", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        rates.remove(row=self.get_object(), actor=person(request))
        return Response(status=204)
