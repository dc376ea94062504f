"""Alerts and their rules: `/api/v1/alerts/`, `/api/v1/alert-rules/`."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.core import clock, concurrency
from config.core.models import BusinessUnit, User
from config.core.serializers import (
    AmountField,
    IsoDateField,
    ProblemSerializer,
    StrictBooleanField,
    StrictIntegerField,
    StrictSerializer,
    TextField,
)
from customers.models import Customer
from receivables.domain import alerts as rules_of
from receivables.models import AlertRule, OverdueAlert
from receivables.selectors import alerts as selector
from receivables.services import alert_rules, alerts

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="ETag that was read"
)


@extend_schema_field({"type": "string", "nullable": True})
class PersonField(serializers.Field[Any, Any, Any, Any]):
    """A person by user name, or null."""

    def to_representation(self, value: User) -> str:
        return value.username


class AlertCustomerSerializer(serializers.Serializer[Customer]):
    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()


class AlertItemSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    number = serializers.CharField()


class AlertSerializer(serializers.Serializer[OverdueAlert]):
    """An alert. `cause` holds the figures it was raised on, `sentence` says them in words."""

    id = serializers.IntegerField()
    unit = serializers.CharField(source="unit.code")
    customer = AlertCustomerSerializer()
    item = AlertItemSerializer(allow_null=True)
    rule = serializers.CharField(source="rule.code")
    kind = serializers.ChoiceField(choices=AlertRule.Kind.choices, source="rule.kind")
    level = serializers.ChoiceField(choices=[(level, level) for level in rules_of.LEVELS])
    state = serializers.ChoiceField(choices=OverdueAlert.State.choices)
    raised_on = IsoDateField()
    currency = serializers.CharField()
    amount = AmountField()
    cause = serializers.DictField()
    sentence = serializers.SerializerMethodField()
    next_step = serializers.SerializerMethodField()
    owner = PersonField(allow_null=True)
    note = serializers.CharField()
    acknowledged_by = PersonField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    escalated_to = PersonField(allow_null=True)
    escalated_at = serializers.DateTimeField(allow_null=True)
    closed_by = PersonField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    close_reason = serializers.CharField()
    close_note = serializers.CharField()
    version = serializers.IntegerField()

    def get_sentence(self, alert: OverdueAlert) -> str:
        return selector.cause_sentence(alert)

    def get_next_step(self, alert: OverdueAlert) -> str:
        return selector.next_step(alert)


class AcknowledgeSerializer(StrictSerializer):
    note = TextField(max_length=alerts.NOTE_LENGTH, multiline=True)


class CloseSerializer(StrictSerializer):
    reason = serializers.ChoiceField(choices=OverdueAlert.CloseReason.choices)
    note = TextField(max_length=alerts.NOTE_LENGTH, multiline=True)


def visible_units(request: Request | None) -> QuerySet[BusinessUnit]:
    if request is None or not isinstance(request.user, User):
        return BusinessUnit.objects.none()
    return BusinessUnit.objects.visible_to(request.user)


def visible_customers(request: Request | None) -> QuerySet[Customer]:
    if request is None or not isinstance(request.user, User):
        return Customer.objects.none()
    return Customer.objects.visible_to(request.user)


class AlertFilter(django_filters.FilterSet):
    unit = django_filters.ModelChoiceFilter(queryset=visible_units, to_field_name="code")
    customer = django_filters.ModelChoiceFilter(queryset=visible_customers)
    level = django_filters.ChoiceFilter(choices=[(level, level) for level in rules_of.LEVELS])
    state = django_filters.ChoiceFilter(choices=OverdueAlert.State.choices)
    rule = django_filters.ModelChoiceFilter(queryset=AlertRule.objects.all(), to_field_name="code")
    kind = django_filters.ChoiceFilter(choices=AlertRule.Kind.choices, field_name="rule__kind")
    owner = django_filters.CharFilter(field_name="owner__username", max_length=150)
    raised_from = django_filters.DateFilter(
        field_name="raised_on", lookup_expr="gte", input_formats=["%Y-%m-%d"]
    )
    raised_to = django_filters.DateFilter(
        field_name="raised_on", lookup_expr="lte", input_formats=["%Y-%m-%d"]
    )

    class Meta:
        model = OverdueAlert
        fields: list[str] = []


class AlertList(generics.ListAPIView):
    """Alerts, the newest first."""

    required_permissions = "receivables.view_overduealert"
    serializer_class = AlertSerializer
    filterset_class = AlertFilter
    ordering = ("-raised_on", "-pk")
    queryset = OverdueAlert.objects.none()

    def get_queryset(self) -> QuerySet[OverdueAlert]:
        if not isinstance(self.request.user, User):  # the OpenAPI document is made without a user
            return OverdueAlert.objects.none()
        return selector.visible(self.request.user)


class AlertDetail(generics.RetrieveAPIView):
    required_permissions = "receivables.view_overduealert"
    serializer_class = AlertSerializer
    filter_backends: list[Any] = []
    queryset = OverdueAlert.objects.none()

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return _answer(_visible_alert(request, kwargs["pk"]))


class Acknowledge(APIView):
    required_permissions = "receivables.handle_overduealert"

    @extend_schema(
        request=AcknowledgeSerializer,
        responses={200: AlertSerializer, 409: ProblemSerializer, 412: ProblemSerializer},
        parameters=[IF_MATCH],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Acknowledge an open alert with a note; `If-Match` is optional."""
        alert = _visible_alert(request, pk)
        values = _validated(AcknowledgeSerializer, request)
        alerts.acknowledge(
            alert=alert, note=values["note"], actor=request.user, now=clock.now(),  # type: ignore[arg-type]
            expected_version=_version_named(request),
        )  # fmt: skip
        return _answer(_visible_alert(request, pk))


class Close(APIView):
    required_permissions = "receivables.handle_overduealert"

    @extend_schema(
        request=CloseSerializer,
        responses={200: AlertSerializer, 409: ProblemSerializer, 412: ProblemSerializer},
        parameters=[IF_MATCH],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Close an alert with a reason and a note; `If-Match` is optional."""
        alert = _visible_alert(request, pk)
        values = _validated(CloseSerializer, request)
        alerts.close(
            alert=alert, reason=values["reason"], note=values["note"], actor=request.user,  # type: ignore[arg-type]
            now=clock.now(), expected_version=_version_named(request),
        )  # fmt: skip
        return _answer(_visible_alert(request, pk))


class RuleSerializer(serializers.Serializer[AlertRule]):
    """`threshold`: days, an amount in the unit's base currency, or percent, by kind."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    kind = serializers.ChoiceField(choices=AlertRule.Kind.choices)
    threshold = AmountField()
    level = serializers.ChoiceField(choices=[(level, level) for level in rules_of.LEVELS])
    escalate_after_days = serializers.IntegerField()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()


class RuleChangeSerializer(StrictSerializer):
    threshold = AmountField(required=False)
    level = serializers.ChoiceField(
        choices=[(level, level) for level in rules_of.LEVELS], required=False
    )
    escalate_after_days = StrictIntegerField(
        required=False, min_value=0, max_value=alert_rules.LONGEST_ESCALATION
    )
    is_active = StrictBooleanField(required=False)


class RuleList(generics.ListAPIView):
    """The rules that raise alerts."""

    required_permissions = "receivables.view_overduealert"
    serializer_class = RuleSerializer
    queryset = AlertRule.objects.all()
    ordering = ("pk",)


class RuleDetail(APIView):
    required_permissions = {
        "GET": "receivables.view_overduealert",
        "PATCH": "receivables.change_alertrule",
    }

    @extend_schema(responses=RuleSerializer)
    def get(self, request: Request, pk: int) -> Response:
        rule = get_object_or_404(AlertRule, pk=pk)
        return Response(RuleSerializer(rule).data, headers=concurrency.headers(rule))

    @extend_schema(
        request=RuleChangeSerializer,
        responses={
            200: RuleSerializer,
            412: ProblemSerializer,
            422: ProblemSerializer,
            428: ProblemSerializer,
        },
        parameters=[IF_MATCH],
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change a rule from the next review on; `If-Match` is required."""
        rule = get_object_or_404(AlertRule, pk=pk)
        version = concurrency.expected_version(request)
        values = _validated(RuleChangeSerializer, request)
        rule = alert_rules.change(
            rule=rule, values=values, actor=request.user, expected_version=version,  # type: ignore[arg-type]
        )  # fmt: skip
        return Response(RuleSerializer(rule).data, headers=concurrency.headers(rule))


def _visible_alert(request: Request, pk: int) -> OverdueAlert:
    return get_object_or_404(selector.visible(request.user), pk=pk)  # type: ignore[arg-type]


def _answer(alert: OverdueAlert) -> Response:
    return Response(AlertSerializer(alert).data, headers=concurrency.headers(alert))


def _validated(serializer: type[StrictSerializer], request: Request) -> dict[str, Any]:
    read = serializer(data=request.data)
    read.is_valid(raise_exception=True)
    values: dict[str, Any] = read.validated_data
    return values


def _version_named(request: Request) -> int | None:
    return concurrency.expected_version(request) if "If-Match" in request.headers else None


urlpatterns = [
    path("alerts/", AlertList.as_view(), name="alerts"),
    path("alerts/<int:pk>/", AlertDetail.as_view(), name="alert"),
    path("alerts/<int:pk>/acknowledge/", Acknowledge.as_view(), name="alert_acknowledge"),
    path("alerts/<int:pk>/close/", Close.as_view(), name="alert_close"),
    path("alert-rules/", RuleList.as_view(), name="alert_rules"),
    path("alert-rules/<int:pk>/", RuleDetail.as_view(), name="alert_rule"),
]
