"""`/api/v1/calendar-days/`: our exceptions to the public calendar."""

from __future__ import annotations

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from config.core.models import CalendarDay
from config.core.permissions import person
from config.core.serializers import IsoDateField, StrictBooleanField, StrictSerializer, TextField
from config.core.services import calendar


class CalendarDayOutput(serializers.ModelSerializer[CalendarDay]):
    class Meta:
        model = CalendarDay
        fields = ("id", "date", "is_working", "note")
        read_only_fields = fields


class CalendarDayInput(StrictSerializer):
    date = IsoDateField()
    is_working = StrictBooleanField()
    note = TextField(max_length=100, allow_blank=True, default="")


class CalendarDayFilter(django_filters.FilterSet):
    date_from = django_filters.DateFilter(field_name="date", lookup_expr="gte")
    date_to = django_filters.DateFilter(field_name="date", lookup_expr="lte")

    class Meta:
        model = CalendarDay
        fields = ("date_from", "date_to")


@extend_schema_view(
    list=extend_schema(summary="List calendar exceptions"),
    retrieve=extend_schema(summary="Read a calendar exception"),
)
class CalendarDayViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[CalendarDay]
):
    """Days on which people work or do not, against the public calendar."""

    required_permissions = {
        "GET": "core.view_calendarday",
        "POST": "core.change_calendarday",
        "DELETE": "core.change_calendarday",
    }
    serializer_class = CalendarDayOutput
    filterset_class = CalendarDayFilter
    queryset = CalendarDay.objects.all()
    ordering = ("date",)
    lookup_value_regex = r"[0-9]{1,18}"

    @extend_schema(
        summary="Set a day", request=CalendarDayInput, responses={201: CalendarDayOutput}
    )
    def create(self, request: Request) -> Response:
        form = CalendarDayInput(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        row = calendar.set_day(day=values.pop("date"), actor=person(request), **values)
        return Response(CalendarDayOutput(row).data, status=201)

    @extend_schema(summary="Remove an exception", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        calendar.forget_day(row=self.get_object(), actor=person(request))
        return Response(status=204)
