"""`/api/v1/audit-events/`"""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets

from config.core.audit_labels import label_of
from config.core.models import AuditEvent
from config.core.permissions import person
from config.core.selectors import audit


class AuditEventOutput(serializers.ModelSerializer[AuditEvent]):
    actor = serializers.CharField(source="actor.username", default=None, allow_null=True)
    unit = serializers.CharField(source="unit.code", default=None, allow_null=True)
    label = serializers.SerializerMethodField()  # type: ignore[assignment]
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)

    class Meta:
        model = AuditEvent
        fields = (
            "id", "recorded_at", "actor", "action", "label", "target_type", "target_id", "target_label", "unit",
            "customer_key", "before", "after", "request_id", "address", "idempotency_key",
        )  # fmt: skip
        read_only_fields = fields

    def get_label(self, event: AuditEvent) -> str:
        return label_of(event.action)


class AuditEventFilter(django_filters.FilterSet):
    actor = django_filters.CharFilter(field_name="actor__username", max_length=150)
    action = django_filters.CharFilter(max_length=80)
    target_type = django_filters.CharFilter(max_length=60)
    target_id = django_filters.CharFilter(max_length=40)
    customer = django_filters.NumberFilter(field_name="customer_key", max_value=2**63 - 1)
    unit = django_filters.CharFilter(field_name="unit__code", max_length=20)
    date_from = django_filters.DateFilter(method="filter_first")
    date_to = django_filters.DateFilter(method="filter_last")

    class Meta:
        model = AuditEvent
        fields = (
            "actor",
            "action",
            "target_type",
            "target_id",
            "customer",
            "unit",
            "date_from",
            "date_to",
        )

    def filter_first(
        self, events: QuerySet[AuditEvent], name: str, value: object
    ) -> QuerySet[AuditEvent]:
        return audit.between(events, first=value, last=None)  # type: ignore[arg-type]

    def filter_last(
        self, events: QuerySet[AuditEvent], name: str, value: object
    ) -> QuerySet[AuditEvent]:
        return audit.between(events, first=None, last=value)  # type: ignore[arg-type]


@extend_schema_view(
    list=extend_schema(summary="List events of the trail, newest first"),
    retrieve=extend_schema(summary="Read an event"),
)
class AuditEventViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[AuditEvent]
):
    """Who did what to which record, when, before and after. Read only: the trail is only added to."""

    required_permissions = {"GET": "core.view_auditevent"}
    serializer_class = AuditEventOutput
    filterset_class = AuditEventFilter
    queryset = AuditEvent.objects.none()
    ordering = ("-pk",)
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[AuditEvent]:
        return audit.visible_to(person(self.request))
