"""Working days: 调休 of China known, our own table wins."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from config.core.models import AuditEvent, CalendarDay
from config.core.selectors import calendar
from config.core.services import calendar as service
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 3, 31), True),  # a Tuesday
        (date(2026, 3, 29), False),  # a Sunday
        (date(2026, 10, 1), False),  # National Day
        (date(2026, 10, 10), True),  # a Saturday worked for it
        (date(2026, 2, 17), False),  # Spring Festival
        (date(2025, 1, 26), True),  # a Sunday worked for the Spring Festival
    ],
)
def test_public_holidays_and_make_up_days(day: date, works: bool) -> None:
    assert calendar.is_working_day(day) is works


def test_our_table_wins() -> None:
    factories.CalendarDayFactory(date=date(2026, 10, 10), is_working=False)
    factories.CalendarDayFactory(date=date(2026, 10, 1), is_working=True)
    assert not calendar.is_working_day(date(2026, 10, 10))
    assert calendar.is_working_day(date(2026, 10, 1))


def test_next_previous_and_added_working_days() -> None:
    known = calendar.load()
    assert known.next_working_day(date(2026, 10, 1)) == date(2026, 10, 8)
    assert known.next_working_day(date(2026, 10, 8)) == date(2026, 10, 8)
    assert known.previous_working_day(date(2026, 10, 5)) == date(2026, 9, 30)
    assert known.add_working_days(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert known.add_working_days(date(2026, 10, 8), -1) == date(2026, 9, 30)
    assert known.add_working_days(date(2026, 10, 3), 0) == date(2026, 10, 3)
    assert known.working_days_between(date(2026, 10, 1), date(2026, 10, 10)) == 3


def test_adding_days_is_the_inverse_of_counting_them() -> None:
    known, start = calendar.load(), date(2026, 3, 31)
    for count in range(1, 60):
        end = known.add_working_days(start, count)
        assert known.working_days_between(start + timedelta(days=1), end) == count


def test_many_questions_take_one_query(django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        known = calendar.load()
        for n in range(365):
            known.is_working_day(date(2026, 1, 1) + timedelta(days=n))


def test_setting_a_day_twice_changes_it_and_both_stand_in_the_trail() -> None:
    alice = factories.alice()
    service.set_day(day=date(2026, 5, 9), is_working=True, note="inventory", actor=alice)
    row = service.set_day(day=date(2026, 5, 9), is_working=False, note="", actor=alice)
    assert CalendarDay.objects.count() == 1
    event = AuditEvent.objects.filter(action="calendar.day_set").latest("id")
    assert (event.before["is_working"], event.after["is_working"]) == (True, False)
    service.forget_day(row=row, actor=alice)
    assert not CalendarDay.objects.exists()


def test_the_page_shows_the_year_and_keeps_exceptions(client_for) -> None:
    client = client_for(user=factories.alice())
    page = client.get("/settings/calendar/?year=2026").content.decode()
    assert page.count("is-makeup") > 3
    answer = client.post(
        "/settings/calendar/", {"day": "2026-05-09", "is_working": "1", "note": "盘点"}
    )
    assert answer["Location"] == "/settings/calendar/?year=2026"
    row = CalendarDay.objects.get()
    assert "盘点" in client.get("/settings/calendar/?year=2026").content.decode()
    assert client.post(f"/settings/calendar/{row.pk}/forget/").status_code == 302
    assert not CalendarDay.objects.exists()


@pytest.mark.parametrize("year", ["", "x", "0000", "99999", "1800", "２０２６", "2199"])
def test_an_impossible_year_shows_a_possible_one(client_for, year: str) -> None:
    assert (
        client_for(user=factories.alice()).get("/settings/calendar/", {"year": year}).status_code
        == 200
    )


def test_the_api_sets_and_removes_days(api_client) -> None:
    client = api_client(factories.alice())
    made = client.post("/api/v1/calendar-days/", {"date": "2026-05-09", "is_working": True})
    assert made.status_code == 201
    assert (
        client.post(
            "/api/v1/calendar-days/", {"date": "2026-05-09", "is_working": "yes"}
        ).status_code
        == 400
    )
    assert (
        client.get("/api/v1/calendar-days/?date_from=2026-05-01").json()["results"][0]["is_working"]
        is True
    )
    assert client.delete(f"/api/v1/calendar-days/{made.json()['id']}/").status_code == 204
