"""The review of a unit at the end of a day: what it stores, once, whatever happens in between."""

from __future__ import annotations

import io
import threading
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from config.core.models import AuditEvent, BusinessUnit, Job, Notification, OutboxMessage
from config.core.roles import Role
from config.core.services import jobs
from receivables import tasks
from receivables.models import AgingReview, AgingSnapshot, AgingSummary, OverdueAlert
from receivables.services import ledger, reviews, summaries
from tests.receivables.review_books import (
    DAY,
    ONE_DAY,
    SHANGHAI,
    customer,
    night_after,
    overdue,
    owe,
    pay,
)

pytestmark = pytest.mark.django_db


def review(unit: BusinessUnit, day: date = DAY, **more: Any) -> AgingReview:
    return reviews.run(
        unit=unit, as_of=day, actor=None, now=more.pop("now", night_after(day)), **more
    )


def everything() -> dict[str, Any]:
    """Return all that a review writes, to compare before and after."""
    return {
        model.__name__: sorted(map(repr, model.objects.values_list()))
        for model in (AgingReview, AgingSnapshot, AgingSummary, OverdueAlert)
    }


class TestSnapshot:
    def test_holds_each_customers_amounts_by_bucket(self, unit: BusinessUnit) -> None:
        li, wang = customer(unit), customer(unit)
        overdue(li, "100.10", 45)
        overdue(li, "50", -10)
        owe(wang, "7", due=DAY, currency="USD")
        owe(wang, "3", due=DAY, posted=DAY, kind="receipt", currency="USD")
        done = review(unit)
        rows = AgingSnapshot.objects.filter(review=done)
        assert set(rows.values_list("customer", "currency", "bucket", "amount")) == {
            (li.pk, "CNY", "d31_60", Decimal("100.10")),
            (li.pk, "CNY", "not_due", Decimal("50.00")),
            (wang.pk, "USD", "not_due", Decimal("7.00")),
            (wang.pk, "USD", "unapplied", Decimal("-3.00")),
        }
        assert (done.customers, done.items) == (2, 3)
        assert reviews.totals(done)["CNY"] == {
            "total": "150.10", "not_due": "50.00", "overdue": "100.10", "retention": "0.00", "unapplied": "0.00",
        }  # fmt: skip
        assert reviews.totals(done)["USD"]["total"] == "4.00"
        assert reviews.totals(done)["USD"]["unapplied"] == "-3.00"

    def test_rolls_back_what_happened_later(self, unit: BusinessUnit) -> None:
        li = customer(unit)
        item = overdue(li, 100, 45)
        pay(item, on=DAY + ONE_DAY)
        owe(li, 5, due=DAY + timedelta(days=60), posted=DAY + ONE_DAY)
        done = review(unit)
        assert list(AgingSnapshot.objects.filter(review=done).values_list("bucket", "amount")) == [
            ("d31_60", Decimal("100.00"))
        ]
        assert done.items == 1
        assert OverdueAlert.objects.get(item=item).amount == Decimal("100.00")

    def test_of_an_empty_unit_is_a_review_too(self, unit: BusinessUnit) -> None:
        done = review(unit)
        assert (done.customers, done.items, done.alerts_raised, reviews.totals(done)) == (
            0,
            0,
            0,
            {},
        )
        assert AgingSummary.objects.get().amount == 0

    def test_leaves_other_units_alone(self, unit: BusinessUnit) -> None:
        other = BusinessUnit.objects.create(code="OTHER", name="华南公司")
        overdue(customer(other), 100, 45)
        review(unit)
        assert not AgingSnapshot.objects.exists()
        assert not OverdueAlert.objects.exists()


class TestOnce:
    def test_a_second_review_of_the_day_changes_nothing(self, unit: BusinessUnit) -> None:
        overdue(customer(unit), 100, 45)
        review(unit)
        before = everything()
        events = AuditEvent.objects.count()
        again = review(unit, now=night_after(DAY) + timedelta(hours=5))
        assert everything() == before
        assert AuditEvent.objects.count() == events
        assert again.finished_at == night_after(DAY)

    def test_forced_it_computes_again_and_tells_only_what_is_new(self, unit: BusinessUnit) -> None:
        li = customer(unit)
        overdue(li, 100, 45)
        review(unit)
        alerts = set(OverdueAlert.objects.values_list("pk", flat=True))
        late = overdue(li, 23, 70)  # recorded now, long after the review's `now`
        again = review(unit, force=True, now=night_after(DAY) + timedelta(hours=5))
        assert reviews.totals(again)["CNY"]["total"] == "123.00"
        assert AgingSnapshot.objects.filter(review=again).count() == 2
        new = OverdueAlert.objects.exclude(pk__in=alerts)
        assert list(new.values_list("item", "rule__code")) == [(late.pk, "days_overdue_60")]
        assert again.alerts_raised == len(alerts) + 1

    def test_a_forced_review_without_alerts_keeps_the_report(self, unit: BusinessUnit) -> None:
        overdue(customer(unit), 100, 45)
        told = reviews.report(review(unit))
        again = review(unit, force=True, with_alerts=False)
        assert reviews.report(again) == told != {}

    def test_a_review_before_the_day_ended_is_done_again_when_it_is_over(
        self, unit: BusinessUnit
    ) -> None:
        li = customer(unit)
        overdue(li, 100, 45)
        noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=SHANGHAI)
        early = review(unit, now=noon)
        assert not reviews.is_final(early, unit=unit)
        pay(OverdueAlert.objects.exclude(item=None).get().item, on=DAY)  # type: ignore[arg-type]
        assert (
            reviews.totals(review(unit, now=noon + timedelta(hours=3)))["CNY"]["overdue"]
            == "100.00"
        )
        final = review(unit)
        assert reviews.is_final(final, unit=unit)
        assert final.pk == early.pk
        assert reviews.totals(final) == {}
        assert not OverdueAlert.objects.unfinished().exists()

    def test_a_day_to_come_is_refused(self) -> None:
        with pytest.raises(reviews.FutureDate, match="2026-04-01 has not come yet"):
            reviews.check_date(as_of=DAY + ONE_DAY, today=DAY)
        reviews.check_date(as_of=DAY, today=DAY)


class TestCatchUp:
    def test_a_unit_never_reviewed_begins_with_yesterday(self, unit: BusinessUnit) -> None:
        assert reviews.missing_days(unit, DAY) == [DAY - ONE_DAY]

    def test_days_since_the_last_review_are_missing(self, unit: BusinessUnit) -> None:
        review(unit, DAY - timedelta(days=4))
        assert reviews.missing_days(unit, DAY) == [DAY - timedelta(days=n) for n in (3, 2, 1)]

    def test_no_more_than_31_days_are_caught_up(self, unit: BusinessUnit) -> None:
        review(unit, DAY - timedelta(days=200))
        missing = reviews.missing_days(unit, DAY)
        assert (len(missing), missing[-1]) == (31, DAY - ONE_DAY)

    def test_a_provisional_review_is_still_missing(self, unit: BusinessUnit) -> None:
        review(unit, DAY - timedelta(days=2))
        yesterday = DAY - ONE_DAY
        review(
            unit,
            yesterday,
            now=datetime(yesterday.year, yesterday.month, yesterday.day, 12, tzinfo=SHANGHAI),
        )
        assert reviews.missing_days(unit, DAY) == [yesterday]

    def test_a_hole_between_reviews_is_missing_too(self, unit: BusinessUnit) -> None:
        review(unit, DAY - timedelta(days=4))
        review(unit, DAY - timedelta(days=2))
        review(unit, DAY - ONE_DAY)
        assert reviews.missing_days(unit, DAY) == [DAY - timedelta(days=3)]

    def test_the_night_fills_every_hole_and_alerts_come_from_the_newest_day_only(
        self, unit: BusinessUnit, stop_clock: Any, do_jobs: Any
    ) -> None:
        li = customer(unit)
        review(unit, DAY - timedelta(days=5))
        review(unit, DAY - timedelta(days=3))
        item = overdue(li, 100, 31)  # reached 30 days yesterday
        stop_clock(night_after(DAY))
        tasks.start_nightly_reviews()
        do_jobs()
        found = AgingReview.objects.filter(unit=unit).order_by("as_of")
        assert [r.as_of for r in found] == [DAY - timedelta(days=n) for n in (5, 4, 3, 2, 1, 0)]
        assert [bool(reviews.report(r)) for r in found][1::2] == [False, False, True]
        alert = OverdueAlert.objects.get(item=item)
        assert (alert.raised_on, alert.rule.code) == (DAY, "days_overdue_30")
        jobs_before = Job.objects.count()
        tasks.start_nightly_reviews()
        assert Job.objects.count() == jobs_before

    def test_a_review_that_failed_is_tried_again_in_the_next_night_not_before(
        self, unit: BusinessUnit, stop_clock: Any
    ) -> None:
        stop_clock(night_after(DAY))
        job = tasks.enqueue_review(unit=unit, as_of=DAY, actor=None)
        Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED, finished_at=night_after(DAY))
        assert tasks.enqueue_review(unit=unit, as_of=DAY, actor=None).state == Job.State.FAILED
        stop_clock(night_after(DAY + ONE_DAY))
        assert tasks.enqueue_review(unit=unit, as_of=DAY, actor=None).state == Job.State.QUEUED


class TestSummaries:
    def test_are_kept_by_owner_currency_and_bucket(
        self, unit: BusinessUnit, make_user: Any
    ) -> None:
        sales = make_user(Role.SALESPERSON, units=[unit])
        overdue(customer(unit, sales_owner=sales), 100, 45)
        overdue(customer(unit, sales_owner=sales), 11, 45)
        overdue(customer(unit), 7, 45, currency="USD")
        review(unit)
        rows = AgingSummary.objects.filter(as_of=DAY).values_list(
            "owner", "currency", "bucket", "amount"
        )
        assert set(rows) == {
            (sales.pk, "CNY", "d31_60", Decimal("111.00")),
            (None, "USD", "d31_60", Decimal("7.00")),
        }

    def test_month_ends_are_stale_until_computed_and_again_after_a_late_posting(
        self, unit: BusinessUnit
    ) -> None:
        li = customer(unit)
        overdue(li, 100, 45)
        stale = summaries.stale_month_ends(unit, DAY, 3)
        assert stale == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
        later = datetime.now(tz=SHANGHAI) + timedelta(hours=2)
        summaries.refresh(unit=unit, as_of_dates=stale, now=later)
        assert summaries.stale_month_ends(unit, DAY, 3) == []
        # Recorded after all were computed, dated in February.
        earlier = datetime.now(tz=SHANGHAI) - timedelta(days=1)
        summaries.refresh(unit=unit, as_of_dates=stale, now=earlier)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(
                "UPDATE receivables_openitem SET recorded_at = recorded_at - interval '3 days'"
            )
            cursor.execute("SET LOCAL session_replication_role = origin")
        assert summaries.stale_month_ends(unit, DAY, 3) == []
        owe(li, 9, due=date(2026, 5, 1), posted=date(2026, 2, 10))
        assert summaries.stale_month_ends(unit, DAY, 3) == [date(2026, 2, 28), date(2026, 3, 31)]

    def test_a_late_allocation_makes_its_month_stale(self, unit: BusinessUnit) -> None:
        item = overdue(customer(unit), 100, 45)
        stale = summaries.stale_month_ends(unit, DAY, 3)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(
                "UPDATE receivables_openitem SET recorded_at = recorded_at - interval '3 days'"
            )
            cursor.execute("SET LOCAL session_replication_role = origin")
        summaries.refresh(
            unit=unit, as_of_dates=stale, now=datetime.now(tz=SHANGHAI) - timedelta(days=1)
        )
        assert summaries.stale_month_ends(unit, DAY, 3) == []
        pay(item, on=date(2026, 3, 2))
        assert summaries.stale_month_ends(unit, DAY, 3) == [date(2026, 3, 31)]


class TestJobs:
    def test_the_night_reviews_every_active_unit_once(
        self, unit: BusinessUnit, stop_clock: Any, do_jobs: Any
    ) -> None:
        BusinessUnit.objects.create(code="CLOSED", name="旧公司", is_active=False)
        overdue(customer(unit), 100, 45)
        stop_clock("2026-04-01 02:10")
        tasks.start_nightly_reviews()
        tasks.start_nightly_reviews()
        assert Job.objects.filter(kind="review").count() == 1
        (job,) = (j for j in do_jobs() if j.kind == "review")
        assert job.state == Job.State.DONE, job.error
        assert AgingReview.objects.get().as_of == DAY
        assert AgingSummary.objects.values("as_of").distinct().count() == 24
        tasks.start_nightly_reviews()
        assert Job.objects.filter(kind="review").count() == 1

    def test_days_that_were_missed_are_asked_for(
        self, unit: BusinessUnit, stop_clock: Any, do_jobs: Any
    ) -> None:
        review(unit, DAY - timedelta(days=3))
        stop_clock("2026-04-01 02:10")
        tasks.start_nightly_reviews()
        wanted = (
            Job.objects.filter(kind="review")
            .order_by("pk")
            .values_list("payload__as_of", "payload__alerts")
        )
        assert list(wanted) == [("2026-03-29", False), ("2026-03-30", False), ("2026-03-31", True)]
        do_jobs()
        assert AgingReview.objects.count() == 4

    def test_a_review_of_today_by_hand_does_not_stand_in_for_the_nights(
        self, unit: BusinessUnit, make_user: Any, stop_clock: Any, do_jobs: Any
    ) -> None:
        user = make_user(Role.CREDIT_MANAGER, units=[unit])
        stop_clock("2026-03-31 15:00")
        early = tasks.enqueue_review(unit=unit, as_of=DAY, actor=user)
        do_jobs()
        assert not reviews.is_final(AgingReview.objects.get(), unit=unit)
        stop_clock("2026-04-01 02:10")
        tasks.start_nightly_reviews()
        assert Job.objects.exclude(pk=early.pk).filter(kind="review").exists()
        do_jobs()
        assert reviews.is_final(AgingReview.objects.get(), unit=unit)

    def test_a_failed_review_is_taken_up_again_when_a_person_asks(
        self, unit: BusinessUnit, make_user: Any, stop_clock: Any
    ) -> None:
        user = make_user(Role.CREDIT_MANAGER, units=[unit])
        stop_clock("2026-04-01 09:00")
        job = tasks.enqueue_review(unit=unit, as_of=DAY, actor=None)
        Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED)
        assert tasks.enqueue_review(unit=unit, as_of=DAY, actor=None).state == Job.State.FAILED
        assert tasks.enqueue_review(unit=unit, as_of=DAY, actor=user).state == Job.State.QUEUED

    def test_a_worker_that_lost_its_lease_in_the_review_leaves_nothing(
        self, unit: BusinessUnit, stop_clock: Any
    ) -> None:
        overdue(customer(unit), 100, 45)
        stop_clock("2026-04-01 09:00")
        job = tasks.enqueue_review(unit=unit, as_of=DAY, actor=None)
        claimed = jobs.claim(job_id=job.pk, now=night_after(DAY))
        assert claimed is not None
        work = jobs.JobRun(job=claimed, clock=lambda: night_after(DAY))
        Job.objects.filter(pk=job.pk).update(lease_token="another worker's")
        before = everything()
        with pytest.raises(jobs.LeaseLost):
            review(unit, job_run=work)
        assert everything() == before


class TestCommand:
    def test_prints_what_it_found(self, unit: BusinessUnit, stop_clock: Any) -> None:
        overdue(customer(unit), 100, 45)
        overdue(customer(unit), 5, 3, currency="USD")
        stop_clock("2026-04-01 09:00")
        out = io.StringIO()
        call_command("review", date="2026-03-31", unit=unit.code, stdout=out)
        assert f"{unit.code} 2026-03-31: 2 customers, 2 open items" in out.getvalue()
        assert "CNY total 100.00, overdue 100.00" in out.getvalue()
        assert "No exchange rate for USD" in out.getvalue()
        again = io.StringIO()
        call_command("review", date="2026-03-31", stdout=again)
        assert again.getvalue() == out.getvalue()
        assert AgingReview.objects.count() == 1

    @pytest.mark.parametrize(
        ("asked", "answer"),
        [
            ({"date": "31.03.2026"}, "not a day"),
            ({"date": "2026-03-31", "unit": "NOWHERE"}, "no active business unit 'NOWHERE'"),
            ({"date": "2026-04-02"}, "has not come yet"),
        ],
    )
    def test_refuses_what_makes_no_sense(
        self, unit: BusinessUnit, stop_clock: Any, asked: dict[str, str], answer: str
    ) -> None:
        stop_clock("2026-04-01 09:00")
        with pytest.raises(CommandError, match=answer):
            call_command("review", **asked)
        assert not AgingReview.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_reviews_at_once_are_one(self, unit: BusinessUnit) -> None:
        overdue(customer(unit), 100, 45)
        barrier = threading.Barrier(2)
        done: list[int] = []
        failures: list[BaseException] = []

        def one(hour: int) -> None:
            try:
                barrier.wait(timeout=20)
                done.append(review(unit, now=night_after(DAY) + timedelta(hours=hour)).pk)
            except BaseException as error:
                failures.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=one, args=(hour,)) for hour in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert not failures
        assert done[0] == done[1]
        assert AgingSnapshot.objects.count() == 1
        assert OverdueAlert.objects.filter(rule__kind="days_overdue").count() == 1

    def test_posting_goes_on_during_a_review(self, unit: BusinessUnit) -> None:
        li = customer(unit)
        overdue(li, 100, 45)
        posted: list[str] = []

        def post() -> None:
            try:
                posted.append(owe(li, 1, due=DAY).number)
            finally:
                connections.close_all()

        with transaction.atomic():
            review(unit)
            thread = threading.Thread(target=post)
            thread.start()
            thread.join(timeout=20)
        assert len(posted) == 1


class TestDigest:
    def test_owner_and_managers_hear_once(
        self, unit: BusinessUnit, make_user: Any, stop_clock: Any, do_jobs: Any
    ) -> None:
        collector = make_user(
            Role.COLLECTOR, units=[unit], email="collector@example.com", language="en"
        )
        manager = make_user(Role.FINANCE_MANAGER, units=[unit])
        stranger = make_user(Role.FINANCE_MANAGER)
        li = customer(unit, collector=collector)
        overdue(li, 100, 200)
        overdue(customer(unit), 100, 3)
        stop_clock("2026-04-01 02:10")
        tasks.start_nightly_reviews()
        do_jobs()
        tasks.start_nightly_reviews()
        heard = Notification.objects.filter(kind="alerts.digest")
        assert set(heard.values_list("user", flat=True)) == {collector.pk, manager.pk}
        counts = heard.get(user=collector).context
        assert (counts["day"], counts["total"], counts["red"]) == (
            "2026-03-31",
            2,
            1,
        )  # also its share of all
        assert heard.get(user=manager).context["total"] == 4
        assert f"raised_from={DAY}" in heard.get(user=manager).link
        mail = OutboxMessage.objects.get()
        assert mail.recipient == "collector@example.com"
        assert mail.subject == "Review of 2026-03-31: 2 new alerts, 1 red, 0 orange, 1 yellow."
        assert not Notification.objects.filter(user=stranger).exists()

    def test_waits_for_the_last_unit(
        self, unit: BusinessUnit, make_user: Any, stop_clock: Any
    ) -> None:
        other = BusinessUnit.objects.create(code="OTHER", name="华南公司")
        manager = make_user(Role.FINANCE_MANAGER, all_units=True)
        overdue(customer(unit), 100, 45)
        overdue(customer(other), 100, 45)
        stop_clock("2026-04-01 02:10")
        review(unit)
        tasks._send_digest_if_complete(as_of=DAY)
        assert not Notification.objects.exists()
        review(other)
        tasks._send_digest_if_complete(as_of=DAY)
        assert Notification.objects.get(user=manager).context["total"] == 4

    def test_managers_hear_of_a_missing_rate(
        self, unit: BusinessUnit, make_user: Any, stop_clock: Any
    ) -> None:
        manager = make_user(Role.FINANCE_MANAGER, units=[unit])
        overdue(customer(unit), 100, -3, currency="USD")
        stop_clock("2026-04-01 02:10")
        done = review(unit)
        assert reviews.report(done)["missing_rates"] == ["USD"]
        tasks._send_digest_if_complete(as_of=DAY)
        tasks._send_digest_if_complete(as_of=DAY)
        note = Notification.objects.get(user=manager)
        assert note.kind == "alerts.rate_missing"
        assert note.context["currencies"] == "USD"


def test_reversing_an_item_closes_its_alert(unit: BusinessUnit) -> None:
    item = overdue(customer(unit), 100, 45)
    review(unit)
    ledger.reverse(item=item, effective_date=DAY + ONE_DAY, reason="Booked twice", actor=None)
    review(unit, DAY + ONE_DAY)
    assert OverdueAlert.objects.get(item=item).state == "closed"
