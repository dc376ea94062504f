"""Applying credits: by hand, oldest first, taken back; never more than there is, on any day."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.core.models import AuditEvent, BusinessUnit
from receivables.models import Allocation, OpenItem
from receivables.services import allocations, ledger
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


def allocate(credit, parts, day=FEB):
    amounts = {item.pk: Decimal(amount) for item, amount in parts.items()}
    return allocations.allocate(
        credit_item=credit, amounts=amounts, effective_date=day, method="designated", actor=None
    )


def test_one_receipt_pays_several_invoices_in_one_step(customer):
    a, b, money = invoice(customer, 100), invoice(customer, 50), receipt(customer, 120)

    rows = allocate(money, {a: "70.00", b: "50.00"})

    assert (open_of(a), open_of(b), open_of(money)) == (30, 0, 0)
    assert [(r.debit_item_id, r.amount, r.effective_date) for r in rows] == [
        (a.pk, 70, FEB),
        (b.pk, 50, FEB),
    ]
    assert {(r.debit_due_date, r.debit_kind, r.credit_posting_date) for r in rows} == {
        (JAN, "invoice", JAN)
    }
    events = AuditEvent.objects.filter(action="allocation.made")
    assert {e.after["amount"] for e in events} == {"70.00", "50.00"}
    assert {e.customer_key for e in events} == {customer.pk}


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "1.005"])
def test_an_amount_that_is_none_is_refused(customer, amount):
    with pytest.raises(allocations.AllocationRefused, match="above zero"):
        allocate(receipt(customer, 10), {invoice(customer, 10): amount})

    assert Allocation.objects.count() == 0


def test_nothing_at_all_is_refused(customer):
    with pytest.raises(allocations.AllocationRefused, match="above zero"):
        allocate(receipt(customer, 10), {})


def test_one_part_too_large_refuses_all_parts(customer):
    a, b, money = invoice(customer, 100), invoice(customer, 50), receipt(customer, 120)

    with pytest.raises(allocations.AllocationRefused, match=r"50\.00 CNY left"):
        allocate(money, {a: 60, b: "50.01"})
    with pytest.raises(
        allocations.AllocationRefused, match=r"120\.00 CNY left on 2026-02-10, not 150\.00"
    ):
        allocate(money, {a: 100, b: 50})

    assert (open_of(a), open_of(b), open_of(money)) == (100, 50, 120)
    assert Allocation.objects.count() == 0


def test_a_credit_pays_only_its_own_kind_of_debt(customer, unit):
    money = receipt(customer, 100)
    others = [
        invoice(make_customer(unit), 10),
        invoice(make_customer(BusinessUnit.objects.create(code="X", name="X")), 10),
        invoice(customer, 10, currency="USD"),
        receipt(customer, 10),
        OpenItem(pk=10**9),
    ]

    for other in others:
        with pytest.raises(allocations.AllocationRefused, match="own customer, unit and currency"):
            allocate(money, {other: 1})
    with pytest.raises(allocations.AllocationRefused, match="own customer, unit and currency"):
        allocate(invoice(customer, 10), {invoice(customer, 10): 1})


def test_nothing_is_applied_before_it_was_posted(customer):
    early, late, money = (
        invoice(customer, 10, JAN),
        invoice(customer, 10, MAR),
        receipt(customer, 10, FEB),
    )

    with pytest.raises(allocations.AllocationRefused, match="posted on 2026-02-10"):
        allocate(money, {early: 1}, JAN)
    with pytest.raises(allocations.AllocationRefused, match="posted on 2026-03-10"):
        allocate(money, {late: 1}, FEB)


def test_a_back_dated_application_may_not_empty_a_later_day(customer):
    """What was applied in April is not there in March either, though it was open then."""
    item, money = invoice(customer, 100), receipt(customer, 500)
    allocate(money, {item: 80}, APR)

    with pytest.raises(allocations.AllocationRefused, match=r"20\.00 CNY left on 2026-03-10"):
        allocate(money, {item: 30}, MAR)
    allocate(money, {item: 20}, MAR)

    assert open_of(item) == 0
    as_of = {
        day: OpenItem.objects.open_as_of(day).get(pk=item.pk).open_as_of for day in (FEB, MAR, APR)
    }
    assert as_of == {FEB: 100, MAR: 80, APR: 0}


def test_taking_back_opens_both_items_from_its_day_on(customer):
    item, money = invoice(customer, 100), receipt(customer, 100)
    row = apply(money, item, 100, FEB)

    back = allocations.take_back(allocation=row, effective_date=APR, actor=None)

    assert (back.amount, back.reverses_id, back.method) == (-100, row.pk, "reversal")
    as_of = {
        day: OpenItem.objects.open_as_of(day).get(pk=item.pk).open_as_of
        for day in (JAN, FEB, MAR, APR)
    }
    assert as_of == {JAN: 100, FEB: 0, MAR: 0, APR: 100}
    assert AuditEvent.objects.filter(action="allocation.taken_back").count() == 1
    # On a day between, it was applied: it cannot be applied a second time.
    with pytest.raises(allocations.AllocationRefused, match=r"0\.00 CNY left on 2026-03-10"):
        allocate(money, {item: 1}, MAR)
    allocate(money, {item: 100}, APR)


def test_what_can_not_be_taken_back(customer):
    item, money = invoice(customer, 100), receipt(customer, 100)
    row = apply(money, item, 50, MAR)
    ledger.reverse(item=(gone := invoice(customer, 7)), effective_date=MAR, reason="x", actor=None)
    final = Allocation.objects.get(debit_item=gone)

    def refused(allocation, day, sentence):
        with pytest.raises(allocations.AllocationRefused, match=sentence):
            allocations.take_back(allocation=allocation, effective_date=day, actor=None)

    refused(row, FEB, "took effect on 2026-03-10")
    refused(final, APR, "which is final")
    back = allocations.take_back(allocation=row, effective_date=APR, actor=None)
    refused(row, APR, "already taken back")
    refused(back, APR, "already taken back")


def test_oldest_due_first_with_ties_by_document_then_entry(customer):
    same_due = invoice(customer, 10, FEB, due_date=MAR)
    older_document = invoice(customer, 10, JAN, due_date=MAR)
    due_first = invoice(customer, 10, FEB, due_date=FEB)
    later_posted = invoice(customer, 10, APR, due_date=JAN)
    money = receipt(customer, 25)

    rows = allocations.allocate_oldest_first(credit_item=money, effective_date=MAR, actor=None)

    assert [(r.debit_item_id, r.amount) for r in sorted(rows, key=lambda r: r.pk)] == [
        (due_first.pk, 10), (older_document.pk, 10), (same_due.pk, 5),
    ]  # fmt: skip
    assert open_of(later_posted) == 10
    assert {r.method for r in rows} == {"fifo"}


def test_oldest_first_takes_what_was_open_on_its_day_only(customer):
    item, other, money = invoice(customer, 100), invoice(customer, 100), receipt(customer, 150)
    row = apply(money, item, 100, FEB)
    allocations.take_back(allocation=row, effective_date=APR, actor=None)

    rows = allocations.allocate_oldest_first(credit_item=money, effective_date=MAR, actor=None)

    assert [(r.debit_item_id, r.amount) for r in rows] == [(other.pk, 50)]


def test_oldest_first_with_nothing_to_do_says_so(customer):
    money = receipt(customer, 100)

    with pytest.raises(
        allocations.AllocationRefused, match="nothing left, or the customer has nothing open"
    ):
        allocations.allocate_oldest_first(credit_item=money, effective_date=MAR, actor=None)
    item = invoice(customer, 100)
    apply(money, item, 100)
    with pytest.raises(allocations.AllocationRefused, match="nothing left"):
        allocations.allocate_oldest_first(credit_item=money, effective_date=MAR, actor=None)


def test_the_number_of_statements_does_not_grow_with_the_items(customer):
    def statements(count: int) -> int:
        for _n in range(count):
            invoice(customer, 1)
        money = receipt(customer, count)
        with CaptureQueriesContext(connection) as found:
            allocations.allocate_oldest_first(credit_item=money, effective_date=MAR, actor=None)
        return len(found)

    assert statements(2) == statements(40) <= 16


def test_amounts_of_many_parts_leave_nothing_over(customer):
    """97 parts of one receipt, to the cent (A3)."""
    items = [invoice(customer, amount) for amount in ["0.01"] * 50 + ["0.10"] * 46 + ["1000000.00"]]
    money = receipt(customer, "1000005.10")

    allocations.allocate_oldest_first(credit_item=money, effective_date=MAR, actor=None)

    assert open_of(money) == 0
    assert sum(open_of(item) for item in items) == 0
