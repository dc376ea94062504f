"""The overview: its figures are the aging's, its trend comes from the summaries, its states are all there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from config.core.dates import month_ends
from config.core.models import ExchangeRate
from config.core.roles import Role
from receivables.models import AgingSummary
from receivables.selectors import metrics, sales, schemes, trend
from receivables.selectors.aging import GroupBy, aging
from receivables.selectors.dashboard import dashboard
from receivables.selectors.metrics import Period
from receivables.selectors.open_amounts import Scope, scope_for
from receivables.services import allocations, ledger, summaries
from tests.receivables.test_aging import Books, make_customer, post

NOW = datetime(2024, 12, 31, 18, tzinfo=UTC)


@pytest.fixture
def manager(unit, make_user):
    return make_user(Role.FINANCE_MANAGER, units=[unit])


def board(user, scope, as_of, **changes):
    asked = {"scheme": schemes.get(), "convert_to": "CNY", "period": Period.THREE_MONTHS, **changes}
    return dashboard(user=user, scope=scope, as_of=as_of, **asked)


def test_figures_owners_and_debtors_are_those_of_the_aging(unit, manager, make_user):
    books = Books(unit, 11)
    owner = make_user(Role.SALESPERSON, units=[unit], display_name="王")
    books.customers[0].sales_owner = owner
    books.customers[0].save()
    ExchangeRate.objects.create(
        currency="USD", base="CNY", date=date(2024, 1, 1), rate=Decimal("7.1")
    )
    scope = scope_for(manager)
    for as_of in (books.day, books.day - timedelta(days=90)):
        found = board(manager, scope, as_of)
        report = aging(scope=scope, as_of=as_of, scheme=schemes.get(), convert_to="CNY")
        assert found.total.amounts == report.total.amounts
        assert found.balance.receivables == sum(report.total.amounts) + report.total.retention
        by_owner = aging(
            scope=scope, as_of=as_of, scheme=schemes.get(), convert_to="CNY", group_by=GroupBy.OWNER
        )
        assert {r.label: r.total for r in found.owners} == {r.label: r.total for r in by_owner.rows}
        overdue = {r.key: sum(r.amounts[1:]) for r in report.rows if sum(r.amounts[1:])}
        assert {t.row.key: t.overdue for t in found.top} == overdue
        assert found.customers_overdue == len(overdue)


def test_the_oldest_item_of_a_debtor_is_that_of_the_day_asked_for(unit, manager):
    customer = make_customer(unit, "C1")
    post(customer, "OLD", "10.00", day=date(2024, 1, 1), due=date(2024, 1, 31))
    post(customer, "NEW", "10.00", day=date(2024, 3, 1), due=date(2024, 3, 31))
    receipt = post(customer, "R", "10.00", kind="receipt", day=date(2024, 4, 20))
    allocations.allocate_oldest_first(
        credit_item=receipt, effective_date=date(2024, 4, 20), actor=None
    )
    scope = scope_for(manager)
    assert board(manager, scope, date(2024, 4, 10)).top[0].days_overdue == 70
    assert board(manager, scope, date(2024, 4, 30)).top[0].days_overdue == 30


def test_what_was_paid_on_a_day_and_taken_back_later_was_not_overdue_then(unit, manager):
    customer = make_customer(unit, "C1")
    post(customer, "OLD", "10.00", day=date(2024, 1, 1), due=date(2024, 1, 31))
    post(customer, "NEW", "10.00", day=date(2024, 3, 1), due=date(2024, 3, 31))
    receipt = post(customer, "R", "10.00", kind="receipt", day=date(2024, 4, 5))
    (made,) = allocations.allocate_oldest_first(
        credit_item=receipt, effective_date=date(2024, 4, 5), actor=None
    )
    allocations.take_back(allocation=made, effective_date=date(2024, 4, 20), actor=None)
    scope = scope_for(manager)
    assert board(manager, scope, date(2024, 4, 10)).top[0].days_overdue == 10
    assert board(manager, scope, date(2024, 4, 30)).top[0].days_overdue == 90


def test_the_trend_is_drawn_from_summaries_and_equals_the_roll_back(unit, manager):
    Books(unit, 5)
    ExchangeRate.objects.create(
        currency="USD", base="CNY", date=date(2024, 1, 1), rate=Decimal("7.1")
    )
    days = month_ends(date(2024, 12, 31), 24)
    summaries.refresh(unit=unit, as_of_dates=days, now=NOW)
    scope = scope_for(manager)
    found = board(manager, scope, date(2024, 12, 31))
    assert [p.as_of for p in found.trend] == days[-12:]
    for point in found.trend:
        figures = metrics.metrics(
            scope=scope,
            as_of=point.as_of,
            period=Period.THREE_MONTHS,
            scheme=schemes.get(),
            convert_to="CNY",
        )
        by_code = {m.code: m.value for m in figures}
        # Each customer's amounts are rounded when converted, the summaries' per owner: at most a cent apart.
        assert abs(sum(point.amounts) + point.retention - by_code["receivables"]) <= Decimal("0.02")
        assert point.dso == by_code["dso"]
        assert point.cei == by_code["collection_effectiveness_index"]
        assert point.dso_countback in (by_code["dso_countback"], None)
        assert point.overdue_share == by_code["overdue_ratio"]
    assert any(point.dso_countback for point in found.trend)
    assert any(point.cei for point in found.trend)


def test_a_day_without_a_summary_is_left_out_and_rolled_back_to_when_needed(unit, manager):
    post(make_customer(unit, "C1"), "A", "10.00", day=date(2024, 1, 5))
    scope = scope_for(manager)
    day = date(2024, 1, 31)
    assert trend.points(scope, days=[day], convert_to="CNY") == {}
    assert metrics.receivables_on(
        scope, day=day, scheme=schemes.get(), convert_to="CNY"
    ) == Decimal("10.00")
    summaries.refresh(unit=unit, as_of_dates=[day], now=NOW)
    AgingSummary.objects.filter(bucket="not_due").update(
        amount=Decimal("11.00")
    )  # to see who answers
    assert metrics.receivables_on(
        scope, day=day, scheme=schemes.get(), convert_to="CNY"
    ) == Decimal("11.00")
    one = Scope(unit_ids=(unit.pk,), segment="regular")
    assert metrics.receivables_on(one, day=day, scheme=schemes.get(), convert_to="CNY") == Decimal(
        "10.00"
    )


def test_a_summary_of_one_unit_does_not_speak_for_two(unit, manager):
    other = unit.__class__.objects.create(code="B2", name="二号")
    day = date(2024, 1, 31)
    summaries.refresh(unit=unit, as_of_dates=[day], now=NOW)
    assert trend.points(Scope(unit_ids=(unit.pk, other.pk)), days=[day], convert_to="CNY") == {}


@pytest.mark.parametrize("period", list(Period))
def test_a_period_begins_with_a_month(period):
    starts = {
        Period.MONTH: date(2024, 11, 1), Period.QUARTER: date(2024, 10, 1),
        Period.YEAR: date(2024, 1, 1), Period.THREE_MONTHS: date(2024, 9, 1),
    }  # fmt: skip
    assert metrics.period_start(date(2024, 11, 23), period) == starts[period]


def test_sales_are_invoices_less_credit_notes_and_reversals(unit):
    customer = make_customer(unit, "C1")
    post(customer, "I1", "100.00", day=date(2024, 1, 5))
    wrong = post(customer, "I2", "40.00", day=date(2024, 1, 6))
    note = post(customer, "N1", "10.00", kind="credit_note", day=date(2024, 1, 7))
    paid = post(customer, "R1", "70.00", kind="receipt", day=date(2024, 1, 8))
    post(customer, "O1", "999.00", kind="opening", day=date(2024, 1, 9))
    for item in (wrong, note, paid):
        ledger.reverse(item=item, effective_date=date(2024, 2, 2), reason="wrong", actor=None)
    found = sales.flows_by_month(
        Scope(unit_ids=(unit.pk,)),
        date_from=date(2024, 1, 1),
        until=date(2024, 2, 29),
        convert_to="CNY",
    )
    assert found == {
        (date(2024, 1, 1), "sales"): Decimal("130.00"), (date(2024, 1, 1), "receipts"): Decimal("70.00"),
        (date(2024, 2, 1), "sales"): Decimal("-30.00"), (date(2024, 2, 1), "receipts"): Decimal("-70.00"),
    }  # fmt: skip


class TestPage:
    def test_it_shows_the_figures_and_links_each_of_them(self, unit, client_for):
        customer = make_customer(unit, "C1")
        post(customer, "A", "1234567.89", day=date(2024, 1, 5), due=date(2024, 2, 4))
        page = client_for(Role.FINANCE_MANAGER, units=[unit], language="en").get(
            "/", {"as_of": "2024-02-10"}
        )
        text = page.content.decode()
        assert page.status_code == 200
        assert "1,234,567.89" in text
        assert f"customer={customer.pk}" in text
        assert "bucket=d1_30" in text

    def test_an_empty_ledger_says_what_to_do(self, unit, client_for):
        text = (
            client_for(Role.FINANCE_MANAGER, units=[unit], language="en").get("/").content.decode()
        )
        assert "Nothing was open on this day." in text
        assert "Import a ledger" in text

    def test_a_missing_rate_is_said_on_the_page(self, unit, client_for):
        post(make_customer(unit, "C1"), "A", "5.00", currency="USD", day=date(2024, 1, 5))
        for path in ("/", "/receivables/aging/", "/receivables/figures/"):
            page = client_for(Role.FINANCE_MANAGER, units=[unit], language="en").get(
                path, {"as_of": "2024-02-10"}
            )
            assert page.status_code == 409
            assert "USD" in page.content.decode()

    def test_what_cannot_be_read_in_the_address_is_not_an_error_page(self, unit, client_for):
        client = client_for(Role.FINANCE_MANAGER, units=[unit], language="en")
        for query in (
            "as_of=nonsense",
            "owner=99",
            "currency=%00",
            "scheme=x",
            "group_by=x",
            "page=abc",
            "basis=%27",
        ):
            assert client.get(f"/?{query}").status_code == 200, query
            assert client.get(f"/receivables/aging/?{query}").status_code == 200, query

    def test_the_number_of_queries_does_not_grow(
        self, unit, client_for, django_assert_max_num_queries
    ):
        client = client_for(Role.FINANCE_MANAGER, units=[unit], language="en")
        client.get("/", {"as_of": "2024-06-30"})  # what a process reads once
        counts = []
        for batch in range(2):
            for i in range(3 + 20 * batch):
                post(
                    make_customer(unit, f"C{batch}-{i}"),
                    f"N{batch}-{i}",
                    "5.00",
                    day=date(2024, 1, 5),
                )
            with django_assert_max_num_queries(40) as captured:
                client.get("/", {"as_of": "2024-06-30"})
            counts.append(len(captured.captured_queries))
        assert counts[0] == counts[1]

    def test_a_salesperson_sees_the_own_customers_only(self, unit, client_for):
        client = client_for(Role.SALESPERSON, units=[unit], language="en")
        post(make_customer(unit, "M", sales_owner=client.user), "A", "10.00", day=date(2024, 1, 5))
        post(make_customer(unit, "X"), "B", "77.00", day=date(2024, 1, 5))
        text = client.get("/receivables/aging/", {"as_of": "2024-01-31"}).content.decode()
        assert "客户M" in text
        assert "客户X" not in text

    def test_the_aging_ties_out_and_exports(self, unit, client_for):
        customer = make_customer(unit, "C1")
        post(customer, "A", "10.00", day=date(2024, 1, 5))
        client = client_for(Role.FINANCE_MANAGER, units=[unit], language="en")
        mark = client.get("/receivables/aging/tie-out/", {"as_of": "2024-01-31"}).content.decode()
        assert "Buckets = open items = ledger" in mark
        export = client.get("/receivables/aging/", {"as_of": "2024-01-31", "export": "csv"})
        lines = b"".join(export.streaming_content).decode("utf-8-sig").splitlines()
        assert lines[0].startswith("Customer,Code,Total,")
        assert lines[1].startswith("客户C1,C1,10.00,")

    def test_several_currencies_side_by_side_keep_their_totals_apart(self, unit, client_for):
        customer = make_customer(unit, "C1")
        post(customer, "A", "10.00", day=date(2024, 1, 5))
        post(customer, "B", "3.00", currency="USD", day=date(2024, 1, 5))
        client = client_for(Role.FINANCE_MANAGER, units=[unit], language="en")
        text = client.get(
            "/receivables/aging/", {"as_of": "2024-01-31", "currency": "each"}
        ).content.decode()
        assert "13.00" not in text
        assert "currency=USD" in text
