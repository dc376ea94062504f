"""Every row of the table of payment terms, as a credit manager reads it."""

import doctest
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.domain import terms
from customers.domain.terms import (
    BaseEvent,
    HolidayRule,
    Instalment,
    InstalmentKind,
    Part,
    Problem,
    Rule,
)

TENTH_OF_MARCH = date(2026, 3, 10)


def weekdays_only(day: date) -> bool:
    return day.weekday() < 5


def test_examples_in_the_module_hold():
    assert doctest.testmod(terms).failed == 0


@pytest.mark.parametrize(
    ("name", "rule", "due"),
    [
        ("预收/款到发货", Rule(base_event=BaseEvent.ORDER), date(2026, 3, 10)),
        ("货到付款", Rule(base_event=BaseEvent.SIGN_OFF), date(2026, 3, 10)),
        ("月结30天 from the invoice", Rule(months=1), date(2026, 4, 10)),
        ("月结30天 from month end", Rule(end_of_month=True, days=30), date(2026, 4, 30)),
        ("月结60天", Rule(end_of_month=True, days=60), date(2026, 5, 30)),
        ("次月结30天", Rule(end_of_month=True, days=31), date(2026, 5, 1)),
        # The source counts 30 days of April and then 15 of May.
        ("次月结30天+15", Rule(end_of_month=True, days=30, grace_days=15), date(2026, 5, 15)),
        ("票到60天", Rule(base_event=BaseEvent.INVOICE_RECEIVED, days=60), date(2026, 5, 9)),
        ("30天净额", Rule(days=30), date(2026, 4, 9)),
        ("end of month", Rule(end_of_month=True), date(2026, 3, 31)),
        ("end of next month", Rule(end_of_month=True, months=1), date(2026, 4, 30)),
    ],
)
def test_an_invoice_of_10_march_is_due(name, rule, due):
    assert terms.due_date(rule, TENTH_OF_MARCH) == due


def test_months_end_on_the_corresponding_day_or_at_month_end():
    assert terms.due_date(Rule(months=1), date(2026, 1, 31)) == date(2026, 2, 28)
    assert terms.due_date(Rule(months=1), date(2028, 1, 31)) == date(2028, 2, 29)
    assert terms.due_date(Rule(months=12), date(2028, 2, 29)) == date(2029, 2, 28)
    assert terms.due_date(Rule(months=1, days=5), date(2026, 1, 31)) == date(2026, 3, 5)


def test_from_the_end_of_a_month_months_run_to_the_end_of_a_month():
    assert terms.due_date(Rule(end_of_month=True, months=1), date(2026, 2, 10)) == date(2026, 3, 31)
    assert terms.due_date(Rule(end_of_month=True, months=2, days=10), date(2026, 2, 10)) == date(
        2026, 5, 10
    )


def test_what_comes_after_the_cut_off_counts_for_the_next_month():
    rule = Rule(cut_off_day=25, end_of_month=True, days=30)
    assert terms.due_date(rule, date(2026, 3, 25)) == date(2026, 4, 30)
    assert terms.due_date(rule, date(2026, 3, 26)) == date(2026, 5, 30)
    assert terms.due_date(Rule(cut_off_day=25, days=10), date(2026, 12, 26)) == date(2027, 1, 11)
    assert terms.due_date(Rule(cut_off_day=31), date(2026, 3, 31)) == date(2026, 3, 31)


def test_fixed_pay_days_take_the_next_one():
    rule = Rule(days=30, pay_days=(10, 25))
    assert terms.due_date(rule, date(2026, 3, 10)) == date(2026, 4, 10)
    assert terms.due_date(rule, date(2026, 3, 11)) == date(2026, 4, 10)
    assert terms.due_date(rule, date(2026, 3, 12)) == date(2026, 4, 25)
    assert terms.due_date(rule, date(2026, 3, 27)) == date(2026, 5, 10)


def test_a_pay_day_31_is_the_last_day_of_any_month():
    assert terms.due_date(Rule(pay_days=(31,)), date(2026, 2, 3)) == date(2026, 2, 28)
    assert terms.due_date(Rule(pay_days=(31,)), date(2026, 4, 30)) == date(2026, 4, 30)
    assert terms.due_date(Rule(pay_days=(30, 31)), date(2028, 2, 29)) == date(2028, 2, 29)


def test_grace_comes_after_the_pay_day():
    rule = Rule(days=30, pay_days=(10,), grace_days=5)
    assert terms.due_date(rule, date(2026, 3, 12)) == date(2026, 5, 15)


@pytest.mark.parametrize(
    ("holiday_rule", "due"),
    [
        (HolidayRule.UNCHANGED, date(2026, 4, 11)),
        (HolidayRule.NEXT_WORKING_DAY, date(2026, 4, 13)),
        (HolidayRule.PREVIOUS_WORKING_DAY, date(2026, 4, 10)),
    ],
)
def test_a_saturday_moves_by_the_holiday_rule(holiday_rule, due):
    rule = Rule(days=30, holiday_rule=holiday_rule)
    assert terms.due_date(rule, date(2026, 3, 12), weekdays_only) == due


def test_the_holiday_rule_needs_a_calendar_with_working_days():
    rule = Rule(holiday_rule=HolidayRule.NEXT_WORKING_DAY)
    with pytest.raises(ValueError, match="needs a calendar"):
        terms.due_date(rule, TENTH_OF_MARCH)
    with pytest.raises(ValueError, match="no working day"):
        terms.due_date(rule, TENTH_OF_MARCH, lambda day: False)


def test_without_instalments_the_whole_is_due_once():
    assert terms.due_dates(Rule(days=30), TENTH_OF_MARCH, Decimal("100.00")) == [
        Instalment(1, InstalmentKind.REGULAR, Decimal("100.00"), date(2026, 4, 9), date(2026, 4, 9))
    ]


def test_instalments_30_60_10_with_retention_after_acceptance():
    rule = Rule(
        parts=(
            Part(Decimal(30)),
            Part(Decimal(60), months=3),
            Part(Decimal(10), months=12, kind=InstalmentKind.RETENTION),
        )
    )
    found = terms.due_dates(
        rule, TENTH_OF_MARCH, Decimal("100000.01"), acceptance_date=date(2026, 4, 20)
    )
    assert [(i.position, i.kind.value, i.amount, i.due_date) for i in found] == [
        (1, "regular", Decimal("30000.00"), date(2026, 3, 10)),
        (2, "regular", Decimal("60000.01"), date(2026, 6, 10)),
        (3, "retention", Decimal("10000.00"), date(2027, 4, 20)),
    ]


@pytest.mark.parametrize(
    ("months", "due"), [(6, date(2026, 9, 10)), (12, date(2027, 3, 10)), (24, date(2028, 3, 10))]
)
def test_retention_of_3_percent_is_due_after_the_defect_period(months, due):
    """The month's end, pay days and grace are for the price, not for what is kept back."""
    rule = Rule(
        base_event=BaseEvent.ACCEPTANCE, end_of_month=True, pay_days=(10,), grace_days=7,
        parts=(Part(Decimal(97), days=30), Part(Decimal(3), months=months, kind=InstalmentKind.RETENTION)),
    )  # fmt: skip
    price, kept = terms.due_dates(rule, TENTH_OF_MARCH, Decimal("200000.00"))
    assert (price.amount, price.due_date) == (Decimal("194000.00"), date(2026, 5, 17))
    assert (kept.amount, kept.due_date, kept.kind) == (
        Decimal("6000.00"),
        due,
        InstalmentKind.RETENTION,
    )


def test_each_instalment_knows_whether_a_holiday_moved_it():
    rule = Rule(
        holiday_rule=HolidayRule.NEXT_WORKING_DAY,
        parts=(Part(Decimal(50)), Part(Decimal(50), days=32)),
    )
    first, second = terms.due_dates(rule, TENTH_OF_MARCH, Decimal("1.01"), weekdays_only)
    assert (first.amount, second.amount) == (Decimal("0.51"), Decimal("0.50"))
    assert not first.was_moved
    assert second.was_moved
    assert (second.nominal_date, second.due_date) == (date(2026, 4, 11), date(2026, 4, 13))


@given(
    cents=st.integers(min_value=-(10**12), max_value=10**12),
    weights=st.lists(st.integers(min_value=1, max_value=100), min_size=1, max_size=12),
)
def test_the_parts_always_add_up(cents, weights):
    amount = Decimal(cents) / 100
    rule = Rule(parts=tuple(Part(Decimal(w)) for w in weights))
    found = terms.due_dates(rule, TENTH_OF_MARCH, amount)
    assert sum(i.amount for i in found) == amount
    assert all(
        abs(i.amount - amount * w / sum(weights)) < Decimal("0.01")
        for i, w in zip(found, weights, strict=True)
    )


@given(
    day=st.dates(date(2000, 1, 1), date(2090, 12, 31)),
    days=st.integers(0, 400),
    months=st.integers(0, 36),
    end_of_month=st.booleans(),
    pay_days=st.sets(st.integers(1, 31), max_size=3),
    cut_off=st.none() | st.integers(1, 31),
)
def test_no_due_date_lies_before_the_event(day, days, months, end_of_month, pay_days, cut_off):
    rule = Rule(
        days=days, months=months, end_of_month=end_of_month, pay_days=tuple(pay_days), cut_off_day=cut_off,
        holiday_rule=HolidayRule.NEXT_WORKING_DAY,
    )  # fmt: skip
    due = terms.due_date(rule, day, weekdays_only)
    assert due >= day
    assert weekdays_only(due)


def test_2_10_net_30_gives_its_discount_until_the_tenth_day():
    rule = Rule(days=30, discount_percent=Decimal("2.00"), discount_days=10)
    saved = terms.discount_for(rule, date(2026, 3, 1), Decimal("1234.50"))
    assert saved == terms.Discount(Decimal("2.00"), Decimal("24.69"), date(2026, 3, 11))
    assert terms.due_date(rule, date(2026, 3, 1)) == date(2026, 3, 31)
    assert terms.discount_for(Rule(days=30), date(2026, 3, 1), Decimal(1)) is None


def test_bills_of_exchange_by_months_and_by_days():
    assert terms.bill_due_date(date(2026, 5, 5), months=3) == date(2026, 8, 5)
    assert terms.bill_due_date(date(2026, 4, 30), months=3) == date(2026, 7, 31)
    assert terms.bill_due_date(date(2026, 2, 28), months=1) == date(2026, 3, 31)
    assert terms.bill_due_date(date(2026, 1, 30), months=1) == date(2026, 2, 28)
    assert terms.bill_due_date(date(2026, 5, 5), days=90) == date(2026, 8, 3)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (Rule(cut_off_day=0), Problem.CUT_OFF_DAY),
        (Rule(cut_off_day=32), Problem.CUT_OFF_DAY),
        (Rule(pay_days=(10, 32)), Problem.PAY_DAYS),
        (Rule(days=-1), Problem.NEGATIVE),
        (Rule(parts=(Part(Decimal(100), days=-1),)), Problem.NEGATIVE),
        (Rule(discount_percent=Decimal(2)), Problem.DISCOUNT_HALF),
        (Rule(discount_days=10), Problem.DISCOUNT_HALF),
        (Rule(discount_percent=Decimal(100), discount_days=10), Problem.DISCOUNT_PERCENT),
        (Rule(parts=(Part(Decimal(0)), Part(Decimal(100)))), Problem.PERCENT),
        (Rule(parts=(Part(Decimal(30)), Part(Decimal(60)))), Problem.PERCENT_SUM),
        (Rule(parts=(Part(Decimal(60)), Part(Decimal(60)))), Problem.PERCENT_SUM),
    ],
)
def test_a_rule_that_can_not_be_used_is_named_by_its_problem(rule, problem):
    assert terms.problems_of(rule) == [problem]


def test_a_good_rule_has_no_problem():
    thirds = (Part(Decimal("33.3333")), Part(Decimal("33.3333")), Part(Decimal("33.3334")))
    rule = Rule(
        cut_off_day=25,
        pay_days=(10, 31),
        discount_percent=Decimal(2),
        discount_days=0,
        parts=thirds,
    )
    assert terms.problems_of(rule) == []


def test_retention_above_the_cap_of_construction_law_is_known():
    three = Rule(parts=(Part(Decimal(97)), Part(Decimal(3), kind=InstalmentKind.RETENTION)))
    ten = Rule(parts=(Part(Decimal(90)), Part(Decimal(10), kind=InstalmentKind.RETENTION)))
    assert terms.retention_percent(three) == Decimal(3)
    assert not terms.is_over_retention_cap(three)
    assert terms.is_over_retention_cap(ten)
    assert terms.retention_percent(Rule()) == Decimal(0)
