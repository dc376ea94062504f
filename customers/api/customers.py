"""/customers/ and what belongs to one customer."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from config.core import concurrency
from config.core.permissions import person
from customers.api import rows, serializers
from customers.api.filters import CustomerFilter
from customers.domain import uscc
from customers.models import Contact, Customer, CustomerQuerySet
from customers.selectors import customers as selectors
from customers.services import contacts, customers

VIEW, CHANGE = "customers.view_customer", "customers.change_customer"
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="ETag of the version read."
)


class CustomerViewSet(GenericViewSet[Customer]):
    """Customers of the caller's business units; salespeople see their own."""

    queryset = Customer.objects.none()
    serializer_class = serializers.CustomerInput
    filterset_class = CustomerFilter
    ordering = ("code",)
    ordering_fields = ("code", "name", "sort_key", "created_at", "updated_at")
    lookup_value_regex = "[0-9]{1,18}"
    required_permissions = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": CHANGE,
        "partial_update": CHANGE,
        "status": CHANGE,
        "assignments": CHANGE,
    }

    def get_queryset(self) -> CustomerQuerySet:
        if getattr(self, "swagger_fake_view", False):
            return Customer.objects.none()
        return Customer.objects.visible_to(person(self.request))

    def _customer(self) -> Customer:
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])

    def _read(self, serializer: type[serializers.StrictSerializer], **options: Any) -> Any:
        body = serializer(data=self.request.data, context={"request": self.request}, **options)
        body.is_valid(raise_exception=True)
        return body.validated_data

    @extend_schema(responses=serializers.CustomerOutput(many=True))
    def list(self, request: Request) -> Response:
        found = self.filter_queryset(rows.values(self.get_queryset()))
        page = self.paginate_queryset(found)
        return self.get_paginated_response(rows.rows(page or []))

    @extend_schema(responses=serializers.CustomerOutput)
    def retrieve(self, request: Request, pk: str) -> Response:
        found = rows.values(self.get_queryset().filter(pk=pk)).first()
        if found is None:
            raise Http404
        return Response(rows.row(found), headers={"ETag": f'"{found["version"]}"'})

    @extend_schema(responses={201: serializers.CreatedCustomerOutput})
    def create(self, request: Request) -> Response:
        """Add a customer. `similar` names customers that may be the same company."""
        body = self._read(serializers.CustomerInput)
        user = person(request)
        similar = selectors.find_similar(user=user, name=body["name"], code=body.get("uscc", ""))
        customer = customers.create(actor=user, **body)
        answer = rows.read(customer) | {
            "similar": [
                {"id": s.customer.pk, "code": s.customer.code, "name": s.customer.name, "likeness": s.likeness}
                for s in similar
            ],
            "warnings": code_warnings(customer.uscc),
        }  # fmt: skip
        location = request.build_absolute_uri(f"{request.path}{customer.pk}/")
        return Response(
            answer, status=201, headers={**concurrency.headers(customer), "Location": location}
        )

    @extend_schema(
        request=serializers.CustomerChangeInput,
        responses=serializers.CustomerOutput,
        parameters=[IF_MATCH],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change some members; the unit stays, the status has its own resource."""
        customer = self._customer()
        changes = self._read(serializers.CustomerChangeInput, partial=True)
        expected = concurrency.expected_version(request)
        changed = customers.update(
            customer=customer, actor=person(request), expected_version=expected, **changes
        )
        return Response(rows.read(changed), headers=concurrency.headers(changed))

    @extend_schema(
        request=serializers.StatusInput,
        responses=serializers.CustomerOutput,
        parameters=[IF_MATCH],
    )
    @action(detail=True, methods=["post"], filterset_class=None, pagination_class=None)
    def status(self, request: Request, pk: str) -> Response:
        """Make the customer active, dormant or closed, for a reason."""
        customer = self._customer()
        body = self._read(serializers.StatusInput)
        changed = customers.change_status(
            customer=customer,
            actor=person(request),
            expected_version=concurrency.expected_version(request),
            **body,
        )
        return Response(rows.read(changed), headers=concurrency.headers(changed))

    @extend_schema(request=serializers.AssignmentInput, responses=serializers.AssignmentOutput)
    @action(detail=False, methods=["post"], filterset_class=None, pagination_class=None)
    def assignments(self, request: Request) -> Response:
        """Hand customers over to a sales owner or a collector: all of them or none."""
        body = self._read(serializers.AssignmentInput)
        changed = customers.assign(
            actor=person(request), customer_ids=body.pop("customers"), **body
        )
        return Response({"changed": changed})


@extend_schema_view(
    list=extend_schema(responses=serializers.ContactOutput(many=True)),
    retrieve=extend_schema(responses=serializers.ContactOutput),
    create=extend_schema(responses={201: serializers.ContactOutput}),
    partial_update=extend_schema(responses=serializers.ContactOutput, parameters=[IF_MATCH]),
    destroy=extend_schema(responses={204: None}, parameters=[IF_MATCH]),
)
class ContactViewSet(GenericViewSet[Contact]):
    """People at a customer."""

    queryset = Contact.objects.none()
    serializer_class = serializers.ContactInput
    lookup_value_regex = "[0-9]{1,18}"
    required_permissions = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": CHANGE,
        "partial_update": CHANGE,
        "destroy": CHANGE,
    }

    def _customer(self) -> Customer:
        scope = Customer.objects.visible_to(person(self.request))
        return get_object_or_404(scope, pk=self.kwargs["customer_pk"])

    def _contact(self) -> Contact:
        return get_object_or_404(self._customer().contacts, pk=self.kwargs["pk"])

    def _answer(self, contact: Contact, status: int = 200) -> Response:
        body = serializers.ContactOutput(contact).data
        return Response(body, status=status, headers=concurrency.headers(contact))

    def list(self, request: Request, customer_pk: str) -> Response:
        found = self.filter_queryset(self._customer().contacts.all())
        page = self.paginate_queryset(found)
        return self.get_paginated_response(serializers.ContactOutput(page, many=True).data)

    def retrieve(self, request: Request, customer_pk: str, pk: str) -> Response:
        return self._answer(self._contact())

    def create(self, request: Request, customer_pk: str) -> Response:
        customer = self._customer()
        body = serializers.ContactInput(data=request.data)
        body.is_valid(raise_exception=True)
        contact = contacts.create(customer=customer, actor=person(request), **body.validated_data)
        return self._answer(contact, status=201)

    def partial_update(self, request: Request, customer_pk: str, pk: str) -> Response:
        contact = self._contact()
        body = serializers.ContactInput(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        expected = concurrency.expected_version(request)
        changed = contacts.update(
            contact=contact, actor=person(request), expected_version=expected, **body.validated_data
        )
        return self._answer(changed)

    def destroy(self, request: Request, customer_pk: str, pk: str) -> Response:
        contact = self._contact()
        expected = concurrency.expected_version(request)
        contacts.remove(contact=contact, actor=person(request), expected_version=expected)
        return Response(status=204)


def code_warnings(code: str) -> list[str]:
    """Return what is odd about a valid code without being wrong."""
    if not code or uscc.organisation_code_agrees(code):
        return []
    return [
        _(
            "The organisation code in positions 9 to 17 has another check character than expected. "
            "Some genuine old codes have; compare it with the business licence."
        )
    ]
