"""The pages of the ledger: lists, one item, posting by hand, applying a receipt, the customer's panels."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.core.models import BusinessUnit
from config.core.roles import Role
from receivables.models import Allocation, OpenItem
from receivables.services import ledger
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

pytestmark = pytest.mark.usefixtures("ledger_holds", "clock_stands")


@pytest.fixture
def clock_stands(stop_clock):
    stop_clock("2026-04-10 10:00")


@pytest.fixture
def customer(unit):
    return make_customer(unit, code="C-001", name="杭州新禾电子")


@pytest.fixture
def accountant(unit, client_for):
    return client_for(Role.AR_ACCOUNTANT, units=[unit], language="en")


def page(client, name, *args, status=200, **query):
    answer = client.get(reverse(f"receivables:{name}", args=args), query)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def body_rows(html: str) -> list[str]:
    return re.findall(r"<tr>.*?</tr>", html.split("<tbody>")[1].split("</tbody>")[0], re.S)


# The list ----------------------------------------------------------------------------------------


def test_the_ledger_lists_what_is_open_with_credits_negative_and_a_total(accountant, customer):
    item, settled, money = invoice(customer, 100), invoice(customer, 7), receipt(customer, 30)
    apply(receipt(customer, 7), settled, 7)

    html = page(accountant, "items")

    assert item.number in html
    assert settled.number not in html
    assert money.number in html
    assert "−30.00" in html
    assert re.search(r"Total CNY · 2</td>.*70\.00", html, re.S)


def test_the_list_as_of_a_past_day_and_with_what_is_settled(accountant, customer):
    item, money = invoice(customer, 100), receipt(customer, 100)
    apply(money, item, 100, MAR)

    assert item.number not in page(accountant, "items")
    assert item.number in page(accountant, "items", state="all")
    then = page(accountant, "items", as_of="2026-03-09")
    assert item.number in then
    assert "as of 9 Mar 2026" in then
    assert item.number not in page(accountant, "items", as_of="2026-03-10")


def test_filters_that_a_drill_brings_are_shown_and_can_be_taken_away(accountant, customer, unit):
    seller = accountant.user
    other = make_customer(unit, sales_owner=seller, parent=customer, region="华东", segment="key")
    mine, theirs = invoice(other, 10, due_date=FEB), invoice(customer, 20, due_date=APR)

    def shown(**query):
        html = page(accountant, "items", **query)
        return {item.pk for item in (mine, theirs) if f"/items/{item.pk}/" in html}

    assert shown(customer=customer.pk) == {theirs.pk}
    assert shown(group=customer.pk) == {mine.pk, theirs.pk}
    assert shown(owner=seller.pk) == {mine.pk}
    assert shown(owner="none") == {theirs.pk}
    assert shown(collector="none") == {mine.pk, theirs.pk}
    assert shown(region="华东") == {mine.pk}
    assert shown(region="none") == {theirs.pk}
    assert shown(segment="key") == {mine.pk}
    assert shown(bucket="overdue") == {mine.pk}
    assert shown(bucket="not_due") == {theirs.pk}
    assert shown(bucket="d31_60", basis="document") == set()
    assert shown(bucket="over_d90", scheme="international") == set()
    assert shown(currency="CNY", kind="invoice", due_to="2026-03-01", q=mine.number[:2]) == {
        mine.pk
    }
    assert shown(unit=unit.code, state="open") == {mine.pk, theirs.pk}
    assert "Remove the filter Customer" in page(accountant, "items", customer=customer.pk)


def test_nonsense_in_the_address_counts_as_not_asked(accountant, customer):
    item = invoice(customer, 100)

    html = page(
        accountant, "items", customer="x", owner="9999999999999999", as_of="yesterday", bucket="old", scheme="none",
        kind="bill of lading", basis="moon", sort="nothing", batch="1", industry="x" * 200,
    )  # fmt: skip

    assert item.number in html


def test_the_list_is_exported_as_seen(accountant, customer):
    invoice(customer, 100, text="=1+1")

    answer = accountant.get(
        reverse("receivables:items"), {"export": "csv", "column": ["text", "signed_open"]}
    )
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()

    assert lines[0].split(",")[-2:] == ["Open amount", "Text"]
    assert lines[1].endswith("100.00,'=1+1")


def test_many_items_are_classified_at_once(accountant, customer):
    a, b, c = invoice(customer, 1), invoice(customer, 2), invoice(customer, 3)
    stranger = invoice(make_customer(BusinessUnit.objects.create(code="X", name="X")), 4)

    answer = accountant.post(
        reverse("receivables:items_classify"),
        {
            "selected": [a.pk, b.pk, stranger.pk, "x"],
            "cause": "dispute",
            "next": "/receivables/items/?state=all",
        },
    )

    assert answer["Location"] == "/receivables/items/?state=all"
    causes = dict(OpenItem.objects.values_list("pk", "cause"))
    assert (causes[a.pk], causes[b.pk], causes[c.pk], causes[stranger.pk]) == (
        "dispute",
        "dispute",
        "",
        "",
    )
    refused = accountant.post(
        reverse("receivables:items_classify"),
        {"selected": [a.pk], "cause": "mood", "next": "https://evil.example/"},
    )
    assert refused["Location"] == reverse("receivables:items")
    assert OpenItem.objects.get(pk=a.pk).cause == "dispute"


def test_the_list_costs_the_same_whatever_its_length(accountant, customer):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            page(accountant, "items")
        return len(found)

    invoice(customer, 1)
    queries()
    first = queries()
    for _n in range(30):
        invoice(customer, 1)

    assert queries() == first <= 20


# One item ----------------------------------------------------------------------------------------


def test_an_item_shows_its_state_its_allocations_and_its_story(accountant, customer):
    item = invoice(customer, 100, due_date=FEB, order_reference="SO-77", actor=accountant.user)
    money = receipt(customer, 60)
    apply(money, item, 60)

    html = page(accountant, "item", item.pk)

    for words in (
        "Overdue",
        "60.00",
        "40.00",
        "SO-77",
        money.number,
        "Posted the document",
        "31–60",
        "59",
    ):
        assert words in html, words


def test_an_item_is_reversed_and_cannot_be_twice(accountant, customer):
    item = invoice(customer, 100)
    url = reverse("receivables:item_reverse", args=[item.pk])

    silent = accountant.post(url, {"effective_date": "2026-02-01", "reason": ""})
    early = accountant.post(url, {"effective_date": "2026-01-01", "reason": "wrong"})
    done = accountant.post(url, {"effective_date": "2026-02-01", "reason": "wrong customer"})
    again = accountant.post(url, {"effective_date": "2026-02-01", "reason": "again"})

    assert (silent.status_code, early.status_code, done.status_code, again.status_code) == (
        422,
        422,
        302,
        422,
    )
    assert "before 2026-01-10" in early.content.decode()
    html = page(accountant, "item", item.pk)
    assert "Reversed" in html
    assert "wrong customer" in html
    opposite = OpenItem.objects.get(reverses=item)
    assert item.number in page(accountant, "item", opposite.pk)


def test_an_allocation_is_taken_back_on_the_page(accountant, customer):
    item, money = invoice(customer, 100), receipt(customer, 60)
    row = apply(money, item, 60, FEB)
    url = reverse("receivables:item_take_back", args=[item.pk, row.pk])

    accountant.post(url, {"effective_date": "2026-01-31"})
    assert open_of(item) == 40
    accountant.post(url, {"effective_date": ""})
    assert open_of(item) == 40
    accountant.post(url, {"effective_date": "2026-03-01"})

    assert open_of(item) == 100
    assert "Taken back" in page(accountant, "item", item.pk)
    elsewhere = reverse("receivables:item_take_back", args=[invoice(customer, 1).pk, row.pk])
    assert accountant.post(elsewhere, {"effective_date": "2026-03-01"}).status_code == 404


def test_one_item_is_classified_on_its_page(accountant, customer):
    item = invoice(customer, 100)
    url = reverse("receivables:item_classify", args=[item.pk])

    accountant.post(url, {"cause": "quality"})
    accountant.post(url, {"cause": "weather"})

    assert OpenItem.objects.get(pk=item.pk).cause == "quality"
    assert "Quality or delivery complaint" in page(accountant, "item", item.pk)


def test_who_may_only_look_has_no_buttons(customer, unit, client_for):
    item, money = invoice(customer, 100), receipt(customer, 100)
    apply(money, item, 10)
    auditor = client_for(Role.AUDITOR, units=[unit], language="en")

    html = page(auditor, "item", item.pk)

    assert "Take back" not in html
    assert "Reverse" not in html
    assert auditor.post(reverse("receivables:item_reverse", args=[item.pk])).status_code == 403
    assert auditor.post(reverse("receivables:receipt", args=[money.pk]), {}).status_code == 403
    assert auditor.get(reverse("receivables:item_create")).status_code == 403


def test_another_unit_gets_the_page_of_nothing(customer, client_for):
    item, money = invoice(customer, 100), receipt(customer, 10)
    stranger = client_for(
        Role.AR_ACCOUNTANT, units=[BusinessUnit.objects.create(code="X", name="X")], language="en"
    )

    for name, pk in (
        ("item", item.pk), ("receipt", money.pk), ("customer_figures", customer.pk), ("customer_items", customer.pk),
        ("customer_ledger", customer.pk), ("customer_aging", customer.pk),
    ):  # fmt: skip
        page(stranger, name, pk, status=404)
    assert item.number not in page(stranger, "items", state="all")


# Posting by hand ---------------------------------------------------------------------------------


def document(customer, **changes):
    return {
        "customer": customer.pk, "kind": "invoice", "number": "INV-9", "document_date": "2026-03-10",
        "posting_date": "2026-03-10", "amount": "1000.00", "currency": "cny",
    } | changes  # fmt: skip


def test_an_invoice_is_posted_by_its_terms(accountant, unit):
    customer = make_customer(unit, terms="M30-EOM")

    answer = accountant.post(reverse("receivables:item_create"), document(customer))

    item = OpenItem.objects.get()
    assert answer["Location"] == reverse("receivables:item", args=[item.pk])
    assert (item.due_date.isoformat(), item.amount, item.currency) == (
        "2026-04-30",
        Decimal(1000),
        "CNY",
    )


def test_a_refused_document_keeps_what_was_typed(accountant, customer):
    accountant.post(reverse("receivables:item_create"), document(customer))

    again = accountant.post(reverse("receivables:item_create"), document(customer, number="inv-9"))
    wrong = accountant.post(
        reverse("receivables:item_create"), document(customer, currency="XXX", amount="0")
    )

    assert (again.status_code, wrong.status_code) == (422, 422)
    html = again.content.decode()
    assert "already in the ledger" in html
    assert 'value="inv-9"' in html
    assert customer.name in html
    assert OpenItem.objects.count() == 1


def test_due_dates_are_shown_before_posting(accountant, unit):
    customer = make_customer(unit, terms="306010")
    url = reverse("receivables:due_preview")

    html = accountant.get(url, document(customer, amount="100.00")).content.decode()
    given = accountant.get(url, document(customer, due_date="2026-05-01")).content.decode()
    nothing = accountant.get(url, {"amount": "NaN"}).content.decode()

    assert re.findall(r"<li.*?<span>([^<]+?)\s*<", html) == [
        "10 Mar 2026",
        "10 Jun 2026",
        "10 Mar 2027",
    ]
    assert "Retention" in html
    assert "on the day given" in given
    assert "Choose a customer" in nothing


def test_the_form_begins_with_the_customer_one_came_from(accountant, customer):
    assert f'value="{customer.pk}" selected' in page(
        accountant, "item_create", customer=customer.pk
    )
    assert page(accountant, "item_create", customer="x")


def test_a_cashier_posts_a_receipt_and_sees_where_it_stands(customer, unit, client_for):
    cashier = client_for(Role.CASHIER, units=[unit], language="en")
    data = {
        "customer": customer.pk, "number": "BANK-3", "receipt_date": "2026-03-10", "posting_date": "2026-03-11",
        "amount": "55.00", "currency": "CNY",
    }  # fmt: skip

    early = cashier.post(
        reverse("receivables:receipt_create"), data | {"posting_date": "2026-03-01"}
    )
    done = cashier.post(reverse("receivables:receipt_create"), data)

    assert early.status_code == 422
    money = OpenItem.objects.get()
    assert done["Location"] == reverse("receivables:receipt", args=[money.pk])
    assert "BANK-3" in page(cashier, "receipts")
    assert page(cashier, "receipt_create")


# Receipts ----------------------------------------------------------------------------------------


def test_receipts_wait_until_they_are_applied(accountant, customer):
    item, part, done = invoice(customer, 100), receipt(customer, 60), receipt(customer, 40)
    apply(done, item, 40)
    apply(part, item, 10)

    waiting, every = page(accountant, "receipts"), page(accountant, "receipts", state="all")

    assert part.number in waiting
    assert "Partly applied" in waiting
    assert done.number not in waiting
    assert done.number in every
    found = page(accountant, "receipts", q=part.number, received_from="2026-01-01", currency="CNY")
    assert part.number in found


def test_a_receipt_is_applied_to_ticked_items(accountant, customer):
    a, b = invoice(customer, 100, due_date=MAR), invoice(customer, 50, due_date=FEB)
    money = receipt(customer, 120)
    url = reverse("receivables:receipt", args=[money.pk])
    html = page(accountant, "receipt", money.pk)
    assert html.index(b.number) < html.index(a.number)

    accountant.post(
        url,
        {
            "effective_date": "2026-04-01",
            f"amount_{a.pk}": "70",
            f"amount_{b.pk}": "50.00",
            "amount_x": "1",
        },
    )

    assert (open_of(a), open_of(b), open_of(money)) == (30, 0, 0)
    assert {row.method for row in Allocation.objects.all()} == {"designated"}
    assert "Applied" in page(accountant, "receipt", money.pk)


def test_oldest_first_fills_the_amounts_for_a_look(accountant, customer):
    invoice(customer, 100, due_date=MAR)
    old = invoice(customer, 50, due_date=FEB)
    money = receipt(customer, 60)

    html = page(accountant, "receipt", money.pk, fill="fifo")

    amounts = dict(re.findall(r'name="amount_(\d+)" value="([^"]*)"', html))
    assert amounts[str(old.pk)] == "50.00"
    assert sorted(amounts.values()) == ["10.00", "50.00"]
    assert Allocation.objects.count() == 0


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("1e2", "Write the amount"),
        ("100.005", "Write the amount"),
        ("200", "left on"),
        ("0", "above zero"),
        ("", "above zero"),
    ],
)
def test_a_refused_application_keeps_what_was_typed(accountant, customer, amount, words):
    item, money = invoice(customer, 100), receipt(customer, 500)

    answer = accountant.post(
        reverse("receivables:receipt", args=[money.pk]),
        {"effective_date": "2026-04-01", f"amount_{item.pk}": amount},
    )

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert f'name="amount_{item.pk}" value="{amount}"' in answer.content.decode()
    assert open_of(item) == 100


def test_a_debit_has_no_receipt_page(accountant, customer):
    page(accountant, "receipt", invoice(customer, 5).pk, status=404)


# The customer's panels ---------------------------------------------------------------------------


def test_the_figures_of_a_customer(accountant, customer):
    invoice(customer, 100000, due_date=FEB)
    invoice(customer, 50000, due_date=APR)
    invoice(customer, 700, currency="USD")
    receipt(customer, 20000, MAR)

    html = page(accountant, "customer_figures", customer.pk)

    for words in (
        "150.0",
        "100.0",
        "20.0",
        "longest 59 days",
        "USD",
        "10 Mar 2026",
        "balance 130,000.00",
    ):
        assert words in html, words


def test_a_customer_who_owes_nothing(accountant, customer):
    assert "nothing is open" in page(accountant, "customer_figures", customer.pk)
    assert "owes nothing" in page(accountant, "customer_items", customer.pk)
    assert "Nothing was posted" in page(accountant, "customer_ledger", customer.pk)
    assert "Nothing was open" in page(accountant, "customer_aging", customer.pk)


def test_the_open_items_of_a_customer(accountant, customer):
    item, money = invoice(customer, 100, due_date=FEB, cause="dispute"), receipt(customer, 30)

    html = page(accountant, "customer_items", customer.pk)

    for words in (item.number, money.number, "59 days", "−30.00", "Dispute", "70.00"):
        assert words in html, words


def test_the_customer_ledger_with_its_running_balance(accountant, customer):
    invoice(customer, 100, JAN)
    invoice(customer, 200, FEB)
    receipt(customer, 250, MAR)

    html = page(
        accountant, "customer_ledger", customer.pk, date_from="2026-02-01", date_to="2026-03-31"
    )

    cells = re.findall(r'<td class="num[^"]*">([^<]*)</td>', html)
    figures = [cell for cell in cells if cell]
    assert figures[0] == "100.00"
    assert {"300.00", "50.00", "200.00", "250.00"} <= set(figures)
    assert "2 postings" in html


def test_the_customer_ledger_goes_on_and_is_exported(accountant, customer, monkeypatch):
    monkeypatch.setattr("receivables.views.customer_panels.LINES_SHOWN", 3)
    monkeypatch.setattr("receivables.views.customer_panels.EXPORT_CHUNK", 2)
    made = [invoice(customer, 10, JAN) for _n in range(5)]
    query = {"date_from": "2026-01-01", "date_to": "2026-12-31"}

    first = page(accountant, "customer_ledger", customer.pk, **query)
    after = re.search(r"after=([0-9_-]+)", first).group(1)
    rest = page(accountant, "customer_ledger", customer.pk, **query, after=after)

    assert [item.number in first for item in made] == [True, True, True, False, False]
    assert [item.number in rest for item in made] == [False, False, False, True, True]
    assert "<table" not in rest
    url = reverse("receivables:customer_ledger", args=[customer.pk])
    file = accountant.get(url, {**query, "export": "csv"})
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 7
    assert lines[1].endswith("0.00")
    assert lines[-1].endswith("50.00")
    assert accountant.get(url, {**query, "export": "xlsx"}).status_code == 200
    assert page(accountant, "customer_ledger", customer.pk, after="2026-13-01_5", date_from="x")


def test_the_aging_of_a_customer_on_any_day(accountant, customer):
    item, money = invoice(customer, 100, due_date=FEB), receipt(customer, 100)
    apply(money, item, 100, MAR)
    invoice(customer, 5, kind="retention", due_date=APR)
    receipt(customer, 2)

    html = page(accountant, "customer_aging", customer.pk, as_of="2026-03-09")

    assert "100.00" in html
    assert "Retention" in html
    assert "bucket=d1_30" in html
    assert f"customer={customer.pk}" in html
    today = page(accountant, "customer_aging", customer.pk, scheme="international")
    assert re.findall(r'<td class="num"><a [^>]*>([^<]*)<', today) == ["5.00"]


# Search ------------------------------------------------------------------------------------------


def test_a_number_is_found_from_anywhere(accountant, customer):
    item = invoice(customer, 100, number="HT-2026-0042")
    invoice(
        make_customer(BusinessUnit.objects.create(code="X", name="X")), 4, number="HT-2026-0099"
    )

    html = accountant.get(reverse("core:search"), {"q": "ht-2026"}).content.decode()

    assert reverse("receivables:item", args=[item.pk]) in html
    assert "HT-2026-0099" not in html


def test_a_reversed_item_no_longer_offers_to_be_reversed(accountant, customer):
    item = invoice(customer, 100)
    ledger.reverse(item=item, effective_date=FEB, reason="twice", actor=None)

    html = page(accountant, "item", item.pk)

    assert "reverse-dialog" not in html
