"""The pages of alerts and reviews, as people of several roles use them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.core.models import BusinessUnit, Job
from config.core.roles import Role
from receivables.models import AgingReview, AlertRule, OverdueAlert
from receivables.services import alerts, reviews
from tests.receivables.review_books import DAY, ONE_DAY, customer, night_after, overdue, pay

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _morning(stop_clock: Callable[[str], None]) -> None:
    stop_clock("2026-04-01 09:00")


@pytest.fixture
def client_for(client_for: Callable[..., Client]) -> Callable[..., Client]:
    """People of these tests read English."""
    return partial(client_for, language="en")


@pytest.fixture
def manager(client_for: Callable[..., Client], unit: BusinessUnit) -> Client:
    return client_for(Role.CREDIT_MANAGER, units=[unit], display_name="陈经理")


def review(unit: BusinessUnit, day: date = DAY) -> AgingReview:
    return reviews.run(unit=unit, as_of=day, actor=None, now=night_after(day))


@pytest.fixture
def alert(unit: BusinessUnit, manager: Client) -> OverdueAlert:
    """An alert on one item, red, and beside it one on the customer's share."""
    li = customer(unit, name="苏州明远精密制造有限公司", collector=manager.user)  # type: ignore[attr-defined]
    overdue(li, "4210000.00", 212, number="INV-0042")
    review(unit)
    return OverdueAlert.objects.get(rule__code="days_overdue_180")


def text(response: Any) -> str:
    return str(response.content.decode())


def rows_of(page: str) -> int:
    return page.count("data-select-row")


class TestInbox:
    def test_says_why_and_how_much(self, manager: Client, alert: OverdueAlert) -> None:
        page = text(manager.get(reverse("receivables:alerts")))
        assert "苏州明远精密制造有限公司" in page
        assert "INV-0042 has passed 180 days overdue: now 212 days." in page
        assert "4,210,000.00" in page
        assert "陈经理" in page
        assert page.index("INV-0042 has passed") < page.index("Owes 100%")  # red before yellow

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("", 3), ("level=red", 1), ("level=orange", 1), ("state=open", 3), ("state=closed", 0), ("state=all", 3),
            ("rule=concentration", 1), ("owner=me", 3), ("owner=none", 0), ("escalated=me", 0), ("escalated=any", 0),
            ("raised_from=2026-04-01", 0), ("raised_to=2026-03-31", 3), ("raised_from=nonsense", 3), ("level=purple", 3),
            ("sort=-amount", 3), ("sort=customer", 3), ("sort=-days", 3),
        ],
    )  # fmt: skip
    def test_filters_and_sorts(
        self, manager: Client, alert: OverdueAlert, query: str, count: int
    ) -> None:
        answer = manager.get(f"{reverse('receivables:alerts')}?{query}")
        assert answer.status_code == 200
        assert rows_of(text(answer)) == count

    def test_by_owner_and_customer(self, manager: Client, alert: OverdueAlert) -> None:
        url = reverse("receivables:alerts")
        assert rows_of(text(manager.get(url, {"owner": alert.owner_id}))) == 3
        assert rows_of(text(manager.get(url, {"customer": alert.customer_id}))) == 3
        assert rows_of(text(manager.get(url, {"customer": alert.customer_id + 1}))) == 0

    def test_without_a_review_it_offers_one(self, manager: Client) -> None:
        page = text(manager.get(reverse("receivables:alerts")))
        assert "No review has run yet." in page
        assert f'href="{reverse("receivables:reviews")}"' in page

    def test_after_a_quiet_night_it_says_so(self, manager: Client, unit: BusinessUnit) -> None:
        review(unit)
        assert "No alert waits." in text(manager.get(reverse("receivables:alerts")))

    def test_a_filter_that_finds_nothing_can_be_cleared(
        self, manager: Client, alert: OverdueAlert
    ) -> None:
        page = text(manager.get(reverse("receivables:alerts"), {"state": "closed"}))
        assert "Nothing matches these filters." in page

    def test_exports_what_is_seen(self, manager: Client, alert: OverdueAlert) -> None:
        answer = manager.get(reverse("receivables:alerts"), {"level": "red", "export": "csv"})
        lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
        assert len([line for line in lines if "INV-0042" in line]) == 1
        assert not any("Owes" in line for line in lines)

    def test_the_number_of_queries_is_constant(
        self, manager: Client, alert: OverdueAlert, unit: BusinessUnit
    ) -> None:
        url = reverse("receivables:alerts")
        manager.get(url)

        def cost() -> int:
            with CaptureQueriesContext(connection) as queries:
                manager.get(url)
            return len(queries)

        few = cost()
        for _ in range(30):
            overdue(customer(unit), 1, 200)
        review(unit, DAY + ONE_DAY)
        assert rows_of(text(manager.get(url))) > 30
        assert cost() == few

    def test_another_unit_sees_nothing(self, client_for: Any, alert: OverdueAlert) -> None:
        stranger = client_for(Role.CREDIT_MANAGER)
        assert "苏州明远" not in text(stranger.get(reverse("receivables:alerts")))
        for name in ("alert", "alert_acknowledge", "alert_close"):
            assert stranger.get(reverse(f"receivables:{name}", args=[alert.pk])).status_code == 404

    def test_an_auditor_has_no_buttons(
        self, client_for: Any, alert: OverdueAlert, unit: BusinessUnit
    ) -> None:
        auditor = client_for(Role.AUDITOR, units=[unit])
        page = text(auditor.get(reverse("receivables:alerts")))
        assert "INV-0042" in page
        assert reverse("receivables:alert_acknowledge", args=[alert.pk]) not in page
        for name in ("alert_acknowledge", "alert_close"):
            assert (
                auditor.post(
                    reverse(f"receivables:{name}", args=[alert.pk]), {"note": "x"}
                ).status_code
                == 403
            )
        assert (
            auditor.post(reverse("receivables:alerts_acknowledge"), {"note": "x"}).status_code
            == 403
        )

    def test_many_are_acknowledged_with_one_note(
        self, manager: Client, alert: OverdueAlert
    ) -> None:
        chosen = list(OverdueAlert.objects.values_list("pk", flat=True))
        back = reverse("receivables:alerts") + "?level=red"
        url = reverse("receivables:alerts_acknowledge")
        answer = manager.post(
            url, {"selected": [*chosen, "x"], "note": "Letters sent", "next": back}, follow=True
        )
        assert answer.redirect_chain[0][0] == back
        assert "3 alerts are acknowledged." in text(answer)
        again = manager.post(url, {"selected": chosen, "note": "Letters sent"}, follow=True)
        assert "3 of the chosen were not open any more." in text(again)
        refused = manager.post(url, {"selected": chosen, "note": " "}, follow=True)
        assert "Write a note" in text(refused)


class TestOne:
    def test_shows_cause_items_and_next_step(self, manager: Client, alert: OverdueAlert) -> None:
        page = text(manager.get(reverse("receivables:alert", args=[alert.pk])))
        assert "INV-0042 has passed 180 days overdue" in page
        assert "Decide on legal steps" in page
        assert "4,210,000.00" in page
        assert "Raised by the review of this day" in page

    def test_of_a_customer_shows_its_open_items_and_share(
        self, manager: Client, alert: OverdueAlert
    ) -> None:
        share = OverdueAlert.objects.get(rule__kind="concentration")
        page = text(manager.get(reverse("receivables:alert", args=[share.pk])))
        assert "Share of receivables" in page
        assert "INV-0042" in page

    def test_many_items_are_named_and_counted(self, manager: Client, unit: BusinessUnit) -> None:
        li = customer(unit)
        for n in range(23):
            overdue(li, 1, 31 + n)
        review(unit)
        found = OverdueAlert.objects.get(rule__code="days_overdue_30")
        assert "and 3 more items" in text(
            manager.get(reverse("receivables:alert", args=[found.pk]))
        )

    def test_tells_its_whole_story(self, manager: Client, alert: OverdueAlert) -> None:
        user = manager.user  # type: ignore[attr-defined]
        alerts.acknowledge(
            alert=alert, note="Called the director", actor=user, now=night_after(DAY)
        )
        OverdueAlert.objects.filter(pk=alert.pk).update(
            escalated_to=user, escalated_at=night_after(DAY + ONE_DAY)
        )
        alerts.close(
            alert=alert,
            reason="legal",
            note="Lawyer Wang",
            actor=user,
            now=night_after(DAY + 2 * ONE_DAY),
        )
        page = text(manager.get(reverse("receivables:alert", args=[alert.pk])))
        for part in (
            "Acknowledged by 陈经理",
            "Escalated to 陈经理",
            "Closed by 陈经理",
            "Called the director",
            "Lawyer Wang",
        ):
            assert part in page
        assert page.index("Closed by") < page.index("Escalated to") < page.index("Acknowledged by")
        assert reverse("receivables:alert_close", args=[alert.pk]) not in page

    def test_one_the_review_closed_says_so(
        self, manager: Client, alert: OverdueAlert, unit: BusinessUnit
    ) -> None:
        pay(alert.item, on=DAY + ONE_DAY)  # type: ignore[arg-type]
        review(unit, DAY + ONE_DAY)
        page = text(manager.get(reverse("receivables:alert", args=[alert.pk])))
        assert "Closed by the nightly review" in page
        assert "nothing of it is open any more" in page

    def test_replaced_ones_are_linked(
        self, manager: Client, alert: OverdueAlert, unit: BusinessUnit
    ) -> None:
        later = DAY + 160 * ONE_DAY
        review(unit, later)
        successor = OverdueAlert.objects.get(rule__code="days_overdue_365")
        page = text(manager.get(reverse("receivables:alert", args=[alert.pk])))
        assert reverse("receivables:alert", args=[successor.pk]) in page
        assert "Replaced by a more serious alert" in page

    def test_missing_is_404(self, manager: Client) -> None:
        assert manager.get(reverse("receivables:alert", args=[999_999])).status_code == 404


class TestHandling:
    @pytest.mark.parametrize("name", ["alert_acknowledge", "alert_close"])
    def test_asks_in_a_dialog_or_on_a_page(
        self, manager: Client, alert: OverdueAlert, name: str
    ) -> None:
        url = reverse(f"receivables:{name}", args=[alert.pk])
        fragment = text(manager.get(url, headers=HTMX))
        assert fragment.lstrip().startswith("<dialog")
        assert "<html" in text(manager.get(url))

    def test_acknowledges_in_the_dialog(self, manager: Client, alert: OverdueAlert) -> None:
        url = reverse("receivables:alert_acknowledge", args=[alert.pk])
        answer = manager.post(url, {"note": "Called", "version": 1}, headers=HTMX)
        assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
        alert.refresh_from_db()
        assert (alert.state, alert.note) == ("acknowledged", "Called")

    def test_acknowledges_on_the_page_and_returns(
        self, manager: Client, alert: OverdueAlert
    ) -> None:
        url = reverse("receivables:alert_acknowledge", args=[alert.pk])
        back = reverse("receivables:worklist")
        assert f'value="{back}"' in text(manager.get(url, {"next": back}))
        assert manager.post(url, {"note": "Called", "next": back})["Location"] == back

    def test_never_sends_to_another_site(self, manager: Client, alert: OverdueAlert) -> None:
        url = reverse("receivables:alert_acknowledge", args=[alert.pk])
        answer = manager.post(url, {"note": "Called", "next": "https://evil.example/"})
        assert answer["Location"] == reverse("receivables:alert", args=[alert.pk])

    def test_an_empty_note_is_asked_for_again(self, manager: Client, alert: OverdueAlert) -> None:
        answer = manager.post(
            reverse("receivables:alert_acknowledge", args=[alert.pk]), {"note": " "}, headers=HTMX
        )
        assert answer.status_code == 422
        assert "This field is required." in text(answer)

    def test_closes_with_a_reason(self, manager: Client, alert: OverdueAlert) -> None:
        url = reverse("receivables:alert_close", args=[alert.pk])
        assert manager.post(url, {"note": "x"}, headers=HTMX).status_code == 422
        assert (
            manager.post(url, {"note": "Paid by bill", "reason": "paid", "version": 1}).status_code
            == 302
        )
        alert.refresh_from_db()
        assert (alert.state, alert.close_reason) == ("closed", "paid")

    def test_somebody_was_faster(self, manager: Client, alert: OverdueAlert) -> None:
        alerts.acknowledge(alert=alert, note="mine", actor=manager.user, now=night_after(DAY))  # type: ignore[attr-defined]
        url = reverse("receivables:alert_close", args=[alert.pk])
        answer = manager.post(url, {"note": "x", "reason": "paid", "version": 1}, headers=HTMX)
        assert answer.status_code == 422
        assert "Somebody else handled this alert" in text(answer)


class TestRules:
    def test_show_what_they_concern_today(self, manager: Client, alert: OverdueAlert) -> None:
        page = text(manager.get(reverse("receivables:alert_rules")))
        assert "180 days overdue" in page
        assert "Overdue amount from 500,000" in page
        assert page.count('hx-target="#alert-dialog"') == 8

    def test_are_changed_in_a_dialog(self, manager: Client) -> None:
        rule = AlertRule.objects.get(code="days_overdue_30")
        url = reverse("receivables:alert_rule", args=[rule.pk])
        assert 'value="30"' in text(manager.get(url, headers=HTMX))
        body = {
            "threshold": "15",
            "level": "orange",
            "escalate_after_days": "2",
            "is_active": "on",
            "version": "1",
        }
        assert manager.post(url, body, headers=HTMX)["HX-Refresh"] == "true"
        rule.refresh_from_db()
        assert (rule.threshold, rule.level, rule.escalate_after_days, rule.is_active) == (
            15,
            "orange",
            2,
            True,
        )
        stale = manager.post(url, {**body, "threshold": "20"}, headers=HTMX)
        assert stale.status_code == 422
        assert "Somebody else changed this rule" in text(stale)
        twin = manager.post(url, {**body, "threshold": "60", "version": "2"})
        assert "has this threshold already" in text(twin)

    def test_first_overdue_has_no_threshold(self, manager: Client) -> None:
        rule = AlertRule.objects.get(code="first_overdue")
        url = reverse("receivables:alert_rule", args=[rule.pk])
        assert 'name="threshold"' not in text(manager.get(url))
        answer = manager.post(url, {"level": "red", "escalate_after_days": "0", "version": "1"})
        assert answer["Location"] == reverse("receivables:alert_rules")
        rule.refresh_from_db()
        assert (rule.level, rule.is_active, rule.threshold) == ("red", False, 0)

    def test_are_read_only_for_others(self, client_for: Any, unit: BusinessUnit) -> None:
        collector = client_for(Role.COLLECTOR, units=[unit])
        rule = AlertRule.objects.get(code="first_overdue")
        url = reverse("receivables:alert_rule", args=[rule.pk])
        assert url not in text(collector.get(reverse("receivables:alert_rules")))
        assert collector.get(url).status_code == 403

    def test_a_portfolio_sees_no_counts_of_the_unit(
        self, client_for: Any, unit: BusinessUnit
    ) -> None:
        sales = client_for(Role.SALESPERSON, units=[unit])
        assert "Items today" not in text(sales.get(reverse("receivables:alert_rules")))


class TestReviews:
    def test_list_totals_by_currency(self, manager: Client, unit: BusinessUnit) -> None:
        li = customer(unit)
        overdue(li, "1234.5", 45)
        overdue(li, "99", 45, currency="USD")
        review(unit)
        page = text(manager.get(reverse("receivables:reviews")))
        assert "1,234.50" in page
        assert "99.00" in page
        assert "No rate for USD" in page

    def test_run_by_hand_with_progress(
        self, manager: Client, unit: BusinessUnit, do_jobs: Any
    ) -> None:
        answer = manager.post(
            reverse("receivables:review_run"), {"unit": unit.pk, "date": "2026-03-10"}, follow=True
        )
        job = Job.objects.get()
        assert f'id="job-{job.pk}"' in text(answer)
        do_jobs()
        assert AgingReview.objects.get().as_of == date(2026, 3, 10)
        after = text(manager.get(reverse("receivables:reviews"), {"job": job.pk}))
        assert "Done" in after
        assert "data-reload-when-done" not in after

    @pytest.mark.parametrize("day", ["2026-04-02", "10.3.2026", ""])
    def test_a_day_that_makes_no_sense_starts_nothing(
        self, manager: Client, unit: BusinessUnit, day: str
    ) -> None:
        answer = manager.post(reverse("receivables:review_run"), {"unit": unit.pk, "date": day})
        assert answer.status_code == 422
        assert not Job.objects.exists()

    def test_another_unit_can_not_be_reviewed(self, manager: Client) -> None:
        other = BusinessUnit.objects.create(code="OTHER", name="华南公司")
        answer = manager.post(
            reverse("receivables:review_run"), {"unit": other.pk, "date": "2026-03-10"}
        )
        assert answer.status_code == 422
        assert not Job.objects.exists()

    def test_is_not_for_everybody(self, client_for: Any, unit: BusinessUnit) -> None:
        auditor = client_for(Role.AUDITOR, units=[unit])
        page = text(
            auditor.get(
                reverse("receivables:reviews"),
                {"job": "x", "date_from": "2026-01-01", "date_to": "x"},
            )
        )
        assert reverse("receivables:review_run") not in page
        assert auditor.post(reverse("receivables:review_run"), {}).status_code == 403

    def test_filter_by_date_and_export(self, manager: Client, unit: BusinessUnit) -> None:
        overdue(customer(unit), "5", 45)
        review(unit)
        early = datetime_of_noon(DAY + ONE_DAY)
        reviews.run(unit=unit, as_of=DAY + ONE_DAY, actor=None, now=early)
        url = reverse("receivables:reviews")
        page = text(manager.get(url))
        assert "Provisional" in page
        assert "Final" in page
        narrowed = text(manager.get(url, {"date_from": "2026-03-01", "date_to": "2026-03-31"}))
        assert "Provisional" not in narrowed
        answer = manager.get(url, {"export": "csv"})
        assert "CNY 5.00" in b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]


def datetime_of_noon(day: date) -> Any:
    return night_after(day) - ONE_DAY / 2


class TestCard:
    def test_shows_the_worst_that_nobody_has_seen_to(
        self, manager: Client, alert: OverdueAlert, unit: BusinessUnit
    ) -> None:
        for _ in range(6):
            overdue(customer(unit), 1, 45)
        review(unit, DAY + ONE_DAY)
        page = text(manager.get(reverse("receivables:alerts_card")))
        assert page.index("INV-0042") < page.index("reached" if "reached" in page else "passed 30")
        assert "7 customers" in page
        assert "alerts nobody has acknowledged" in page
        assert reverse("receivables:alert_acknowledge", args=[alert.pk]) in page

    def test_is_quiet_without_alerts(self, manager: Client, unit: BusinessUnit) -> None:
        assert "No review has run yet." in text(manager.get(reverse("receivables:alerts_card")))
        review(unit)
        page = text(manager.get(reverse("receivables:alerts_card")))
        assert "No alert waits." in page
        assert "0 customers" in page


def test_every_page_asks_for_a_sign_in(unit: BusinessUnit) -> None:
    for name in ("alerts", "alert_rules", "reviews", "worklist", "alerts_card"):
        answer = Client().get(reverse(f"receivables:{name}"))
        assert (answer.status_code, "login" in answer["Location"]) == (302, True)
