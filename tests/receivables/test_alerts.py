"""What raises an alert, what ends one, and what people do with it in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from config.core.models import AuditEvent, BusinessUnit, ExchangeRate, Notification, User
from config.core.roles import Role
from config.core.versions import StaleVersion
from receivables import tasks
from receivables.domain import alerts as rules_of
from receivables.models import AgingReview, AlertRule, OverdueAlert
from receivables.selectors import alerts as selector
from receivables.services import alert_notices, alert_rules, alerts, allocations, reviews
from tests.receivables.review_books import DAY, ONE_DAY, customer, night_after, overdue, owe, pay

pytestmark = pytest.mark.django_db
State = OverdueAlert.State


def review(unit: BusinessUnit, day: date = DAY, **more: Any) -> AgingReview:
    return reviews.run(unit=unit, as_of=day, actor=None, now=night_after(day), **more)


def about_items() -> Any:
    return OverdueAlert.objects.filter(rule__kind__in=rules_of.ITEM_KINDS).order_by("pk")


def raised(day: date = DAY) -> list[tuple[str, int | None]]:
    """Return rule and item of the alerts on items that were raised on a day."""
    return sorted(about_items().filter(raised_on=day).values_list("rule__code", "item"), key=str)


@pytest.fixture
def recorded_before(unit: BusinessUnit) -> Callable[[], None]:
    """Return a function that makes all items look recorded long before any review of these tests."""

    def age() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in ("openitem", "allocation"):
                cursor.execute(f"UPDATE receivables_{table} SET recorded_at = '2020-01-01'")
            cursor.execute("SET LOCAL session_replication_role = origin")

    return age


class TestDomain:
    @pytest.mark.parametrize(
        ("due", "reached", "news"),
        [
            (DAY - timedelta(days=29), False, False),
            (DAY - timedelta(days=30), True, True),
            (DAY - timedelta(days=32), True, True),
            (DAY - timedelta(days=33), True, False),
        ],
    )
    def test_a_window_holds_what_reached_the_threshold_since_the_last_review(
        self, due: date, reached: bool, news: bool
    ) -> None:
        window = rules_of.due_window(30, as_of=DAY, last=DAY - timedelta(days=3))
        assert (window.is_reached_by(due), window.is_news(due)) == (reached, news)

    def test_without_a_last_review_everything_is_news(self) -> None:
        assert rules_of.due_window(30, as_of=DAY, last=None).is_news(date(2019, 1, 1))

    def test_first_overdue_is_one_day(self) -> None:
        assert rules_of.threshold_days("first_overdue", Decimal(0)) == 1
        assert rules_of.threshold_days("days_overdue", Decimal("60.00")) == 60

    def test_the_worst_level(self) -> None:
        assert rules_of.worst(["yellow", "red", "orange"]) == "red"
        assert rules_of.worst([]) == ""

    @pytest.mark.parametrize(
        ("kind", "threshold"),
        [
            ("days_overdue", "0"), ("days_overdue", "30.5"), ("days_overdue", "3651"), ("overdue_amount", "0"),
            ("concentration", "100.01"), ("first_overdue", "1"),
        ],
    )  # fmt: skip
    def test_thresholds_without_meaning_are_refused(self, kind: str, threshold: str) -> None:
        with pytest.raises(rules_of.InvalidThreshold):
            rules_of.check_threshold(kind, Decimal(threshold))


class TestItems:
    def test_first_overdue_the_day_after_the_due_date(self, unit: BusinessUnit) -> None:
        item = owe(customer(unit), 100, due=DAY)
        review(unit)
        assert raised() == []
        review(unit, DAY + ONE_DAY)
        assert raised(DAY + ONE_DAY) == [("first_overdue", item.pk)]
        alert = OverdueAlert.objects.get(item=item)
        assert (alert.level, alert.amount, alert.currency, alert.state) == (
            "yellow",
            Decimal(100),
            "CNY",
            "open",
        )
        assert alert.cause == {
            "days": 1, "threshold": "1", "count": 1, "due_from": "2026-03-31", "due_to": "2026-03-31",
            "items": [{"id": item.pk, "number": item.number, "amount": "100.00", "due_date": "2026-03-31"}],
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("days", "rule", "level"),
        [
            (1, "first_overdue", "yellow"), (29, "first_overdue", "yellow"), (30, "days_overdue_30", "yellow"),
            (59, "days_overdue_30", "yellow"), (60, "days_overdue_60", "orange"), (90, "days_overdue_90", "orange"),
            (179, "days_overdue_90", "orange"), (180, "days_overdue_180", "red"), (365, "days_overdue_365", "red"),
            (4000, "days_overdue_365", "red"),
        ],
    )  # fmt: skip
    def test_the_highest_threshold_wins(
        self, unit: BusinessUnit, days: int, rule: str, level: str
    ) -> None:
        item = overdue(customer(unit), 100, days)
        review(unit)
        assert raised() == [(rule, item.pk)]
        assert about_items().get().level == level

    def test_each_threshold_is_told_once_on_its_day(
        self, unit: BusinessUnit, recorded_before: Callable[[], None]
    ) -> None:
        item = overdue(customer(unit), 100, 28)
        recorded_before()
        told = {}
        for n in range(5):
            day = DAY + timedelta(days=n)
            review(unit, day)
            told[n] = [code for code, _item in raised(day)]
        assert told == {0: ["first_overdue"], 1: [], 2: ["days_overdue_30"], 3: [], 4: []}
        lower, higher = about_items().filter(item=item)
        assert (lower.state, lower.close_reason) == (State.CLOSED, "")
        assert lower.cause["closed"] == {"why": "superseded", "by": higher.pk}
        assert higher.state == State.OPEN
        assert [a.pk for a in selector.related(lower)] == [higher.pk]
        assert [a.pk for a in selector.related(higher)] == [lower.pk]

    def test_missed_days_are_made_up_with_the_highest_only(
        self, unit: BusinessUnit, recorded_before: Callable[[], None]
    ) -> None:
        item = overdue(customer(unit), 100, 29)
        recorded_before()
        review(unit)
        later = DAY + timedelta(days=40)
        review(unit, later)
        assert raised(later) == [("days_overdue_60", item.pk)]

    def test_an_item_recorded_late_is_told_at_once(
        self, unit: BusinessUnit, recorded_before: Callable[[], None]
    ) -> None:
        overdue(customer(unit), 100, 100)
        recorded_before()
        review(unit)
        late = overdue(customer(unit), 70, 95)
        review(unit, DAY + ONE_DAY)
        assert raised(DAY + ONE_DAY) == [("days_overdue_90", late.pk)]

    def test_an_item_committed_while_the_last_review_ran_is_told_later(
        self, unit: BusinessUnit, recorded_before: Callable[[], None]
    ) -> None:
        li = customer(unit)
        seen = overdue(li, 100, 100)
        recorded_before()
        review(unit)
        unseen = overdue(customer(unit), 70, 95)
        with (
            connection.cursor() as cursor
        ):  # stamped a minute before the review, committed after it
            cursor.execute("SET LOCAL session_replication_role = replica")
            stamped = night_after(DAY) - timedelta(minutes=1)
            cursor.execute("UPDATE receivables_openitem SET recorded_at = %s", [stamped])
            cursor.execute("SET LOCAL session_replication_role = origin")
        review(unit, DAY + ONE_DAY)
        assert raised(DAY + ONE_DAY) == [("days_overdue_90", unseen.pk)]
        assert about_items().filter(item=seen).count() == 1

    def test_a_customers_items_are_told_together(self, unit: BusinessUnit) -> None:
        li, wang = customer(unit), customer(unit)
        ours = [overdue(li, 10 + n, 31 + n) for n in range(25)]
        dollars = overdue(li, 5, 33, currency="USD")
        alone = overdue(wang, 7, 35)
        review(unit)
        together = about_items().get(customer=li, currency="CNY")
        assert (together.item, together.amount) == (None, sum(i.amount for i in ours))
        assert together.cause["count"] == 25
        assert len(together.cause["items"]) == 20
        assert together.cause["items"][0]["amount"] == "34.00"  # the largest first
        assert together.cause["days"] == 55
        assert raised() == [
            ("days_overdue_30", dollars.pk),
            ("days_overdue_30", alone.pk),
            ("days_overdue_30", None),
        ]

    def test_a_first_import_of_many_does_not_flood(self, unit: BusinessUnit) -> None:
        debtors = [customer(unit) for _ in range(5)]
        for n in range(150):
            overdue(debtors[n % 5], 1, 1 + n % 20)
        with CaptureQueriesContext(connection) as queries:
            review(unit)
        assert about_items().count() == 5
        assert sum(a.cause["count"] for a in about_items()) == 150
        assert len(queries) < 60

    def test_the_number_of_queries_does_not_grow_with_the_items(self, unit: BusinessUnit) -> None:
        def cost(day: date) -> int:
            with CaptureQueriesContext(connection) as queries:
                review(unit, day)
            return len(queries)

        overdue(customer(unit), 1, 45)
        few = cost(DAY)
        for n in range(60):
            overdue(customer(unit), 1, 20 + n)
        assert cost(DAY + ONE_DAY) == few

    def test_a_switched_off_rule_raises_nothing(self, unit: BusinessUnit) -> None:
        AlertRule.objects.filter(kind__in=rules_of.ITEM_KINDS).update(is_active=False)
        overdue(customer(unit), 100, 45)
        review(unit)
        assert raised() == []

    def test_owner_is_the_collector_else_the_sales_owner(
        self, unit: BusinessUnit, make_user: Any
    ) -> None:
        collector, sales = make_user(Role.COLLECTOR), make_user(Role.SALESPERSON)
        gone = make_user(Role.COLLECTOR, is_active=False)
        owners = [
            overdue(customer(unit, collector=collector, sales_owner=sales), 1, 45),
            overdue(customer(unit, sales_owner=sales), 1, 45),
            overdue(customer(unit, collector=gone, sales_owner=sales), 1, 45),
            overdue(customer(unit), 1, 45),
        ]
        review(unit)
        found = {a.item_id: a.owner for a in about_items()}
        assert [found[i.pk] for i in owners] == [collector, sales, sales, None]


class TestEnding:
    def test_paid_items_close_their_alert_and_keep_the_note(
        self, unit: BusinessUnit, make_user: Any
    ) -> None:
        item = overdue(customer(unit), 100, 45)
        review(unit)
        alert = about_items().get()
        alerts.acknowledge(
            alert=alert, note="Promised for Friday", actor=make_user(), now=night_after(DAY)
        )
        pay(item, 60, on=DAY + ONE_DAY)
        review(unit, DAY + ONE_DAY)
        alert.refresh_from_db()
        assert alert.state == State.ACKNOWLEDGED
        pay(item, on=DAY + 2 * ONE_DAY)
        done = review(unit, DAY + 2 * ONE_DAY)
        alert.refresh_from_db()
        assert (alert.state, alert.close_reason, alert.closed_by) == (State.CLOSED, "paid", None)
        assert alert.note == "Promised for Friday"
        assert reviews.report(done)["closed"] >= 1
        assert selector.ending(alert) == "Closed by the review: nothing of it is open any more."

    def test_a_bounced_payment_raises_the_alert_again(
        self, unit: BusinessUnit, recorded_before: Callable[[], None]
    ) -> None:
        item = overdue(customer(unit), 100, 45)
        review(unit)
        pay(item, on=DAY + ONE_DAY)
        recorded_before()
        review(unit, DAY + ONE_DAY)
        allocation = item.allocations_received.get()
        allocations.take_back(allocation=allocation, effective_date=DAY + 2 * ONE_DAY, actor=None)
        review(unit, DAY + 2 * ONE_DAY)
        assert raised(DAY + 2 * ONE_DAY) == [("days_overdue_30", item.pk)]

    def test_a_group_is_superseded_when_its_last_item_moved_up(
        self, unit: BusinessUnit, recorded_before: Callable[[], None]
    ) -> None:
        li = customer(unit)
        overdue(li, 100, 59)
        overdue(li, 50, 57)
        recorded_before()
        review(unit)
        together = about_items().get()
        review(unit, DAY + ONE_DAY)  # the first of the two reaches 60
        together.refresh_from_db()
        assert together.state == State.OPEN
        review(unit, DAY + 3 * ONE_DAY)
        together.refresh_from_db()
        assert together.cause["closed"]["why"] == "superseded"
        assert about_items().unfinished().count() == 2

    def test_a_past_day_raises_what_was_not_told_but_closes_nothing(
        self, unit: BusinessUnit
    ) -> None:
        item = overdue(customer(unit), 100, 45)
        pay(item, on=DAY + ONE_DAY)
        review(unit, DAY + 5 * ONE_DAY)
        assert not about_items().exists()
        review(unit)
        assert raised() == [("days_overdue_30", item.pk)]
        review(unit, DAY + 6 * ONE_DAY)
        assert about_items().get().state == State.CLOSED

    def test_a_past_day_does_not_repeat_what_a_later_day_told(self, unit: BusinessUnit) -> None:
        overdue(customer(unit), 100, 45)
        review(unit)
        review(unit, DAY - 5 * ONE_DAY)
        assert about_items().count() == 1


class TestCustomers:
    def test_an_overdue_amount_is_told_in_the_base_currency(self, unit: BusinessUnit) -> None:
        ExchangeRate.objects.create(
            currency="USD", base="CNY", date=DAY - 9 * ONE_DAY, rate=Decimal("7.2")
        )
        ExchangeRate.objects.create(
            currency="USD", base="CNY", date=DAY + ONE_DAY, rate=Decimal("1")
        )
        li, wang = customer(unit), customer(unit)
        overdue(li, "140000", 20)
        overdue(li, "50000", 40, currency="USD")
        overdue(wang, "499999.99", 20)
        overdue(wang, "1000000", -20)
        review(unit)
        alert = OverdueAlert.objects.get(rule__code="overdue_amount")
        assert (alert.customer, alert.amount, alert.currency) == (li, Decimal("500000.00"), "CNY")
        assert alert.cause == {"days": 40, "count": 2, "threshold": "500000.00"}

    def test_concentration_is_a_share_of_all_receivables(self, unit: BusinessUnit) -> None:
        small = [customer(unit) for _ in range(9)]
        for debtor in small:
            owe(debtor, "100", due=DAY + ONE_DAY)
        large = customer(unit)
        owe(large, "101", due=DAY + ONE_DAY)
        review(unit)
        alert = OverdueAlert.objects.get(rule__code="concentration")
        assert (alert.customer, alert.amount) == (large, Decimal(101))
        assert alert.cause == {"share": "10.09", "total": "1001.00", "threshold": "10.00"}

    def test_a_missing_rate_is_reported_and_no_share_is_guessed(self, unit: BusinessUnit) -> None:
        li = customer(unit)
        overdue(li, "600000", 20)
        overdue(li, "1", 20, currency="USD")
        done = review(unit)
        assert reviews.report(done)["missing_rates"] == ["USD"]
        assert OverdueAlert.objects.filter(rule__code="overdue_amount").count() == 1
        assert not OverdueAlert.objects.filter(rule__code="concentration").exists()

    def test_it_lapses_when_the_figure_falls_and_comes_back(self, unit: BusinessUnit) -> None:
        li = customer(unit)
        item = overdue(li, "600000", 20)
        review(unit)
        alert = OverdueAlert.objects.get(rule__code="overdue_amount")
        pay(item, "200000", on=DAY + ONE_DAY)
        review(unit, DAY + ONE_DAY)
        alert.refresh_from_db()
        assert (alert.state, alert.close_reason, alert.cause["closed"]) == (
            State.CLOSED,
            "",
            {"why": "lapsed"},
        )
        assert (
            selector.ending(alert)
            == "Closed by the review: the figure is below the threshold again."
        )
        overdue(li, "300000", 5)
        review(unit, DAY + 2 * ONE_DAY)
        assert OverdueAlert.objects.filter(rule__code="overdue_amount").unfinished().count() == 1

    @pytest.mark.parametrize(
        ("reason", "nights", "again"), [("accepted", 2, 0), ("accepted", 32, 1), ("paid", 1, 1)]
    )
    def test_closed_by_a_person_it_stays_quiet_for_a_while(
        self, unit: BusinessUnit, make_user: Any, reason: str, nights: int, again: int
    ) -> None:
        overdue(customer(unit), "600000", 20)
        review(unit)
        alert = OverdueAlert.objects.get(rule__code="overdue_amount")
        alerts.close(
            alert=alert,
            reason=reason,
            note="Secured by a mortgage",
            actor=make_user(),
            now=night_after(DAY),
        )
        review(unit, DAY + nights * ONE_DAY)
        assert (
            OverdueAlert.objects.filter(rule__code="overdue_amount").unfinished().count() == again
        )

    def test_one_alert_stands_until_it_is_closed(self, unit: BusinessUnit) -> None:
        overdue(customer(unit), "600000", 20)
        for n in range(3):
            review(unit, DAY + n * ONE_DAY)
        assert OverdueAlert.objects.filter(rule__code="overdue_amount").count() == 1


class TestHandling:
    @pytest.fixture
    def alert(self, unit: BusinessUnit) -> OverdueAlert:
        overdue(customer(unit), 100, 45, number="INV-7")
        review(unit)
        return about_items().get()  # type: ignore[no-any-return]

    @pytest.fixture
    def user(self, make_user: Any) -> User:
        return make_user(Role.COLLECTOR)  # type: ignore[no-any-return]

    def test_acknowledging_keeps_who_when_and_why(self, alert: OverdueAlert, user: User) -> None:
        done = alerts.acknowledge(
            alert=alert, note="  Called, pays Friday ", actor=user, now=night_after(DAY)
        )
        assert (done.state, done.note, done.acknowledged_by) == (
            State.ACKNOWLEDGED,
            "Called, pays Friday",
            user,
        )
        assert done.version == 2
        event = AuditEvent.objects.get(action="alert.acknowledged")
        assert (event.actor, event.customer_key, event.unit) == (
            user,
            alert.customer_id,
            alert.unit,
        )
        assert event.after == {"state": "acknowledged", "note": "Called, pays Friday"}

    @pytest.mark.parametrize("note", ["", "   ", "x" * 1001])
    def test_a_note_is_needed(self, alert: OverdueAlert, user: User, note: str) -> None:
        with pytest.raises(alerts.NoteRefused):
            alerts.acknowledge(alert=alert, note=note, actor=user, now=night_after(DAY))
        with pytest.raises(alerts.NoteRefused):
            alerts.close(alert=alert, reason="paid", note=note, actor=user, now=night_after(DAY))
        with pytest.raises(alerts.NoteRefused):
            alerts.acknowledge_many(ids=[alert.pk], note=note, actor=user, now=night_after(DAY))
        alert.refresh_from_db()
        assert (alert.state, alert.version) == (State.OPEN, 1)

    def test_closing_needs_a_known_reason(self, alert: OverdueAlert, user: User) -> None:
        with pytest.raises(alerts.ReasonRefused, match="“forgotten” is no reason"):
            alerts.close(
                alert=alert, reason="forgotten", note="x", actor=user, now=night_after(DAY)
            )
        done = alerts.close(
            alert=alert, reason="dispute", note="Wrong goods", actor=user, now=night_after(DAY)
        )
        assert (done.state, done.close_reason, done.close_note, done.closed_by) == (
            "closed",
            "dispute",
            "Wrong goods",
            user,
        )
        assert selector.ending(done) == "Disputed, handled as a dispute"
        assert AuditEvent.objects.get(action="alert.closed").after["reason"] == "dispute"

    def test_what_is_done_can_not_be_done_again(self, alert: OverdueAlert, user: User) -> None:
        alerts.acknowledge(alert=alert, note="ok", actor=user, now=night_after(DAY))
        with pytest.raises(alerts.AlertRefused, match="Acknowledged already"):
            alerts.acknowledge(alert=alert, note="again", actor=user, now=night_after(DAY))
        alerts.close(alert=alert, reason="paid", note="ok", actor=user, now=night_after(DAY))
        with pytest.raises(alerts.AlertRefused):
            alerts.close(
                alert=alert, reason="legal", note="again", actor=user, now=night_after(DAY)
            )
        alert.refresh_from_db()
        assert (alert.note, alert.close_reason, alert.version) == ("ok", "paid", 3)

    def test_a_stale_version_is_refused(self, alert: OverdueAlert, user: User) -> None:
        alerts.acknowledge(
            alert=alert, note="ok", actor=user, now=night_after(DAY), expected_version=1
        )
        with pytest.raises(StaleVersion):
            alerts.close(
                alert=alert,
                reason="paid",
                note="x",
                actor=user,
                now=night_after(DAY),
                expected_version=1,
            )

    def test_many_at_once_leave_out_what_is_not_open(self, unit: BusinessUnit, user: User) -> None:
        for _ in range(3):
            overdue(customer(unit), 1, 45)
        review(unit)
        first, *rest = about_items()
        alerts.close(alert=first, reason="paid", note="ok", actor=user, now=night_after(DAY))
        done = alerts.acknowledge_many(
            ids=[a.pk for a in (first, *rest)],
            note="Letters sent",
            actor=user,
            now=night_after(DAY),
        )
        assert done == 2
        assert set(about_items().filter(state=State.ACKNOWLEDGED)) == set(rest)
        assert {a.version for a in about_items().filter(state=State.ACKNOWLEDGED)} == {2}
        events = AuditEvent.objects.filter(action="alert.acknowledged")
        assert {e.customer_key for e in events} == {a.customer_id for a in rest}

    def test_the_database_keeps_one_unfinished_alert_for_a_subject(
        self, alert: OverdueAlert
    ) -> None:
        alert.pk, alert.raised_on = None, DAY + ONE_DAY
        with pytest.raises(IntegrityError), transaction.atomic():
            alert.save()

    def test_the_transitions_name_every_state(self) -> None:
        assert set(OverdueAlert.TRANSITIONS) == set(State.values)


class TestEscalation:
    @pytest.fixture
    def manager(self, make_user: Any) -> User:
        return make_user(Role.CREDIT_MANAGER)  # type: ignore[no-any-return]

    def escalate(self, day: date) -> int:
        return alert_notices.escalate(today=day, now=night_after(day), link="/alerts/")

    def test_goes_to_the_owners_manager_after_the_rules_working_days(
        self, unit: BusinessUnit, make_user: Any, manager: User
    ) -> None:
        collector = make_user(Role.COLLECTOR, manager=manager)
        friday = date(2026, 3, 27)
        overdue(customer(unit, collector=collector), 100, 70, as_of=friday)
        AlertRule.objects.filter(code="concentration").update(is_active=False)
        review(unit, friday)  # orange: three working days
        assert [self.escalate(friday + timedelta(days=n)) for n in range(4)] == [0, 0, 0, 0]
        wednesday = friday + timedelta(days=5)
        assert self.escalate(wednesday) == 1
        alert = OverdueAlert.objects.get()
        assert (alert.escalated_to, alert.escalated_at, alert.version) == (
            manager,
            night_after(wednesday),
            2,
        )
        assert alert.state == State.OPEN
        note = Notification.objects.get(user=manager)
        assert (note.context, note.link) == ({"count": 1}, "/alerts/")
        assert AuditEvent.objects.get(action="alert.escalated").customer_key == alert.customer_id
        assert self.escalate(wednesday + ONE_DAY) == 0
        assert Notification.objects.count() == 1

    def test_acknowledged_alerts_and_rules_without_escalation_stay(
        self, unit: BusinessUnit, manager: User
    ) -> None:
        owner = User.objects.create(username="c1", manager=manager)
        overdue(customer(unit, collector=owner), 100, 70)
        overdue(customer(unit, collector=owner), 100, 40)
        AlertRule.objects.filter(code="days_overdue_30").update(escalate_after_days=0)
        AlertRule.objects.filter(code="concentration").update(is_active=False)
        review(unit)
        orange = OverdueAlert.objects.get(level="orange")
        alerts.acknowledge(alert=orange, note="ok", actor=owner, now=night_after(DAY))
        assert self.escalate(DAY + timedelta(days=60)) == 0

    def test_without_a_manager_it_goes_to_a_finance_manager_of_the_unit(
        self, unit: BusinessUnit, make_user: Any
    ) -> None:
        make_user(Role.FINANCE_MANAGER, all_units=True)
        near = make_user(Role.FINANCE_MANAGER, units=[unit])
        gone = make_user(Role.CREDIT_MANAGER, is_active=False)
        owner = make_user(Role.COLLECTOR, manager=gone)
        for debtor in (customer(unit), customer(unit, collector=owner)):
            overdue(debtor, 100, 200)
        review(unit)
        self.escalate(DAY + timedelta(days=10))
        assert set(about_items().values_list("escalated_to", flat=True)) == {near.pk}
        assert Notification.objects.get(user=near).context["count"] == OverdueAlert.objects.count()

    def test_the_task_runs_in_the_morning(
        self, unit: BusinessUnit, make_user: Any, stop_clock: Any
    ) -> None:
        manager = make_user(Role.FINANCE_MANAGER, units=[unit])
        overdue(customer(unit), 100, 200)
        review(unit)
        stop_clock("2026-04-20 08:00")
        tasks.escalate_alerts()
        tasks.escalate_alerts()
        note = Notification.objects.get(user=manager)
        assert note.link == "/receivables/alerts/?escalated=me"

    def test_with_nobody_to_go_to_it_waits(self, unit: BusinessUnit) -> None:
        overdue(customer(unit), 100, 200)
        review(unit)
        assert self.escalate(DAY + timedelta(days=10)) == 0
        assert about_items().get().escalated_at is None


class TestRules:
    @pytest.fixture
    def rule(self, db: None) -> AlertRule:
        return AlertRule.objects.get(code="days_overdue_30")

    def test_the_delivered_ones(self, db: None) -> None:
        rows = AlertRule.objects.order_by("pk").values_list("code", "threshold", "level")
        assert [(code, int(threshold), level) for code, threshold, level in rows] == [
            ("first_overdue", 0, "yellow"), ("days_overdue_30", 30, "yellow"), ("days_overdue_60", 60, "orange"),
            ("days_overdue_90", 90, "orange"), ("days_overdue_180", 180, "red"), ("days_overdue_365", 365, "red"),
            ("overdue_amount", 500_000, "orange"), ("concentration", 10, "yellow"),
        ]  # fmt: skip

    def test_a_change_is_in_the_trail(self, rule: AlertRule, make_user: Any) -> None:
        user = make_user()
        done = alert_rules.change(
            rule=rule,
            values={"threshold": Decimal("15"), "level": "orange"},
            actor=user,
            expected_version=1,
        )
        assert (done.threshold, done.level, done.version) == (15, "orange", 2)
        event = AuditEvent.objects.get(action="alert_rule.changed")
        assert event.before == {"threshold": "30.00", "level": "yellow"}
        assert event.after == {"threshold": "15", "level": "orange"}

    def test_no_change_leaves_no_trace(self, rule: AlertRule, make_user: Any) -> None:
        done = alert_rules.change(
            rule=rule, values={"level": "yellow"}, actor=make_user(), expected_version=1
        )
        assert done.version == 1
        assert not AuditEvent.objects.filter(action="alert_rule.changed").exists()

    @pytest.mark.parametrize(
        ("values", "refusal"),
        [
            ({"threshold": Decimal("0")}, rules_of.InvalidThreshold),
            ({"threshold": Decimal("60")}, alert_rules.RuleRefused),
            ({"level": "purple"}, alert_rules.RuleRefused),
            ({"escalate_after_days": 61}, alert_rules.RuleRefused),
        ],
    )
    def test_nonsense_is_refused(
        self, rule: AlertRule, make_user: Any, values: Any, refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            alert_rules.change(rule=rule, values=values, actor=make_user(), expected_version=None)
        rule.refresh_from_db()
        assert (rule.threshold, rule.level, rule.escalate_after_days, rule.version) == (
            30,
            "yellow",
            5,
            1,
        )

    def test_a_stale_version_is_refused(self, rule: AlertRule, make_user: Any) -> None:
        with pytest.raises(StaleVersion):
            alert_rules.change(
                rule=rule, values={"level": "red"}, actor=make_user(), expected_version=7
            )

    def test_a_preview_counts_as_the_review_would(self, unit: BusinessUnit) -> None:
        li = customer(unit)
        overdue(li, "600000", 45)
        overdue(li, "1", 46)
        overdue(customer(unit), "5", 3)
        rules = list(AlertRule.objects.all())
        found = selector.preview_item_rules(rules, unit_ids=[unit.pk], today=DAY)
        found |= selector.preview_customer_rules(rules, units=[unit], today=DAY)
        by_code = {r.code: found[r.pk] for r in rules}
        assert by_code["first_overdue"] == selector.Preview(1, 1)
        assert by_code["days_overdue_30"] == selector.Preview(2, 1)
        assert by_code["days_overdue_60"] == selector.Preview(0, 0)
        assert by_code["overdue_amount"] == selector.Preview(None, 1)
        assert by_code["concentration"] == selector.Preview(None, 1)

    def test_without_a_rate_the_preview_says_nothing_of_customers(self, unit: BusinessUnit) -> None:
        overdue(customer(unit), "5", 3, currency="USD")
        assert (
            selector.preview_customer_rules(list(AlertRule.objects.all()), units=[unit], today=DAY)
            == {}
        )


class TestWords:
    def sentence(self, code: str, cause: dict[str, Any], **more: Any) -> str:
        alert = OverdueAlert(
            rule=AlertRule.objects.get(code=code), cause=cause, currency="CNY", **more
        )
        return selector.cause_sentence(alert)

    def test_the_cause_in_a_sentence(self, db: None) -> None:
        one = {"count": 1, "days": 61, "threshold": "60", "items": [{"number": "INV-1"}]}
        many = {**one, "count": 1200}
        assert (
            self.sentence("first_overdue", one)
            == "INV-1 is overdue for the first time: 61 days past its due date."
        )
        assert "1,200 items are overdue for the first time" in self.sentence("first_overdue", many)
        assert (
            self.sentence("days_overdue_60", one)
            == "INV-1 has passed 60 days overdue: now 61 days."
        )
        assert "1,200 items have passed 60 days" in self.sentence("days_overdue_60", many)
        amount = self.sentence(
            "overdue_amount", {"threshold": "500000.00", "days": 7}, amount=Decimal("600000")
        )
        assert amount == "Overdue 600,000.00 CNY, threshold 500,000; the oldest item 7 days."
        share = self.sentence("concentration", {"share": "12.50", "threshold": "10.00"})
        assert share == "Owes 12.50% of all receivables of the unit, threshold 10%."

    def test_rules_have_names(self, db: None) -> None:
        names = [selector.rule_label(r) for r in AlertRule.objects.order_by("pk")]
        assert names[0] == "First overdue"
        assert names[2] == "60 days overdue"
        assert names[-2:] == ["Overdue amount from 500,000", "Share of receivables from 10%"]

    @pytest.mark.parametrize(
        ("code", "days", "word"),
        [
            ("first_overdue", 3, "Call the customer"), ("days_overdue_60", 61, "written reminder"),
            ("days_overdue_90", 99, "decision maker"), ("days_overdue_365", 400, "legal steps"),
            ("overdue_amount", 3, "repayment plan"), ("concentration", 0, "credit limit"),
        ],
    )  # fmt: skip
    def test_every_alert_has_a_next_step(self, db: None, code: str, days: int, word: str) -> None:
        alert = OverdueAlert(rule=AlertRule.objects.get(code=code), cause={"days": days})
        assert word in selector.next_step(alert)
        alert.state = State.CLOSED
        assert selector.next_step(alert) == ""
        alert.state = State.OPEN
        assert selector.ending(alert) == ""
        with translation.override("zh-hans"):
            assert selector.next_step(alert)

    def test_levels_are_counted_worst_first(self, unit: BusinessUnit, make_user: Any) -> None:
        for days in (45, 45, 200):
            overdue(customer(unit), 1, days)
        AlertRule.objects.filter(code="concentration").update(is_active=False)
        review(unit)
        first = about_items().filter(level="yellow").first()
        alerts.acknowledge(alert=first, note="ok", actor=make_user(), now=night_after(DAY))
        counts = selector.by_level(OverdueAlert.objects.all())
        assert [(c.level, c.unacknowledged, c.acknowledged) for c in counts] == [
            ("red", 1, 0), ("orange", 0, 0), ("yellow", 1, 1),
        ]  # fmt: skip
