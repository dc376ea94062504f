"""The worked and published examples of domain notes, part 21, and what is undefined."""

from __future__ import annotations

from decimal import Decimal

import pytest

from receivables.domain.metrics import (
    Flows,
    Month,
    average_days_delinquent,
    best_possible_dso,
    collection_effectiveness_index,
    count_back_dso,
    days_sales_outstanding,
    ratio,
    receivables_turnover,
)

SECOND_QUARTER = Flows(Decimal("15.0"), Decimal("27.0"), Decimal("18.0"), Decimal("13.5"), 91)


def flows(opening="0", sales="0", closing="0", not_due="0", days=30) -> Flows:
    return Flows(Decimal(opening), Decimal(sales), Decimal(closing), Decimal(not_due), days)


def test_the_own_example():
    assert days_sales_outstanding(SECOND_QUARTER) == Decimal("60.67")
    assert best_possible_dso(SECOND_QUARTER) == Decimal("45.50")
    assert average_days_delinquent(SECOND_QUARTER) == Decimal("15.17")
    assert collection_effectiveness_index(SECOND_QUARTER) == Decimal("84.21")
    assert receivables_turnover(SECOND_QUARTER) == Decimal("1.64")


@pytest.mark.parametrize(
    ("figure", "given", "expected"),
    [
        (days_sales_outstanding, flows(sales="10000", closing="15000"), "45.00"),
        (best_possible_dso, flows(sales="10000", closing="15000", not_due="4000"), "12.00"),
        (average_days_delinquent, flows(sales="10000", closing="15000", not_due="4000"), "33.00"),
        (collection_effectiveness_index, flows("100", "1000", "120", "100"), "98.00"),
        (collection_effectiveness_index, flows("6200", "10890", "6340", "3590"), "79.63"),
    ],
)
def test_published_examples(figure, given, expected):
    assert figure(given) == Decimal(expected)


@pytest.mark.parametrize(
    ("receivables", "months", "expected"),
    [
        ("212", [("100", 30), ("80", 30), ("70", 30)], "73.71"),
        ("2.1", [("0.9", 31), ("0.8", 28), ("0.7", 31)], "76.71"),
        ("18", [("10", 30), ("9", 31), ("8", 30)], "57.56"),
        ("5", [("10", 30)], "15.00"),
        ("0", [("10", 30)], "0.00"),
        (
            "15",
            [("10", 30), ("0", 31), ("10", 30)],
            "76.00",
        ),  # a month without sales counts its days
    ],
)
def test_count_back(receivables, months, expected):
    found = count_back_dso(Decimal(receivables), [Month(Decimal(s), d) for s, d in months])
    assert found is not None
    assert (found.days, found.exceeded) == (Decimal(expected), False)


def test_count_back_stops_after_two_years_and_says_so():
    months = [Month(Decimal(1), 30)] * 30
    found = count_back_dso(Decimal(1000), months)
    assert found is not None
    assert (found.days, found.exceeded) == (Decimal("720.00"), True)


def test_a_figure_without_meaning_is_none_and_never_zero():
    nothing_sold = flows(opening="5", closing="5", not_due="5")
    assert days_sales_outstanding(nothing_sold) is None
    assert best_possible_dso(nothing_sold) is None
    assert average_days_delinquent(nothing_sold) is None
    assert collection_effectiveness_index(nothing_sold) is None
    assert receivables_turnover(flows()) is None
    assert count_back_dso(Decimal(10), [Month(Decimal(0), 30)]) is None
    assert ratio(Decimal(0), Decimal(0)) is None
    assert ratio(Decimal(0), Decimal(10)) == Decimal("0.00")
