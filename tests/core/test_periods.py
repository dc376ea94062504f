"""Closing a month, opening it again with a second person, and never a posting in between."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connections, transaction

from config.core.errors import InvalidInput, NotAllowed
from config.core.models import AccountingPeriod, AuditEvent, PeriodReopening
from config.core.services import periods
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
TODAY = date(2026, 3, 5)
JANUARY = date(2026, 1, 1)


def close(month: date = JANUARY, unit=None, actor=None) -> AccountingPeriod:
    return periods.close(
        unit=unit or factories.unit_a(),
        month=month,
        actor=actor or factories.bob(),
        now=NOW,
        today=TODAY,
    )


def require(*days: date) -> None:
    with transaction.atomic():
        periods.require_open(unit=factories.unit_a(), dates=days)


def test_a_month_without_a_row_is_open() -> None:
    require(date(2026, 1, 31), date(2019, 5, 1))


def test_a_closed_month_takes_no_posting_and_says_what_to_do() -> None:
    close(date(2026, 1, 17))
    require(date(2026, 2, 1), date(2025, 12, 31))
    with pytest.raises(periods.PeriodClosed) as refusal:
        require(date(2026, 2, 1), date(2026, 1, 31))
    assert str(refusal.value).startswith(
        "2026-01 is closed for 甲公司. Use a date in an open month"
    )
    assert refusal.value.status == 422


def test_another_unit_stays_open() -> None:
    close()
    with transaction.atomic():
        periods.require_open(unit=factories.unit_b(), dates=[date(2026, 1, 5)])


@pytest.mark.parametrize("month", [date(2026, 3, 1), date(2026, 4, 1)])
def test_a_month_that_has_not_ended_is_not_closed(month: date) -> None:
    with pytest.raises(periods.PeriodRefused, match="has not ended"):
        close(month)
    assert not AccountingPeriod.objects.exists()


def test_closing_twice_is_refused() -> None:
    close()
    with pytest.raises(periods.PeriodRefused, match="2026-01 is closed already"):
        close()
    assert AuditEvent.objects.filter(action="period.closed").count() == 1


def test_somebody_else_opens_a_month_again() -> None:
    bob, alice = factories.bob(), factories.alice()
    request = periods.request_reopening(period=close(), reason="Invoice 7 was forgotten", actor=bob)
    periods.decide_reopening(reopening=request, approve=True, note="ok", actor=alice, now=NOW)
    require(date(2026, 1, 31))
    request.refresh_from_db()
    assert (request.state, request.decided_by) == ("approved", alice)
    actions = (
        AuditEvent.objects.filter(action__startswith="period.")
        .order_by("id")
        .values_list("action", flat=True)
    )
    assert list(actions) == ["period.closed", "period.reopening_requested", "period.reopened"]


def test_nobody_decides_the_own_request() -> None:
    alice = factories.alice()
    request = periods.request_reopening(period=close(), reason="x", actor=alice)
    with pytest.raises(NotAllowed, match="somebody else decides"):
        periods.decide_reopening(reopening=request, approve=True, note="", actor=alice, now=NOW)
    with pytest.raises(periods.PeriodClosed):
        require(date(2026, 1, 5))


def test_the_database_refuses_it_too() -> None:
    alice = factories.alice()
    with pytest.raises(IntegrityError, match="maker_is_not_checker"), transaction.atomic():
        PeriodReopening.objects.create(
            period=close(), reason="x", requested_by=alice, decided_by=alice
        )


def test_a_rejected_request_leaves_the_month_closed_and_can_be_asked_again() -> None:
    period = close()
    request = periods.request_reopening(period=period, reason="x", actor=factories.bob())
    periods.decide_reopening(
        reopening=request, approve=False, note="no", actor=factories.alice(), now=NOW
    )
    with pytest.raises(periods.PeriodClosed):
        require(date(2026, 1, 5))
    periods.request_reopening(period=period, reason="again", actor=factories.bob())


def test_a_request_is_decided_once_and_asked_for_once() -> None:
    period = close()
    request = periods.request_reopening(period=period, reason="x", actor=factories.bob())
    with pytest.raises(periods.PeriodRefused, match="already asked"):
        periods.request_reopening(period=period, reason="y", actor=factories.alice())
    periods.decide_reopening(
        reopening=request, approve=False, note="", actor=factories.alice(), now=NOW
    )
    with pytest.raises(periods.PeriodRefused, match="decided already"):
        periods.decide_reopening(
            reopening=request, approve=True, note="", actor=factories.alice(), now=NOW
        )


def test_a_request_needs_a_reason_and_a_closed_month() -> None:
    period = close()
    with pytest.raises(InvalidInput, match="Say why"):
        periods.request_reopening(period=period, reason="  ", actor=factories.bob())
    AccountingPeriod.objects.update(state="open")
    with pytest.raises(periods.PeriodRefused, match="is open"):
        periods.request_reopening(period=period, reason="x", actor=factories.bob())


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_a_posting_under_way_and_the_next_one_is_refused() -> None:
    unit, bob = factories.unit_a(), factories.bob()
    posting, release, order = threading.Event(), threading.Event(), []

    def post() -> None:
        with transaction.atomic():
            periods.require_open(unit=unit, dates=[date(2026, 1, 31)])
            posting.set()
            release.wait(10)
            order.append("posted")
        connections.close_all()

    def shut() -> None:
        posting.wait(10)
        close(unit=unit, actor=bob)
        order.append("closed")
        connections.close_all()

    threads = [threading.Thread(target=post), threading.Thread(target=shut)]
    for thread in threads:
        thread.start()
    posting.wait(10)
    threads[1].join(0.5)
    assert order == []
    release.set()
    for thread in threads:
        thread.join()
    assert order == ["posted", "closed"]
    with pytest.raises(periods.PeriodClosed):
        require(date(2026, 1, 31))


@pytest.mark.django_db(transaction=True)
def test_postings_of_many_do_not_wait_for_each_other() -> None:
    unit = factories.unit_a()
    barrier = threading.Barrier(4, timeout=10)

    def post() -> None:
        with transaction.atomic():
            periods.require_open(unit=unit, dates=[date(2026, 1, 31), date(2025, 12, 1)])
            barrier.wait()
        connections.close_all()

    threads = [threading.Thread(target=post) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not barrier.broken


def test_the_journey_on_the_page(client_for, stop_clock) -> None:
    stop_clock("2026-03-05 10:00")
    bob, alice, charlie = factories.bob(), factories.alice(), factories.charlie()
    unit = factories.unit_a()
    asker = client_for(user=bob)
    assert asker.post(f"/settings/periods/{unit.pk}/2026-01/close/").status_code == 302
    period = AccountingPeriod.objects.get()
    assert (
        client_for(user=charlie)
        .post(f"/settings/periods/{period.pk}/reopen/", {"reason": "x"})
        .status_code
        == 404
    )
    assert (
        client_for(user=charlie).post(f"/settings/periods/{unit.pk}/2026-02/close/").status_code
        == 404
    )
    asker.post(f"/settings/periods/{period.pk}/reopen/", {"reason": "forgotten invoice"})
    request = PeriodReopening.objects.get()
    assert (
        asker.post(
            f"/settings/reopenings/{request.pk}/decide/", {"decision": "approve"}
        ).status_code
        == 403
    )
    decider = client_for(user=alice)
    assert "forgotten invoice" in decider.get("/settings/periods/").content.decode()
    assert (
        decider.post(
            f"/settings/reopenings/{request.pk}/decide/", {"decision": "approve"}
        ).status_code
        == 302
    )
    period.refresh_from_db()
    assert period.state == "open"
    assert asker.post(f"/settings/periods/{unit.pk}/2026-03/close/").status_code == 409
    assert asker.post(f"/settings/periods/{unit.pk}/2026-13/close/").status_code == 404


def test_the_journey_over_the_api(api_client, stop_clock) -> None:
    stop_clock("2026-03-05 10:00")
    factories.unit_a(), factories.unit_b()
    bob, alice = api_client(factories.bob()), api_client(factories.alice())
    closed = bob.post("/api/v1/accounting-periods/close/", {"unit": "A", "month": "2026-01"})
    assert (closed.status_code, closed.json()["state"]) == (201, "closed")
    assert (
        bob.post("/api/v1/accounting-periods/close/", {"unit": "B", "month": "2026-01"}).status_code
        == 400
    )
    key = closed.json()["id"]
    asked = bob.post(f"/api/v1/accounting-periods/{key}/request-reopening/", {"reason": "x"})
    decide = f"/api/v1/period-reopenings/{asked.json()['id']}/approve/"
    assert bob.post(decide, {}).status_code == 403
    assert alice.post(decide, {"note": "fine"}).json()["state"] == "approved"
    assert alice.get("/api/v1/accounting-periods/").json()["results"][0]["state"] == "open"
    charlie = api_client(factories.charlie())
    assert charlie.get("/api/v1/accounting-periods/").json()["results"] == []
    assert charlie.get(f"/api/v1/accounting-periods/{key}/").status_code == 404
