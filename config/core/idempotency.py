"""A repeated money POST does nothing twice: key, effect and answer commit in one transaction.

Put `@once` on the `post`/`create`/action method of an API view. The same key with the same request
gives the same answer again (`Idempotent-Replayed: true`); with another request it is refused; a
twin that runs at the same moment waits for the first one. A business refusal is an answer too and
is kept; a request that could not be read (400, 403, 404) or a failure of ours (5xx) is not.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import connection, transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from config.core import problems
from config.core.errors import DomainError
from config.core.models import IdempotencyKey
from config.core.permissions import person

KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
LOCK_TIMEOUT = "5s"
KEPT_HEADERS = ("Location", "ETag")


class KeyMissing(APIException):
    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "idempotency_key_missing"
    default_detail = _(
        "Send an Idempotency-Key header: 1 to 255 printable characters, new for each operation."
    )


class KeyReused(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = _(
        "This Idempotency-Key was already used for another request. Choose a new key."
    )


def once(handler: Callable[..., Response]) -> Callable[..., HttpResponseBase]:
    """Make an API method run at most once per user and Idempotency-Key."""

    @wraps(handler)
    def wrapper(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = request.headers.get("Idempotency-Key", "")
        if not KEY.fullmatch(key):
            raise KeyMissing
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            digest = _digest(request)
            own = _claim(request, key, digest)
            if own is None:
                return _replay(request, key, digest)
            return _run(own, handler, view, request, *args, **kwargs)

    wrapper.is_idempotent = True  # type: ignore[attr-defined]
    return wrapper


def _run(
    own: int,
    handler: Callable[..., Response],
    view: Any,
    request: Request,
    *args: Any,
    **kwargs: Any,
) -> HttpResponse:
    try:
        with transaction.atomic():
            response = handler(view, request, *args, **kwargs)
    except DomainError as error:
        # The savepoint is rolled back: nothing half-done remains, but the decision does.
        body = problems.problem(status=error.status, code=error.code, detail=str(error))
        response = Response(body, status=error.status, content_type=problems.CONTENT_TYPE)
    answer = {
        "body": JSONRenderer().render(response.data).decode(),
        "content_type": response.content_type or "application/json",
        "headers": {name: response[name] for name in KEPT_HEADERS if response.has_header(name)},
    }
    IdempotencyKey.objects.filter(pk=own).update(status=response.status_code, answer=answer)
    return _answer(response.status_code, answer)


def _claim(request: Request, key: str, digest: str) -> int | None:
    """Insert the key; wait for a twin that holds it uncommitted. None: somebody was first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_idempotencykey (user_id, key, method, path, body_digest, created_at)"
            " VALUES (%s, %s, %s, %s, %s, clock_timestamp())"
            " ON CONFLICT (user_id, key) DO NOTHING RETURNING id",
            [request.user.pk, key, request.method, request.path[:500], digest],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _replay(request: Request, key: str, digest: str) -> HttpResponse:
    first = IdempotencyKey.objects.get(user=person(request), key=key)
    if (first.method, first.path, first.body_digest) != (
        request.method,
        request.path[:500],
        digest,
    ):
        raise KeyReused
    response = _answer(first.status or 200, first.answer or {})
    response["Idempotent-Replayed"] = "true"
    return response


def _answer(code: int, answer: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(answer["body"], status=code, content_type=answer["content_type"])
    for name, value in answer["headers"].items():
        response[name] = value
    return response


def _digest(request: Request) -> str:
    """Return the digest of the request's content; the order of JSON members does not matter."""
    body = hashlib.sha256(request.META.get("QUERY_STRING", "").encode())
    files = getattr(request, "FILES", None) or {}
    data = (
        {name: value for name, value in request.data.items() if name not in files}
        if isinstance(request.data, dict)
        else request.data
    )
    body.update(json.dumps(data, sort_keys=True, default=str).encode())
    for name in sorted(files):
        body.update(name.encode())
        for chunk in files[name].chunks():
            body.update(chunk)
        files[name].seek(0)
    return body.hexdigest()
