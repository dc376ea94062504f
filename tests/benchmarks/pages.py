"""Server time and number of queries of the dashboard and of every list, through the whole stack."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import unescape
from itertools import islice
from random import Random
from urllib.parse import urlencode, urljoin

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from config.core.models import BusinessUnit, User
from config.core.roles import Role
from tests.benchmarks.harness import Line, missing, ms, percentile

DASHBOARD_LIMIT, LIST_LIMIT = 0.200, 0.150
DASHBOARD_REQUESTS, LIST_REQUESTS = 40, 30
DEEP = 25  # "deep" is so many clicks on "next"
# The links of templates/components/list_pages.html; the last page's is known by its icon.
NEXT = re.compile(r'<a\b[^>]*\brel="next"[^>]*>')
LAST = re.compile(r"<a\b[^>]*>(?=(?:(?!</a>).)*#chevrons-right)", re.DOTALL)
HREF = re.compile(r'href="([^"]+)"')


@dataclass(frozen=True)
class ListPage:
    """A list by the name of its route; `by_customer` puts the busiest customer into the address."""

    label: str
    route: str
    query: str = ""
    by_customer: bool = False


LISTS = (
    ListPage("open items", "receivables:items"),
    ListPage("open and settled items", "receivables:items", "?state=all"),
    ListPage("receipts", "receivables:receipts"),
    ListPage("customers", "customers:list"),
    ListPage("aging of all customers", "receivables:aging"),
    ListPage("alerts", "receivables:alerts"),
    ListPage("work queue", "receivables:worklist"),
    ListPage("imports", "receivables:imports"),
    ListPage("customer ledger", "receivables:customer_ledger", by_customer=True),
    ListPage("customer page", "customers:detail", by_customer=True),
)


class PageFailed(Exception):
    """A page did not answer 200, so its time means nothing."""


def measure(*, today: date, client: Client, seed: int = 1) -> Iterator[Line]:
    """Time the dashboard with all kinds of filters and each list at its first, deep and last page."""
    yield from guarded("dashboard page", lambda: list(_dashboard(today, client, Random(seed))))  # noqa: S311
    for page in LISTS:
        yield from guarded(page.label, lambda page=page: [_list(page, client)])  # type: ignore[misc]


def guarded(label: str, measured: Callable[[], list[Line]]) -> list[Line]:
    """Turn a page that fails into a miss of its own; the others are measured all the same."""
    try:
        return measured()
    except PageFailed as failure:
        return [Line(label, "failed", met=False, target="answers 200", note=str(failure))]


# The dashboard -----------------------------------------------------------------------------------


def _dashboard(today: date, client: Client, rng: Random) -> Iterator[Line]:
    label = "dashboard page"
    address = address_of("home")
    if address is None:
        yield missing(label, "no route “home”")
        return
    plain = f"{address}?{urlencode({'as_of': today.isoformat()})}"
    asked = islice(_questions(today, rng), DASHBOARD_REQUESTS)
    questions = [f"{address}?{urlencode(question)}" for question in asked]
    for question in questions[:3]:
        timed(client, question)
    times = [timed(client, question) for question in questions]
    alone = [timed(client, plain) for _ in range(10)]
    p50, p95 = percentile(times, 0.5), percentile(times, 0.95)
    limit = f"≤ {DASHBOARD_LIMIT * 1000:g} ms"
    yield Line(f"{label}, today, unfiltered, p50", ms(percentile(alone, 0.5)))
    yield Line(
        f"{label}, p95 of {len(times)} (p50 {ms(p50)})",
        ms(p95),
        target=limit,
        met=p95 <= DASHBOARD_LIMIT,
    )
    counts = sorted({queries(client, question) for question in questions[:8]})
    # Filters may save a query (one unit needs no list of currencies), never add one a row.
    yield Line(f"{label}, queries", _range(counts), note="")


def _questions(today: date, rng: Random) -> Iterator[dict[str, str]]:
    """Yield filters as a finance manager sets them, without end."""
    units = ["", *BusinessUnit.objects.order_by("pk").values_list("code", flat=True)]
    owners = [
        "",
        "",
        *map(
            str,
            User.objects.filter(groups__name=Role.SALESPERSON.value)
            .order_by("pk")
            .values_list("pk", flat=True),
        ),
    ]
    while True:
        question = {
            "as_of": (today - timedelta(days=rng.choice((0, 0, 0, 1, 7, 30, 90, 180)))).isoformat(),
            "unit": rng.choice(units),
            "owner": rng.choice(owners),
            "currency": rng.choice(("", "", "CNY")),
        }
        yield {name: value for name, value in question.items() if value}


# Lists -------------------------------------------------------------------------------------------


def _list(page: ListPage, client: Client) -> Line:
    label = f"{page.label}, p95 of the slowest place"
    start = address_of(page.route, *([_busiest_customer()] if page.by_customer else []))
    if start is None:
        return missing(label, f"no route “{page.route}”")
    places = list(_places(client, start + page.query))
    rounds = -(-LIST_REQUESTS // len(places))
    worst: dict[str, float] = {}
    counts = set()
    for name, address in places:
        timed(client, address)
        worst[name] = percentile([timed(client, address) for _ in range(rounds)], 0.95)
        counts.add(queries(client, address))
    slowest = max(worst.values())
    each = ", ".join(f"{name} {ms(value)}" for name, value in worst.items())
    return Line(
        label, ms(slowest), target=f"≤ {LIST_LIMIT * 1000:g} ms", met=slowest <= LIST_LIMIT,
        note=f"{each}; queries {_range(sorted(counts))}",
    )  # fmt: skip


def _places(client: Client, start: str) -> Iterator[tuple[str, str]]:
    """Yield the first page, one some clicks deep, and the last one, as the page's own links lead there."""
    yield "first", start
    address, html = start, text_of(client, start)
    last = _link(LAST, html, start)
    for _ in range(DEEP):
        following = _link(NEXT, html, address)
        if following is None:
            break
        address = following
        html = text_of(client, address)
    if address != start:
        yield "deep", address
    if last is not None and last != address:
        yield "last", last


def _link(pattern: re.Pattern[str], html: str, base: str) -> str | None:
    tag = pattern.search(html)
    href = HREF.search(tag.group()) if tag else None
    return urljoin(base, unescape(href.group(1))) if href else None


def _busiest_customer() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id FROM receivables_openitem GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        )
        return int(cursor.fetchone()[0])


# One request -------------------------------------------------------------------------------------


def address_of(route: str, *args: object) -> str | None:
    try:
        return reverse(route, args=args)
    except NoReverseMatch:
        return None


def timed(client: Client, address: str) -> float:
    began = time.perf_counter()
    answer = client.get(address)
    spent = time.perf_counter() - began
    if answer.status_code != 200:
        raise PageFailed(f"GET {address} answered {answer.status_code}")
    return spent


def text_of(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)


def _range(counts: Sequence[int]) -> str:
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"
