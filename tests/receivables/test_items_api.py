"""The ledger as resources: what programs post, apply, reverse and read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.core.models import AuditEvent, BusinessUnit
from config.core.roles import Role
from receivables.models import Allocation, OpenItem
from tests.receivables.books import (  # noqa: F401 - a fixture
    APR,
    FEB,
    JAN,
    MAR,
    apply,
    invoice,
    ledger_holds,
    make_customer,
    open_of,
    receipt,
)

pytestmark = pytest.mark.usefixtures("ledger_holds")
API = "/api/v1"
_keys = iter(range(1, 10_000))


def key() -> dict[str, str]:
    return {"HTTP_IDEMPOTENCY_KEY": f"key-{next(_keys)}"}


@pytest.fixture
def customer(unit):
    return make_customer(unit, code="C-001", name="杭州新禾电子")


@pytest.fixture
def program(unit, make_user, api_client):
    client = api_client(make_user(Role.INTEGRATION, units=[unit]))
    client.credentials(HTTP_ACCEPT_LANGUAGE="en")
    return client


def body(of, **changes):
    return {
        "customer": of.pk,
        "kind": "invoice",
        "number": "INV-1",
        "document_date": "2026-01-10",
        "due_date": "2026-02-09",
        "amount": "100.00",
        "currency": "CNY",
    } | changes


# Posting -----------------------------------------------------------------------------------------


def test_a_program_posts_an_invoice_by_customer_code(program, customer):
    data = body(customer, customer_code="C-001", unit=customer.unit.code)
    del data["customer"]

    answer = program.post(f"{API}/open-items/", data, **key())

    assert answer.status_code == 201, answer.content
    (item,) = answer.json()["items"]
    assert answer["Location"].endswith(f"/api/v1/open-items/{item['id']}/")
    assert item["customer"] == {"id": customer.pk, "code": "C-001", "name": "杭州新禾电子"}
    assert (item["amount"], item["open_amount"], item["due_date"]) == (
        "100.00",
        "100.00",
        "2026-02-09",
    )
    assert (
        AuditEvent.objects.filter(action="open_item.posted", target_id=str(item["id"])).count() == 1
    )


def test_due_dates_follow_from_the_payment_terms(program, unit):
    customer = make_customer(unit, terms="306010")
    data = body(customer, amount="100.01")
    del data["due_date"]

    items = program.post(f"{API}/open-items/", data, **key()).json()["items"]

    assert [(i["instalment"], i["kind"], i["due_date"], i["amount"]) for i in items] == [
        (1, "invoice", "2026-01-10", "30.00"),
        (2, "invoice", "2026-04-10", "60.01"),
        (3, "retention", "2027-01-10", "10.00"),
    ]


def test_the_same_request_twice_posts_once(program, customer):
    same = key()

    first = program.post(f"{API}/open-items/", body(customer), **same)
    second = program.post(f"{API}/open-items/", body(customer), **same)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second["Idempotent-Replayed"] == "true"
    assert first.json() == second.json()
    assert OpenItem.objects.count() == 1


def test_a_key_is_required_and_belongs_to_one_request(program, customer):
    same = key()
    assert (
        program.post(f"{API}/open-items/", body(customer)).json()["code"]
        == "idempotency_key_missing"
    )
    program.post(f"{API}/open-items/", body(customer), **same)

    other = program.post(f"{API}/open-items/", body(customer, number="INV-2"), **same)

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert OpenItem.objects.count() == 1


@pytest.mark.parametrize("number", ["INV-1", "inv-1", "ＩＮＶ－１", " INV-1\u200b "])
def test_a_number_is_there_once_however_it_is_written(program, customer, number):
    program.post(f"{API}/open-items/", body(customer), **key())

    answer = program.post(f"{API}/open-items/", body(customer, number=number), **key())

    assert answer.status_code in {400, 409}
    assert OpenItem.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 100}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "100.005"}, "amount"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "-1.00"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "１００"}, "amount"),
        ({"currency": "KWD"}, "currency"),
        ({"currency": "cny"}, "currency"),
        ({"document_date": "2026-02-30"}, "document_date"),
        ({"document_date": "20260110"}, "document_date"),
        ({"kind": "receipt"}, "kind"),
        ({"kind": "reversal"}, "kind"),
        ({"kind": "write_off"}, "kind"),
        ({"source": "cash"}, "source"),
        ({"number": ""}, "number"),
        ({"number": "x" * 61}, "number"),
        ({"customer": 999_999_999}, "customer"),
        ({"customer": "1"}, "customer"),
        ({"open_amount": "5.00"}, "open_amount"),
        ({"unit": "NOWHERE"}, "unit"),
    ],
)
def test_a_malformed_document_is_refused_by_field(program, customer, change, field):
    answer = program.post(f"{API}/open-items/", body(customer, **change), **key())

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert {error["field"] for error in answer.json()["errors"]} == {field}
    assert OpenItem.objects.count() == 0


def test_a_customer_is_named_in_one_way(program, customer):
    twice = program.post(
        f"{API}/open-items/",
        body(customer, customer_code="C-001", unit=customer.unit.code),
        **key(),
    )
    without_unit = body(customer, customer_code="C-001")
    del without_unit["customer"]

    assert twice.status_code == 400
    assert (
        program.post(f"{API}/open-items/", without_unit, **key()).json()["errors"][0]["field"]
        == "unit"
    )


def test_a_number_that_grows_when_compared_is_refused_with_a_sentence(program, customer):
    answer = program.post(f"{API}/open-items/", body(customer, number="㍿" * 30), **key())

    assert (answer.status_code, answer.json()["code"]) == (422, "posting_refused")
    assert "longer than 60" in answer.json()["detail"]


def test_an_opening_credit_stands_on_the_credit_side(program, customer):
    answer = program.post(
        f"{API}/open-items/", body(customer, kind="opening", direction="credit"), **key()
    )

    assert answer.json()["items"][0]["direction"] == "credit"
    wrong = program.post(
        f"{API}/open-items/", body(customer, number="X", direction="credit"), **key()
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "posting_refused")


# Scope and rights --------------------------------------------------------------------------------


def test_another_unit_sees_and_touches_nothing(unit, customer, make_user, api_client):
    item, money = invoice(customer, 100), receipt(customer, 100)
    row = apply(money, item, 40)
    other = BusinessUnit.objects.create(code="OTHER", name="Other")
    stranger = api_client(make_user(Role.INTEGRATION, units=[other]))
    stranger.credentials(HTTP_ACCEPT_LANGUAGE="en")

    answers = [
        stranger.get(f"{API}/open-items/{item.pk}/"),
        stranger.post(
            f"{API}/open-items/{item.pk}/reverse/",
            {"effective_date": "2026-04-01", "reason": "x"},
            **key(),
        ),
        stranger.post(f"{API}/receipts/{money.pk}/allocations/", {"mode": "fifo"}, **key()),
        stranger.post(f"{API}/allocations/{row.pk}/take-back/", {}, **key()),
        stranger.get(f"{API}/customers/{customer.pk}/ledger/"),
        stranger.get(f"{API}/open-items/999999999/"),
    ]

    assert {a.status_code for a in answers} == {404}
    assert len({a.content for a in answers}) == 1
    assert stranger.get(f"{API}/open-items/").json()["results"] == []
    assert stranger.get(f"{API}/allocations/").json()["results"] == []
    assert stranger.get(f"{API}/open-items/", {"unit": unit.code}).status_code == 400
    posted = stranger.post(f"{API}/open-items/", body(customer), **key())
    assert posted.json()["errors"][0]["message"] == "There is no such customer."
    assert open_of(item) == 60


def test_a_salesperson_sees_own_customers_only(unit, customer, make_user, api_client):
    seller = make_user(Role.SALESPERSON, units=[unit])
    own = make_customer(unit, sales_owner=seller)
    mine, _theirs = invoice(own, 10), invoice(customer, 20)

    rows = api_client(seller).get(f"{API}/open-items/").json()["results"]

    assert [row["id"] for row in rows] == [mine.pk]


@pytest.mark.parametrize(
    ("role", "post", "cash", "allocate", "classify"),
    [
        (Role.AR_ACCOUNTANT, 201, 403, 201, 200),
        (Role.CASHIER, 403, 201, 403, 403),
        (Role.COLLECTOR, 403, 403, 403, 200),
        (Role.AUDITOR, 403, 403, 403, 403),
    ],
)
def test_who_may_what(unit, customer, make_user, api_client, role, post, cash, allocate, classify):
    item, money = invoice(customer, 100), receipt(customer, 100)
    client = api_client(make_user(role, units=[unit]))
    money_in = {
        "customer": customer.pk, "number": "BANK-7", "receipt_date": "2026-01-12", "amount": "5.00", "currency": "CNY",
    }  # fmt: skip

    assert client.get(f"{API}/open-items/{item.pk}/").status_code == 200
    assert client.post(f"{API}/open-items/", body(customer), **key()).status_code == post
    assert client.post(f"{API}/receipts/", money_in, **key()).status_code == cash
    applied = client.post(f"{API}/receipts/{money.pk}/allocations/", {"mode": "fifo"}, **key())
    assert applied.status_code == allocate
    classified = client.post(f"{API}/open-items/{item.pk}/classify/", {"cause": "dispute"})
    assert classified.status_code == classify


# Reading -----------------------------------------------------------------------------------------


def test_open_amounts_as_of_any_day(program, customer):
    item, money = invoice(customer, 100), receipt(customer, 100)
    apply(money, item, 100, FEB)

    def answer(**query):
        rows = program.get(f"{API}/open-items/", query).json()["results"]
        return {row["number"]: row["open_amount"] for row in rows}

    assert answer() == {item.number: "0.00", money.number: "0.00"}
    assert answer(as_of="2026-02-09") == {item.number: "100.00", money.number: "100.00"}
    assert answer(as_of="2026-02-10", open_only="true") == {}
    assert answer(as_of="2026-01-09") == {}


def test_every_filter_limits(program, customer, unit):
    other = make_customer(unit)
    a = invoice(customer, 100, JAN, due_date=FEB, cause="dispute", order_reference="SO-1")
    b = invoice(other, 200, FEB, due_date=MAR, currency="USD")
    c = receipt(customer, 50, MAR)

    def ids(**query):
        answer = program.get(f"{API}/open-items/", {"as_of": "2026-04-10", **query})
        assert answer.status_code == 200, answer.content
        return {row["id"] for row in answer.json()["results"]}

    assert ids() == {a.pk, b.pk, c.pk}
    assert ids(customer=customer.pk) == {a.pk, c.pk}
    assert ids(kind="receipt") == ids(direction="credit") == {c.pk}
    assert ids(currency="USD") == {b.pk}
    assert ids(cause="dispute") == {a.pk}
    assert ids(cause="none") == {b.pk, c.pk}
    assert ids(number=a.number.lower()) == {a.pk}
    assert ids(q="SO-1") == {a.pk}
    assert ids(q=other.name) == {b.pk}
    assert ids(due_from="2026-03-01", direction="debit") == {b.pk}
    assert ids(due_to="2026-02-28") == {a.pk}
    assert ids(posted_from="2026-02-10", posted_to="2026-02-10") == {b.pk}
    assert ids(document_from="2026-03-01") == {c.pk}
    assert ids(document_to="2026-01-31", unit=unit.code) == {a.pk}
    assert ids(bucket="d31_60") == {a.pk, b.pk}
    assert ids(bucket="d1_30") == set()
    assert ids(bucket="unapplied") == {c.pk}
    assert ids(bucket="d61_90", basis="document") == {a.pk}


def test_unknown_parameters_and_buckets_are_refused(program, customer):
    unknown = program.get(f"{API}/open-items/", {"colour": "red"})
    bucket = program.get(f"{API}/open-items/", {"bucket": "d1_31"})
    order = program.get(f"{API}/open-items/", {"ordering": "customer__note"})

    assert (unknown.status_code, order.status_code) == (400, 400)
    assert (bucket.status_code, bucket.json()["code"]) == (422, "unknown_bucket")
    assert "d1_30" in bucket.json()["detail"]


def test_pages_by_cursor_hold_every_item_once_in_any_order(program, customer):
    for n in range(25):
        invoice(customer, 100 + n % 5, JAN, due_date=FEB if n % 2 else MAR)

    for ordering in ("id", "-due_date", "amount", "-number"):
        url, seen = f"{API}/open-items/?page_size=7&ordering={ordering}", []
        while url:
            answer = program.get(url).json()
            seen += [row["id"] for row in answer["results"]]
            url = answer["next"]
        assert len(seen) == len(set(seen)) == 25


def test_the_number_of_queries_does_not_grow_with_the_rows(program, customer):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert program.get(f"{API}/open-items/").status_code == 200
        return len(found)

    invoice(customer, 1)
    queries()  # the user's units and permissions are read once
    first = queries()
    for _n in range(20):
        invoice(customer, 1)

    assert queries() == first <= 8


def test_one_item_with_what_was_applied_and_what_reverses_it(program, customer):
    item, money = invoice(customer, 100), receipt(customer, 60)
    apply(money, item, 60)

    found = program.get(f"{API}/open-items/{item.pk}/").json()

    assert found["open_amount"] == "40.00"
    (row,) = found["allocations"]
    assert (row["credit_number"], row["amount"], row["effective_date"]) == (
        money.number,
        "60.00",
        "2026-02-10",
    )
    assert found["reversed_by"] is None


# Receipts and allocations ------------------------------------------------------------------------


def test_a_receipt_is_applied_in_parts_and_taken_back(program, customer):
    a, b, money = invoice(customer, 100), invoice(customer, 50), receipt(customer, 120)

    made = program.post(
        f"{API}/receipts/{money.pk}/allocations/",
        {
            "allocations": [{"item": a.pk, "amount": "100.00"}, {"item": b.pk, "amount": "20.00"}],
            "effective_date": "2026-02-01",
        },
        **key(),
    )
    assert made.status_code == 201, made.content
    first, second = made.json()["allocations"]
    back = program.post(
        f"{API}/allocations/{second['id']}/take-back/", {"effective_date": "2026-03-01"}, **key()
    )

    assert (open_of(a), open_of(b), open_of(money)) == (0, 50, 20)
    assert (back.json()["amount"], back.json()["reverses"]) == ("-20.00", second["id"])
    again = program.post(f"{API}/allocations/{second['id']}/take-back/", {}, **key())
    assert (again.status_code, again.json()["code"]) == (409, "allocation_refused")
    listed = program.get(f"{API}/allocations/", {"credit_item": money.pk}).json()["results"]
    assert [(r["id"], r["reversed_by"]) for r in listed] == [
        (first["id"], None), (second["id"], back.json()["id"]), (back.json()["id"], None),
    ]  # fmt: skip


def test_fifo_pays_the_oldest_due_first(program, customer):
    late = invoice(customer, 100, JAN, due_date=MAR)
    early = invoice(customer, 30, JAN, due_date=FEB)
    money = receipt(customer, 50)

    answer = program.post(
        f"{API}/receipts/{money.pk}/allocations/",
        {"mode": "fifo", "effective_date": "2026-02-20"},
        **key(),
    )

    assert answer.status_code == 201
    assert (open_of(early), open_of(late), open_of(money)) == (0, 80, 0)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"mode": "fifo", "allocations": [{"item": 1, "amount": "1.00"}]},
        {"allocations": []},
        {"allocations": [{"item": 1, "amount": "1.00"}, {"item": 1, "amount": "2.00"}]},
        {"allocations": [{"item": 1, "amount": "0.00"}]},
        {"allocations": [{"item": 1, "amount": 1}]},
        {"mode": "lifo"},
    ],
)
def test_a_malformed_allocation_is_refused(program, customer, data):
    money = receipt(customer, 50)

    assert program.post(f"{API}/receipts/{money.pk}/allocations/", data, **key()).status_code == 400
    assert Allocation.objects.count() == 0


def test_a_credit_note_is_applied_below_open_items_only(program, customer):
    item = invoice(customer, 100)
    note = invoice(customer, 30, kind="credit_note")
    data = {"allocations": [{"item": item.pk, "amount": "30.00"}], "effective_date": "2026-02-01"}

    assert program.post(f"{API}/receipts/{note.pk}/allocations/", data, **key()).status_code == 404
    assert (
        program.post(f"{API}/open-items/{note.pk}/allocations/", data, **key()).status_code == 201
    )
    assert open_of(item) == 70


def test_a_refused_allocation_stays_refused_and_leaves_nothing(program, customer):
    item, money, same = invoice(customer, 100), receipt(customer, 50), key()
    data = {"allocations": [{"item": item.pk, "amount": "50.01"}], "effective_date": "2026-02-01"}

    first = program.post(f"{API}/receipts/{money.pk}/allocations/", data, **same)
    again = program.post(f"{API}/receipts/{money.pk}/allocations/", data, **same)

    assert first.status_code == again.status_code == 409
    assert "50.00 CNY left" in first.json()["detail"]
    assert Allocation.objects.count() == 0


def test_money_in_has_a_number_of_its_own(program, customer):
    data = {
        "customer": customer.pk, "number": "BANK-1", "receipt_date": "2026-01-12", "amount": "5.00", "currency": "CNY",
    }  # fmt: skip

    made = program.post(f"{API}/receipts/", data, **key())
    again = program.post(f"{API}/receipts/", data, **key())
    early = program.post(
        f"{API}/receipts/", data | {"number": "BANK-2", "posting_date": "2026-01-11"}, **key()
    )

    assert (made.status_code, again.status_code, early.status_code) == (201, 409, 422)
    assert again.json()["code"] == "duplicate_number"
    (row,) = program.get(f"{API}/receipts/").json()["results"]
    assert (row["source"], row["open_amount"]) == ("cash", "5.00")


def test_reversal_by_the_api(program, customer):
    item = invoice(customer, 100)
    data = {"effective_date": "2026-02-01", "reason": "wrong customer"}

    made = program.post(f"{API}/open-items/{item.pk}/reverse/", data, **key())
    again = program.post(f"{API}/open-items/{item.pk}/reverse/", data, **key())

    assert made.status_code == 201, made.content
    assert made.json()["items"][0]["reverses"] == item.pk
    assert (again.status_code, again.json()["code"]) == (409, "reversal_refused")
    assert (
        program.get(f"{API}/open-items/{item.pk}/").json()["reversed_by"]
        == made.json()["items"][0]["id"]
    )


# The customer ledger -----------------------------------------------------------------------------


def test_the_customer_ledger_runs_from_opening_to_closing_balance(program, customer):
    invoice(customer, 100, JAN)
    invoice(customer, 200, FEB)
    paid = receipt(customer, 250, MAR)
    invoice(customer, 7, APR)
    invoice(customer, 9, FEB, currency="USD")

    found = program.get(
        f"{API}/customers/{customer.pk}/ledger/",
        {"date_from": "2026-02-01", "date_to": "2026-03-31"},
    ).json()

    assert (found["opening_balance"], found["closing_balance"]) == ("100.00", "50.00")
    assert [(r["debit"], r["credit"], r["balance"]) for r in found["lines"]] == [
        ("200.00", None, "300.00"), (None, "250.00", "50.00"),
    ]  # fmt: skip
    assert found["lines"][1]["item"] == paid.pk
    assert found["currencies"] == ["CNY", "USD"]
    assert found["next"] is None


def test_the_customer_ledger_goes_on_where_a_page_ended(program, customer):
    for n in range(9):
        invoice(customer, n + 1, JAN if n % 2 else FEB)
    query = {"date_from": "2026-01-01", "date_to": "2026-12-31", "page_size": 4}

    balances, cursor = [], ""
    while True:
        page = program.get(
            f"{API}/customers/{customer.pk}/ledger/", query | ({"cursor": cursor} if cursor else {})
        ).json()
        balances += [Decimal(line["balance"]) for line in page["lines"]]
        cursor = page["next"]
        if not cursor:
            break

    assert len(balances) == 9
    assert balances[-1] == Decimal(page["closing_balance"]) == sum(range(1, 10))
    refused = program.get(f"{API}/customers/{customer.pk}/ledger/", {"cursor": "bm9uc2Vuc2U="})
    assert refused.status_code == 400
