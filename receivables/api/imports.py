"""Imports over the API: send a file, follow it, read every refused row: `/api/v1/imports/`."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, parsers, serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.core import exports, idempotency
from config.core.models import BusinessUnit, User
from config.core.permissions import person
from config.core.serializers import ProblemSerializer, StrictSerializer, TextField
from receivables.api.alerts import visible_units
from receivables.domain.importing.dates import ORDERS
from receivables.domain.importing.fields import FIELDS
from receivables.models import ImportBatch, ImportRefusal
from receivables.models.imports import ImportKind
from receivables.selectors import import_downloads, imports
from receivables.services.imports import background, uploads

VIEW, IMPORT = "receivables.view_importbatch", "receivables.import_data"
KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="A repeated request with this key takes no second file.",
)
OPTIONS = (
    "currency",
    "source",
    "date_order",
    "sheet",
    "dry_run",
    "good_rows_only",
    "create_customers",
)


class ImportInput(StrictSerializer):
    """Amounts without a currency are in `currency` (the unit's by default). `dry_run` checks and writes nothing."""

    file = serializers.FileField(max_length=500, allow_empty_file=True)
    kind = serializers.ChoiceField(choices=sorted(FIELDS))
    mapping = TextField(
        max_length=20_000, required=False, allow_blank=True, multiline=True,
        help_text="Name of a mapping (`ibm`, `highradius`, a remembered one) or JSON; empty: found by the headings.",
    )  # fmt: skip
    unit = TextField(
        max_length=20, required=False, help_text="Code; may be left out by who belongs to one unit."
    )
    currency = TextField(max_length=3, required=False, allow_blank=True)
    source = TextField(max_length=18, required=False, allow_blank=True)  # type: ignore[assignment]
    date_order = serializers.ChoiceField(choices=ORDERS, required=False, allow_blank=True)
    sheet = TextField(max_length=80, required=False, allow_blank=True)
    dry_run = serializers.BooleanField(default=False)
    good_rows_only = serializers.BooleanField(default=False)
    create_customers = serializers.BooleanField(default=False)


class SidesOutput(serializers.Serializer[Any]):
    debit = serializers.CharField()
    credit = serializers.CharField()


class TotalsOutput(serializers.Serializer[Any]):
    currency = serializers.CharField()
    file = SidesOutput()
    written = SidesOutput()
    unchanged = SidesOutput()
    refused = SidesOutput()


class FileRefusalOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class ImportOutput(serializers.Serializer[ImportBatch]):
    """`refusal` is why the file as a whole was refused; single rows are at `…/refusals/`."""

    id = serializers.IntegerField()
    unit = serializers.CharField(source="unit.code")
    kind = serializers.ChoiceField(choices=ImportKind.choices)
    state = serializers.ChoiceField(choices=ImportBatch.State.choices)
    file = serializers.CharField(source="file_name")
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    job = serializers.IntegerField(source="job_id", allow_null=True)
    rows_read = serializers.IntegerField()
    rows_good = serializers.SerializerMethodField()
    rows_written = serializers.IntegerField()
    rows_unchanged = serializers.IntegerField()
    rows_refused = serializers.IntegerField()
    totals = serializers.SerializerMethodField()
    ties = serializers.SerializerMethodField()
    notices = serializers.SerializerMethodField()
    refusal = serializers.SerializerMethodField()
    mapping = serializers.DictField()
    options = serializers.DictField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(TotalsOutput(many=True))
    def get_totals(self, batch: ImportBatch) -> list[dict[str, Any]]:
        return imports.totals(batch=batch)

    def get_rows_good(self, batch: ImportBatch) -> int:
        return int(batch.report.get("rows_good", 0))

    def get_ties(self, batch: ImportBatch) -> bool | None:
        return batch.report.get("ties")

    def get_notices(self, batch: ImportBatch) -> list[str]:
        return imports.notices(batch=batch)

    @extend_schema_field(FileRefusalOutput(allow_null=True))
    def get_refusal(self, batch: ImportBatch) -> dict[str, str] | None:
        detail = imports.file_refusal(batch=batch)
        return {"code": batch.report["refusal"]["code"], "detail": detail} if detail else None


class RefusalOutput(serializers.Serializer[ImportRefusal]):
    """`row` is the row as a spreadsheet counts it; `cells` is the row as it stands in the file."""

    sheet = serializers.CharField()
    row = serializers.IntegerField()
    column = serializers.CharField()
    value = serializers.CharField()
    code = serializers.CharField()
    reason = serializers.SerializerMethodField()
    cells = serializers.ListField(child=serializers.CharField(allow_blank=True))

    def get_reason(self, refusal: ImportRefusal) -> str:
        return imports.reason(refusal)


class ImportFilter(django_filters.FilterSet):
    unit = django_filters.ModelChoiceFilter(queryset=visible_units, to_field_name="code")
    kind = django_filters.ChoiceFilter(choices=ImportKind.choices)
    state = django_filters.ChoiceFilter(choices=ImportBatch.State.choices)

    class Meta:
        model = ImportBatch
        fields: list[str] = []


def _visible(request: Request) -> QuerySet[ImportBatch]:
    if not isinstance(request.user, User):  # the OpenAPI document is made without a user
        return ImportBatch.objects.none()
    return imports.visible(user=request.user)


class ImportList(generics.ListAPIView[ImportBatch]):
    """Imports, the newest first."""

    required_permissions = {"GET": VIEW, "POST": IMPORT}
    parser_classes = (parsers.MultiPartParser,)
    serializer_class = ImportOutput
    filterset_class = ImportFilter
    ordering = ("-pk",)
    queryset = ImportBatch.objects.none()

    def get_queryset(self) -> QuerySet[ImportBatch]:
        return _visible(self.request)

    @extend_schema(
        request={"multipart/form-data": ImportInput},
        responses={
            202: ImportOutput,
            404: ProblemSerializer,
            413: ProblemSerializer,
            422: ProblemSerializer,
        },
        parameters=[KEY],
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Send a file. The answer comes at once; a job reads it: follow `state` until it is no longer running."""
        return self._once(request) if "Idempotency-Key" in request.headers else self._take(request)

    def _take(self, request: Request) -> Response:
        read = ImportInput(data=request.data)
        read.is_valid(raise_exception=True)
        given = read.validated_data
        user = person(request)
        batch = uploads.take(
            unit=_unit(user, given.get("unit", "")),
            kind=given["kind"],
            file_name=given["file"].name,
            content=given["file"].chunks(),
            mapping=given.get("mapping", ""),
            options={name: given[name] for name in OPTIONS if name in given},
            actor=user,
        )
        background.enqueue(batch=batch, actor=user)
        location = request.build_absolute_uri(f"{request.path}{batch.pk}/")
        return Response(
            ImportOutput(batch).data,
            status=status.HTTP_202_ACCEPTED,
            headers={"Location": location},
        )

    _once = idempotency.once(_take)


def _unit(user: User, code: str) -> BusinessUnit:
    units = BusinessUnit.objects.visible_to(user).filter(is_active=True)
    if code:
        return get_object_or_404(units, code__iexact=code)
    found = list(units[:2])
    if len(found) != 1:
        raise ValidationError({"unit": [_("Name the business unit by its code.")]})
    return found[0]


class ImportDetail(generics.RetrieveAPIView[ImportBatch]):
    """One import: state, figures, totals per currency, notices."""

    required_permissions = {"GET": VIEW}
    serializer_class = ImportOutput
    queryset = ImportBatch.objects.none()

    def get_queryset(self) -> QuerySet[ImportBatch]:
        return _visible(self.request)


class ImportRun(APIView):
    """Import a file that was only checked, or that was refused or cancelled."""

    required_permissions = {"POST": IMPORT}

    @extend_schema(
        request=None, responses={202: ImportOutput, 404: ProblemSerializer, 409: ProblemSerializer}
    )
    def post(self, request: Request, pk: int) -> Response:
        batch = get_object_or_404(_visible(request), pk=pk)
        uploads.choose_to_write(batch=batch, actor=person(request))
        background.enqueue(batch=batch, actor=person(request))
        return Response(ImportOutput(batch).data, status=status.HTTP_202_ACCEPTED)


class ImportRefusals(generics.ListAPIView[ImportRefusal]):
    """Refused rows in the order of the file; the first 10,000 reasons are kept, all are counted."""

    required_permissions = {"GET": VIEW}
    serializer_class = RefusalOutput
    filterset_class = None
    ordering = ("row", "pk")
    queryset = ImportRefusal.objects.none()

    def get_queryset(self) -> QuerySet[ImportRefusal]:
        if getattr(self, "swagger_fake_view", False):
            return ImportRefusal.objects.none()
        return imports.refusals(
            batch=get_object_or_404(_visible(self.request), pk=self.kwargs["pk"])
        )


class RefusedRowsFile(APIView):
    """The refused rows as a file with the columns of the original and the reasons, to correct and send again."""

    required_permissions = {"GET": VIEW}

    @extend_schema(
        parameters=[OpenApiParameter("form", str, enum=["xlsx", "csv"])],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 404: ProblemSerializer},
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        form = request.query_params.get("form", "xlsx")
        if form not in {"xlsx", "csv"}:
            raise ValidationError({"form": [_("The form is xlsx or csv.")]})
        batch = get_object_or_404(_visible(request), pk=pk)
        columns, rows = import_downloads.refused(batch=batch)
        return exports.file_response(
            form=form, filename=f"refused-rows-{batch.pk}", columns=columns, rows=rows
        )


urlpatterns = [
    path("imports/", ImportList.as_view(), name="api-imports"),
    path("imports/<int:pk>/", ImportDetail.as_view(), name="api-import"),
    path("imports/<int:pk>/run/", ImportRun.as_view(), name="api-import-run"),
    path("imports/<int:pk>/refusals/", ImportRefusals.as_view(), name="api-import-refusals"),
    path(
        "imports/<int:pk>/refused-rows/", RefusedRowsFile.as_view(), name="api-import-refused-rows"
    ),
]
