"""/api/v1/payment-terms/ and its preview."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.core.models import CalendarDay
from config.core.roles import Role
from customers.models import PaymentTerms
from customers.services import terms

URL = "/api/v1/payment-terms/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def api(api_client, make_user, unit):
    return api_client(make_user(Role.CREDIT_MANAGER, units=[unit]))


def test_delivered_terms_are_listed_with_their_instalments(api):
    with CaptureQueriesContext(connection) as queries:
        body = api.get(URL).json()
    assert len(queries) <= 5
    found = {row["code"]: row for row in body["results"]}
    assert len(found) == 11
    assert found["306010"]["instalments"][2] == {
        "kind": "retention",
        "percent": "10.0000",
        "months": 12,
        "days": 0,
    }
    assert found["M30-EOM"]["end_of_month"] is True
    assert api.get(URL, {"is_active": "false"}).json()["results"] == []


def test_terms_are_added_changed_and_deleted(api):
    body = {
        "code": "MINE", "name": "我的", "name_en": "Mine", "days": 10, "pay_days": [25, 10], "discount_percent": "1.50", "discount_days": 5,
        "instalments": [{"percent": "40"}, {"percent": "60.0000", "days": 30}],
    }  # fmt: skip
    made = api.post(URL, body)
    assert made.status_code == 201, made.json()
    assert (made.json()["pay_days"], made["ETag"]) == ([10, 25], '"1"')
    one = f"{URL}{made.json()['id']}/"
    assert api.get(one).json() == made.json()
    assert api.patch(one, {"days": 20}).status_code == 428
    changed = api.patch(
        one, {"days": 20, "discount_percent": None, "discount_days": None}, HTTP_IF_MATCH='"1"'
    )
    assert (
        changed.json()["days"],
        changed.json()["discount_percent"],
        len(changed.json()["instalments"]),
    ) == (20, None, 2)
    assert api.patch(one, {"days": 30}, HTTP_IF_MATCH='"1"').status_code == 412
    emptied = api.patch(one, {"instalments": []}, HTTP_IF_MATCH='"2"')
    assert emptied.json()["instalments"] == []
    assert api.delete(one).status_code == 428
    assert api.delete(one, HTTP_IF_MATCH='"3"').status_code == 204
    assert not PaymentTerms.objects.filter(code="MINE").exists()


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"instalments": [{"percent": "40"}]}, 422, "instalments"),
        ({"instalments": [{"percent": 40.0}]}, 400, "percent"),
        ({"code": "cod"}, 409, "code"),
        ({"days": "30"}, 400, "days"),
        ({"pay_days": [32]}, 400, "0"),
        ({"base_event": "moon"}, 400, "base_event"),
        ({"discount_percent": "2"}, 422, "discount_percent"),
        ({"version": 2}, 400, "version"),
    ],
)
def test_terms_that_can_not_be_used_are_refused_with_their_place(api, change, status, field):
    answer = api.post(URL, {"code": "X", "name": "名"} | change)
    assert answer.status_code == status, answer.json()
    assert answer.json()["errors"][0]["field"] == field
    assert PaymentTerms.objects.count() == 11


def test_terms_in_use_are_not_deleted(api, make_customer):
    found = PaymentTerms.objects.get(code="COD")
    make_customer(payment_terms=found)
    answer = api.delete(f"{URL}{found.pk}/", HTTP_IF_MATCH='"1"')
    assert (answer.status_code, answer.json()["code"]) == (409, "terms_in_use")


def test_an_invoice_dated_so_is_due_then(api):
    made = terms.create(
        code="N30H",
        name="30天顺延",
        actor=None,
        days=30,
        holiday_rule="next",
        discount_percent=2,
        discount_days=10,
    )
    CalendarDay.objects.create(date="2026-04-09", is_working=False)
    answer = api.post(
        f"{URL}{made.pk}/preview/", {"document_date": "2026-03-10", "amount": "1000.00"}
    )
    assert answer.json() == {
        "document_date": "2026-03-10", "amount": "1000.00",
        "instalments": [
            {"position": 1, "kind": "regular", "amount": "1000.00", "due_date": "2026-04-10", "nominal_date": "2026-04-09"}
        ],
        "discount": {"percent": "2.00", "amount": "20.00", "last_day": "2026-03-20"},
    }  # fmt: skip


def test_retention_counts_from_the_acceptance(api):
    found = PaymentTerms.objects.get(code="ACC30-R3")
    body = {"document_date": "2026-03-10", "amount": "100.00", "acceptance_date": "2026-05-01"}
    parts = api.post(f"{URL}{found.pk}/preview/", body).json()["instalments"]
    assert [(p["kind"], p["amount"], p["due_date"]) for p in parts] == [
        ("regular", "97.00", "2026-04-09"), ("retention", "3.00", "2028-05-01"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"document_date": "10.3.2026", "amount": "1.00"},
        {"document_date": "2026-03-10", "amount": 1},
        {"document_date": "2026-03-10", "amount": "1.00", "x": 1},
    ],
)
def test_a_preview_needs_a_date_and_an_amount(api, body):
    found = PaymentTerms.objects.get(code="COD")
    assert api.post(f"{URL}{found.pk}/preview/", body).status_code == 400


def test_who_may_only_see_terms_can_not_write_them(api_client, make_user, unit):
    found = PaymentTerms.objects.get(code="COD")
    client = api_client(make_user(Role.COLLECTOR, units=[unit]))
    assert client.get(URL).status_code == 200
    assert (
        client.post(
            f"{URL}{found.pk}/preview/", {"document_date": "2026-03-10", "amount": "1.00"}
        ).status_code
        == 200
    )
    assert client.post(URL, {"code": "X", "name": "名"}).status_code == 403
    assert client.patch(f"{URL}{found.pk}/", {"days": 1}, HTTP_IF_MATCH='"1"').status_code == 403
    assert client.delete(f"{URL}{found.pk}/", HTTP_IF_MATCH='"1"').status_code == 403
