"""/payment-terms/: the rules by which due dates follow from a document's date."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from config.core import concurrency
from config.core.permissions import person
from config.core.selectors import calendar
from customers.api import serializers
from customers.api.customers import IF_MATCH
from customers.api.filters import TermsFilter
from customers.domain.terms import InstalmentKind, Part
from customers.models import PaymentTerms
from customers.selectors import terms as selectors
from customers.services import terms

VIEW, CHANGE = "customers.view_paymentterms", "customers.change_paymentterms"


class PaymentTermsViewSet(GenericViewSet[PaymentTerms]):
    """Payment terms, shared by all business units."""

    queryset = PaymentTerms.objects.all()
    serializer_class = serializers.TermsInput
    filterset_class = TermsFilter
    ordering = ("code",)
    ordering_fields = ("code", "name")
    lookup_value_regex = "[0-9]{1,18}"
    required_permissions = {
        "list": VIEW,
        "retrieve": VIEW,
        "preview": VIEW,
        "create": CHANGE,
        "partial_update": CHANGE,
        "destroy": CHANGE,
    }

    def get_queryset(self) -> QuerySet[PaymentTerms]:
        return selectors.all_terms()

    def _terms(self) -> PaymentTerms:
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])

    def _answer(self, found: PaymentTerms, status: int = 200) -> Response:
        body = serializers.TermsOutput(self.get_queryset().get(pk=found.pk)).data
        return Response(body, status=status, headers=concurrency.headers(found))

    def _read(self, **options: Any) -> dict[str, Any]:
        body = serializers.TermsInput(data=self.request.data, **options)
        body.is_valid(raise_exception=True)
        values: dict[str, Any] = dict(body.validated_data)
        if "instalments" in values:
            values["instalments"] = [_part(part) for part in values["instalments"]]
        return values

    @extend_schema(responses=serializers.TermsOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(serializers.TermsOutput(page, many=True).data)

    @extend_schema(responses=serializers.TermsOutput)
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(self._terms())

    @extend_schema(responses={201: serializers.TermsOutput})
    def create(self, request: Request) -> Response:
        return self._answer(terms.create(actor=person(request), **self._read()), status=201)

    @extend_schema(responses=serializers.TermsOutput, parameters=[IF_MATCH])
    def partial_update(self, request: Request, pk: str) -> Response:
        found, changes = self._terms(), self._read(partial=True)
        expected = concurrency.expected_version(request)
        changed = terms.update(
            terms=found, actor=person(request), expected_version=expected, **changes
        )
        return self._answer(changed)

    @extend_schema(responses={204: None}, parameters=[IF_MATCH])
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete terms that no customer has."""
        found = self._terms()
        expected = concurrency.expected_version(request)
        terms.remove(terms=found, actor=person(request), expected_version=expected)
        return Response(status=204)

    @extend_schema(request=serializers.PreviewInput, responses=serializers.PreviewOutput)
    @action(detail=True, methods=["post"], filterset_class=None, pagination_class=None)
    def preview(self, request: Request, pk: str) -> Response:
        """Say when a document of this date and amount would have to be paid. Nothing is written."""
        body = serializers.PreviewInput(data=request.data)
        rule = selectors.rule_of(terms=self._terms())
        body.is_valid(raise_exception=True)
        found = selectors.preview(
            rule=rule, is_working_day=calendar.load().is_working_day, **body.validated_data
        )
        return Response(serializers.PreviewOutput(found).data)


def _part(values: dict[str, Any]) -> Part:
    return Part(
        percent=values["percent"],
        months=values["months"],
        days=values["days"],
        kind=InstalmentKind(values["kind"]),
    )
