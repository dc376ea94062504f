"""Aging and turnover figures for programs: questions in, amounts as strings out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.core import clock
from config.core.filters import refuse_unknown_parameters
from config.core.models import BusinessUnit, User
from config.core.permissions import person
from config.core.serializers import CurrencyField, IsoDateField, StrictSerializer, TextField
from customers.models import Customer
from receivables.domain.aging import Basis
from receivables.selectors import metrics, schemes
from receivables.selectors.aging import AgingReport, AgingRow, GroupBy, aging
from receivables.selectors.open_amounts import Scope, scope_for

EACH = "each"


class ReportQuery(StrictSerializer):
    """What both reports can be asked for; everything may be left out."""

    as_of = IsoDateField(required=False)
    unit = TextField(
        required=False, help_text="Code or id of a business unit; all of yours if left out."
    )
    owner = TextField(required=False, help_text="User name or id of a sales owner.")
    customer = serializers.IntegerField(required=False, min_value=1)
    segment = serializers.ChoiceField(required=False, choices=Customer.Segment.choices)

    def validate_unit(self, value: str) -> BusinessUnit:
        units = BusinessUnit.objects.visible_to(self.context["user"])
        found = units.filter(code=value).first()
        if found is None and value.isascii() and value.isdigit() and len(value) < 10:
            found = units.filter(pk=int(value)).first()
        if found is None:
            raise serializers.ValidationError(_("There is no such business unit."))
        return found

    def validate_owner(self, value: str) -> User:
        found = User.objects.filter(username=value).first()
        if found is None and value.isascii() and value.isdigit() and len(value) < 10:
            found = User.objects.filter(pk=int(value)).first()
        if found is None:
            raise serializers.ValidationError(_("There is no such user."))
        return found

    def validate_customer(self, value: int) -> int:
        if not Customer.objects.visible_to(self.context["user"]).filter(pk=value).exists():
            raise serializers.ValidationError(_("There is no such customer."))
        return value


class AgingQuery(ReportQuery):
    currency = TextField(
        required=False,
        help_text="Only items in this currency; “each” for every currency by itself. Left out: the only "
        "currency there is, or all converted into the base currency.",
    )
    convert_to = CurrencyField(required=False, help_text="Convert by the rate of as_of.")
    group_by = serializers.ChoiceField(
        required=False, choices=[g.value for g in GroupBy], default="customer"
    )
    basis = serializers.ChoiceField(required=False, choices=[b.value for b in Basis], default="due")
    scheme = TextField(required=False)
    unapplied = serializers.ChoiceField(
        required=False, choices=["apart", "netted"], default="apart"
    )

    def validate_currency(self, value: str) -> str:
        if not value or value == EACH:
            return value
        return str(CurrencyField().run_validation(value))


class MetricsQuery(ReportQuery):
    period = serializers.ChoiceField(
        required=False, choices=[p.value for p in metrics.Period], default="quarter"
    )
    currency = CurrencyField(
        required=False, help_text="Convert into this currency; the base currency if left out."
    )


def parsed(request: Request, query_class: type[ReportQuery]) -> dict[str, Any]:
    """Return the checked query; unknown parameters are refused by name."""
    refuse_unknown_parameters(request, allowed=query_class().fields)
    # An empty parameter (`scheme=`) is one that was left out.
    given = {k: v for k, v in request.query_params.items() if v != ""}
    query = query_class(data=given, context={"user": person(request)})
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)


def base_currency(query: dict[str, Any]) -> str:
    unit = query.get("unit")
    return unit.base_currency if unit else settings.BASE_CURRENCY


def scope_of(request: Request, query: dict[str, Any], *, currency: str = "") -> Scope:
    unit, owner = query.get("unit"), query.get("owner")
    return scope_for(
        person(request),
        unit_ids=[unit.pk] if unit else None,
        sales_owner_id=owner.pk if owner else None,
        customer_id=query.get("customer"),
        segment=query.get("segment", ""),
        currency=currency,
    )


def day_of(query: dict[str, Any]) -> date:
    unit = query.get("unit")
    return query.get("as_of") or clock.today(unit.time_zone if unit else None)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class KeyField(serializers.Field[Any, Any, Any, Any]):
    """What a row stands for: an id, or a code such as a segment."""


BucketSerializer = inline_serializer(
    "AgingBucketRange",
    {
        "code": serializers.CharField(),
        "label": serializers.CharField(),
        "from_days": serializers.IntegerField(allow_null=True),
        "to_days": serializers.IntegerField(allow_null=True),
    },
)
AMOUNTS: dict[str, Any] = {
    "amounts": serializers.DictField(child=serializers.CharField()),
    "retention": serializers.CharField(),
    "unapplied": serializers.CharField(),
    "total": serializers.CharField(),
}
AgingAnswer = inline_serializer(
    "AgingReport",
    {
        "as_of": serializers.DateField(),
        "basis": serializers.CharField(),
        "scheme": serializers.CharField(),
        "group_by": serializers.CharField(),
        "currency": serializers.CharField(allow_null=True),
        "buckets": serializers.ListField(child=BucketSerializer),
        "rows": serializers.ListField(
            child=inline_serializer(
                "AgingReportRow",
                {
                    "key": KeyField(allow_null=True),
                    "code": serializers.CharField(),
                    "label": serializers.CharField(),
                    "currency": serializers.CharField(),
                    **AMOUNTS,
                },
            )
        ),
        "totals": inline_serializer("AgingTotals", AMOUNTS),
        "totals_by_currency": serializers.DictField(child=serializers.DictField()),
    },
)


class AgingView(APIView):
    """What was open on a day, by group and bucket. Amounts are strings; unapplied credit is negative."""

    required_permissions = {"GET": "receivables.view_aging"}

    @extend_schema(operation_id="aging_retrieve", parameters=[AgingQuery], responses=AgingAnswer)
    def get(self, request: Request) -> HttpResponse:
        query = parsed(request, AgingQuery)
        return HttpResponse(as_json(self._report(request, query)), content_type="application/json")

    def _report(self, request: Request, query: dict[str, Any]) -> AgingReport:
        currency = query.get("currency", "")
        arguments: dict[str, Any] = {
            "scope": scope_of(request, query, currency="" if currency == EACH else currency),
            "as_of": day_of(query),
            "scheme": schemes.get(query.get("scheme", "")),
            "basis": Basis(query["basis"]),
            "group_by": GroupBy(query["group_by"]),
            "netted": query["unapplied"] == "netted",
        }
        arguments["as_text"] = not arguments["netted"]
        report = aging(**arguments, convert_to=query.get("convert_to", ""))
        if len(report.totals) > 1 and currency != EACH:
            return aging(**arguments, convert_to=base_currency(query))
        return report


def as_json(report: AgingReport) -> str:
    """Return the report as JSON text.

    Written row by row: amounts are texts of digits already, and 20,000 nested objects would take
    longer to build and encode than the database takes to add them up.
    """
    codes = [b.code for b in report.scheme.buckets]
    head = {
        "as_of": report.as_of.isoformat(),
        "basis": report.basis.value,
        "scheme": report.scheme.code,
        "group_by": report.group_by.value,
        "currency": report.currency or None,
        "buckets": [
            {"code": b.code, "label": b.label, "from_days": report.scheme.from_days(i), "to_days": b.to_days}
            for i, b in enumerate(report.scheme.buckets)
        ],
        "totals": _amounts(codes, report.total),
        "totals_by_currency": {t.currency: _amounts(codes, t) for t in report.totals},
    }  # fmt: skip
    return f'{json.dumps(head, ensure_ascii=False)[:-1]},"rows":[{",".join(_row_texts(codes, report.rows))}]}}'


def _row_texts(codes: list[str], rows: Sequence[AgingRow]) -> Iterator[str]:
    amounts = ",".join(f'"{code}":"%s"' for code in codes)
    form = (
        f'{{"key":%s,"code":%s,"label":%s,"currency":"%s","amounts":{{{amounts}}},'
        '"retention":"%s","unapplied":"%s","total":"%s"}'
    )
    quoted = json.encoder.encode_basestring
    for key, code, label, currency, parts, retention, unapplied, total in rows:
        own = str(key) if isinstance(key, int) else "null" if key is None else quoted(key)
        yield form % (
            own,
            quoted(code),
            quoted(label),
            currency,
            *parts,
            retention,
            unapplied,
            total,
        )


def _amounts(codes: list[str], row: AgingRow) -> dict[str, Any]:
    return {
        "amounts": dict(zip(codes, map(str, row.amounts), strict=True)),
        "retention": str(row.retention), "unapplied": str(row.unapplied), "total": str(row.total),
    }  # fmt: skip


class MetricsView(APIView):
    """DSO, CEI and their family for a period that ends on a day; `value` is null where undefined."""

    required_permissions = {"GET": "receivables.view_aging"}

    @extend_schema(
        operation_id="metrics_list",
        parameters=[MetricsQuery],
        responses=inline_serializer(
            "MetricsReport",
            {
                "as_of": serializers.DateField(),
                "period": serializers.CharField(),
                "period_start": serializers.DateField(),
                "currency": serializers.CharField(),
                "metrics": serializers.ListField(
                    child=inline_serializer(
                        "MetricValue",
                        {
                            "code": serializers.CharField(),
                            "label": serializers.CharField(),
                            "value": serializers.CharField(allow_null=True),
                            "unit": serializers.CharField(),
                            "formula": serializers.CharField(),
                            "inputs": serializers.DictField(child=serializers.CharField()),
                            "note": serializers.CharField(allow_blank=True),
                        },
                    )
                ),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        query = parsed(request, MetricsQuery)
        as_of, period = day_of(query), metrics.Period(query["period"])
        currency = query.get("currency") or base_currency(query)
        found = metrics.metrics(
            scope=scope_of(request, query),
            as_of=as_of,
            period=period,
            scheme=schemes.get(),
            convert_to=currency,
        )
        answer = [
            {
                "code": m.code, "label": m.label, "value": None if m.value is None else str(m.value),
                "unit": m.unit.value, "formula": m.formula, "inputs": m.inputs, "note": m.note,
            }
            for m in found
        ]  # fmt: skip
        start = metrics.period_start(as_of, period)
        return Response(
            {
                "as_of": as_of.isoformat(), "period": period.value, "period_start": start.isoformat(),
                "currency": currency, "metrics": answer,
            }
        )  # fmt: skip


urlpatterns = [
    path("aging/", AgingView.as_view(), name="aging"),
    path("metrics/", MetricsView.as_view(), name="metrics"),
]
