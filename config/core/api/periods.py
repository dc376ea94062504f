"""`/api/v1/accounting-periods/` and `/api/v1/period-reopenings/`"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.core import clock
from config.core.api.fields import UnitField
from config.core.models import AccountingPeriod, PeriodReopening
from config.core.permissions import person
from config.core.selectors import periods as selector
from config.core.serializers import StrictSerializer, TextField
from config.core.services import periods

MONTH = re.compile(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)


@extend_schema_field(
    {"type": "string", "pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])$", "example": "2026-03"}
)
class MonthField(serializers.Field[date, Any, str, Any]):
    default_error_messages = {"form": _("Write the month as YYYY-MM.")}

    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str) or not MONTH.fullmatch(data):
            self.fail("form")
        return date(int(data[:4]), int(data[5:]), 1)

    def to_representation(self, value: date) -> str:
        return f"{value:%Y-%m}"


class PeriodOutput(serializers.Serializer[AccountingPeriod]):
    id = serializers.IntegerField()
    unit = serializers.CharField(source="unit.code")
    month = MonthField(source="first_day")
    state = serializers.ChoiceField(choices=AccountingPeriod.State.choices)
    closed_by = serializers.CharField(source="closed_by.username", default=None, allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


class CloseInput(StrictSerializer):
    unit = UnitField()
    month = MonthField()


class ReasonInput(StrictSerializer):
    reason = TextField(max_length=500, multiline=True)


class NoteInput(StrictSerializer):
    note = TextField(max_length=500, multiline=True, allow_blank=True, default="")


class ReopeningOutput(serializers.Serializer[PeriodReopening]):
    id = serializers.IntegerField()
    period = serializers.IntegerField(source="period_id")
    unit = serializers.CharField(source="period.unit.code")
    month = MonthField(source="period.first_day")
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=PeriodReopening.State.choices)
    requested_by = serializers.CharField(source="requested_by.username")
    requested_at = serializers.DateTimeField()
    decided_by = serializers.CharField(source="decided_by.username", default=None, allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_note = serializers.CharField()


class PeriodFilter(django_filters.FilterSet):
    unit = django_filters.CharFilter(field_name="unit__code", max_length=20)
    state = django_filters.ChoiceFilter(choices=AccountingPeriod.State.choices)

    class Meta:
        model = AccountingPeriod
        fields = ("unit", "state")


class ReopeningFilter(django_filters.FilterSet):
    unit = django_filters.CharFilter(field_name="period__unit__code", max_length=20)
    state = django_filters.ChoiceFilter(choices=PeriodReopening.State.choices)

    class Meta:
        model = PeriodReopening
        fields = ("unit", "state")


@extend_schema_view(
    list=extend_schema(summary="List the months that were ever closed"),
    retrieve=extend_schema(summary="Read a period"),
)
class PeriodViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[AccountingPeriod]
):
    """Calendar months of a unit. A month without a row is open."""

    required_permissions = {
        "GET": "core.view_accountingperiod",
        "close": "core.close_accountingperiod",
        "request_reopening": "core.request_periodreopening",
    }
    serializer_class = PeriodOutput
    filterset_class = PeriodFilter
    queryset = AccountingPeriod.objects.none()
    ordering = ("-first_day",)
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[AccountingPeriod]:
        return selector.visible_to(person(self.request))

    @extend_schema(
        summary="Close a month", request=CloseInput, responses={201: PeriodOutput}, filters=False
    )
    @action(detail=False, methods=["post"])
    def close(self, request: Request) -> Response:
        form = CloseInput(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        today = clock.today(form.validated_data["unit"].time_zone)
        period = periods.close(
            actor=person(request), now=clock.now(), today=today, **form.validated_data
        )
        return Response(PeriodOutput(period).data, status=201)

    @extend_schema(
        summary="Ask to open a closed month again",
        request=ReasonInput,
        responses={201: ReopeningOutput},
    )
    @action(detail=True, methods=["post"], url_path="request-reopening")
    def request_reopening(self, request: Request, pk: str) -> Response:
        form = ReasonInput(data=request.data)
        form.is_valid(raise_exception=True)
        asked = periods.request_reopening(
            period=self.get_object(), actor=person(request), **form.validated_data
        )
        return Response(ReopeningOutput(asked).data, status=201)


@extend_schema_view(
    list=extend_schema(summary="List requests to open a month again"),
    retrieve=extend_schema(summary="Read a request"),
)
class ReopeningViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[PeriodReopening]
):
    """Requests to open a closed month again; somebody else than the person who asked decides."""

    required_permissions = {
        "GET": "core.view_accountingperiod",
        "approve": "core.decide_periodreopening",
        "reject": "core.decide_periodreopening",
    }
    serializer_class = ReopeningOutput
    filterset_class = ReopeningFilter
    queryset = PeriodReopening.objects.none()
    ordering = ("-pk",)
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[PeriodReopening]:
        return selector.reopenings_visible_to(person(self.request))

    @extend_schema(
        summary="Approve: the month is open again", request=NoteInput, responses=ReopeningOutput
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        return self._decide(request, approve=True)

    @extend_schema(
        summary="Reject: the month stays closed", request=NoteInput, responses=ReopeningOutput
    )
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        return self._decide(request, approve=False)

    def _decide(self, request: Request, *, approve: bool) -> Response:
        form = NoteInput(data=request.data)
        form.is_valid(raise_exception=True)
        decided = periods.decide_reopening(
            reopening=self.get_object(),
            approve=approve,
            actor=person(request),
            now=clock.now(),
            **form.validated_data,
        )
        return Response(ReopeningOutput(decided).data)
