"""The work queue: what waits for whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.core.models import BusinessUnit, User
from config.core.roles import Role
from receivables.models import OverdueAlert
from receivables.selectors import worklist as selector
from receivables.services import ledger, reviews
from tests.receivables.review_books import DAY, customer, night_after, overdue, owe

pytestmark = pytest.mark.django_db
TODAY = date(2026, 4, 1)  # a Wednesday


@pytest.fixture
def collector(make_user: Callable[..., User], unit: BusinessUnit) -> User:
    return make_user(Role.COLLECTOR, units=[unit], language="en")


def parts(user: User, today: date = TODAY, **more: Any) -> dict[str, Any]:
    found = selector.worklist(user=user, today=today, **more)
    return {part.code: part for part in (*found.alerts, *found.items)}


def due(debtor: Any, days: int, amount: str = "1", **more: Any) -> Any:
    return owe(debtor, amount, due=TODAY + timedelta(days=days), posted=date(2026, 1, 1), **more)


class TestParts:
    def test_each_item_is_where_it_belongs(self, unit: BusinessUnit, collector: User) -> None:
        li = customer(unit, collector=collector)
        yesterday, today, week = due(li, -1), due(li, 0), due(li, 7)
        due(li, 8)
        due(li, -30)
        old = due(li, -31)
        known = due(li, -40)
        ledger.classify(item=known, cause="dispute", actor=collector)
        money = owe(li, "70", due=TODAY, posted=date(2026, 3, 1), kind="receipt")
        owe(li, "5", due=TODAY, posted=date(2026, 3, 1), kind="credit_note")
        found = parts(collector)
        assert found["newly_overdue"].rows == [yesterday]
        assert set(found["due_soon"].rows) == {today, week}
        assert found["unclassified"].rows == [old]
        assert found["unapplied"].rows == [money]
        assert found["unapplied"].totals == [("CNY", Decimal(70))]

    def test_on_a_monday_the_weekend_is_new(self, unit: BusinessUnit, collector: User) -> None:
        monday = date(2026, 3, 30)
        li = customer(unit, collector=collector)
        friday, saturday = (
            owe(li, 1, due=date(2026, 3, d), posted=date(2026, 1, 1)) for d in (27, 28)
        )
        owe(li, 1, due=date(2026, 3, 26), posted=date(2026, 1, 1))
        assert set(parts(collector, monday)["newly_overdue"].rows) == {friday, saturday}

    def test_six_are_shown_and_all_are_counted(self, unit: BusinessUnit, collector: User) -> None:
        li = customer(unit, collector=collector)
        for n in range(9):
            due(li, 3, str(10 + n))
        due(li, 3, "1", currency="USD")
        part = parts(collector)["due_soon"]
        assert part.count == 10
        assert [i.amount for i in part.rows] == [18, 17, 16, 15, 14, 13]
        assert part.totals == [("CNY", Decimal(126)), ("USD", Decimal(1))]

    def test_own_customers_first_then_all(
        self, unit: BusinessUnit, collector: User, make_user: Any
    ) -> None:
        mine, other = due(customer(unit, collector=collector), 3), due(customer(unit), 3)
        assert parts(collector)["due_soon"].rows == [mine]
        assert set(parts(collector, is_own=False)["due_soon"].rows) == {mine, other}
        accountant = make_user(Role.AR_ACCOUNTANT, units=[unit])
        assert not selector.has_own_customers(accountant)
        assert set(parts(accountant)["due_soon"].rows) == {mine, other}

    def test_alerts_of_mine_and_those_escalated_to_me(
        self, unit: BusinessUnit, collector: User
    ) -> None:
        for days in (45, 200, 70):
            overdue(customer(unit, collector=collector), 1, days)
        overdue(customer(unit), 1, 200)
        reviews.run(unit=unit, as_of=DAY, actor=None, now=night_after(DAY))
        foreign = OverdueAlert.objects.filter(owner=None).first()
        OverdueAlert.objects.filter(pk=foreign.pk).update(
            escalated_to=collector, escalated_at=night_after(DAY)
        )  # type: ignore[union-attr]
        found = parts(collector, unit_id=unit.pk)
        assert [a.level for a in found["mine"].rows[:2]] == ["red", "orange"]
        assert found["mine"].count == OverdueAlert.objects.filter(owner=collector).count()
        assert found["escalated"].rows == [foreign]

    def test_another_unit_is_out_of_sight(self, unit: BusinessUnit, collector: User) -> None:
        other = BusinessUnit.objects.create(code="OTHER", name="华南公司")
        due(customer(other, collector=collector), 3)
        due(customer(unit, collector=collector), 3)
        assert parts(collector)["due_soon"].count == 1
        assert parts(collector, unit_id=other.pk)["due_soon"].count == 0


class TestPage:
    @pytest.fixture
    def client(self, client_for: Any, collector: User, stop_clock: Any) -> Client:
        stop_clock("2026-04-01 09:00")
        return client_for(user=collector)  # type: ignore[no-any-return]

    def test_shows_what_waits(self, client: Client, unit: BusinessUnit, collector: User) -> None:
        li = customer(unit, name="无锡天工机械有限公司", collector=collector)
        due(li, 0, "1902000", number="INV-11")
        due(li, 3, "5")
        due(li, -1, "7", number="INV-12")
        owe(li, "70", due=TODAY, posted=date(2026, 3, 1), kind="receipt")
        overdue(li, 9, 45)
        reviews.run(unit=unit, as_of=DAY, actor=None, now=night_after(DAY))
        OverdueAlert.objects.filter(rule__code="concentration").update(
            escalated_to=collector,
            escalated_at=night_after(DAY),
            state="acknowledged",
            acknowledged_by=collector,
        )
        page = client.get(reverse("receivables:worklist")).content.decode()
        for words in ("无锡天工机械有限公司", "INV-11", "due today", "due in 3 days", "1,902,000.00", "1 day overdue",
                      "received 1 Mar 2026", "has passed 30 days overdue"):  # fmt: skip
            assert words in page
        assert "items of my own customers" in page

    def test_says_so_when_all_is_done(self, client: Client) -> None:
        page = client.get(reverse("receivables:worklist")).content.decode()
        assert "Nothing waits for you today." in page
        assert "items of all customers I see" in page

    def test_shows_all_or_own_on_request(
        self, client: Client, unit: BusinessUnit, collector: User
    ) -> None:
        due(customer(unit, collector=collector), 3, number="MINE-1")
        due(customer(unit), 3, number="THEIRS-1")
        url = reverse("receivables:worklist")
        assert "THEIRS-1" not in client.get(url).content.decode()
        assert "THEIRS-1" in client.get(url, {"whose": "all"}).content.decode()

    def test_the_number_of_queries_is_constant(
        self, client: Client, unit: BusinessUnit, collector: User
    ) -> None:
        url = reverse("receivables:worklist")
        due(customer(unit, collector=collector), 3)
        client.get(url)

        def cost() -> int:
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            return len(queries)

        few = cost()
        for n in range(20):
            due(customer(unit, collector=collector), n - 10)
        assert cost() == few
