"""The aging and the figures as programs read them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from config.core.models import BusinessUnit, ExchangeRate
from config.core.roles import Role
from tests.receivables.test_aging import make_customer, post

DAY = date(2024, 3, 15)


@pytest.fixture
def api_as(api_client, make_user):
    """Return a function that gives the API client of a new person with a role."""
    return lambda role, units: api_client(make_user(role, units=units))


@pytest.fixture
def books(unit):
    """Return a customer with one item not due, one 14 days overdue, and an unapplied receipt."""
    customer = make_customer(unit, "C1")
    post(customer, "A", "100.10", due=date(2024, 4, 1))
    post(customer, "B", "50.05", due=DAY - timedelta(days=14))
    post(customer, "R", "20.00", kind="receipt")
    return customer


def test_amounts_are_strings_by_bucket_code(unit, books, api_as):
    answer = api_as(Role.FINANCE_MANAGER, units=[unit]).get(
        "/api/v1/aging/", {"as_of": "2024-03-15"}, headers={"accept-language": "en"}
    )
    assert answer.status_code == 200
    body = answer.json()
    assert (body["as_of"], body["basis"], body["scheme"], body["currency"]) == (
        "2024-03-15",
        "due",
        "china",
        "CNY",
    )
    assert body["buckets"][:3] == [
        {"code": "not_due", "label": "Not due", "from_days": None, "to_days": 0},
        {"code": "d1_30", "label": "1–30", "from_days": 1, "to_days": 30},
        {"code": "d31_60", "label": "31–60", "from_days": 31, "to_days": 60},
    ]
    (row,) = body["rows"]
    assert (row["key"], row["label"], row["unapplied"], row["total"]) == (
        books.pk,
        books.name,
        "-20.00",
        "130.15",
    )
    assert (row["amounts"]["not_due"], row["amounts"]["d1_30"], row["amounts"]["over_y3"]) == (
        "100.10",
        "50.05",
        "0.00",
    )
    assert body["totals"]["total"] == "130.15"


def test_the_language_of_the_labels_is_the_callers(unit, books, api_as):
    client = api_as(Role.FINANCE_MANAGER, units=[unit])
    labels = client.get(
        "/api/v1/aging/", {"as_of": "2024-03-15"}, headers={"accept-language": "zh-hans"}
    ).json()
    assert labels["buckets"][0]["label"] == "未到期"


def test_two_currencies_are_converted_or_stand_side_by_side_and_never_added(unit, books, api_as):
    post(books, "U", "10.00", currency="USD", due=date(2024, 4, 1))
    client = api_as(Role.FINANCE_MANAGER, units=[unit])
    refused = client.get("/api/v1/aging/", {"as_of": "2024-03-15"})
    assert (refused.status_code, refused.json()["code"]) == (409, "rate_missing")
    ExchangeRate.objects.create(currency="USD", base="CNY", date=DAY, rate=Decimal("7.2"))
    converted = client.get("/api/v1/aging/", {"as_of": "2024-03-15"}).json()
    assert (converted["currency"], converted["totals"]["total"]) == ("CNY", "202.15")
    each = client.get("/api/v1/aging/", {"as_of": "2024-03-15", "currency": "each"}).json()
    assert {c: t["total"] for c, t in each["totals_by_currency"].items()} == {
        "CNY": "130.15",
        "USD": "10.00",
    }
    assert each["currency"] is None
    only = client.get("/api/v1/aging/", {"as_of": "2024-03-15", "currency": "USD"}).json()
    assert (only["currency"], only["totals"]["total"]) == ("USD", "10.00")


@pytest.mark.parametrize(
    ("parameters", "member"),
    [
        ({"as_of": "15.03.2024"}, "as_of"),
        ({"as_of": "2024-W11-5"}, "as_of"),
        ({"group_by": "colour"}, "group_by"),
        ({"currency": "XXXX"}, "currency"),
        ({"unit": "nowhere"}, "unit"),
        ({"customer": "999999999"}, "customer"),
        ({"asof": "2024-03-15"}, "asof"),
        ({"customer__user__password__startswith": "a"}, "customer__user__password__startswith"),
    ],
)
def test_a_question_that_cannot_be_read_is_refused_by_name(unit, books, parameters, member, api_as):
    answer = api_as(Role.FINANCE_MANAGER, units=[unit]).get("/api/v1/aging/", parameters)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert member in str(answer.json()["errors"])


def test_another_units_figures_are_out_of_reach(unit, books, api_as):
    other = BusinessUnit.objects.create(code="B", name="另一家")
    client = api_as(Role.FINANCE_MANAGER, units=[other])
    assert client.get("/api/v1/aging/", {"as_of": "2024-03-15"}).json()["rows"] == []
    assert client.get("/api/v1/aging/", {"unit": unit.code}).status_code == 400
    assert client.get("/api/v1/aging/", {"customer": books.pk}).status_code == 400


def test_who_may_not_see_the_aging(unit, books, client, api_as):
    assert client.get("/api/v1/aging/").status_code == 401
    assert api_as(Role.ADMINISTRATOR, units=[unit]).get("/api/v1/aging/").status_code == 403
    assert api_as(Role.ADMINISTRATOR, units=[unit]).get("/api/v1/metrics/").status_code == 403


def test_figures_of_a_quarter_with_their_inputs(unit, books, api_as):
    client = api_as(Role.FINANCE_MANAGER, units=[unit])
    body = client.get("/api/v1/metrics/", {"as_of": "2024-03-15", "period": "quarter"}).json()
    found = {m["code"]: m for m in body["metrics"]}
    assert (body["period_start"], body["currency"]) == ("2024-01-01", "CNY")
    assert found["receivables"]["value"] == "150.15"
    assert found["overdue_ratio"]["value"] == "33.33"
    assert found["dso"]["value"] == "75.00"  # 150.15 ÷ 150.15 × 75 days
    assert found["dso"]["inputs"]["days"] == "75"
    assert found["best_possible_dso"]["value"] == "50.00"
    assert found["collection_effectiveness_index"]["value"] == "0.00"


def test_figures_without_meaning_are_null(unit, api_as):
    body = (
        api_as(Role.FINANCE_MANAGER, units=[unit])
        .get("/api/v1/metrics/", {"as_of": "2024-03-15"})
        .json()
    )
    found = {m["code"]: m["value"] for m in body["metrics"]}
    assert found["dso"] is None
    assert found["dso_countback"] is None
    assert found["collection_effectiveness_index"] is None
    assert found["overdue_ratio"] is None


def test_the_json_is_sound_whatever_a_customer_is_called(unit, api_as):
    names = ['引号"与\\反斜杠', "换\n行", "<b>&'", "𠮷野家 \u2028"]
    for i, name in enumerate(names):
        customer = make_customer(unit, f"N{i}")
        customer.name = name
        customer.save()
        post(customer, f"I{i}", "1.00", due=date(2024, 4, 1))
    client = api_as(Role.FINANCE_MANAGER, units=[unit])
    for group_by in ("customer", "group", "segment", "cause", "owner", "unit"):
        body = client.get("/api/v1/aging/", {"as_of": "2024-03-15", "group_by": group_by}).json()
        assert body["totals"]["total"] == "4.00"
    rows = client.get("/api/v1/aging/", {"as_of": "2024-03-15"}).json()["rows"]
    assert sorted(r["label"] for r in rows) == sorted(names)
    netted = client.get("/api/v1/aging/", {"as_of": "2024-03-15", "unapplied": "netted"}).json()
    assert (
        netted["totals"] == client.get("/api/v1/aging/", {"as_of": "2024-03-15"}).json()["totals"]
    )
