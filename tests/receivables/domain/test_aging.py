"""Which bucket an item is in: edges, years by anniversary, and schemes that are no schemes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.core.dates import add_years
from receivables.domain.aging import (
    YEARS,
    Basis,
    Bucket,
    InvalidScheme,
    Scheme,
    check_buckets,
    days_overdue,
    net_oldest_first,
)

CHINA = Scheme(
    "china",
    (
        Bucket("not_due", "未到期", 0), Bucket("d1_30", "1–30", 30), Bucket("d31_60", "31–60", 60),
        Bucket("d61_90", "61–90", 90), Bucket("d91_180", "91–180", 180), Bucket("d181_365", "181–365", 1, YEARS),
        Bucket("y1_2", "1–2年", 2, YEARS), Bucket("y2_3", "2–3年", 3, YEARS), Bucket("over_y3", "3年以上", None),
    ),
)  # fmt: skip
DAY = date(2026, 6, 30)


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (-400, "not_due"), (-1, "not_due"), (0, "not_due"), (1, "d1_30"), (30, "d1_30"), (31, "d31_60"),
        (60, "d31_60"), (61, "d61_90"), (90, "d61_90"), (91, "d91_180"), (180, "d91_180"), (181, "d181_365"),
        (365, "d181_365"), (366, "y1_2"), (4000, "over_y3"),
    ],
)  # fmt: skip
def test_an_upper_edge_belongs_to_its_bucket(days, code):
    assert CHINA.bucket_of(DAY - timedelta(days=days), as_of=DAY).code == code


@pytest.mark.parametrize(
    ("due", "as_of", "code"),
    [
        (date(2024, 2, 29), date(2025, 2, 28), "d181_365"),
        (date(2024, 2, 29), date(2025, 3, 1), "y1_2"),
        (date(2023, 6, 1), date(2024, 6, 1), "d181_365"),  # 366 days, but one year
        (date(2023, 6, 1), date(2024, 6, 2), "y1_2"),
        (date(2023, 3, 1), date(2024, 2, 29), "d181_365"),
        (date(2023, 2, 28), date(2024, 2, 29), "y1_2"),
        (date(2023, 6, 30), date(2026, 6, 30), "y2_3"),
        (date(2023, 6, 29), date(2026, 6, 30), "over_y3"),
    ],
)
def test_years_are_anniversaries(due, as_of, code):
    assert CHINA.bucket_of(due, as_of=as_of).code == code


@given(
    st.dates(date(1999, 1, 1), date(2060, 12, 31)), st.dates(date(1999, 1, 1), date(2060, 12, 31))
)
def test_every_date_falls_into_the_first_bucket_whose_edge_it_has_not_passed(due, as_of):
    """The same rule said the other way round: walk the edges forward from the due date."""

    def not_passed(bucket: Bucket) -> bool:
        if bucket.upper is None:
            return True
        if bucket.unit == YEARS:
            return as_of <= add_years(due, bucket.upper)
        return as_of <= due + timedelta(days=bucket.upper)

    expected = next(b for b in CHINA.buckets if not_passed(b))
    assert CHINA.bucket_of(due, as_of=as_of) == expected


def test_counted_from_the_document_nothing_is_not_due():
    by_document = CHINA.for_basis(Basis.DOCUMENT)
    assert [b.label for b in by_document.buckets[:2]] == ["0–30", "31–60"]
    assert by_document.bucket_of(DAY, as_of=DAY).code == "d1_30"
    assert by_document.from_days(0) == 0


def test_the_edges_in_days_are_shown_without_gap():
    assert [(CHINA.from_days(i), b.to_days) for i, b in enumerate(CHINA.buckets)] == [
        (None, 0), (1, 30), (31, 60), (61, 90), (91, 180), (181, 365), (366, 730), (731, 1095), (1096, None),
    ]  # fmt: skip


NOT_DUE, OPEN_END = Bucket("not_due", "Not due", 0), Bucket("older", "Older", None)


@pytest.mark.parametrize(
    ("_case", "buckets", "sentence"),
    [
        ("too few", [NOT_DUE, OPEN_END], "at least three"),
        (
            "no not due",
            [Bucket("a", "1–30", 30), Bucket("b", "31–60", 60), OPEN_END],
            "first bucket must be",
        ),
        (
            "not due in years",
            [Bucket("a", "x", 0, YEARS), Bucket("b", "1–30", 30), OPEN_END],
            "first bucket must be",
        ),
        ("same code", [NOT_DUE, Bucket("a", "1–30", 30), Bucket("a", "more", None)], "same code"),
        (
            "overlap",
            [NOT_DUE, Bucket("a", "1–60", 60), Bucket("b", "31–45", 45), OPEN_END],
            "overlap",
        ),
        (
            "same edge in two units",
            [NOT_DUE, Bucket("a", "a", 365), Bucket("b", "b", 1, YEARS), OPEN_END],
            "overlap",
        ),
        (
            "gap at the end",
            [NOT_DUE, Bucket("a", "1–30", 30), Bucket("b", "31–60", 60)],
            "no bucket",
        ),
        ("open in the middle", [NOT_DUE, Bucket("a", "all", None), OPEN_END], "never be used"),
    ],
)
def test_buckets_that_leave_gaps_or_overlap_are_refused(_case, buckets, sentence):
    with pytest.raises(InvalidScheme, match=sentence):
        check_buckets(buckets)


def test_the_delivered_buckets_are_sound():
    check_buckets(CHINA.buckets)


def test_due_today_is_not_overdue():
    assert days_overdue(DAY, as_of=DAY) == 0
    assert days_overdue(DAY - timedelta(days=1), as_of=DAY) == 1


@pytest.mark.parametrize(
    ("amounts", "credit", "reduced", "left"),
    [
        (["100", "50", "20"], "30", ["100", "40", "0"], "0"),
        (["100", "50", "20"], "200", ["0", "0", "0"], "30"),
        (["100", "0", "0"], "0", ["100", "0", "0"], "0"),
        (["0", "0", "0"], "5", ["0", "0", "0"], "5"),
    ],
)
def test_credit_is_netted_against_the_oldest_bucket_first(amounts, credit, reduced, left):
    found, rest = net_oldest_first([Decimal(a) for a in amounts], Decimal(credit))
    assert (found, rest) == ([Decimal(a) for a in reduced], Decimal(left))
