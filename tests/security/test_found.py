"""Faults that attacks on the running product found, so that they do not come back."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import get_internal_wsgi_application
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils import translation

from config.core.errors import NotAllowed
from config.core.middleware import SecurityHeadersMiddleware
from config.core.roles import Role
from receivables.models import ImportBatch, OpenItem
from receivables.services.imports import uploads

pytestmark = pytest.mark.django_db
INVOICES = b"customer,kind,number,document_date,due_date,currency,amount\nC1,invoice,X-1,2026-11-01,2026-12-01,CNY,100.00\n"


def send(api: Any, unit: Any, kind: str, **options: Any) -> Any:
    file = SimpleUploadedFile("ledger.csv", INVOICES)
    return api.post(
        reverse("api-imports"),
        {"file": file, "kind": kind, "unit": unit.code, **options},
        format="multipart",
    )


@pytest.mark.parametrize("kind", ["open-items", "customers"])
def test_a_cashier_imports_no_documents_and_no_customers(
    unit, api_client, make_user, client_for, kind
):
    answer = send(api_client(make_user(Role.CASHIER, units=[unit])), unit, kind)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    page = client_for(Role.CASHIER, units=[unit])
    data = {"unit": unit.pk, "kind": kind, "file": SimpleUploadedFile("a.csv", INVOICES)}
    assert page.post(reverse("receivables:import_upload"), data).status_code == 422
    assert not ImportBatch.objects.exists()
    assert not OpenItem.objects.exists()


def test_a_cashier_imports_receipts_but_creates_no_customers_by_them(unit, api_client, make_user):
    cashier = api_client(make_user(Role.CASHIER, units=[unit]))
    assert send(cashier, unit, "receipts", create_customers="true").status_code == 403
    assert send(cashier, unit, "receipts").status_code == 202


def test_a_cashier_does_not_start_what_an_accountant_only_checked(unit, api_client, make_user):
    clerk = make_user(Role.AR_ACCOUNTANT, units=[unit])
    batch = uploads.take(
        unit=unit, kind="open-items", file_name="a.csv", content=[INVOICES], mapping="", options={"dry_run": True},
        actor=clerk,
    )  # fmt: skip
    cashier = make_user(Role.CASHIER, units=[unit])
    answer = api_client(cashier).post(reverse("api-import-run", args=[batch.pk]))
    assert answer.status_code == 403
    with pytest.raises(NotAllowed):
        uploads.reconfigure(batch=batch, mapping={}, options={}, actor=cashier)
    batch.refresh_from_db()
    assert batch.options["dry_run"] is True


@pytest.mark.parametrize(
    "day", ["0001-01-01", "0005-06-07", "1899-12-31", "2200-01-01", "9999-12-31"]
)
@pytest.mark.parametrize(
    "page", ["home", "receivables:aging", "receivables:metrics", "receivables:items"]
)
def test_a_page_as_of_a_day_beyond_the_calendar_answers(unit, client_for, page, day):
    client = client_for(Role.FINANCE_MANAGER, units=[unit])
    assert client.get(reverse(page), {"as_of": day}).status_code == 200


def ask(application: WSGIHandler, method: str, path: str) -> tuple[dict[str, str], bytes]:
    """Call the application as a server does; Django's test client would hide a body."""
    told: dict[str, str] = {}
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "SERVER_NAME": "testserver", "SERVER_PORT": "80",
        "wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http", "REMOTE_ADDR": "127.0.0.1",
    }  # fmt: skip
    answer = application(environ, lambda _status, headers, *_: told.update(headers))
    body = b"".join(answer)
    answer.close()
    return told, body


@pytest.mark.parametrize("path", ["/login/", "/healthz", "/nothing-here/", "/api/v1/me/"])
def test_an_answer_to_head_has_the_headers_of_get_and_no_body(path):
    application = get_internal_wsgi_application()
    with translation.override(None):
        _headers, page = ask(application, "GET", path)
        headers, body = ask(application, "HEAD", path)
    assert page
    assert body == b""
    assert abs(int(headers["Content-Length"]) - len(page)) < 20  # the CSRF token's mask may differ


def test_a_stream_is_closed_and_not_sent_in_answer_to_head():
    request, closed = HttpRequest(), []

    class Rows:
        def __iter__(self) -> Any:
            return iter([b"a"])

        def close(self) -> None:
            closed.append(True)

    request.method = "HEAD"
    answer = SecurityHeadersMiddleware(lambda _request: StreamingHttpResponse(Rows()))(request)
    assert b"".join(answer) == b""
    assert closed
