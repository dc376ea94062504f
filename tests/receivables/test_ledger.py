"""Posting and reversing: what the ledger takes, what it refuses, and what the database refuses by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.db.utils import DataError

from config.core.models import AccountingPeriod, AuditEvent, BusinessUnit
from config.core.money import MAX_AMOUNT
from config.core.roles import Role
from config.core.services import periods
from receivables.models import Allocation, OpenItem
from receivables.selectors import ledger as ledger_selectors
from receivables.selectors import proof, schemes
from receivables.selectors.aging import aging
from receivables.selectors.open_amounts import Scope
from receivables.services import documents, ledger
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


@pytest.fixture
def customer(unit):
    return make_customer(unit)


# Posting -----------------------------------------------------------------------------------------


def test_a_posted_item_is_wholly_open_and_in_the_trail(customer, make_user):
    actor = make_user(Role.AR_ACCOUNTANT)

    item = invoice(customer, "100.10", number=" inv\u200b-1 ", actor=actor)

    assert (item.number, item.number_key) == ("inv-1", "INV-1")
    assert (item.direction, item.amount, item.open_amount) == (
        "debit",
        Decimal("100.10"),
        Decimal("100.10"),
    )
    event = AuditEvent.objects.get(action="open_item.posted")
    assert (event.actor, event.target_id, event.unit, event.customer_key) == (
        actor, str(item.pk), customer.unit, customer.pk,
    )  # fmt: skip
    assert event.after["amount"] == "100.10"


@pytest.mark.parametrize(
    ("kind", "direction"),
    [
        ("invoice", "debit"), ("debit_note", "debit"), ("opening", "debit"), ("interest", "debit"),
        ("retention", "debit"), ("refund", "debit"), ("credit_note", "credit"), ("receipt", "credit"),
        ("bill", "credit"), ("write_off", "credit"),
    ],
)  # fmt: skip
def test_the_side_follows_from_the_kind(customer, kind, direction):
    assert invoice(customer, 1, kind=kind).direction == direction


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "reversal"}, "not posted by hand"),
        ({"kind": "loan"}, "not a kind of document"),
        ({"direction": "credit"}, "cannot be posted on this side"),
        ({"number": " \u200b "}, "number is missing"),
        ({"number": "x" * 61}, "longer than 60"),
        ({"number": "㍿" * 20}, "longer than 60"),
        ({"amount": "0"}, "above zero"),
        ({"amount": "-1"}, "above zero"),
        ({"amount": "0.001"}, "above zero"),
        ({"amount": "1e30"}, "above zero"),
        ({"amount": "NaN"}, "above zero"),
        ({"amount": "Infinity"}, "above zero"),
        ({"currency": "KWD"}, "ISO 4217"),
        ({"currency": "cny"}, "ISO 4217"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused(customer, change, sentence):
    with pytest.raises(ledger.PostingRefused, match=sentence):
        invoice(customer, change.pop("amount", "10"), **change)

    assert OpenItem.objects.count() == AuditEvent.objects.count() == 0


def test_a_customer_of_another_unit_is_refused(customer):
    other = BusinessUnit.objects.create(code="X", name="X")

    with pytest.raises(ledger.PostingRefused, match="does not belong to"):
        ledger.post(
            unit=other, customer=customer, kind="invoice", number="1", document_date=JAN, posting_date=JAN,
            due_date=JAN, amount=Decimal(1), currency="CNY", actor=None,
        )  # fmt: skip


def test_a_number_is_there_once_a_unit_and_source(customer):
    invoice(customer, 1, number="A-1")

    with pytest.raises(ledger.DuplicateNumber, match="already in the ledger"):
        invoice(customer, 2, number="ａ-1")

    other = make_customer(BusinessUnit.objects.create(code="X", name="X"))
    invoice(other, 3, number="A-1")
    invoice(customer, 4, number="A-1", source="erp")
    invoice(customer, 5, number="A-1", instalment=2)
    assert OpenItem.objects.count() == 4


@pytest.mark.parametrize("amount", ["0.01", "99999999999999.99", str(MAX_AMOUNT)])
def test_the_smallest_and_the_largest_amount_are_exact(customer, amount):
    item = invoice(customer, amount)

    assert OpenItem.objects.get(pk=item.pk).amount == Decimal(amount)
    ledger.reverse(item=item, effective_date=FEB, reason="test", actor=None)


def test_many_small_amounts_add_up_exactly(customer):
    OpenItem.objects.bulk_create(
        OpenItem(
            unit=customer.unit, customer=customer, kind="invoice", direction="debit", number=f"S{n}", number_key=f"S{n}",
            document_date=JAN, posting_date=JAN, due_date=JAN, currency="CNY", amount=amount, open_amount=amount,
        )
        for n, amount in enumerate([Decimal("0.01")] * 10_000 + [Decimal("99999999.99")] * 2_000)
    )  # fmt: skip

    (balance,) = proof.balances(unit_ids=[customer.unit_id], as_of=APR)

    assert (
        balance.debit
        == balance.open
        == balance.buckets
        == Decimal("100.00") + 2000 * Decimal("99999999.99")
    )


# Due dates ---------------------------------------------------------------------------------------


def test_a_due_date_follows_from_the_terms(unit):
    customer = make_customer(unit, terms="NET30")

    assert invoice(customer, 1, JAN, due_date=None).due_date == date(2026, 2, 9)
    assert invoice(customer, 1, JAN, kind="credit_note", due_date=None).due_date == JAN
    assert invoice(make_customer(unit), 1, JAN, due_date=None).due_date == JAN


def test_instalments_need_the_whole_document(unit):
    customer = make_customer(unit, terms="306010")

    with pytest.raises(ledger.PostingRefused, match="3 instalments"):
        invoice(customer, 100, due_date=None)


def post_document(customer, amount, **changes):
    values = {
        "kind": "invoice", "number": "D-1", "document_date": JAN, "posting_date": JAN, "currency": "CNY", "actor": None,
    }  # fmt: skip
    return documents.post_document(
        unit=customer.unit, customer=customer, amount=Decimal(amount), **(values | changes)
    )


def test_a_document_becomes_its_instalments_and_retention(unit):
    customer = make_customer(unit, terms="ACC30-R3")

    items = post_document(customer, "1000.01", base_date=FEB)

    assert [(i.instalment, i.kind, i.due_date, i.amount) for i in items] == [
        (1, "invoice", date(2026, 3, 12), Decimal("970.01")),
        (2, "retention", date(2028, 2, 10), Decimal("30.00")),
    ]
    assert sum(i.amount for i in items) == Decimal("1000.01")


def test_a_cent_is_not_divided(unit):
    (item,) = post_document(make_customer(unit, terms="306010"), "0.01")

    assert (item.instalment, item.amount) == (1, Decimal("0.01"))


def test_a_given_due_date_and_other_kinds_are_not_divided(unit):
    customer = make_customer(unit, terms="306010")

    (given,) = post_document(customer, 100, due_date=APR)
    (note,) = post_document(customer, 100, kind="credit_note", number="C-1")

    assert (given.due_date, note.due_date) == (APR, JAN)


def test_an_impossible_amount_is_refused_before_it_is_divided(unit):
    customer = make_customer(unit, terms="306010")

    for amount in ("NaN", "-1", "1e40", "0.001"):
        with pytest.raises(ledger.PostingRefused, match="above zero"):
            post_document(customer, amount)


def test_a_document_is_posted_wholly_or_not_at_all(unit):
    customer = make_customer(unit, terms="306010")
    invoice(customer, 1, number="D-1", instalment=3)

    with pytest.raises(ledger.DuplicateNumber):
        post_document(customer, 100)

    assert OpenItem.objects.count() == 1


def test_money_is_not_posted_before_it_came(customer):
    with pytest.raises(ledger.PostingRefused, match="cannot be posted before that"):
        receipt(customer, 5, FEB, posting_date=JAN)


# Reversal ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["invoice", "credit_note"])
def test_a_reversal_is_an_opposite_item_and_both_are_settled(customer, kind):
    item = invoice(customer, 100, kind=kind)

    opposite = ledger.reverse(item=item, effective_date=MAR, reason="wrong customer", actor=None)

    assert opposite.direction != item.direction
    assert (opposite.posting_date, opposite.text, opposite.reverses_id) == (
        MAR,
        "wrong customer",
        item.pk,
    )
    assert open_of(item) == open_of(opposite) == 0
    assert OpenItem.objects.open_as_of(FEB).get(pk=item.pk).open_as_of == 100
    assert AuditEvent.objects.get(action="open_item.reversed").after["reason"] == "wrong customer"


def test_what_can_not_be_reversed(customer):
    item, money = invoice(customer, 100), receipt(customer, 50)
    row = apply(money, item, 50, MAR)

    def refused(target, day, reason, sentence):
        with pytest.raises(ledger.ReversalRefused, match=sentence):
            ledger.reverse(item=target, effective_date=day, reason=reason, actor=None)

    refused(item, APR, "x", "applied in part")
    ledger.allocations.take_back(allocation=row, effective_date=MAR, actor=None)
    refused(item, APR, "  ", "Say why")
    refused(item, FEB, "x", "before 2026-03-10")
    opposite = ledger.reverse(item=item, effective_date=APR, reason="x", actor=None)
    refused(item, APR, "x", "already reversed")
    refused(opposite, APR, "x", "already reversed")


def test_classifying_changes_no_figure_and_nothing_twice(customer):
    a, b = invoice(customer, 1), invoice(customer, 2, cause="dispute")

    ledger.classify_many(items=[a, b], cause="dispute", actor=None)

    (event,) = AuditEvent.objects.filter(action="open_item.classified")
    assert (event.target_id, event.before, event.after) == (
        str(a.pk),
        {"cause": ""},
        {"cause": "dispute"},
    )
    assert ledger.classify(item=a, cause="", actor=None).cause == ""
    with pytest.raises(ledger.InvalidInput, match="not an arrears type"):
        ledger.classify(item=a, cause="weather", actor=None)


# Closed months -----------------------------------------------------------------------------------


@pytest.fixture
def closed_february(customer, make_user):
    return periods.close(
        unit=customer.unit,
        month=FEB,
        actor=make_user(),
        now=datetime(2026, 4, 1, tzinfo=UTC),
        today=APR,
    )


def test_nothing_takes_effect_in_a_closed_month(customer, make_user):
    item, money = invoice(customer, 100), receipt(customer, 100)
    row = apply(money, item, 40, FEB)
    periods.close(
        unit=customer.unit,
        month=FEB,
        actor=make_user(),
        now=datetime(2026, 4, 1, tzinfo=UTC),
        today=APR,
    )
    other = invoice(customer, 10, MAR)

    for attempt in (
        lambda: invoice(customer, 1, FEB),
        lambda: receipt(customer, 1, FEB),
        lambda: apply(money, item, 10, FEB),
        lambda: ledger.allocations.allocate_oldest_first(
            credit_item=money, effective_date=FEB, actor=None
        ),
        lambda: ledger.allocations.take_back(allocation=row, effective_date=FEB, actor=None),
        lambda: ledger.reverse(
            item=invoice(customer, 5, JAN), effective_date=FEB, reason="x", actor=None
        ),
    ):
        with pytest.raises(periods.PeriodClosed, match="2026-02 is closed"), transaction.atomic():
            attempt()

    assert open_of(item) == 60
    apply(money, other, 10, MAR)
    assert invoice(make_customer(BusinessUnit.objects.create(code="X", name="X")), 1, FEB)


def test_the_figures_of_a_closed_month_stay(customer, closed_february):
    item, money = invoice(customer, 100, JAN), receipt(customer, 100, MAR)
    scope, scheme = Scope(unit_ids=(customer.unit_id,)), schemes.get()
    before = aging(scope=scope, as_of=date(2026, 2, 28), scheme=scheme)

    apply(money, item, 100, MAR)
    ledger.reverse(item=invoice(customer, 7, MAR), effective_date=APR, reason="x", actor=None)

    assert aging(scope=scope, as_of=date(2026, 2, 28), scheme=scheme) == before
    assert AccountingPeriod.objects.get().state == "closed"


# What the database refuses by itself --------------------------------------------------------------

ITEM_SQL = """
    INSERT INTO receivables_openitem (unit_id, customer_id, kind, direction, source, number, number_key, instalment,
        document_date, posting_date, due_date, currency, amount, open_amount, cause, order_reference,
        contract_reference, text, recorded_at, reverses_id)
    VALUES (%(unit)s, %(customer)s, %(kind)s, %(direction)s, 'raw', %(number)s, %(number)s, 1, '2026-01-10',
        '2026-01-10', '2026-01-10', %(currency)s, {amount}, {open}, '', '', '', '', now(), %(reverses)s)
"""


def raw_item(customer, amount="100", left=None, **changes):
    values = {
        "unit": customer.unit_id, "customer": customer.pk, "kind": "invoice", "direction": "debit", "number": "R-1",
        "currency": "CNY", "reverses": None,
    } | changes  # fmt: skip
    run(ITEM_SQL.format(amount=amount, open=left or amount), values)


def run(sql, values=None):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.mark.parametrize(
    "amount", ["'NaN'", "'Infinity'", "'-Infinity'", "1e400", "-1", "0", "1e16", "NULL"]
)
def test_the_database_refuses_what_is_no_amount(customer, amount):
    with pytest.raises((IntegrityError, DataError)):
        raw_item(customer, amount)


@pytest.mark.parametrize("left", ["-0.01", "100.01", "'NaN'"])
def test_the_database_refuses_an_impossible_open_amount(customer, left):
    with pytest.raises((IntegrityError, DataError)):
        raw_item(customer, "100", left)


@pytest.mark.parametrize(
    "change",
    [
        {"direction": "credit"},
        {"kind": "receipt"},
        {"kind": "reversal"},
        {"kind": "bribe"},
        {"currency": "Yen"},
    ],
)
def test_the_database_refuses_an_item_that_contradicts_itself(customer, change):
    with pytest.raises(IntegrityError):
        raw_item(customer, **change)


def test_the_database_refuses_a_number_twice_and_a_second_reversal(customer):
    item = invoice(customer, 100)
    ledger.reverse(item=item, effective_date=FEB, reason="x", actor=None)

    with pytest.raises(IntegrityError, match="reverses"):
        raw_item(customer, kind="reversal", direction="credit", reverses=item.pk)
    run("UPDATE receivables_openitem SET cause = 'dispute' WHERE id = %s", [item.pk])
    with pytest.raises(IntegrityError, match="item_number_once"):
        run(ITEM_SQL.format(amount=1, open=1) + ", " + ITEM_SQL.format(amount=1, open=1).split("VALUES")[1], {
            "unit": customer.unit_id, "customer": customer.pk, "kind": "invoice", "direction": "debit",
            "number": "R-1", "currency": "CNY", "reverses": None,
        })  # fmt: skip


@pytest.mark.parametrize(
    "change",
    ["amount = 1", "posting_date = '2020-01-01'", "due_date = '2020-01-01'", "number = 'x'", "currency = 'USD'",
     "kind = 'opening'", "customer_id = customer_id + 1", "recorded_at = now()"],
)  # fmt: skip
def test_posted_is_final(customer, change):
    item = invoice(customer, 100)

    with pytest.raises((InternalError, IntegrityError)):
        run(f"UPDATE receivables_openitem SET {change} WHERE id = {item.pk}")
    with pytest.raises(InternalError):
        run(f"DELETE FROM receivables_openitem WHERE id = {item.pk}")


ALLOCATION_SQL = """
    INSERT INTO receivables_allocation (unit_id, customer_id, credit_item_id, debit_item_id, currency, amount,
        effective_date, method, reverses_id, debit_posting_date, debit_document_date, debit_due_date, debit_kind,
        credit_posting_date, credit_document_date, recorded_at)
    SELECT c.unit_id, {customer}, c.id, d.id, {currency}, {amount}, {day}, 'designated', {reverses}, d.posting_date,
        d.document_date, {due}, d.kind, c.posting_date, c.document_date, now()
    FROM receivables_openitem c, receivables_openitem d WHERE c.id = {credit} AND d.id = {debit}
"""


def raw_allocation(credit, debit, **changes):
    values = {
        "customer": "c.customer_id", "currency": "c.currency", "amount": "10", "day": "'2026-03-01'", "reverses": "NULL",
        "due": "d.due_date", "credit": credit.pk, "debit": debit.pk,
    } | changes  # fmt: skip
    run(ALLOCATION_SQL.format(**values))


def test_the_database_refuses_an_allocation_across_owners_and_currencies(customer, unit):
    item, money = invoice(customer, 100), receipt(customer, 100)
    strangers = [
        invoice(make_customer(unit), 100),
        invoice(customer, 100, currency="USD"),
        invoice(make_customer(BusinessUnit.objects.create(code="X", name="X")), 100),
        receipt(customer, 5),
    ]

    for stranger in strangers:
        with pytest.raises(IntegrityError, match="agree with both of its items"):
            raw_allocation(money, stranger)
    with pytest.raises(IntegrityError, match="agree with both of its items"):
        raw_allocation(money, item, due="d.due_date + 1")
    with pytest.raises(IntegrityError, match="allocation_between_two"):
        raw_allocation(money, money)
    assert Allocation.objects.count() == 0


@pytest.mark.parametrize("amount", ["'NaN'", "'Infinity'", "1e400", "-1", "0"])
def test_the_database_refuses_an_allocation_of_no_amount(customer, amount):
    with pytest.raises((IntegrityError, DataError)):
        raw_allocation(receipt(customer, 100), invoice(customer, 100), amount=amount)


def test_the_database_refuses_to_apply_more_than_there_is(customer):
    item, small, money = invoice(customer, 100), invoice(customer, 5), receipt(customer, 60)
    apply(money, item, 55)

    with pytest.raises(IntegrityError, match="More is applied"):
        raw_allocation(money, item, amount=10)
    with pytest.raises(IntegrityError, match="More is applied"):
        raw_allocation(receipt(customer, 60), small, amount=6)
    with pytest.raises(IntegrityError, match="not_before_its_items"):
        raw_allocation(money, item, amount=1, day="'2026-01-01'")


def test_the_database_refuses_half_a_taking_back_and_a_second_one(customer):
    item, money = invoice(customer, 100), receipt(customer, 60)
    row = apply(money, item, 55, FEB)

    for change in ({"amount": "-54"}, {"amount": "-55", "day": "'2026-02-09'"}):
        with pytest.raises(IntegrityError, match="undo one allocation wholly"):
            raw_allocation(money, item, reverses=row.pk, **change)
    ledger.allocations.take_back(allocation=row, effective_date=MAR, actor=None)
    with pytest.raises(IntegrityError):
        raw_allocation(money, item, reverses=row.pk, amount="-55")
    with pytest.raises(InternalError):
        run(f"UPDATE receivables_allocation SET amount = 1 WHERE id = {row.pk}")
    with pytest.raises(InternalError):
        run("DELETE FROM receivables_allocation")
    run("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(InternalError, match="append-only"):
        run("TRUNCATE receivables_allocation")


# Reading -----------------------------------------------------------------------------------------


def test_day_zero_and_every_other_edge_of_the_aging(customer):
    """Due today is not overdue; buckets always add up to what is open (A9)."""
    today = date(2026, 4, 10)
    invoice(customer, 1, JAN, due_date=today)
    invoice(customer, 2, JAN, due_date=date(2026, 4, 9))
    half = invoice(customer, 8, JAN, due_date=JAN, cause="dispute")
    invoice(customer, 16, today, due_date=date(2026, 5, 1))
    apply(receipt(customer, 100), half, 4, MAR)

    report = aging(scope=Scope(unit_ids=(customer.unit_id,)), as_of=today, scheme=schemes.get())

    amounts = dict(zip([b.code for b in report.scheme.buckets], report.total.amounts, strict=True))
    assert {k: v for k, v in amounts.items() if v} == {"not_due": 17, "d1_30": 2, "d61_90": 4}
    assert report.total.unapplied == -96
    (balance,) = proof.balances(unit_ids=[customer.unit_id], as_of=today)
    assert sum(amounts.values()) - 96 == balance.open == balance.buckets == balance.posted


def test_who_owes_what_currency_by_currency(customer):
    invoice(customer, 10, due_date=FEB)
    invoice(customer, 5, currency="USD", due_date=APR)

    cny, usd = ledger_selectors.standing(customer=customer, as_of=MAR, scheme=schemes.get())

    assert (cny.currency, cny.receivable, cny.overdue, cny.not_due, cny.oldest_due) == (
        "CNY",
        10,
        10,
        0,
        FEB,
    )
    assert (usd.currency, usd.receivable, usd.overdue, usd.not_due, usd.oldest_due) == (
        "USD",
        5,
        0,
        5,
        None,
    )
