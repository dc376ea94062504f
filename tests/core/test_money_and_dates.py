"""Exact money and calendar arithmetic."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pytest

from config.core import dates, money
from config.core.text import clean, comparison_key


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("1.005", "1.01"), ("-1.005", "-1.01"), ("2.345", "2.35"), ("2.344", "2.34"), ("0.125", "0.13"), ("-0.125", "-0.13"),
        ("0.004", "0.00"), ("-0.004", "0.00"), ("99999999999999.994", "99999999999999.99"), ("1e3", "1000.00"),
    ],
)  # fmt: skip
def test_halves_go_away_from_zero(amount, expected):
    assert money.to_text(Decimal(amount)) == expected


@pytest.mark.parametrize("text", ["0", "0.01", "-5", "-5.10", "1234567890123456.78", "10"])
def test_money_as_the_api_writes_it(text):
    assert money.is_amount_text(text)


@pytest.mark.parametrize(
    "text",
    ["", "-0", "-0.00", "01", "1.", ".5", "1.234", "1e3", "1E+15", "1_000", "１２", "NaN", "Infinity", " 1", "1\n", "12345678901234567", "+1", "1,000"],
)  # fmt: skip
def test_what_is_no_money(text):
    assert not money.is_amount_text(text)


def test_parts_add_up_to_the_whole():
    seed = 20260101
    rng = random.Random(seed)
    for whole in ("0.01", "0.02", "0.10", "8.00", "100.00", "99999999999999.99", "-3.00"):
        for count in (2, 3, 7, 97):
            weights = [rng.randint(1, 10) for _ in range(count)]
            parts = money.split(Decimal(whole), weights)
            assert sum(parts) == Decimal(whole), (seed, whole, count)
            equal = money.split(Decimal(whole), [1] * count)
            assert max(equal) - min(equal) <= Decimal("0.01")


def test_splitting_by_nothing_is_refused():
    for weights in ([], [0, 0], [1, -1, 5]):
        with pytest.raises(ValueError, match="Weights"):
            money.split(Decimal(1), weights)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)), (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)), (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 5, 5), 3, date(2026, 8, 5)),
    ],
)  # fmt: skip
def test_months_end_on_the_corresponding_day_or_month_end(day, months, expected):
    assert dates.add_months(day, months) == expected


def test_years_before_is_the_inverse_of_the_anniversary():
    for day in (date(2024, 2, 29), date(2025, 2, 28), date(2025, 3, 1), date(2026, 12, 31)):
        for years in (1, 2, 3, 4):
            first = dates.years_before(day, years)
            assert dates.add_years(first, years) >= day
            assert dates.add_years(date.fromordinal(first.toordinal() - 1), years) < day


def test_month_ends_and_quarters():
    assert dates.month_ends(date(2026, 3, 30), 3) == [
        date(2025, 12, 31),
        date(2026, 1, 31),
        date(2026, 2, 28),
    ]
    assert dates.month_ends(date(2026, 3, 31), 1) == [date(2026, 3, 31)]
    assert dates.quarter_start(date(2026, 11, 23)) == date(2026, 10, 1)


def test_codes_one_cannot_tell_apart_are_one():
    same = ["INV-001", "inv-001", " INV-001 ", "ＩＮＶ－００１", "INV\u200b-001", "INV-001\u00a0"]
    assert {comparison_key(code) for code in same} == {"INV-001"}
    assert comparison_key("INV-002") != "INV-001"
    assert clean(" 张\u200b三 ") == "张三"
