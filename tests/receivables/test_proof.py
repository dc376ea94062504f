"""The proof finds every contradiction there can be, and only those."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.urls import reverse

from config.core.models import BusinessUnit
from config.core.roles import Role
from receivables.models import Allocation, OpenItem
from receivables.selectors import canonical, proof
from receivables.services import allocations, ledger
from tests.receivables.books import APR, FEB, JAN, MAR, apply, invoice, make_customer, receipt


@pytest.fixture
def books(unit):
    """A ledger with some of everything: paid in part, taken back, reversed, unapplied."""
    customer = make_customer(unit, code="C-1")
    a, b, money = (
        invoice(customer, 100, number="A"),
        invoice(customer, 50, FEB, number="B"),
        receipt(customer, 120, number="M"),
    )
    apply(money, a, 70, FEB)
    allocations.take_back(allocation=apply(money, b, 50, FEB), effective_date=MAR, actor=None)
    gone = invoice(customer, 7, number="G")
    ledger.reverse(item=gone, effective_date=MAR, reason="x", actor=None)
    return {"customer": customer, "a": a, "b": b, "money": money, "gone": gone}


def break_books(sql, *values):
    """Do what no service and no trigger allows, as a damaged database would."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


def codes(**question):
    return {finding.code for finding in proof.verify(**question)}


def test_a_whole_ledger_is_proved_on_every_day(books):
    for day in (None, JAN, FEB, MAR, APR, date(2020, 1, 1)):
        assert proof.verify(as_of=day) == []


def test_an_empty_ledger_is_proved(db):
    assert proof.verify() == []


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE receivables_openitem SET open_amount = open_amount - 1 WHERE number = 'B'", "open_amount"),
        ("UPDATE receivables_allocation SET amount = 71 WHERE amount = 70", "open_amount"),
        ("DELETE FROM receivables_allocation WHERE amount = 70", "open_amount"),
        ("UPDATE receivables_openitem SET amount = amount + 1, open_amount = open_amount + 1 WHERE number = 'G'", "reversal_whole"),
        ("UPDATE receivables_allocation SET effective_date = '2026-04-01' WHERE amount = 7", "reversal_whole"),
        ("UPDATE receivables_allocation SET currency = 'USD' WHERE amount = 70", "allocation_agrees"),
        ("UPDATE receivables_allocation SET debit_due_date = '2030-01-01' WHERE amount = 70", "allocation_agrees"),
        ("UPDATE receivables_openitem SET currency = 'USD' WHERE number = 'A'", "allocation_agrees"),
        ("UPDATE receivables_allocation SET effective_date = '2026-02-10' WHERE amount = -50 AND id > 0; "
         "UPDATE receivables_allocation SET effective_date = '2026-03-10' WHERE amount = 50", "taken_back_whole"),
        ("UPDATE receivables_allocation SET amount = -49 WHERE amount = -50", "taken_back_whole"),
        ("UPDATE receivables_openitem SET amount = 60, open_amount = 0 WHERE number = 'A'", "open_at_every_date"),
        ("INSERT INTO receivables_openitem SELECT (jsonb_populate_record(i, '{\"id\": 900001, \"number_key\": \"Z\", "
         "\"amount\": 5, \"open_amount\": 4}')).* FROM receivables_openitem i WHERE number = 'B'", "open_equals_posted"),
    ],
)  # fmt: skip
def test_every_damage_is_found(books, sql, code):
    break_books(sql)

    assert code in codes()
    found = next(f for f in proof.verify() if f.code == code)
    assert str(found).startswith(books["customer"].unit.code)
    assert "%(" not in str(found)


def test_an_item_in_the_wrong_unit_is_found(books):
    other = BusinessUnit.objects.create(code="ZZ", name="ZZ")
    break_books("UPDATE receivables_openitem SET unit_id = %s WHERE number = 'B'", other.pk)

    assert "customer_of_unit" in codes(unit=other)


def test_one_unit_is_proved_alone(books):
    other = BusinessUnit.objects.create(code="ZZ", name="ZZ")
    invoice(make_customer(other), 5)
    break_books("UPDATE receivables_openitem SET open_amount = open_amount - 1 WHERE number = 'B'")

    assert codes(unit=other) == set()
    assert codes(unit=books["customer"].unit)


def test_the_totals_of_each_day(books):
    unit_ids = [books["customer"].unit_id]

    def totals(day):
        return [(b.currency, b.items, b.debit, b.credit, b.open, b.buckets, b.difference) for b in proof.balances(unit_ids=unit_ids, as_of=day)]  # fmt: skip

    assert totals(JAN) == [("CNY", 3, 107, 120, -13, -13, 0)]
    assert totals(APR) == [("CNY", 5, 157, 127, 30, 30, 0)]
    assert totals(date(2020, 1, 1)) == []


# Commands ----------------------------------------------------------------------------------------


def test_verify_ledger_says_so_or_fails_with_a_list(books):
    out, err = io.StringIO(), io.StringIO()
    call_command("verify_ledger", stdout=out)
    assert "The ledger holds" in out.getvalue()

    break_books("UPDATE receivables_openitem SET open_amount = open_amount - 1 WHERE number = 'B'")
    with pytest.raises(CommandError, match="contradictions"):
        call_command(
            "verify_ledger",
            "--unit",
            books["customer"].unit.code,
            "--as-of",
            "2026-04-01",
            stderr=err,
        )
    assert "B: the open amount is 49.00, its allocations leave 50.00" in err.getvalue()
    with pytest.raises(CommandError, match="no business unit"):
        call_command("verify_ledger", "--unit", "NOWHERE")
    for wrong in ("2026-02-30", "20260201", "today"):
        with pytest.raises(CommandError, match="is not a date"):
            call_command("verify_ledger", "--as-of", wrong)


def test_the_export_is_the_books_in_one_order(books, tmp_path):
    out = io.StringIO()
    call_command("export_canonical", "--as-of", "2026-02-10", stdout=out)
    call_command(
        "export_canonical", "--as-of", "2026-02-10", "--output", str(tmp_path / "books.jsonl")
    )

    assert (tmp_path / "books.jsonl").read_text(encoding="utf-8") == out.getvalue()
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    items = [r for r in rows if r["type"] == "open_item"]
    assert [(r["source"], r["number"], r["open_amount"]) for r in items] == [
        ("ledger", "A", "30.00"), ("ledger", "G", "7.00"),
    ]  # fmt: skip
    (balance,) = (r for r in rows if r["type"] == "balance")
    (exposure,) = (r for r in rows if r["type"] == "exposure")
    assert (balance["debit"], balance["credit"], balance["balance"]) == (
        "157.00",
        "120.00",
        "37.00",
    )
    assert (exposure["open_debit"], exposure["unapplied_credit"], exposure["exposure"]) == (
        "37.00",
        "0.00",
        "37.00",
    )
    assert "id" not in rows[0]


@pytest.mark.django_db(transaction=True)
def test_the_export_is_of_one_moment():
    unit = BusinessUnit.objects.create(code="U", name="U")
    invoice(make_customer(unit), 5)

    assert [r["type"] for r in canonical.records(as_of=APR)] == ["open_item", "balance", "exposure"]


# Page and API ------------------------------------------------------------------------------------


def test_the_page_proves_itself(books, client_for):
    auditor = client_for(Role.AUDITOR, units=[books["customer"].unit], language="en")

    page = auditor.get(reverse("receivables:proof"), {"as_of": "2026-04-10"}).content.decode()
    findings = auditor.get(reverse("receivables:proof_findings")).content.decode()
    assert "Totals tie" in page
    assert "157.00" in page
    assert "Every reversal cancels its item wholly." in findings

    break_books("UPDATE receivables_openitem SET open_amount = open_amount - 1 WHERE number = 'B'")
    page = auditor.get(reverse("receivables:proof"), {"as_of": "2026-04-10"}).content.decode()
    findings = auditor.get(reverse("receivables:proof_findings")).content.decode()
    assert "Does not tie" in page
    assert "its allocations leave 50.00" in findings
    assert reverse("receivables:item", args=[books["b"].pk]) in findings


def test_the_page_of_an_empty_ledger(unit, client_for):
    auditor = client_for(Role.AUDITOR, units=[unit], language="en")

    assert (
        "Nothing was posted"
        in auditor.get(reverse("receivables:proof"), {"as_of": "x"}).content.decode()
    )
    assert (
        client_for(Role.CASHIER, units=[unit]).get(reverse("receivables:proof")).status_code == 403
    )


def test_the_api_proves_the_units_of_the_caller(books, make_user, api_client):
    other = BusinessUnit.objects.create(code="ZZ", name="ZZ")
    break_books("UPDATE receivables_openitem SET open_amount = open_amount - 1 WHERE number = 'B'")
    mine = api_client(make_user(Role.AUDITOR, units=[books["customer"].unit]))
    theirs = api_client(make_user(Role.AUDITOR, units=[other]))

    found = mine.get("/api/v1/ledger-proof/", {"as_of": "2026-04-10"}).json()
    assert found["is_proven"] is False
    assert {f["code"] for f in found["findings"]} == {"open_amount", "open_equals_posted"}
    assert found["findings"][0]["item"] == books["b"].pk
    assert found["balances"][0]["difference"] == "-1.00"
    assert theirs.get("/api/v1/ledger-proof/").json()["is_proven"] is True
    assert (
        theirs.get("/api/v1/ledger-proof/", {"unit": books["customer"].unit.code}).status_code
        == 400
    )
    assert theirs.get("/api/v1/ledger-proof/", {"colour": "red"}).status_code == 400


def test_open_amounts_of_any_day_equal_a_replay(books):
    items = list(OpenItem.objects.all())
    for day in (JAN, FEB, date(2026, 2, 28), MAR, APR):
        replay = {
            i.pk: i.amount - sum(
                (a.amount for a in Allocation.objects.all() if i.pk in {a.credit_item_id, a.debit_item_id} and a.effective_date <= day),
                Decimal(0),
            )
            for i in items if i.posting_date <= day
        }  # fmt: skip
        assert dict(OpenItem.objects.open_as_of(day).values_list("pk", "open_as_of")) == replay
        was_open = set(OpenItem.objects.was_open_on(day).values_list("pk", flat=True))
        assert was_open == {pk for pk, left in replay.items() if left}
