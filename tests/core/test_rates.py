"""Exchange rates: the one in force on a day; never two currencies added without one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from config.core.errors import InvalidInput
from config.core.models import AuditEvent, ExchangeRate
from config.core.selectors import rates
from config.core.services import rates as service
from config.core.versions import StaleVersion
from tests import factories

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture(autouse=True)
def _some_rates() -> None:
    for day, rate in [(date(2026, 1, 1), "7.1"), (date(2026, 2, 1), "7.2")]:
        factories.ExchangeRateFactory(currency="USD", date=day, rate=D(rate))
    factories.ExchangeRateFactory(currency="EUR", date=date(2026, 1, 1), rate=D("8"))


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (date(2026, 1, 1), "7.1"),
        (date(2026, 1, 31), "7.1"),
        (date(2026, 2, 1), "7.2"),
        (date(2030, 1, 1), "7.2"),
    ],
)
def test_a_rate_holds_until_the_next_one(day: date, rate: str) -> None:
    assert rates.rate(currency="USD", base="CNY", on=day) == D(rate)


def test_the_same_currency_needs_no_rate(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert rates.rate(currency="BRL", base="BRL", on=date(1999, 1, 1)) == 1


def test_the_inverse_and_the_way_over_the_base_currency() -> None:
    assert rates.rate(currency="CNY", base="EUR", on=date(2026, 1, 5)) == D("0.125")
    assert rates.rate(currency="USD", base="EUR", on=date(2026, 1, 5)) == D("7.1") * D("0.125")


@pytest.mark.parametrize(
    ("amount", "result"),
    [
        ("100.00", "710.00"),
        ("0.01", "0.07"),
        ("0.05", "0.36"),
        ("-0.05", "-0.36"),
        ("12345678.91", "87654320.26"),
    ],
)
def test_conversion_rounds_half_up_once(amount: str, result: str) -> None:
    assert rates.convert(amount=D(amount), currency="USD", to="CNY", on=date(2026, 1, 5)) == D(
        result
    )


@pytest.mark.parametrize(
    ("currency", "day"), [("GBP", date(2026, 1, 5)), ("USD", date(2025, 12, 31))]
)
def test_a_missing_rate_names_the_currency_and_the_day(currency: str, day: date) -> None:
    with pytest.raises(rates.RateMissing) as refusal:
        rates.convert(amount=D(1), currency=currency, to="CNY", on=day)
    assert f"from {currency} to CNY on {day}" in str(refusal.value)


def test_a_table_takes_one_query_for_all_currencies(django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        table = rates.rate_table(
            base="CNY", on=date(2026, 1, 5), currencies=["CNY", "USD", "EUR", "USD"]
        )
    assert table == {"CNY": 1, "USD": D("7.1"), "EUR": 8}


@pytest.mark.parametrize("base", ["CNY", "USD", "EUR"])
def test_the_table_for_sql_says_what_a_single_question_says(base: str) -> None:
    days = [date(2025, 12, 31), date(2026, 1, 5), date(2026, 2, 5)]
    for day, table in rates.tables(base=base, days=days).items():
        assert table == rates.table(base=base, on=day)
        for currency in ("CNY", "USD", "EUR", "GBP"):
            try:
                known = rates.rate(currency=currency, base=base, on=day)
            except rates.RateMissing:
                known = None
            assert table.get(currency) == known


def test_a_pair_entered_both_ways_counts_by_its_direct_rate() -> None:
    factories.ExchangeRateFactory(currency="CNY", base="USD", date=date(2026, 1, 2), rate=D("0.15"))
    assert rates.table(base="CNY", on=date(2026, 1, 5))["USD"] == D("7.1")
    assert rates.table(base="USD", on=date(2026, 1, 5))["CNY"] == D("0.15")


def test_a_day_has_one_rate_of_a_pair() -> None:
    with pytest.raises(InvalidInput, match="already has a rate from 2026-01-01"):
        service.add(
            currency="USD", base="CNY", on=date(2026, 1, 1), rate=D("7"), source="", actor=None
        )
    assert ExchangeRate.objects.count() == 3


@pytest.mark.parametrize(
    ("currency", "base", "rate"),
    [
        ("USD", "USD", "1"),
        ("usd", "CNY", "1"),
        ("BHD", "CNY", "1"),
        ("GBP", "CNY", "0"),
        ("GBP", "CNY", "-1"),
        ("GBP", "CNY", "1000000000"),
    ],
)
def test_a_wrong_rate_is_refused(currency: str, base: str, rate: str) -> None:
    with pytest.raises(InvalidInput):
        service.add(
            currency=currency, base=base, on=date(2026, 1, 1), rate=D(rate), source="", actor=None
        )
    assert ExchangeRate.objects.count() == 3


def test_a_correction_keeps_the_old_rate_in_the_trail() -> None:
    row, alice = ExchangeRate.objects.get(currency="EUR"), factories.alice()
    service.change(row=row, rate=D("8.1"), source="SAFE", actor=alice, expected_version=1)
    event = AuditEvent.objects.get(action="exchange_rate.changed")
    assert (event.before, event.after) == (
        {"rate": "8.00000000", "source": ""},
        {"rate": "8.1", "source": "SAFE"},
    )
    with pytest.raises(StaleVersion, match="Somebody else"):
        service.change(row=row, rate=D("9"), source="", actor=alice, expected_version=1)
    service.remove(row=row, actor=alice)
    assert not ExchangeRate.objects.filter(currency="EUR").exists()
    assert AuditEvent.objects.get(action="exchange_rate.removed").before["currency"] == "EUR"


def test_the_page_enters_corrects_removes_and_filters(client_for) -> None:
    client = client_for(user=factories.alice())
    words = {"currency": "gbp", "base": "CNY", "on": "2026-03-01", "rate": "9.05", "source": "BoC"}
    assert client.post("/settings/rates/", words).status_code == 302
    row = ExchangeRate.objects.get(currency="GBP")
    again = client.post("/settings/rates/", words, HTTP_ACCEPT_LANGUAGE="en")
    assert (again.status_code, "already has a rate" in again.content.decode()) == (422, True)
    assert (
        client.post(f"/settings/rates/{row.pk}/", {"rate": "9.06", "version": "1"}).status_code
        == 302
    )
    stale = client.post(f"/settings/rates/{row.pk}/", {"rate": "9.07", "version": "1"})
    assert stale.status_code == 422
    page = client.get("/settings/rates/?currency=USD&on=2026-01-15").content.decode()
    assert "7.100000" in page
    assert "7.200000" not in page
    assert client.post(f"/settings/rates/{row.pk}/remove/").status_code == 302
    assert not ExchangeRate.objects.filter(currency="GBP").exists()


def test_who_may_only_see_can_not_enter(client_for) -> None:
    client = client_for("collector", units=[factories.unit_a()])
    assert client.get("/settings/rates/").status_code == 200
    client.post(
        "/settings/rates/", {"currency": "GBP", "base": "CNY", "on": "2026-03-01", "rate": "9"}
    )
    assert not ExchangeRate.objects.filter(currency="GBP").exists()


def test_the_api_enters_and_removes(api_client) -> None:
    client = api_client(factories.alice())
    body = {"currency": "GBP", "base": "CNY", "date": "2026-03-01", "rate": "9.05"}
    made = client.post("/api/v1/exchange-rates/", body)
    assert (made.status_code, made.json()["rate"]) == (201, "9.05000000")
    assert client.post("/api/v1/exchange-rates/", body).json()["code"] == "rate_exists"
    for rate in [9.05, "9.123456789", "0", "-1", "1e3", "９"]:
        assert (
            client.post(
                "/api/v1/exchange-rates/", {**body, "date": "2026-04-01", "rate": rate}
            ).status_code
            == 400
        )
    assert client.delete(f"/api/v1/exchange-rates/{made.json()['id']}/").status_code == 204
