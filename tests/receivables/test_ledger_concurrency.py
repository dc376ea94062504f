"""Many clerks at the same moment, each with a connection of its own: nothing is applied twice or lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connections, transaction
from rest_framework.test import APIClient

from config.core.errors import DomainError
from config.core.models import AccountingPeriod, IdempotencyKey
from config.core.roles import Role
from config.core.services import periods
from receivables.models import Allocation, OpenItem
from receivables.services import allocations, ledger
from tests.receivables.books import (  # noqa: F401 - a fixture
    APR,
    FEB,
    JAN,
    MAR,
    invoice,
    ledger_holds,
    make_customer,
    open_of,
    receipt,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ledger_holds")]
CLERKS = 32
LONGEST = 60


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """Run jobs in threads that start together; return what each returned or raised."""
    barrier = threading.Barrier(len(jobs))
    results: list[object] = [None] * len(jobs)

    def work(place: int, job: Callable[[], object]) -> None:
        try:
            barrier.wait(LONGEST)
            results[place] = job()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(n, job)) for n, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return results


def refusals(results: list[object], code: str) -> int:
    """Count the refusals by a rule; anything else that was raised fails the test."""
    strange = [r for r in results if isinstance(r, Exception) and not isinstance(r, DomainError)]
    assert strange == []
    found = [r for r in results if isinstance(r, DomainError)]
    assert {r.code for r in found} <= {code}
    return len(found)


@pytest.fixture
def customer(unit):
    return make_customer(unit)


@pytest.fixture
def program(unit, make_user):
    user = make_user(Role.INTEGRATION, units=[unit])

    def client() -> APIClient:
        made = APIClient()
        made.force_authenticate(type(user).objects.get(pk=user.pk))
        return made

    return client


def apply_job(credit: OpenItem, debit: OpenItem, amount: str) -> Callable[[], object]:
    return lambda: allocations.allocate(
        credit_item=credit,
        amounts={debit.pk: Decimal(amount)},
        effective_date=FEB,
        method="designated",
        actor=None,
    )


def test_one_receipt_to_one_invoice_by_32_clerks(customer):
    item, money = invoice(customer, "100.00"), receipt(customer, "70.00")

    results = at_once(*[apply_job(money, item, "10.00")] * CLERKS)

    assert refusals(results, "allocation_refused") == CLERKS - 7
    assert (open_of(item), open_of(money)) == (30, 0)
    assert Allocation.objects.count() == 7


def test_crosswise_by_32_clerks_without_a_deadlock(customer):
    """A pays 1 then 2 while B pays 2 then 1, all in single steps over both items."""
    one, two = invoice(customer, "160.00"), invoice(customer, "160.00")
    a, b = receipt(customer, "160.00"), receipt(customer, "160.00")

    def pay(credit: OpenItem, first: OpenItem, second: OpenItem) -> Callable[[], object]:
        parts = {first.pk: Decimal("10.00"), second.pk: Decimal("10.00")}
        return lambda: allocations.allocate(
            credit_item=credit, amounts=parts, effective_date=FEB, method="designated", actor=None
        )

    results = at_once(*[pay(a, one, two), pay(b, two, one)] * (CLERKS // 2))

    assert refusals(results, "allocation_refused") == CLERKS - 16
    assert [open_of(i) for i in (one, two, a, b)] == [0, 0, 0, 0]


def test_oldest_first_taking_back_and_reversing_in_a_crowd(customer):
    items = [invoice(customer, 10, JAN) for _n in range(8)]
    receipts = [receipt(customer, 15, JAN) for _n in range(4)]
    row = apply_job(receipts[0], items[0], "10.00")()[0]

    def fifo(credit: OpenItem) -> Callable[[], object]:
        return lambda: allocations.allocate_oldest_first(
            credit_item=credit, effective_date=MAR, actor=None
        )

    jobs: list[Callable[[], object]] = [fifo(credit) for credit in receipts] * 4
    jobs += [lambda: allocations.take_back(allocation=row, effective_date=MAR, actor=None)] * 8
    jobs += [lambda: ledger.reverse(item=items[7], effective_date=APR, reason="x", actor=None)] * 8
    results = at_once(*jobs)

    strange = [r for r in results if isinstance(r, Exception) and not isinstance(r, DomainError)]
    assert strange == []
    assert Allocation.objects.filter(reverses=row).count() == 1
    assert OpenItem.objects.filter(reverses__isnull=False).count() <= 1
    assert sum(1 for r in results[16:24] if not isinstance(r, Exception)) == 1


def test_one_reversal_of_many(customer):
    item = invoice(customer, 10)

    results = at_once(
        *[lambda: ledger.reverse(item=item, effective_date=FEB, reason="x", actor=None)] * 16
    )

    assert refusals(results, "reversal_refused") == 15
    assert OpenItem.objects.filter(reverses=item).count() == 1


def test_one_number_of_many(customer):
    results = at_once(*[lambda: invoice(customer, 10, number="SAME")] * 16)

    assert refusals(results, "duplicate_number") == 15


# Through the API ---------------------------------------------------------------------------------


def body(customer, **changes):
    return {
        "customer": customer.pk, "kind": "invoice", "number": "INV-1", "document_date": "2026-01-10",
        "due_date": "2026-02-10", "amount": "100.00", "currency": "CNY",
    } | changes  # fmt: skip


def test_32_same_key_posts_have_one_effect(customer, program):
    def post() -> object:
        return program().post("/api/v1/open-items/", body(customer), HTTP_IDEMPOTENCY_KEY="same")

    answers = at_once(*[post] * CLERKS)

    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    assert sum(1 for a in answers if a.get("Idempotent-Replayed") == "true") == CLERKS - 1
    assert OpenItem.objects.count() == IdempotencyKey.objects.count() == 1


def test_same_key_other_body_in_a_crowd(customer, program):
    def post(number: str) -> Callable[[], object]:
        return lambda: program().post(
            "/api/v1/open-items/", body(customer, number=number), HTTP_IDEMPOTENCY_KEY="same"
        )

    answers = at_once(*[post("A"), post("B")] * 8)

    assert sorted(a.status_code for a in answers) == [201] * 8 + [422] * 8
    assert OpenItem.objects.count() == 1


def test_32_allocations_by_the_api_without_a_server_error(customer, program):
    item, money = invoice(customer, "100.00"), receipt(customer, "70.00")

    def apply(n: int) -> Callable[[], object]:
        part = {
            "allocations": [{"item": item.pk, "amount": "10.00"}],
            "effective_date": "2026-02-10",
        }
        return lambda: program().post(
            f"/api/v1/receipts/{money.pk}/allocations/", part, HTTP_IDEMPOTENCY_KEY=f"k{n}"
        )

    answers = at_once(*[apply(n) for n in range(CLERKS)])

    codes = sorted(a.status_code for a in answers)
    assert codes == [201] * 7 + [409] * (CLERKS - 7)
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"allocation_refused"}
    assert open_of(money) == 0


# Closing a month ----------------------------------------------------------------------------------


def close(customer, actor) -> object:
    return periods.close(
        unit=customer.unit, month=FEB, actor=actor, now=datetime(2026, 4, 1, tzinfo=UTC), today=APR
    )


def test_closing_waits_for_a_posting_under_way(customer, make_user):
    actor, posted, go_on = make_user(), threading.Event(), threading.Event()
    order: list[str] = []

    def post() -> None:
        try:
            with transaction.atomic():
                invoice(customer, 10, FEB)
                posted.set()
                go_on.wait(LONGEST)
                order.append("posted")
        finally:
            connections.close_all()

    def shut() -> None:
        try:
            close(customer, actor)
            order.append("closed")
        finally:
            connections.close_all()

    poster, closer = threading.Thread(target=post), threading.Thread(target=shut)
    poster.start()
    assert posted.wait(LONGEST)
    closer.start()
    closer.join(0.5)
    assert closer.is_alive(), "the month was closed over a posting under way"
    go_on.set()
    poster.join(LONGEST)
    closer.join(LONGEST)

    assert order == ["posted", "closed"]
    assert OpenItem.objects.count() == 1


def test_a_posting_waits_for_a_closing_and_is_refused(customer, make_user):
    actor, closed, go_on = make_user(), threading.Event(), threading.Event()
    outcome: list[object] = []

    def shut() -> None:
        try:
            with transaction.atomic():
                close(customer, actor)
                closed.set()
                go_on.wait(LONGEST)
        finally:
            connections.close_all()

    def post() -> None:
        try:
            outcome.append(invoice(customer, 10, FEB))
        except DomainError as refusal:
            outcome.append(refusal.code)
        finally:
            connections.close_all()

    closer, poster = threading.Thread(target=shut), threading.Thread(target=post)
    closer.start()
    assert closed.wait(LONGEST)
    poster.start()
    poster.join(0.5)
    assert poster.is_alive()
    assert outcome == []
    go_on.set()
    closer.join(LONGEST)
    poster.join(LONGEST)

    assert outcome == ["period_closed"]
    assert OpenItem.objects.count() == 0


def test_a_month_is_closed_in_the_middle_of_a_crowd(customer, make_user):
    actor, item, money = make_user(), invoice(customer, 100, JAN), receipt(customer, 100, JAN)

    jobs: list[Callable[[], object]] = [lambda: invoice(customer, 1, date(2026, 2, 20))] * 12
    jobs += [apply_job(money, item, "1.00")] * 12
    jobs.insert(12, lambda: close(customer, actor))
    results = at_once(*jobs)

    refused = refusals(results, "period_closed")
    in_february = (
        OpenItem.objects.filter(posting_date=date(2026, 2, 20)).count() + Allocation.objects.count()
    )
    assert in_february + refused == 24
    assert AccountingPeriod.objects.get().state == "closed"
    with pytest.raises(periods.PeriodClosed):
        invoice(customer, 1, FEB)
