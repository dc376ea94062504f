"""The timeline of a customer's page: what the ledger, the alerts and the record tell together."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.core.models import BusinessUnit
from config.core.roles import Role
from customers.services import customers
from receivables.models import OverdueAlert
from receivables.services import ledger, reviews
from tests.receivables.review_books import DAY, customer, night_after, overdue, pay

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _morning(stop_clock):
    stop_clock("2026-04-01 09:00")


@pytest.fixture
def manager(client_for, unit):
    return client_for(Role.CREDIT_MANAGER, units=[unit], language="en")


@pytest.fixture
def debtor(unit, manager):
    return customer(unit, name="苏州明远精密制造有限公司", collector=manager.user)


def told(client, who):
    answer = client.get(reverse("receivables:customer_timeline", args=[who.pk]))
    assert answer.status_code == 200
    return answer.context["events"]


def test_a_customer_tells_its_business(unit, manager, debtor):
    late = overdue(debtor, "4210000.00", 212, number="INV-0042")
    reviews.run(unit=unit, as_of=DAY, actor=None, now=night_after(DAY))
    money = pay(late, "1000000.00", on=date(2026, 4, 1))
    events = told(manager, debtor)
    receipt = next(e for e in events if e.title == "Receipt CNY 1,000,000.00")
    assert receipt.url == reverse("receivables:receipt", args=[money.pk])
    assert receipt.at == date(2026, 4, 1)
    invoice = next(e for e in events if e.note.startswith("INV-0042") and e.title != "Alert raised")
    assert invoice.title == "Invoice CNY 4,210,000.00"
    raised = [e for e in events if e.title == "Alert raised"]
    assert {e.url for e in raised} == {
        reverse("receivables:alert", args=[pk])
        for pk in OverdueAlert.objects.values_list("pk", flat=True)
    }
    assert all(e.url for e in events)
    assert events.index(receipt) < events.index(raised[0]) < events.index(invoice)
    titles = " ".join(e.title for e in events)
    assert "Posted the document" not in titles, "told once, by the document itself"


def test_a_reversal_names_what_it_reverses(manager, debtor):
    wrong = overdue(debtor, "500.00", 10, number="INV-0043")
    ledger.reverse(item=wrong, effective_date=date(2026, 4, 1), reason="wrong price", actor=manager.user)  # fmt: skip
    newest = next(e for e in told(manager, debtor) if e.title.startswith("Reversal"))
    assert newest.level == "danger"
    assert newest.note.endswith("reverses INV-0043")


def test_changes_of_the_record_stand_beside(manager, debtor):
    customers.change_status(customer=debtor, status="dormant", reason="no orders", actor=manager.user)  # fmt: skip
    event = next(e for e in told(manager, debtor) if "no orders" in e.note)
    assert event.url


def test_documents_of_one_day_share_a_line(manager, debtor):
    for number in range(30):
        overdue(debtor, "100.00", 10, number=f"INV-{number:04}")
    (line,) = [e for e in told(manager, debtor) if e.title.startswith("Invoice")]
    assert line.title == "Invoice CNY 3,000.00"
    assert line.note == "INV-0029 · 29 more"


def test_the_number_of_queries_does_not_grow(unit, manager, debtor):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            told(manager, debtor)
        return len(queries)

    overdue(debtor, "100.00", 10, number="INV-A")
    pay(overdue(debtor, "100.00", 40, number="INV-B"), on=date(2026, 3, 1))
    reviews.run(unit=unit, as_of=DAY, actor=None, now=night_after(DAY))
    count()
    few = count()
    for number in range(25):
        pay(overdue(debtor, "100.00", 50 + number, number=f"INV-{number:04}"), on=date(2026, 3, 2))
    assert count() == few
    assert len(told(manager, debtor)) == 20


def test_only_what_one_may_see(client_for, unit, manager, debtor):
    overdue(debtor, "4210000.00", 212, number="INV-0042")
    reviews.run(unit=unit, as_of=DAY, actor=None, now=night_after(DAY))
    elsewhere = BusinessUnit.objects.create(code="X", name="X")
    url = reverse("receivables:customer_timeline", args=[debtor.pk])
    assert client_for(Role.CREDIT_MANAGER, units=[elsewhere]).get(url).status_code == 404
    page = manager.get(reverse("customers:detail", args=[debtor.pk])).content.decode()
    assert url in page
