"""Payment terms as data: delivered, edited, previewed, refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from config.core.errors import DomainError
from config.core.models import AuditEvent, CalendarDay
from config.core.selectors import calendar
from config.core.versions import StaleVersion
from customers.domain.terms import HolidayRule, InstalmentKind, Part, problems_of
from customers.models import PaymentTerms, PaymentTermsInstalment
from customers.selectors import terms as selectors
from customers.services import terms
from customers.services.refusals import FieldRefused

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 10)
HALVES = (Part(Decimal(50)), Part(Decimal(50), days=60))


@pytest.mark.parametrize(
    ("code", "due"),
    [
        ("PREPAID", ["2026-03-10"]),
        ("COD", ["2026-03-10"]),
        ("NET30", ["2026-04-09"]),
        ("M30-INV", ["2026-04-10"]),
        ("M30-EOM", ["2026-04-30"]),
        ("M60-EOM", ["2026-05-30"]),
        ("NM30", ["2026-05-01"]),
        ("REC60", ["2026-05-09"]),
        ("2-10-N30", ["2026-04-09"]),
        ("306010", ["2026-03-10", "2026-06-10", "2027-03-10"]),
        ("ACC30-R3", ["2026-04-09", "2028-03-10"]),
    ],
)
def test_delivered_terms_give_the_dates_people_expect(code, due):
    rule = selectors.rule_of(terms=selectors.all_terms().get(code=code))
    assert problems_of(rule) == []
    found = selectors.preview(
        rule=rule, document_date=DAY, amount=Decimal("1000.00"), is_working_day=lambda day: True
    )
    assert [i.due_date.isoformat() for i in found.instalments] == due
    assert sum(i.amount for i in found.instalments) == Decimal("1000.00")


def test_every_delivered_term_has_a_name_in_both_languages():
    assert PaymentTerms.objects.count() == 11
    assert not PaymentTerms.objects.filter(name_en="").exists()
    assert not PaymentTerms.objects.filter(name="").exists()


def test_retention_over_three_percent_is_pointed_out():
    for code, over in (("306010", True), ("ACC30-R3", False), ("NET30", False)):
        rule = selectors.rule_of(terms=PaymentTerms.objects.get(code=code))
        found = selectors.preview(
            rule=rule, document_date=DAY, amount=Decimal(100), is_working_day=lambda day: True
        )
        assert found.is_over_retention_cap is over


def test_the_calendar_of_the_house_moves_a_due_date():
    made = terms.create(
        code="N30H",
        name="30天顺延",
        actor=None,
        days=30,
        holiday_rule=HolidayRule.NEXT_WORKING_DAY.value,
    )
    CalendarDay.objects.create(date=date(2026, 4, 9), is_working=False, note="厂庆")
    rule = selectors.rule_of(terms=made)
    found = selectors.preview(
        rule=rule,
        document_date=DAY,
        amount=Decimal(100),
        is_working_day=calendar.load().is_working_day,
    )
    only = found.instalments[0]
    assert (only.nominal_date, only.due_date, only.was_moved) == (
        date(2026, 4, 9),
        date(2026, 4, 10),
        True,
    )


def test_terms_are_added_with_instalments(trail):
    made = terms.create(
        code=" MINE ", name="对半付", actor=None, pay_days=[25, 10, 25], discount_percent=Decimal("1.50"),
        discount_days=7, instalments=HALVES,
    )  # fmt: skip
    made.refresh_from_db()
    assert (made.code, made.pay_days) == ("MINE", [10, 25])
    parts = made.instalments.order_by("position").values_list("position", "kind", "percent", "days")
    assert list(parts) == [
        (1, "regular", Decimal("50.0000"), 0),
        (2, "regular", Decimal("50.0000"), 60),
    ]
    assert trail() == ["payment_terms.created"]
    assert AuditEvent.objects.get().after["instalments"][1]["days"] == 60


@pytest.mark.parametrize(
    ("details", "field", "part"),
    [
        ({"code": "net30"}, "code", "already"),
        ({"code": ""}, "code", "blank"),
        ({"name": ""}, "name", "blank"),
        ({"cut_off_day": 32}, "cut_off_day", "31"),
        ({"months": 61}, "months", "60"),
        ({"days": -1}, "days", ""),
        ({"holiday_rule": "never"}, "holiday_rule", "not a valid choice"),
        ({"base_event": "moon"}, "base_event", "not a valid choice"),
        ({"discount_percent": Decimal(2)}, "discount_percent", "both"),
        (
            {"instalments": (Part(Decimal(30)), Part(Decimal("60.5")))},
            "instalments",
            "90.5 percent",
        ),
        ({"instalments": tuple(Part(Decimal(1)) for _ in range(37))}, "instalments", "at most 36"),
    ],
)
def test_terms_that_can_not_be_used_are_refused(details, field, part, trail):
    values = {"code": "X", "name": "名"} | details
    with pytest.raises(FieldRefused) as refusal:
        terms.create(actor=None, **values)
    assert refusal.value.field == field
    assert part in str(refusal.value)
    assert PaymentTerms.objects.count() == 11
    assert trail() == []


def test_an_update_replaces_instalments_only_when_given(trail):
    made = terms.create(code="MINE", name="对半付", actor=None, instalments=HALVES)
    kept = terms.update(terms=made, actor=None, expected_version=1, grace_days=5)
    assert kept.instalments.count() == 2
    changed = terms.update(
        terms=made, actor=None, expected_version=2,
        instalments=(Part(Decimal(95)), Part(Decimal(5), months=12, kind=InstalmentKind.RETENTION)),
    )  # fmt: skip
    assert (changed.version, changed.grace_days) == (3, 5)
    assert list(changed.instalments.order_by("position").values_list("kind", flat=True)) == [
        "regular",
        "retention",
    ]
    whole = terms.update(terms=made, actor=None, expected_version=3, instalments=())
    assert not whole.instalments.exists()
    assert trail() == ["payment_terms.created"] + ["payment_terms.changed"] * 3
    assert AuditEvent.objects.latest("pk").after["instalments"] == []


def test_a_refused_update_changes_nothing():
    made = terms.create(code="MINE", name="对半付", actor=None, instalments=HALVES)
    rows = list(PaymentTermsInstalment.objects.values())
    with pytest.raises(FieldRefused):
        terms.update(
            terms=made, actor=None, expected_version=1, days=10, instalments=(Part(Decimal(99)),)
        )
    with pytest.raises(StaleVersion):
        terms.update(terms=made, actor=None, expected_version=7, days=10)
    made.refresh_from_db()
    assert (made.days, made.version) == (0, 1)
    assert list(PaymentTermsInstalment.objects.values()) == rows


def test_terms_in_use_are_switched_off_and_not_deleted(make_customer):
    made = terms.create(code="MINE", name="我的", actor=None, instalments=HALVES)
    customer = make_customer(payment_terms=made)
    with pytest.raises(DomainError, match=r"customers: 1.*Switch them off"):
        terms.remove(terms=made, actor=None, expected_version=1)
    assert PaymentTerms.objects.filter(pk=made.pk).exists()
    assert made.instalments.count() == 2
    customer.payment_terms = None
    customer.save()
    with pytest.raises(StaleVersion):
        terms.remove(terms=made, actor=None, expected_version=2)
    terms.remove(terms=made, actor=None, expected_version=1)
    assert not PaymentTerms.objects.filter(pk=made.pk).exists()
    assert AuditEvent.objects.latest("pk").action == "payment_terms.removed"
