"""/aging-schemes/: the buckets of every report, read and kept."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.core import concurrency
from config.core.permissions import person
from config.core.serializers import (
    StrictBooleanField,
    StrictIntegerField,
    StrictSerializer,
    TextField,
)
from receivables.api.item_serializers import validated
from receivables.domain.aging import InvalidScheme
from receivables.models import AgingBucket, AgingScheme
from receivables.selectors import schemes as selectors
from receivables.services import schemes
from receivables.services.schemes import BucketInput

VIEW, CHANGE = "receivables.view_agingscheme", "receivables.change_agingscheme"
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="ETag of the version read."
)


class BucketFields(StrictSerializer):
    """A bucket: its inclusive upper edge, null for the last; code and labels follow unless given."""

    upper = StrictIntegerField(min_value=0, max_value=36_500, allow_null=True)
    unit = serializers.ChoiceField(
        choices=AgingBucket.UpperUnit.values, required=False, default="days"
    )
    code = serializers.RegexField(r"^[a-z0-9][a-z0-9_-]{0,19}$", required=False)
    label = TextField(required=False, max_length=30)  # type: ignore[assignment]
    label_en = TextField(required=False, max_length=30, allow_blank=True)


class SchemeFields(StrictSerializer):
    name = TextField(max_length=80)
    name_en = TextField(max_length=80, required=False, allow_blank=True)
    is_default = StrictBooleanField(required=False)
    is_active = StrictBooleanField(required=False)
    buckets = serializers.ListField(
        child=BucketFields(), min_length=3, max_length=schemes.MOST_BUCKETS
    )


class SchemeInput(SchemeFields):
    code = serializers.RegexField(r"^[a-z0-9][a-z0-9_-]{0,29}$")


class BucketOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    label_en = serializers.CharField(allow_blank=True)
    upper = serializers.IntegerField(allow_null=True)
    unit = serializers.ChoiceField(choices=AgingBucket.UpperUnit.values)
    from_days = serializers.IntegerField(allow_null=True)
    to_days = serializers.IntegerField(allow_null=True)


class SchemeOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    name_en = serializers.CharField(allow_blank=True)
    is_default = serializers.BooleanField()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()
    buckets = BucketOutput(many=True)


def scheme_row(scheme: AgingScheme) -> dict[str, Any]:
    """Return a scheme as the API writes it."""
    domain = selectors.to_domain(scheme)
    rows = sorted(scheme.buckets.all(), key=lambda b: b.position)
    return {
        "code": scheme.code,
        "name": scheme.name,
        "name_en": scheme.name_en,
        "is_default": scheme.is_default,
        "is_active": scheme.is_active,
        "version": scheme.version,
        "buckets": [
            {
                "code": row.code,
                "label": row.label,
                "label_en": row.label_en,
                "upper": row.upper,
                "unit": row.upper_unit,
                "from_days": domain.from_days(row.position),
                "to_days": domain.buckets[row.position].to_days,
            }
            for row in rows
        ],
    }


class SchemeView(GenericAPIView[AgingScheme]):
    queryset = AgingScheme.objects.none()
    serializer_class = SchemeOutput

    def known(self) -> QuerySet[AgingScheme]:
        return AgingScheme.objects.prefetch_related("buckets")

    def scheme(self) -> AgingScheme:
        found = self.known().filter(code=self.kwargs["code"]).first()
        if found is None:
            raise Http404
        return found

    def answer(self, code: str, *, made: bool = False) -> Response:
        scheme = self.known().get(code=code)
        headers = concurrency.headers(scheme)
        if made:
            headers["Location"] = self.request.build_absolute_uri(f"{self.request.path}{code}/")
        done = status.HTTP_201_CREATED if made else status.HTTP_200_OK
        return Response(scheme_row(scheme), status=done, headers=headers)

    def handle_exception(self, exc: Exception) -> Response:
        """Say beside the sentence which bucket is at fault."""
        if isinstance(exc, InvalidScheme) and "position" in exc.context:
            pointer = f"/buckets/{exc.context['position']}/upper"
            fault = {"pointer": pointer, "field": "upper", "code": exc.code, "message": str(exc)}
            exc.errors = [fault]  # type: ignore[attr-defined]
        return super().handle_exception(exc)


def _buckets(data: dict[str, Any]) -> list[BucketInput]:
    return [BucketInput(**bucket) for bucket in data.pop("buckets")]


class SchemeListView(SchemeView):
    required_permissions = {"GET": VIEW, "POST": CHANGE}
    ordering = ("code",)

    @extend_schema(responses=SchemeOutput(many=True))
    def get(self, request: Request) -> Response:
        """List the aging schemes."""
        page = self.paginate_queryset(self.filter_queryset(self.known())) or []
        return self.get_paginated_response([scheme_row(scheme) for scheme in page])

    @extend_schema(request=SchemeInput, responses={201: SchemeOutput})
    def post(self, request: Request) -> Response:
        """Add a scheme; buckets that leave a gap or overlap are refused by name."""
        data = validated(request, SchemeInput)
        if data.pop("is_active", True) is False:
            sentence = _("A new scheme is active; switch it off afterwards.")
            raise serializers.ValidationError({"is_active": sentence})
        buckets = _buckets(data)
        name_en = data.pop("name_en", "")
        made = schemes.create(buckets=buckets, name_en=name_en, actor=person(request), **data)
        return self.answer(made.code, made=True)


class SchemeDetailView(SchemeView):
    required_permissions = {"GET": VIEW, "PUT": CHANGE, "PATCH": CHANGE, "DELETE": CHANGE}

    @extend_schema(responses=SchemeOutput)
    def get(self, request: Request, code: str) -> Response:
        """One aging scheme with its buckets."""
        self.filter_queryset(AgingScheme.objects.none())
        return self.answer(self.scheme().code)

    @extend_schema(parameters=[IF_MATCH], request=SchemeFields, responses=SchemeOutput)
    def put(self, request: Request, code: str) -> Response:
        """Replace a scheme's names and buckets."""
        return self._change(request, validated(request, SchemeFields))

    @extend_schema(
        parameters=[IF_MATCH], request=SchemeFields(partial=True), responses=SchemeOutput
    )
    def patch(self, request: Request, code: str) -> Response:
        """Change what is named; buckets are replaced as a whole."""
        return self._change(request, validated(request, SchemeFields, partial=True))

    @extend_schema(parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, code: str) -> Response:
        """Remove a scheme that is not the default."""
        scheme = self.scheme()
        version = concurrency.expected_version(request)
        schemes.delete(scheme=scheme, expected_version=version, actor=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, request: Request, data: dict[str, Any]) -> Response:
        scheme = self.scheme()
        version = concurrency.expected_version(request)
        buckets = _buckets(data) if "buckets" in data else as_inputs(scheme)
        changed = schemes.change(
            scheme=scheme,
            name=data.get("name", scheme.name),
            name_en=data.get("name_en", scheme.name_en),
            is_default=data.get("is_default", scheme.is_default),
            is_active=data.get("is_active", scheme.is_active),
            buckets=buckets,
            expected_version=version,
            actor=person(request),
        )
        return self.answer(changed.code)


def as_inputs(scheme: AgingScheme) -> list[BucketInput]:
    """Return the buckets as they are, for a change that leaves them alone."""
    return [
        BucketInput(
            upper=row.upper,
            unit=row.upper_unit,
            code=row.code,
            label=row.label,
            label_en=row.label_en,
        )
        for row in sorted(scheme.buckets.all(), key=lambda b: b.position)
    ]


urlpatterns: list[URLPattern] = [
    path("aging-schemes/", SchemeListView.as_view(), name="aging-schemes"),
    path("aging-schemes/<slug:code>/", SchemeDetailView.as_view(), name="aging-scheme"),
]
