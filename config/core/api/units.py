"""`/api/v1/units/`"""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from config.core import concurrency
from config.core.models import BusinessUnit
from config.core.permissions import person
from config.core.serializers import CurrencyField, StrictBooleanField, StrictSerializer, TextField
from config.core.services import units

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="ETag that was read"
)


class UnitOutput(serializers.ModelSerializer[BusinessUnit]):
    class Meta:
        model = BusinessUnit
        fields = (
            "id",
            "code",
            "name",
            "name_en",
            "base_currency",
            "time_zone",
            "is_active",
            "version",
        )
        read_only_fields = fields


class UnitInput(StrictSerializer):
    code = TextField(max_length=20)
    name = TextField(max_length=120)
    name_en = TextField(max_length=120, allow_blank=True, default="")
    base_currency = CurrencyField(default="CNY")
    time_zone = TextField(max_length=40, default="Asia/Shanghai")


class UnitChange(StrictSerializer):
    name = TextField(max_length=120, required=False)
    name_en = TextField(max_length=120, allow_blank=True, required=False)
    time_zone = TextField(max_length=40, required=False)
    is_active = StrictBooleanField(required=False)


@extend_schema_view(
    list=extend_schema(summary="List the business units one sees"),
    retrieve=extend_schema(summary="Read a business unit"),
)
class UnitViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[BusinessUnit]):
    """Business units: the legal entities that own customers and ledgers."""

    required_permissions = {
        "GET": "core.view_businessunit",
        "POST": "core.change_businessunit",
        "PATCH": "core.change_businessunit",
    }
    serializer_class = UnitOutput
    queryset = BusinessUnit.objects.none()
    ordering = ("code",)
    ordering_fields = ("code",)
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[BusinessUnit]:
        user = person(self.request)
        if user.has_perm("core.change_businessunit"):
            return BusinessUnit.objects.all()
        return BusinessUnit.objects.visible_to(user)

    def retrieve(self, request: Request, pk: str) -> Response:
        unit = self.get_object()
        return Response(UnitOutput(unit).data, headers=concurrency.headers(unit))

    @extend_schema(summary="Add a business unit", request=UnitInput, responses={201: UnitOutput})
    def create(self, request: Request) -> Response:
        form = UnitInput(data=request.data)
        form.is_valid(raise_exception=True)
        unit = units.create(actor=person(request), **form.validated_data)
        return Response(UnitOutput(unit).data, status=201, headers=concurrency.headers(unit))

    @extend_schema(
        summary="Change a business unit",
        request=UnitChange,
        responses=UnitOutput,
        parameters=[IF_MATCH],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        unit = self.get_object()
        version = concurrency.expected_version(request)
        form = UnitChange(data=request.data)
        form.is_valid(raise_exception=True)
        kept = {name: getattr(unit, name) for name in ("name", "name_en", "time_zone", "is_active")}
        values = {**kept, **form.validated_data}
        changed = units.change(unit=unit, actor=person(request), expected_version=version, **values)
        return Response(UnitOutput(changed).data, headers=concurrency.headers(changed))
