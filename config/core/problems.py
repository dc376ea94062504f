"""Every refusal of the API is application/problem+json (RFC 9457) with a code and a sentence."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from config.core import request_context
from config.core.errors import DomainError

log = logging.getLogger("zhangqi.problems")
CONTENT_TYPE = "application/problem+json"
LOCK_NOT_AVAILABLE, DEADLOCK, SERIALIZATION = "55P03", "40P01", "40001"


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    **extra: object,
) -> dict[str, object]:
    """Return the members of one problem."""
    body: dict[str, object] = {
        "type": f"urn:zhangqi:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = errors
    return body | extra


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn an exception of an API view into a problem; None lets Django answer 500."""
    response = (
        _from_django(error) or _from_rule(error) or _from_framework(error) or _from_database(error)
    )
    if response is None:
        log.exception("request failed", exc_info=error)
        response = _answer(
            500,
            "internal_error",
            server_sentence(),
            request_id=request_context.current().request_id,
        )
    set_rollback()
    return response


def _answer(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    **extra: object,
) -> Response:
    body = problem(status=status, code=code, detail=detail, errors=errors, **extra)
    return Response(body, status=status, headers=dict(headers or {}), content_type=CONTENT_TYPE)


def _from_django(error: Exception) -> Response | None:
    # One body for what is missing and what is out of scope, so that nobody can tell them apart.
    if isinstance(error, (Http404, exceptions.NotFound)):
        return _answer(404, "not_found", _("Not found."))
    if isinstance(error, PermissionDenied):
        return _answer(403, "permission_denied", _("You do not have the right to do this."))
    if isinstance(error, RequestDataTooBig):
        return _answer(413, "too_large", _("The request is too large."))
    if isinstance(error, (SuspiciousOperation, TooManyFieldsSent)):
        return _answer(400, "bad_request", _("The request can not be read."))
    return None


def _from_rule(error: Exception) -> Response | None:
    if not isinstance(error, DomainError):
        return None
    return _answer(error.status, error.code, str(error), errors=getattr(error, "errors", None))


def _from_framework(error: Exception) -> Response | None:
    if not isinstance(error, exceptions.APIException):
        return None
    headers: dict[str, str] = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait) + 1)  # type: ignore[attr-defined]
    if isinstance(error, exceptions.ValidationError):
        errors = flatten(error.detail)
        return _answer(error.status_code, "invalid", _("The request has errors."), errors=errors)
    code = error.get_codes()
    return _answer(
        error.status_code,
        code if isinstance(code, str) else "refused",
        str(error.detail),
        headers=headers,
    )


def _from_database(error: Exception) -> Response | None:
    if isinstance(error, IntegrityError):
        log.warning("refused by the database: %s", type(error.__cause__).__name__)
        sentence = _(
            "This would contradict what is already recorded. Read the record again and check the request."
        )
        return _answer(409, "conflict", sentence)
    if not isinstance(error, OperationalError):
        return None
    if getattr(error.__cause__, "pgcode", None) in {LOCK_NOT_AVAILABLE, DEADLOCK, SERIALIZATION}:
        return _answer(
            409,
            "busy",
            _("Another request is working on the same record. Try again."),
            headers={"Retry-After": "1"},
        )
    log.error("the database does not answer", exc_info=error)
    return _answer(
        503,
        "unavailable",
        _("The database does not answer. Try again in a moment."),
        headers={"Retry-After": "5"},
    )


def flatten(detail: object, pointer: str = "") -> list[dict[str, str]]:
    """Return one entry per message: the place as JSON pointer, the field, the sentence."""
    if isinstance(detail, Mapping):
        found: list[dict[str, str]] = []
        for key, inner in detail.items():
            place = pointer if key == "non_field_errors" else f"{pointer}/{_escape(str(key))}"
            found += flatten(inner, place)
        return found
    if isinstance(detail, (list, tuple)):
        found = []
        for index, inner in enumerate(detail):
            nested = isinstance(inner, (Mapping, list, tuple))
            found += flatten(inner, f"{pointer}/{index}" if nested else pointer)
        return found
    code = getattr(detail, "code", "invalid")
    return [
        {
            "pointer": pointer,
            "field": pointer.rsplit("/", 1)[-1],
            "code": str(code),
            "message": str(detail),
        }
    ]


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def server_sentence() -> str:
    """Return what is said when the fault is ours."""
    return _(
        "Something went wrong on our side. Nothing was changed. Tell the administrator the request id."
    )


def is_api(request: HttpRequest) -> bool:
    """Return whether a program is asking."""
    return request.path.startswith("/api/")


def wants_problem(request: HttpRequest) -> bool:
    """Return whether even Django's own errors are to be problems: for programs and page fragments."""
    is_fragment = bool(request.headers.get("HX-Request")) and not request.headers.get("HX-Boosted")
    return is_api(request) or is_fragment


def json_answer(*, status: int, code: str, detail: str, request_id: str = "") -> HttpResponse:
    """Return a problem from outside Django REST framework (middleware, error handlers)."""
    body = problem(status=status, code=code, detail=detail)
    if request_id:
        body["request_id"] = request_id
    # Written as Django REST framework writes it, so that both look the same to the byte.
    return HttpResponse(JSONRenderer().render(body), status=status, content_type=CONTENT_TYPE)
