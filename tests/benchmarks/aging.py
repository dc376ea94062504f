"""Aging of all customers, today and in the past: selector and API beside hand-written SQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test import Client

from config.core.models import User
from receivables.selectors import schemes
from receivables.selectors.aging import AgingReport, aging
from receivables.selectors.open_amounts import Scope, scope_for
from tests.benchmarks import reference
from tests.benchmarks.harness import Line, compare, missing

BACK = timedelta(days=180)
SELECTOR_LIMIT, API_LIMIT = 1.5, 2.0
API = "/api/v1/aging/"
Fetching = Callable[[], list[tuple[Any, ...]]]


class FiguresDiffer(Exception):
    """The two sides do not compute the same, so their times can not be compared."""


def measure(*, today: date, user: User, client: Client, suffix: str = "") -> list[Line]:
    """Compare the aging of today and of 180 days ago, by selector and as JSON."""
    lines = []
    days = [
        ("today", today, reference.today(today)),
        ("180 days ago", today - BACK, reference.rolled_back(today - BACK)),
    ]
    for name, day, queries in days:
        units = user.unit_ids()
        by_hand = [fetching(sql, {**values, "units": units}) for sql, values in queries]
        ours = selecting(scope_for(user), day)
        check_same(ours(), by_hand)
        label = f"aging {name}{suffix}"
        lines.append(compare(f"{label}, selector", ours, by_hand, limit=SELECTOR_LIMIT))
        lines.append(_through_api(f"{label}, API as JSON", client, day, by_hand))
    return lines


def _through_api(label: str, client: Client, day: date, by_hand: Sequence[Fetching]) -> Line:
    answer = client.get(API, {"as_of": day.isoformat(), "currency": "each"})
    if answer.status_code != 200:
        return missing(label, f"GET {API} answered {answer.status_code}")
    found = len(json.loads(answer.content)["rows"])
    expected = len(by_hand[0]())
    if found != expected:
        raise FiguresDiffer(f"{label}: {found} rows, by hand {expected}")

    def ours() -> object:
        return client.get(API, {"as_of": day.isoformat(), "currency": "each"}).content

    return compare(label, ours, by_hand, limit=API_LIMIT)


def selecting(scope: Scope, day: date) -> Callable[[], AgingReport]:
    scheme = schemes.get()
    return lambda: aging(scope=scope, as_of=day, scheme=scheme)


def fetching(sql: str, values: dict[str, Any]) -> Fetching:
    def fetch() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()

    return fetch


def check_same(report: AgingReport, by_hand: Sequence[Fetching]) -> None:
    """Refuse to time two computations whose figures differ.

    :raises FiguresDiffer: naming the currency and both sums
    """
    ours = {row.currency: (*row.amounts, row.retention, row.unapplied) for row in report.totals}
    for fetch in by_hand:
        theirs = reference.totals(fetch())
        for currency in ours.keys() | theirs.keys():
            pair = ours.get(currency, ()), theirs.get(currency, ())
            if tuple(map(Decimal, pair[0])) != tuple(map(Decimal, pair[1])):
                raise FiguresDiffer(
                    f"{currency} on {report.as_of}: {pair[0]} and by hand {pair[1]}"
                )
