"""Figures and dates as people read them, in both languages; the frame's tags."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils import translation

from config.core import formats
from config.core.templatetags import zq


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1234567.891"), "1,234,567.89"),
        (Decimal("0.005"), "0.01"),
        (Decimal("-1234.5"), "−1,234.50"),
        (Decimal("-0.001"), "0.00"),
        ("98765.4", "98,765.40"),
        (0, "0.00"),
        (None, "—"),
        ("", "—"),
        ("abc", "—"),
        (Decimal("NaN"), "—"),
        (Decimal("9999999999999999.99"), "9,999,999,999,999,999.99"),
    ],
)
def test_money_has_separators_two_decimals_and_a_true_minus(value: object, text: str) -> None:
    assert zq.money(value) == text


@pytest.mark.parametrize(
    ("language", "amount", "currency", "number", "unit"),
    [
        ("zh-hans", "128406000", "CNY", "12,840.6", "万元"),
        ("zh-hans", "12840600000", "CNY", "128.4", "亿元"),
        ("zh-hans", "9999.99", "CNY", "9,999.99", "元"),
        ("zh-hans", "-25000", "USD", "−2.5", "万 USD"),
        ("en", "128406000", "CNY", "128.4", "M CNY"),
        ("en", "1284060000", "CNY", "1.3", "B CNY"),
        ("en", "25000", "USD", "25.0", "K USD"),
        ("en", "0", "CNY", "0.00", "CNY"),
    ],
)
def test_compact_money_is_in_wan_or_in_thousands(
    language: str, amount: str, currency: str, number: str, unit: str
) -> None:
    with translation.override(language):
        shown = zq.compact(Decimal(amount), currency)
    assert (shown.number, shown.unit) == (number, unit)


def test_undefined_is_said_and_never_zero() -> None:
    assert zq.percent(None) == "n/a"
    assert zq.days(None) == "n/a"
    assert zq.na(None) == "n/a"
    assert zq.na(0) == 0
    assert zq.money_wan(None) == "—"


def test_percent_and_days() -> None:
    assert zq.percent(Decimal("0.2474")) == "24.7%"
    assert zq.percent(Decimal("-0.021")) == "−2.1%"
    assert zq.days(1) == "1 day"
    assert zq.days(0) == "0 days"
    assert zq.days(Decimal("57.64"), 1) == "57.6 days"


def test_dates_follow_the_language() -> None:
    with translation.override("zh-hans"):
        assert zq.day(date(2026, 11, 3)) == "2026-11-03"
        assert zq.month(date(2026, 11, 3)) == "2026-11"
    with translation.override("en"):
        assert zq.day(date(2026, 11, 3)) == "3 Nov 2026"
        assert zq.month(date(2026, 11, 3)) == "Nov 2026"
    assert zq.day(None) == "—"


def test_a_moment_is_told_in_the_business_time_zone() -> None:
    late = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    with translation.override("zh-hans"):
        assert zq.moment(late) == "2026-11-23 02:30"
        assert zq.day(late) == "2026-11-23"


@pytest.mark.parametrize(
    ("days_overdue", "colour"),
    [(-5, 0), (0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4), (180, 4),
     (181, 5), (365, 5), (366, 6), (730, 6), (731, 7), (1095, 7), (1096, 8), (9999, 8), (None, 0)],
)  # fmt: skip
def test_one_scale_of_colours_means_age(days_overdue: int | None, colour: int) -> None:
    assert formats.age_colour(days_overdue) == colour


def test_share_of_stays_within_the_bar() -> None:
    assert zq.share_of(Decimal(1), Decimal(3)) == "33.33"
    assert zq.share_of(Decimal(-1), Decimal(3)) == "0.00"
    assert zq.share_of(Decimal(4), Decimal(3)) == "100.00"
    assert zq.share_of(Decimal(4), Decimal(0)) == "0"


def test_url_with_keeps_the_query_and_takes_away_what_is_none() -> None:
    request = RequestFactory().get("/x/", {"owner": "3", "page": "2", "q": "a&b"})
    template = Template("{% url_with page=None sort='-due' %}")
    assert template.render(Context({"request": request})) == "?owner=3&amp;q=a%26b&amp;sort=-due"


def test_a_route_that_does_not_exist_yet_is_no_link() -> None:
    assert Template("[{% url_or_none 'core:nowhere' %}]").render(Context()) == "[]"
    assert Template("{% url_or_none 'core:login' %}").render(Context()).startswith("/")


def test_an_icon_is_silent_unless_it_has_a_label() -> None:
    silent = Template('{% icon "inbox" %}').render(Context())
    assert 'aria-hidden="true"' in silent
    assert "vendor/icons.svg#inbox" in silent
    named = Template('{% icon "inbox" label=words %}').render(Context({"words": "<b>"}))
    assert 'aria-label="&lt;b&gt;"' in named


def test_an_age_bar_shows_positive_parts_with_their_share() -> None:
    segments = [
        {"label": "Not due", "amount": Decimal(75), "colour": 0},
        {"label": "1–30", "amount": Decimal(25), "colour": 1, "url": "/a/?b=1&c=2"},
        {"label": "31–60", "amount": Decimal(0), "colour": 2},
    ]
    template = Template(
        '{% include "components/age_bar.html" with segments=segments total=total only %}'
    )
    html = template.render(Context({"segments": segments, "total": Decimal(100)}))
    assert 'class="age-0" style="width:75.00%"' in html
    assert 'href="/a/?b=1&amp;c=2"' in html
    assert "age-2" not in html


@pytest.mark.parametrize(
    ("difference", "tone"), [(Decimal("0.00"), "is-success"), (Decimal("0.01"), "is-danger")]
)
def test_the_tie_out_mark_is_green_only_at_zero(difference: Decimal, tone: str) -> None:
    template = Template('{% include "components/tie_out.html" with difference=difference only %}')
    html = template.render(Context({"difference": difference}))
    assert tone in html
    assert ("0.01" in html) is bool(difference)


@pytest.mark.parametrize("name", ["400.html", "500.html", "403_csrf.html"])
def test_error_pages_need_no_request(name: str) -> None:
    html = get_template(name).render()
    assert "<h1" in html
    assert 'action=""' not in html


def test_folded_filters_are_counted_when_they_ask_for_something():
    class Filters(forms.Form):
        folded = ("kind", "since", "gone")
        kind = forms.ChoiceField(required=False, choices=[("all", "All"), ("invoice", "Invoice")])
        since = forms.DateField(required=False)
        q = forms.CharField(required=False)

    assert zq.folded_in_use(Filters({"q": "x"})) == 0
    assert zq.folded_in_use(Filters({"kind": "all"})) == 0, "the first choice is the usual"
    assert zq.folded_in_use(Filters({"kind": "invoice", "since": "2026-01-01"})) == 2
    assert zq.folded_in_use(forms.Form({})) == 0
