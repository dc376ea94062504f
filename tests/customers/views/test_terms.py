"""Payment terms on the screen: the list with its example, the form with its preview."""

from __future__ import annotations

import pytest

from config.core.models import CalendarDay
from config.core.roles import Role
from customers.models import PaymentTerms
from customers.selectors import terms as selectors
from customers.services import terms
from customers.views import labels

URL = "/customers/terms/"
pytestmark = pytest.mark.django_db
EMPTY_ROWS = {
    "part-TOTAL_FORMS": "3",
    "part-INITIAL_FORMS": "0",
    "part-MIN_NUM_FORMS": "0",
    "part-MAX_NUM_FORMS": "36",
}
VALUES = {
    "code": "MINE",
    "name": "我的",
    "base_event": "invoice",
    "days": "30",
    "holiday_rule": "unchanged",
    "is_active": "on",
}


@pytest.fixture
def manager(client_for, unit):
    return client_for(Role.CREDIT_MANAGER, units=[unit])


@pytest.fixture
def collector(client_for, unit):
    return client_for(Role.COLLECTOR, units=[unit])


def test_the_list_says_when_an_example_is_due(
    collector, make_customer, other_unit, django_assert_max_num_queries
):
    net30 = PaymentTerms.objects.get(code="NET30")
    make_customer(payment_terms=net30)
    make_customer("外地", payment_terms=net30, unit=other_unit)
    terms.create(
        code="N30H",
        name="30天顺延",
        name_en="Net 30, next",
        actor=None,
        days=30,
        holiday_rule="next",
    )
    CalendarDay.objects.create(date="2026-04-09", is_working=False)
    with django_assert_max_num_queries(14):
        answer = collector.get(URL, {"document_date": "2026-03-10", "amount": "1000"})
    text = answer.content.decode()
    for part in (
        "10 Mar 2026",
        "9 Apr 2026",
        "moved from 9 Apr 2026",
        "Invoice date → month end → + 30 days",
        "less 20.00 until 20 Mar 2026",
        "Retention",
    ):
        assert part in text, part
    counts = {line.terms.code: line.customers for line in answer.context["lines"]}
    assert (counts["NET30"], counts["COD"]) == (1, 0)
    assert f"/customers/?payment_terms={net30.pk}" in text
    assert "/customers/terms/new/" not in text


def test_the_example_is_today_when_nothing_or_nonsense_is_asked(collector, stop_clock):
    stop_clock("2026-03-10 10:00")
    assert "10 Mar 2026" in collector.get(URL).content.decode()
    text = collector.get(URL, {"document_date": "x", "amount": "y"}).content.decode()
    assert "YYYY-MM-DD" in text
    assert "10 Mar 2026" in text


def test_terms_are_added_with_instalments(manager):
    body = VALUES | EMPTY_ROWS | {
        "pay_days": "25，10", "discount_percent": "2", "discount_days": "10", "part-0-percent": "30", "part-0-kind": "regular",
        "part-1-percent": "70", "part-1-kind": "retention", "part-1-months": "12", "part-2-kind": "regular",
    }  # fmt: skip
    assert manager.post(f"{URL}new/", body).status_code == 302
    made = PaymentTerms.objects.get(code="MINE")
    assert (made.days, made.pay_days, made.is_active) == (30, [10, 25], True)
    assert list(made.instalments.order_by("position").values_list("kind", "percent", "months")) == [
        ("regular", 30, 0),
        ("retention", 70, 12),
    ]
    form = manager.get(f"{URL}{made.pk}/")
    assert 'value="10, 25"' in form.content.decode()
    assert 'value="70"' in form.content.decode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"code": "cod"}, "already"),
        ({"pay_days": "ten"}, "10, 25"),
        ({"pay_days": "0"}, "1 to 31"),
        ({"discount_percent": "2"}, "needs both"),
        ({"part-0-percent": "30"}, "add up to 30 percent"),
        ({"part-0-days": "30"}, "Give this instalment a share"),
        ({"part-0-percent": "x"}, "Enter a number."),
        ({"months": "61"}, "less than or equal to 60"),
        ({"base_event": "moon"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_stands_on_the_form(manager, change, sentence):
    answer = manager.post(f"{URL}new/", VALUES | EMPTY_ROWS | change)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert PaymentTerms.objects.count() == 11


def test_terms_are_changed_and_an_old_version_is_refused(manager):
    found = PaymentTerms.objects.get(code="306010")
    place = f"{URL}{found.pk}/"
    form = manager.get(place)
    assert form.context["rows"].initial[2]["percent"] == "10"
    body = (
        VALUES
        | EMPTY_ROWS
        | {"code": "306010", "version": "1", "days": "0", "part-0-percent": "100"}
    )
    assert manager.post(place, body).status_code == 302
    found.refresh_from_db()
    assert (found.version, found.instalments.count()) == (2, 1)
    answer = manager.post(place, body)
    assert answer.status_code == 422
    assert "Somebody else changed" in answer.content.decode()


def test_terms_are_deleted_only_when_nobody_has_them(manager, make_customer):
    found = PaymentTerms.objects.get(code="COD")
    customer = make_customer(payment_terms=found)
    answer = manager.post(f"{URL}{found.pk}/delete/", {"version": 1}, follow=True)
    assert "Switch them off" in answer.content.decode()
    customer.payment_terms = None
    customer.save()
    assert (
        "were deleted"
        in manager.post(f"{URL}{found.pk}/delete/", {"version": 1}, follow=True).content.decode()
    )
    assert not PaymentTerms.objects.filter(code="COD").exists()


def test_the_preview_says_when_it_is_due_or_what_is_missing(collector):
    def preview(**change):
        query = VALUES | EMPTY_ROWS | {"document_date": "2026-03-10", "amount": "1000", **change}
        return collector.get(f"{URL}preview/", query).content.decode()

    assert "9 Apr 2026" in preview()
    assert "9 Apr 2026" in preview(code="", name="")
    assert "Whoever pays by 20 Mar 2026 may deduct 20.00." in preview(
        discount_percent="2", discount_days="10"
    )
    parts = preview(
        **{
            "part-0-percent": "90",
            "part-1-percent": "10",
            "part-1-kind": "retention",
            "part-1-months": "12",
        }
    )
    assert "900.00" in parts
    assert "10 Mar 2027" in parts
    assert "at most 3%" in parts
    assert "add up to 90 percent" in preview(**{"part-0-percent": "90"})
    for change in ({"amount": ""}, {"document_date": "x"}, {"days": "x"}, {"part-0-percent": "x"}):
        assert "Correct the marked fields" in preview(**change), change
    assert "Correct the marked fields" in collector.get(f"{URL}preview/").content.decode()


def test_who_may_only_see_can_not_change(collector):
    found = PaymentTerms.objects.get(code="COD")
    assert collector.get(f"{URL}new/").status_code == 403
    assert collector.get(f"{URL}{found.pk}/").status_code == 403
    assert collector.post(f"{URL}{found.pk}/delete/").status_code == 403


def test_every_rule_reads_as_a_line():
    made = terms.create(
        code="ALL", name="全部", actor=None, cut_off_day=25, end_of_month=True, months=1, days=1, pay_days=[10, 25], grace_days=5,
        holiday_rule="previous", base_event="acceptance",
    )  # fmt: skip
    assert labels.summary(selectors.rule_of(terms=made)) == (
        "Acceptance → cut-off on day 25 → month end → + 1 month → + 1 day → pay days 10, 25 → grace 5 → Previous working day"
    )
    instalments = labels.summary(selectors.rule_of(terms=PaymentTerms.objects.get(code="306010")))
    assert instalments == "Invoice date → 3 instalments → 30 / 60 / 10 %"
