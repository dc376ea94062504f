"""Background jobs over the API: look, wait, cancel, take up again."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.core.models import Job
from config.core.permissions import SIGNED_IN, person
from config.core.selectors import jobs as job_selectors
from config.core.serializers import StrictModelSerializer
from config.core.services import jobs


class JobOutput(StrictModelSerializer):
    label = serializers.SerializerMethodField()  # type: ignore[assignment]
    unit = serializers.SlugRelatedField[Any]("code", read_only=True)
    created_by = serializers.SlugRelatedField[Any]("username", read_only=True)
    percent = serializers.IntegerField(read_only=True, allow_null=True)
    error = serializers.SerializerMethodField()
    result = serializers.DictField(read_only=True, allow_null=True)

    class Meta:
        model = Job
        fields = (
            "id", "kind", "label", "state", "unit", "created_by", "created_at", "started_at", "finished_at",
            "attempt", "progress_done", "progress_total", "percent", "cancel_requested", "result", "error",
        )  # fmt: skip
        read_only_fields = fields

    def get_label(self, job: Job) -> str:
        return jobs.label_of(kind=job.kind)

    def get_error(self, job: Job) -> str:
        return job_selectors.error_of(job=job)


class JobFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=Job.State.choices)
    kind = django_filters.CharFilter(max_length=60)
    unit = django_filters.CharFilter(field_name="unit__code", max_length=20)

    class Meta:
        model = Job
        fields = ("state", "kind", "unit")


@extend_schema_view(
    list=extend_schema(summary="List background jobs, the newest first"),
    retrieve=extend_schema(
        summary="Read a job: its state, progress, result or the reason it failed"
    ),
)
class JobViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Job]):
    """Own jobs; with the right to see jobs, those of one's units, too."""

    required_permissions = {"GET": SIGNED_IN, "cancel": SIGNED_IN, "retry": SIGNED_IN}
    serializer_class = JobOutput
    filterset_class = JobFilter
    ordering = ("-pk",)
    queryset = Job.objects.none()
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Job]:
        if getattr(self, "swagger_fake_view", False):
            return Job.objects.none()
        return job_selectors.visible(user=person(self.request))

    @extend_schema(summary="Ask a job to stop", request=None, responses=JobOutput)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        job = jobs.request_cancel(job=self.get_object(), actor=person(request))
        return Response(JobOutput(job).data)

    @extend_schema(
        summary="Take up a failed or cancelled job again", request=None, responses=JobOutput
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        job = jobs.retry_by_person(job=self.get_object(), actor=person(request))
        return Response(JobOutput(job).data)
