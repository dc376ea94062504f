"""Aging as of any date, against a plain recount of the same events."""

from __future__ import annotations

import contextlib
import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from config.core.models import ExchangeRate
from config.core.roles import Role
from config.core.selectors.rates import RateMissing
from customers.models import Customer
from receivables.domain.aging import Basis
from receivables.models import Allocation, OpenItem
from receivables.selectors import sales, schemes
from receivables.selectors.aging import GroupBy, aging, totals
from receivables.selectors.aging_page import CustomerAging
from receivables.selectors.open_amounts import Scope, customer_bucket_sql, scope_for
from receivables.services import allocations, ledger

START = date(2024, 1, 1)
ZERO = Decimal("0.00")


def make_customer(unit, code, **fields) -> Customer:
    return Customer.objects.create(
        unit=unit, code=code, code_key=code, name=f"客户{code}", **fields
    )


def post(
    customer, number, amount, *, kind="invoice", day=START, due=None, currency="CNY", **fields
) -> OpenItem:
    return ledger.post(
        unit=customer.unit, customer=customer, kind=kind, number=number, document_date=day, posting_date=day,
        due_date=due or day + timedelta(days=30), amount=Decimal(amount), currency=currency, actor=None, **fields,
    )  # fmt: skip


class Books:
    """A random year of business, made through the services."""

    def __init__(self, unit, seed: int) -> None:
        self.rng = random.Random(seed)
        self.customers = [
            make_customer(unit, f"C{i}", segment=s) for i, s in enumerate(["key", "growth", "key"])
        ]
        self.day = START
        for number in range(60):
            self.day += timedelta(days=self.rng.randint(0, 9))
            self._step(number)

    def _step(self, number: int) -> None:
        customer = self.rng.choice(self.customers)
        amount = f"{self.rng.randint(1, 90000)}.{self.rng.randint(0, 99):02}"
        currency = self.rng.choice(["CNY", "CNY", "USD"])
        kind = self.rng.choice(["invoice"] * 4 + ["retention", "credit_note", "receipt", "receipt"])
        due = self.day + timedelta(days=self.rng.randint(-5, 400))
        item = post(
            customer, f"N{number}", amount, kind=kind, day=self.day, due=due, currency=currency
        )
        if not item.is_debit:
            self._apply(item)
        if self.rng.random() < 0.2:
            self._undo()

    def _apply(self, credit: OpenItem) -> None:
        with contextlib.suppress(
            allocations.AllocationRefused
        ):  # nothing to pay: it stays unapplied
            allocations.allocate_oldest_first(
                credit_item=credit, effective_date=self.day, actor=None
            )

    def _undo(self) -> None:
        live = Allocation.objects.filter(reverses=None, reversed_by=None).exclude(method="reversal")
        chosen = live.order_by("pk").last()
        if chosen is not None:
            allocations.take_back(allocation=chosen, effective_date=self.day, actor=None)


def recount(scheme, *, as_of: date, basis: Basis) -> dict[tuple[int, str, str], Decimal]:
    """Replay every event up to a day: (customer, currency, bucket) → amount."""
    applied: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in Allocation.objects.filter(effective_date__lte=as_of):
        applied[row.debit_item_id] += row.amount
        applied[row.credit_item_id] += row.amount
    counted: dict[tuple[int, str, str], Decimal] = defaultdict(lambda: ZERO)
    for item in OpenItem.objects.filter(posting_date__lte=as_of):
        left = item.amount - applied[item.pk]
        if not item.is_debit:
            place, left = "unapplied", -left
        elif item.kind == "retention" and item.due_date >= as_of:
            place = "retention"
        else:
            on = item.due_date if basis is Basis.DUE else item.document_date
            place = scheme.bucket_of(on, as_of=as_of).code
        counted[item.customer_id, item.currency, place] += left
    return {place: amount for place, amount in counted.items() if amount}


def shown(report) -> dict[tuple[int, str, str], Decimal]:
    found = {}
    for row in report.rows:
        named = zip([b.code for b in report.scheme.buckets], row.amounts, strict=True)
        for code, amount in [*named, ("retention", row.retention), ("unapplied", row.unapplied)]:
            if amount:
                found[row.key, row.currency, code] = amount
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("basis", list(Basis))
def test_any_day_equals_the_replay_of_its_events(unit, seed, basis):
    books = Books(unit, seed)
    scope, scheme = Scope(unit_ids=(unit.pk,)), schemes.get()
    days = [START + timedelta(days=d) for d in random.Random(seed).sample(range(-2, 900), 12)]
    for as_of in [*days, books.day, date(2024, 2, 29), date(2024, 12, 31)]:
        report = aging(scope=scope, as_of=as_of, scheme=scheme, basis=basis)
        assert shown(report) == recount(report.scheme, as_of=as_of, basis=basis), (seed, as_of)
        balances = {c: b for c, b in sales.ledger_balance(scope, as_of=as_of).items() if b}
        assert {t.currency: t.total for t in report.totals if t.total} == balances


def test_every_grouping_adds_up_to_the_same_converted_total(unit):
    Books(unit, 7)
    ExchangeRate.objects.create(currency="USD", base="CNY", date=START, rate=Decimal("7.12345678"))
    scope, as_of, scheme = Scope(unit_ids=(unit.pk,)), date(2024, 9, 30), schemes.get()
    expected = totals(scope=scope, as_of=as_of, scheme=scheme, convert_to="CNY")
    assert expected.total > 0
    for group_by in GroupBy:
        if group_by is GroupBy.CAUSE:
            continue  # rounded per customer and cause, see below
        report = aging(scope=scope, as_of=as_of, scheme=scheme, group_by=group_by, convert_to="CNY")
        assert (report.total.amounts, report.total.unapplied) == (
            expected.amounts,
            expected.unapplied,
        ), group_by
    by_cause = aging(scope=scope, as_of=as_of, scheme=scheme, group_by=GroupBy.CAUSE)
    by_customer = aging(scope=scope, as_of=as_of, scheme=scheme)
    assert [t.total for t in by_cause.totals] == [t.total for t in by_customer.totals]


def test_netting_moves_nothing_but_credit(unit):
    customer = make_customer(unit, "C1")
    post(customer, "OLD", "100.00", day=date(2024, 1, 1), due=date(2024, 1, 31))
    post(customer, "NEW", "100.00", day=date(2024, 5, 1), due=date(2024, 7, 31))
    post(customer, "R1", "130.00", kind="receipt", day=date(2024, 6, 1))
    scope, as_of = Scope(unit_ids=(unit.pk,)), date(2024, 6, 30)
    apart = aging(scope=scope, as_of=as_of, scheme=schemes.get()).rows[0]
    netted = aging(scope=scope, as_of=as_of, scheme=schemes.get(), netted=True).rows[0]
    assert (apart.total, apart.unapplied, apart.amounts[0], apart.amounts[4]) == (
        Decimal("70.00"), Decimal("-130.00"), Decimal("100.00"), Decimal("100.00"),
    )  # fmt: skip
    assert (netted.total, netted.unapplied, netted.amounts[0], netted.amounts[4]) == (Decimal("70.00"), ZERO, Decimal("70.00"), ZERO)  # fmt: skip


def test_retention_not_due_stands_apart_until_it_is_overdue(unit):
    customer = make_customer(unit, "C1")
    post(customer, "Q1", "50.00", kind="retention", due=date(2024, 12, 31))
    scope = Scope(unit_ids=(unit.pk,))
    before = aging(scope=scope, as_of=date(2024, 12, 31), scheme=schemes.get()).rows[0]
    after = aging(scope=scope, as_of=date(2025, 1, 1), scheme=schemes.get()).rows[0]
    assert (before.retention, sum(before.amounts)) == (Decimal("50.00"), 0)
    assert (after.retention, after.amounts[1]) == (ZERO, Decimal("50.00"))


def test_a_missing_rate_is_a_sentence_not_a_guess(unit):
    post(make_customer(unit, "C1"), "U1", "10.00", currency="USD")
    scope, as_of = Scope(unit_ids=(unit.pk,)), date(2024, 3, 1)
    with pytest.raises(RateMissing, match="from USD (in)?to CNY .*2024-03-01"):
        aging(scope=scope, as_of=as_of, scheme=schemes.get(), convert_to="CNY")
    with pytest.raises(RateMissing):
        totals(scope=scope, as_of=as_of, scheme=schemes.get(), convert_to="CNY")
    ExchangeRate.objects.create(currency="CNY", base="USD", date=as_of, rate=Decimal("0.125"))
    assert totals(
        scope=scope, as_of=as_of, scheme=schemes.get(), convert_to="CNY"
    ).total == Decimal("80.00")


def test_two_foreign_currencies_meet_over_the_base_currency(unit):
    post(make_customer(unit, "C1"), "E1", "10.00", currency="EUR")
    for currency, rate in (("EUR", "8"), ("USD", "5")):
        ExchangeRate.objects.create(currency=currency, base="CNY", date=START, rate=Decimal(rate))
    scope = Scope(unit_ids=(unit.pk,))
    report = aging(scope=scope, as_of=START, scheme=schemes.get(), convert_to="USD")
    assert report.total.total == Decimal("16.00")


def test_groups_segments_and_owners(unit, make_user):
    owner = make_user(Role.SALESPERSON, units=[unit], display_name="李")
    parent = make_customer(unit, "P", segment="key", sales_owner=owner)
    child = make_customer(unit, "K", segment="growth", parent=parent)
    post(parent, "A", "10.00")
    post(child, "B", "5.00")
    scope, as_of, scheme = Scope(unit_ids=(unit.pk,)), date(2024, 1, 15), schemes.get()

    def labels(group_by):
        report = aging(scope=scope, as_of=as_of, scheme=scheme, group_by=group_by)
        return [(r.label, r.total) for r in report.rows]

    assert labels(GroupBy.GROUP) == [("客户P", Decimal("15.00"))]
    assert labels(GroupBy.SEGMENT) == [
        ("Key customer", Decimal("10.00")),
        ("Growth customer", Decimal("5.00")),
    ]
    assert labels(GroupBy.OWNER) == [("李", Decimal("10.00")), ("Not assigned", Decimal("5.00"))]
    assert labels(GroupBy.UNIT) == [(unit.name, Decimal("15.00"))]
    assert labels(GroupBy.CAUSE) == [("Not classified", Decimal("15.00"))]


def test_nobody_sees_another_units_or_anothers_portfolio(unit, make_user):
    mine = make_user(Role.SALESPERSON, units=[unit])
    post(make_customer(unit, "M", sales_owner=mine), "A", "10.00")
    post(make_customer(unit, "X"), "B", "5.00")
    other = unit.__class__.objects.create(code="OTHER", name="另一家")
    post(make_customer(other, "Z"), "C", "7.00")
    accountant = make_user(Role.AR_ACCOUNTANT, units=[unit])
    as_of, scheme = date(2024, 1, 15), schemes.get()

    def seen(user, **limits):
        return aging(scope=scope_for(user, **limits), as_of=as_of, scheme=scheme).total.total

    assert seen(mine) == Decimal("10.00")
    assert seen(accountant) == Decimal("15.00")
    assert seen(accountant, unit_ids=[other.pk]) == ZERO
    assert seen(mine, customer_id=Customer.objects.get(code="X").pk) == ZERO


def test_the_number_of_queries_does_not_grow_with_the_rows(unit, django_assert_num_queries):
    scope, scheme = Scope(unit_ids=(unit.pk,)), schemes.get()
    for count in (3, 30):
        for i in range(count):
            post(make_customer(unit, f"Q{count}-{i}"), f"N{count}-{i}", "1.00")
        with django_assert_num_queries(1):
            aging(scope=scope, as_of=START, scheme=scheme)


def test_the_long_form_for_snapshots_says_the_same(unit):

    Books(unit, 3)
    scope, as_of, scheme = Scope(unit_ids=(unit.pk,)), date(2024, 8, 15), schemes.get()
    sql, values = customer_bucket_sql(scope, as_of=as_of, basis=Basis.DUE, scheme=scheme)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        long_form = {
            (c, currency, bucket): amount for c, currency, bucket, amount in cursor.fetchall()
        }
    assert long_form == shown(aging(scope=scope, as_of=as_of, scheme=scheme))


def test_an_unknown_scheme_names_the_known_ones(db):
    with pytest.raises(schemes.UnknownScheme, match="china, international"):
        schemes.get("nine")


@pytest.mark.parametrize("convert_to", ["", "CNY"])
def test_a_page_sorted_by_the_database_is_a_part_of_the_whole(unit, convert_to):
    Books(unit, 9)
    ExchangeRate.objects.create(currency="USD", base="CNY", date=START, rate=Decimal("7.1"))
    scope, as_of, scheme = Scope(unit_ids=(unit.pk,)), date(2024, 10, 1), schemes.get()
    whole = aging(scope=scope, as_of=as_of, scheme=scheme, convert_to=convert_to)
    paged = CustomerAging(scope, as_of, scheme, Basis.DUE, convert_to)
    rows = [
        row
        for number in range(1, len(whole.rows) + 1)
        for row in paged.read(sort="total", descending=True, number=number, size=1)
    ]
    assert sorted(rows) == sorted(whole.rows)
    assert [r.total for r in rows] == sorted((r.total for r in rows), reverse=True)
    assert paged.totals == whole.totals
    assert paged.count == len(whole.rows) == sum(n for n, _total in paged.totals_by_currency())
    assert list(paged.all(sort="code", descending=False)) == sorted(
        rows, key=lambda r: (r.code, r.currency)
    )
    assert paged.read(sort="b_d1_30", descending=False, number=999, size=2)  # the last page
