"""ETag and If-Match: editable rows carry a version, and a PATCH must name the one it read."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from config.core.versions import Versioned

ETAG = re.compile(r'"([1-9][0-9]{0,9})"', re.ASCII)
CHANGED = _(
    "Somebody else changed this record in the meantime. Read it again and repeat your change."
)


class PreconditionRequired(APIException):
    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_detail = _("Send If-Match with the ETag of the version you read.")
    default_code = "precondition_required"


class PreconditionFailed(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = CHANGED
    default_code = "stale"


def etag(record: Versioned) -> str:
    """Return the ETag of a record, e.g. `"7"`."""
    return f'"{record.version}"'


def headers(record: Versioned) -> dict[str, str]:
    """Return the headers of an answer that shows an editable record."""
    return {"ETag": etag(record)}


def expected_version(request: Request) -> int:
    """Return the version named by If-Match; pass it to the service, which checks it under lock.

    :raises PreconditionRequired: 428 if the header is missing
    :raises PreconditionFailed: 412 if it can be no version of ours
    """
    text = request.headers.get("If-Match")
    if text is None:
        raise PreconditionRequired
    found = ETAG.fullmatch(text.strip())
    if found is None:
        raise PreconditionFailed
    return int(found.group(1))
