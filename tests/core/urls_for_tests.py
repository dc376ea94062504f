"""Routes that only tests use: an API view for each thing that can go wrong."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.core.errors import DomainError, InvalidInput
from config.core.idempotency import once
from config.core.models import BusinessUnit
from config.core.permissions import SIGNED_IN, requires
from config.core.serializers import (
    AmountField,
    CurrencyField,
    IsoDateField,
    StrictSerializer,
    TextField,
)
from config.core.views import errors

handler404 = errors.not_found
handler500 = errors.server_error
calls: list[str] = []


class Input(StrictSerializer):
    amount = AmountField(required=False, positive=True)
    currency = CurrencyField(required=False)
    day = IsoDateField(required=False)
    text = TextField(required=False, max_length=20)


class EchoView(APIView):
    required_permissions = {"POST": SIGNED_IN}

    def post(self, request: Request) -> Response:
        form = Input(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(Input(form.validated_data).data)


class UndeclaredView(APIView):
    def get(self, request: Request) -> Response:
        return Response({})


class OnceView(APIView):
    """Makes a unit; what the body asks for decides how it ends."""

    required_permissions = {"POST": SIGNED_IN}

    @once
    def post(self, request: Request) -> Response:
        calls.append(request.data["code"])
        BusinessUnit.objects.create(code=request.data["code"], name="x")
        ending = request.data.get("ending")
        if ending == "refused":
            raise DomainError(
                "The limit of %(limit)s is reached.", code="limit_reached", limit="10.00"
            )
        if ending == "broken":
            raise RuntimeError("secret detail")
        if ending == "invalid":
            Input(data={"amount": "x"}).is_valid(raise_exception=True)
        return Response(
            {"code": request.data["code"], "z": 1, "a": 2},
            status=201,
            headers={"Location": "/x/1/"},
        )


ERRORS: dict[str, Any] = {
    "domain": InvalidInput("Row %(row)s is wrong.", code="row_wrong", row=3),
    "missing": Http404("No Customer matches the given query."),
    "integrity": IntegrityError(
        "duplicate key value violates unique constraint customer_code_once_a_unit"
    ),
    "bug": RuntimeError("secret detail"),
}


class RaisingView(APIView):
    required_permissions = {"GET": SIGNED_IN}

    def get(self, request: Request, kind: str) -> Response:
        raise ERRORS[kind]


@requires(SIGNED_IN)
def page(request: HttpRequest, kind: str) -> HttpResponse:
    raise ERRORS[kind]


urlpatterns = [
    path("api/v1/echo/", EchoView.as_view()),
    path("api/v1/undeclared/", UndeclaredView.as_view()),
    path("api/v1/once/", OnceView.as_view()),
    path("api/v1/raise/<str:kind>/", RaisingView.as_view()),
    path("page/<str:kind>/", page),
]
