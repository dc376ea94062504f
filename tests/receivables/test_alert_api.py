"""Alerts, rules and reviews over REST: scope, filters, versions, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from config.core.models import BusinessUnit, Job, User
from config.core.roles import Role
from receivables.models import AgingReview, AlertRule, OverdueAlert
from receivables.services import alerts, reviews
from tests.receivables.review_books import DAY, ONE_DAY, customer, night_after, overdue

pytestmark = pytest.mark.django_db
ALERTS, RULES, REVIEWS = "/api/v1/alerts/", "/api/v1/alert-rules/", "/api/v1/reviews/"


@pytest.fixture
def api_client(api_client: Callable[..., APIClient]) -> Callable[..., APIClient]:
    """Programs of these tests ask for English."""

    def make(user: User | None = None) -> APIClient:
        client = api_client(user)
        client.credentials(HTTP_ACCEPT_LANGUAGE="en")
        return client

    return make


@pytest.fixture
def collector(make_user: Callable[..., User], unit: BusinessUnit) -> User:
    return make_user(Role.COLLECTOR, units=[unit], username="li", language="en")


@pytest.fixture
def alert(unit: BusinessUnit, collector: User) -> OverdueAlert:
    overdue(customer(unit, collector=collector), "100.5", 70, number="INV-7")
    reviews.run(unit=unit, as_of=DAY, actor=None, now=night_after(DAY))
    return OverdueAlert.objects.get(rule__code="days_overdue_60")


class TestReading:
    def test_an_alert_in_full(self, alert: OverdueAlert, collector: User, api_client: Any) -> None:
        answer = api_client(collector).get(f"{ALERTS}{alert.pk}/")
        body = answer.json()
        assert answer.status_code == 200
        assert answer["ETag"] == '"1"'
        assert (body["unit"], body["rule"], body["level"], body["state"]) == (
            alert.unit.code, "days_overdue_60", "orange", "open",
        )  # fmt: skip
        assert (body["amount"], body["currency"], body["owner"]) == ("100.50", "CNY", "li")
        assert body["item"] == {"id": alert.item_id, "number": "INV-7"}
        assert body["customer"]["name"] == alert.customer.name
        assert body["sentence"] == "INV-7 has passed 60 days overdue: now 70 days."
        assert body["cause"]["days"] == 70
        assert body["acknowledged_by"] is None

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("", 2), ("level=orange", 1), ("level=red", 0), ("state=open", 2), ("state=closed", 0),
            ("rule=days_overdue_60", 1), ("kind=concentration", 1), ("owner=li", 2), ("owner=wang", 0),
            ("raised_from=2026-03-31&raised_to=2026-03-31", 2), ("raised_from=2026-04-01", 0),
        ],
    )  # fmt: skip
    def test_filters(
        self, alert: OverdueAlert, collector: User, api_client: Any, query: str, count: int
    ) -> None:
        answer = api_client(collector).get(f"{ALERTS}?{query}")
        assert answer.status_code == 200, answer.json()
        assert len(answer.json()["results"]) == count

    def test_filters_by_unit_and_customer(
        self, alert: OverdueAlert, collector: User, api_client: Any
    ) -> None:
        client = api_client(collector)
        assert len(client.get(ALERTS, {"unit": alert.unit.code}).json()["results"]) == 2
        assert len(client.get(ALERTS, {"customer": alert.customer_id}).json()["results"]) == 2

    @pytest.mark.parametrize(
        "query",
        [
            "level=purple",
            "colour=red",
            "rule=none",
            "raised_from=31.3.2026",
            "unit=NOWHERE",
            "customer=x",
        ],
    )
    def test_what_it_does_not_know_is_refused(
        self, alert: OverdueAlert, collector: User, api_client: Any, query: str
    ) -> None:
        answer = api_client(collector).get(f"{ALERTS}?{query}")
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"

    def test_other_units_and_portfolios_are_not_there(
        self, alert: OverdueAlert, make_user: Any, api_client: Any, unit: BusinessUnit
    ) -> None:
        for person in (make_user(Role.COLLECTOR), make_user(Role.SALESPERSON, units=[unit])):
            client = api_client(person)
            assert client.get(ALERTS).json()["results"] == []
            assert client.get(f"{ALERTS}{alert.pk}/").status_code == 404
            assert client.post(f"{ALERTS}{alert.pk}/acknowledge/", {"note": "x"}).status_code == 404
            assert (
                client.post(
                    f"{ALERTS}{alert.pk}/close/", {"reason": "paid", "note": "x"}
                ).status_code
                == 404
            )
        alert.refresh_from_db()
        assert alert.state == "open"

    def test_the_number_of_queries_is_constant(
        self, alert: OverdueAlert, collector: User, api_client: Any, unit: BusinessUnit
    ) -> None:
        client = api_client(collector)
        client.get(ALERTS)

        def cost() -> int:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(ALERTS).status_code == 200
            return len(queries)

        few = cost()
        for _ in range(20):
            overdue(customer(unit, collector=collector), 1, 200)
        reviews.run(unit=unit, as_of=DAY + ONE_DAY, actor=None, now=night_after(DAY + ONE_DAY))
        assert len(client.get(ALERTS).json()["results"]) > 20
        assert cost() == few


class TestHandling:
    def test_acknowledge_then_close(
        self, alert: OverdueAlert, collector: User, api_client: Any
    ) -> None:
        client = api_client(collector)
        answer = client.post(
            f"{ALERTS}{alert.pk}/acknowledge/", {"note": "Called"}, headers={"If-Match": '"1"'}
        )
        assert answer.status_code == 200, answer.json()
        body = answer.json()
        assert (body["state"], body["note"], body["acknowledged_by"]) == (
            "acknowledged",
            "Called",
            "li",
        )
        assert answer["ETag"] == '"2"'
        answer = client.post(
            f"{ALERTS}{alert.pk}/close/", {"reason": "plan_agreed", "note": "Three instalments"}
        )
        body = answer.json()
        assert (body["state"], body["close_reason"], body["close_note"], body["closed_by"]) == (
            "closed", "plan_agreed", "Three instalments", "li",
        )  # fmt: skip
        again = client.post(f"{ALERTS}{alert.pk}/close/", {"reason": "paid", "note": "x"})
        assert (again.status_code, again.json()["code"]) == (409, "alert_refused")

    @pytest.mark.parametrize(
        ("action", "body"),
        [
            ("acknowledge", {}), ("acknowledge", {"note": ""}), ("acknowledge", {"note": "x" * 1001}),
            ("acknowledge", {"note": "x", "state": "closed"}), ("acknowledge", {"note": 7}),
            ("close", {"note": "x"}), ("close", {"reason": "", "note": "x"}), ("close", {"reason": "bored", "note": "x"}),
        ],
    )  # fmt: skip
    def test_what_is_not_right_changes_nothing(
        self,
        alert: OverdueAlert,
        collector: User,
        api_client: Any,
        action: str,
        body: dict[str, Any],
    ) -> None:
        answer = api_client(collector).post(f"{ALERTS}{alert.pk}/{action}/", body)
        assert answer.status_code == 400
        alert.refresh_from_db()
        assert (alert.state, alert.version) == ("open", 1)

    def test_a_stale_version_is_refused(
        self, alert: OverdueAlert, collector: User, api_client: Any
    ) -> None:
        alerts.acknowledge(alert=alert, note="ok", actor=collector, now=night_after(DAY))
        answer = api_client(collector).post(
            f"{ALERTS}{alert.pk}/close/",
            {"reason": "paid", "note": "x"},
            headers={"If-Match": '"1"'},
        )
        assert answer.status_code == 412

    def test_an_auditor_may_only_look(
        self, alert: OverdueAlert, make_user: Any, api_client: Any
    ) -> None:
        client = api_client(make_user(Role.AUDITOR, units=[alert.unit]))
        assert client.get(f"{ALERTS}{alert.pk}/").status_code == 200
        assert client.post(f"{ALERTS}{alert.pk}/acknowledge/", {"note": "x"}).status_code == 403
        assert (
            client.post(f"{ALERTS}{alert.pk}/close/", {"reason": "paid", "note": "x"}).status_code
            == 403
        )

    def test_strangers_see_nothing(self, api_client: Any) -> None:
        for url in (ALERTS, RULES, REVIEWS):
            assert api_client().get(url).status_code == 401


class TestRules:
    def test_list_read_and_change(
        self, make_user: Any, api_client: Any, unit: BusinessUnit
    ) -> None:
        client = api_client(make_user(Role.CREDIT_MANAGER, units=[unit]))
        rows = client.get(RULES).json()["results"]
        assert len(rows) == 8
        rule = next(r for r in rows if r["code"] == "overdue_amount")
        url = f"{RULES}{rule['id']}/"
        assert (rule["threshold"], client.get(url)["ETag"]) == ("500000.00", '"1"')
        body = {
            "threshold": "250000.00",
            "level": "red",
            "escalate_after_days": 1,
            "is_active": False,
        }
        answer = client.patch(url, body, headers={"If-Match": '"1"'})
        assert answer.status_code == 200
        assert answer["ETag"] == '"2"'
        assert {name: answer.json()[name] for name in body} == body
        assert client.patch(url, {"level": "red"}, headers={"If-Match": '"1"'}).status_code == 412
        assert client.patch(url, {"level": "red"}).status_code == 428

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"threshold": 5}, 400), ({"level": "purple"}, 400), ({"is_active": "yes"}, 400), ({"kind": "x"}, 400),
            ({"escalate_after_days": -1}, 400), ({"threshold": "0.00"}, 422), ({"threshold": "60.00"}, 422),
        ],
    )  # fmt: skip
    def test_nonsense_changes_nothing(
        self, make_user: Any, api_client: Any, body: dict[str, Any], status: int
    ) -> None:
        rule = AlertRule.objects.get(code="days_overdue_30")
        client = api_client(make_user(Role.FINANCE_MANAGER))
        answer = client.patch(f"{RULES}{rule.pk}/", body, headers={"If-Match": '"1"'})
        assert answer.status_code == status, answer.json()
        rule.refresh_from_db()
        assert (rule.threshold, rule.level, rule.is_active, rule.version) == (30, "yellow", True, 1)

    def test_a_collector_may_not_change_rules(self, collector: User, api_client: Any) -> None:
        rule = AlertRule.objects.get(code="days_overdue_30")
        answer = api_client(collector).patch(
            f"{RULES}{rule.pk}/", {"level": "red"}, headers={"If-Match": '"1"'}
        )
        assert answer.status_code == 403
        assert api_client(collector).get(f"{RULES}{rule.pk}/").status_code == 200


class TestReviews:
    @pytest.fixture
    def manager(self, make_user: Any, unit: BusinessUnit) -> User:
        return make_user(Role.FINANCE_MANAGER, units=[unit])  # type: ignore[no-any-return]

    def test_list(self, alert: OverdueAlert, manager: User, api_client: Any) -> None:
        (row,) = (
            api_client(manager)
            .get(REVIEWS, {"unit": alert.unit.code, "date_from": "2026-03-01"})
            .json()["results"]
        )
        assert (row["unit"], row["as_of"], row["customers"], row["items"], row["alerts_raised"]) == (
            alert.unit.code, "2026-03-31", 1, 1, 2,
        )  # fmt: skip
        assert row["totals"] == {
            "CNY": {
                "total": "100.50",
                "not_due": "0.00",
                "overdue": "100.50",
                "retention": "0.00",
                "unapplied": "0.00",
            }
        }
        assert row["raised"] == {"yellow": 1, "orange": 1, "red": 0}
        assert (row["missing_rates"], row["alerts_closed"]) == ([], 0)

    def test_ask_for_one(
        self, unit: BusinessUnit, manager: User, api_client: Any, stop_clock: Any, do_jobs: Any
    ) -> None:
        stop_clock("2026-04-01 09:00")
        client = api_client(manager)
        answer = client.post(REVIEWS, {"unit": unit.code, "date": "2026-03-15"})
        assert answer.status_code == 202, answer.json()
        job = Job.objects.get()
        assert answer.json() == {"job": job.pk, "state": "queued"}
        assert answer["Location"] == f"/api/v1/jobs/{job.pk}/"
        do_jobs()
        assert AgingReview.objects.get().as_of.isoformat() == "2026-03-15"
        again = client.post(REVIEWS, {"unit": unit.code, "date": "2026-03-15"})
        assert again.json() == {"job": job.pk, "state": "done"}

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"unit": "NOWHERE", "date": "2026-03-15"}, 404), ({"date": "2026-03-15"}, 400),
            ({"unit": "?", "date": "15.3.2026"}, 400), ({"unit": "?", "date": "2026-04-02"}, 422),
        ],
    )  # fmt: skip
    def test_nonsense_starts_nothing(
        self,
        unit: BusinessUnit,
        manager: User,
        api_client: Any,
        stop_clock: Any,
        body: dict[str, str],
        status: int,
    ) -> None:
        stop_clock("2026-04-01 09:00")
        if body.get("unit") == "?":
            body = {**body, "unit": unit.code}
        assert api_client(manager).post(REVIEWS, body).status_code == status
        assert not Job.objects.exists()

    def test_whole_units_are_not_for_a_portfolio(
        self, alert: OverdueAlert, make_user: Any, api_client: Any
    ) -> None:
        sales = make_user(Role.SALESPERSON, units=[alert.unit])
        assert api_client(sales).get(REVIEWS).json()["results"] == []
        stranger = make_user(Role.FINANCE_MANAGER)
        assert api_client(stranger).get(REVIEWS).json()["results"] == []
        answer = api_client(stranger).post(REVIEWS, {"unit": alert.unit.code, "date": "2026-03-15"})
        assert answer.status_code == 404

    def test_a_collector_may_not_start_one(
        self, unit: BusinessUnit, collector: User, api_client: Any
    ) -> None:
        answer = api_client(collector).post(REVIEWS, {"unit": unit.code, "date": "2026-03-15"})
        assert answer.status_code == 403
