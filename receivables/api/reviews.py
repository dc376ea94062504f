"""Reviews of the receivables: what was done, and asking for one by hand: `/api/v1/reviews/`."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from config.core import clock
from config.core.models import BusinessUnit, User
from config.core.serializers import IsoDateField, ProblemSerializer, StrictSerializer, TextField
from receivables import tasks
from receivables.api.alerts import visible_units
from receivables.models import AgingReview
from receivables.selectors import reviews as selector
from receivables.services import reviews


class ReviewSerializer(serializers.Serializer[AgingReview]):
    """`totals` by currency: total, not_due, overdue, retention, unapplied; `raised` alerts by level."""

    id = serializers.IntegerField()
    unit = serializers.CharField(source="unit.code")
    as_of = IsoDateField()
    scheme = serializers.CharField(source="scheme.code")
    finished_at = serializers.DateTimeField()
    customers = serializers.IntegerField()
    items = serializers.IntegerField()
    alerts_raised = serializers.IntegerField()
    alerts_closed = serializers.SerializerMethodField()
    raised = serializers.SerializerMethodField()
    missing_rates = serializers.SerializerMethodField()
    totals = serializers.SerializerMethodField()

    def get_alerts_closed(self, review: AgingReview) -> int:
        return int(reviews.report(review).get("closed", 0))

    def get_raised(self, review: AgingReview) -> dict[str, int]:
        return dict(reviews.report(review).get("raised", {}))

    def get_missing_rates(self, review: AgingReview) -> list[str]:
        return list(reviews.report(review).get("missing_rates", []))

    def get_totals(self, review: AgingReview) -> dict[str, dict[str, str]]:
        return reviews.totals(review)


class ReviewRequestSerializer(StrictSerializer):
    unit = TextField(max_length=20, help_text="code of the business unit")
    date = IsoDateField()


class ReviewJobSerializer(serializers.Serializer[Any]):
    job = serializers.IntegerField()
    state = serializers.CharField()


class ReviewFilter(django_filters.FilterSet):
    unit = django_filters.ModelChoiceFilter(queryset=visible_units, to_field_name="code")
    date_from = django_filters.DateFilter(
        field_name="as_of", lookup_expr="gte", input_formats=["%Y-%m-%d"]
    )
    date_to = django_filters.DateFilter(
        field_name="as_of", lookup_expr="lte", input_formats=["%Y-%m-%d"]
    )

    class Meta:
        model = AgingReview
        fields: list[str] = []


class ReviewList(generics.ListAPIView):
    """Reviews, the latest day first."""

    required_permissions = {"GET": "receivables.view_aging", "POST": "receivables.run_review"}
    serializer_class = ReviewSerializer
    filterset_class = ReviewFilter
    ordering = ("-as_of", "-pk")
    queryset = AgingReview.objects.none()

    def get_queryset(self) -> QuerySet[AgingReview]:
        if not isinstance(self.request.user, User):  # the OpenAPI document is made without a user
            return AgingReview.objects.none()
        return selector.visible(self.request.user)

    @extend_schema(
        request=ReviewRequestSerializer,
        responses={202: ReviewJobSerializer, 404: ProblemSerializer, 422: ProblemSerializer},
    )
    def post(self, request: Request) -> Response:
        """Ask for the review of a unit as of a day; the same request finds the same job."""
        read = ReviewRequestSerializer(data=request.data)
        read.is_valid(raise_exception=True)
        units = BusinessUnit.objects.visible_to(request.user).filter(is_active=True)  # type: ignore[arg-type]
        unit = get_object_or_404(units, code=read.validated_data["unit"])
        as_of = read.validated_data["date"]
        reviews.check_date(as_of=as_of, today=clock.today(unit.time_zone))
        job = tasks.enqueue_review(unit=unit, as_of=as_of, actor=request.user)  # type: ignore[arg-type]
        body = {"job": job.pk, "state": job.state}
        return Response(
            body, status=status.HTTP_202_ACCEPTED, headers={"Location": f"/api/v1/jobs/{job.pk}/"}
        )


urlpatterns = [path("reviews/", ReviewList.as_view(), name="reviews")]
