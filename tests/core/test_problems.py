"""Every refusal of the API is problem+json; what is not the documented form is refused by name."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework.test import APIClient

from config.core.parsers import MAX_DEPTH
from config.urls import urlpatterns as real
from tests import factories
from tests.core import urls_for_tests

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.test_problems")]
handler400, handler403, handler404, handler500 = (
    "config.core.views.errors.bad_request",
    "config.core.views.errors.permission_denied",
    "config.core.views.errors.not_found",
    "config.core.views.errors.server_error",
)
urlpatterns = [path("", include(urls_for_tests)), *real]
TYPE = "application/problem+json"


@pytest.fixture
def client(api_client) -> APIClient:
    found = api_client(factories.alice())
    found.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    found.raise_request_exception = False
    return found


@pytest.fixture
def browser(client_for) -> Client:
    found = client_for(user=factories.alice())
    found.raise_request_exception = False
    return found


def post(client: APIClient, body: str | bytes | object):
    raw = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return client.post("/api/v1/echo/", raw, content_type="application/json")


@pytest.mark.parametrize(
    ("kind", "status", "code", "detail"),
    [
        ("domain", 422, "row_wrong", "Row 3 is wrong."),
        ("missing", 404, "not_found", "Not found."),
        ("integrity", 409, "conflict", "contradict"),
        ("bug", 500, "internal_error", "on our side"),
    ],
)
def test_each_exception_has_its_problem(
    client: APIClient, kind: str, status: int, code: str, detail: str
) -> None:
    answer = client.get(f"/api/v1/raise/{kind}/")
    body = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (status, TYPE)
    assert (body["status"], body["code"]) == (status, code)
    assert detail in body["detail"]
    assert body["type"] == f"urn:zhangqi:problem:{code}"
    for leak in ["secret detail", "customer_code_once_a_unit", "No Customer matches"]:
        assert leak not in answer.content.decode()


def test_a_fault_of_ours_names_the_request(client: APIClient) -> None:
    answer = client.get("/api/v1/raise/bug/", HTTP_X_REQUEST_ID="abc-12345678")
    assert answer.json()["request_id"] == "abc-12345678"


def test_missing_out_of_scope_and_unrouted_look_the_same(client: APIClient) -> None:
    foreign = factories.unit_b()
    answers = [client.get(f"/api/v1/units/{key}/") for key in (foreign.pk, 999999999)]
    answers.append(client.get("/api/v1/nowhere/"))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize(
    "amount",
    [1, 1.5, True, None, "", " 1", "1 ", "1.005", "1,000", "1E+3", "1e2", "1_000", "１２３", "NaN", "Infinity", "-0", "-0.00",
     "01", ".5", "5.", "+1", "12345678901234567", "0x1", "0", "-1.00", [], {}],
)  # fmt: skip
def test_any_other_form_of_an_amount_is_refused(client: APIClient, amount: object) -> None:
    answer = post(client, {"amount": amount})
    assert answer.status_code == 400, amount
    assert answer.json()["errors"][0]["field"] == "amount"


@pytest.mark.parametrize(
    ("amount", "written"),
    [("1", "1.00"), ("0.5", "0.50"), ("1234.50", "1234.50"), ("9999999999999999.99",) * 2],
)
def test_an_amount_is_a_string_with_two_decimals_out(
    client: APIClient, amount: str, written: str
) -> None:
    assert post(client, {"amount": amount}).json() == {"amount": written}


@pytest.mark.parametrize(
    "day",
    [
        "2026-W01-1",
        "20260101",
        "2026-1-5",
        "2026-02-30",
        "２０２６-01-01",
        "01/02/2026",
        "2026-01-01T00:00",
        20260101,
        "0001-01-01",
        "2200-01-01",
        None,
    ],
)
def test_any_other_form_of_a_date_is_refused(client: APIClient, day: object) -> None:
    assert post(client, {"day": day}).status_code == 400


@pytest.mark.parametrize("currency", ["cny", "XXX", "RM", "CNYY", "BHD", 156, "ＣＮＹ"])
def test_an_unknown_currency_is_refused(client: APIClient, currency: object) -> None:
    assert post(client, {"currency": currency}).status_code == 400


@pytest.mark.parametrize("text", ["a\x07b", "a\u202eb", "x" * 21, 5, ["x"], "a\nb"])
def test_text_that_can_not_be_shown_is_refused(client: APIClient, text: object) -> None:
    assert post(client, {"text": text}).status_code == 400


def test_an_unknown_member_is_refused_by_name(client: APIClient) -> None:
    answer = post(client, {"amount": "1.00", "is_admin": True, "版本": 1})
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == {"is_admin", "版本"}


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe{}",
        b'{"amount": "1.00", "amount": "2.00"}',
        b'{"amount": NaN}',
        b'{"amount": -Infinity}',
        b'{"text": "\\u0000"}',
        b'{"text": "\\ud800"}',
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b"[" * 100_000,
        b"{",
        b"1" * 5000,
    ],
    ids=range(10),
)
def test_json_that_another_parser_would_guess_is_refused(client: APIClient, raw: bytes) -> None:
    answer = post(client, raw)
    assert answer.status_code == 400
    assert answer["Content-Type"] == TYPE


def test_brackets_and_escapes_inside_strings_are_just_text(client: APIClient) -> None:
    assert post(client, {"text": "[[[{{{" * 3}).status_code == 200
    assert post(client, '{"text": "\\\\u0000"}').json() == {"text": "\\u0000"}


def test_a_body_over_the_limit_is_refused(client: APIClient, settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert post(client, {"text": "x" * 2000}).status_code in {400, 413}


def test_another_content_type_is_refused(client: APIClient) -> None:
    answer = client.post("/api/v1/echo/", "a=1", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer["Content-Type"]) == (415, TYPE)


@pytest.mark.parametrize(
    "query",
    ["unit__code=A", "foo=1", "ordering=password", "ordering=-unit", "page_size=0", "page_size=1000000000", "page_size=１",
     "date_from=2026-02-30", "currency=\x00", "closed_by__password__startswith=a"],
)  # fmt: skip
def test_an_undeclared_query_parameter_is_refused_by_name(client: APIClient, query: str) -> None:
    answer = client.get("/api/v1/exchange-rates/?" + query)
    assert answer.status_code == 400, query
    assert answer.json()["errors"][0]["field"] in query


def test_pages_go_by_cursor_and_miss_nothing(client: APIClient) -> None:
    for month in range(1, 8):
        factories.ExchangeRateFactory(date=f"2026-0{month}-01")
    seen, url = [], "/api/v1/exchange-rates/?page_size=3&ordering=date"
    while url:
        body = client.get(url).json()
        seen += [row["date"] for row in body["results"]]
        url = body["next"]
    assert seen == [f"2026-0{month}-01" for month in range(1, 8)]


def test_an_escaped_refusal_is_a_page_with_its_sentence(browser: Client) -> None:
    answer = browser.get(
        "/page/domain/", HTTP_ACCEPT_LANGUAGE="en", HTTP_REFERER="http://testserver/profile/"
    )
    assert answer.status_code == 422
    assert "Row 3 is wrong." in answer.content.decode()
    assert 'href="/profile/"' in answer.content.decode()


def test_an_escaped_refusal_is_a_message_for_a_fragment_and_is_never_swapped_in(
    browser: Client,
) -> None:
    answer = browser.get("/page/domain/", HTTP_HX_REQUEST="true")
    assert answer.status_code == 409
    assert answer.json()["detail"] == "Row 3 is wrong."


def test_a_broken_page_is_generic_and_names_the_request(browser: Client) -> None:
    answer = browser.get("/page/bug/", HTTP_X_REQUEST_ID="abc-12345678")
    assert answer.status_code == 500
    assert "abc-12345678" in answer.content.decode()
    assert "secret detail" not in answer.content.decode()


def test_an_expired_session_sends_a_fragment_to_the_login() -> None:
    answer = Client().get(
        "/page/domain/",
        HTTP_HX_REQUEST="true",
        HTTP_HX_CURRENT_URL="http://testserver/settings/?x=1",
    )
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/login/?next=/settings/%3Fx%3D1"


def test_editing_needs_the_version_that_was_read(api_client) -> None:
    client = api_client(factories.alice())
    rate = factories.ExchangeRateFactory()
    url = f"/api/v1/exchange-rates/{rate.pk}/"
    assert client.get(url)["ETag"] == '"1"'
    assert client.patch(url, {"rate": "7.2"}).status_code == 428
    assert client.patch(url, {"rate": "7.2"}, headers={"If-Match": '"9"'}).status_code == 412
    assert client.patch(url, {"rate": "7.2"}, headers={"If-Match": "*"}).status_code == 412
    done = client.patch(url, {"rate": "7.2"}, headers={"If-Match": '"1"'})
    assert (done.status_code, done["ETag"], done.json()["rate"]) == (200, '"2"', "7.20000000")
    assert client.patch(url, {"rate": "7.3"}, headers={"If-Match": '"1"'}).status_code == 412
    rate.refresh_from_db()
    assert str(rate.rate) == "7.20000000"


def test_calls_over_the_ceiling_are_refused_with_a_time_to_wait(
    client: APIClient, settings
) -> None:
    settings.API_CALLS_PER_MINUTE = 3
    statuses = [client.get("/api/v1/me/").status_code for _n in range(4)]
    if 429 not in statuses:
        pytest.fail("The throttle is not in force: see REST_FRAMEWORK['DEFAULT_THROTTLE_CLASSES'].")
    answer = client.get("/api/v1/me/")
    assert 1 <= int(answer["Retry-After"]) <= 61
    assert answer.json()["code"] == "throttled"
