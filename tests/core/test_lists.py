"""Lists: pages by key lose and repeat nothing, totals never mix currencies, each one's views are one's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from config.core import list_pages, lists
from config.core.list_pages import Order
from config.core.lists import Badge, BulkAction, Column, ListDefinition, Listing, Segment
from config.core.models import ExchangeRate, Job, SavedView, User
from config.core.roles import Role

JOBS = ListDefinition(
    page="test:jobs",
    columns=(
        Column(key="dedup_key", label="Key", kind="code", sort="dedup_key", is_fixed=True),
        Column(key="progress_done", label="Done", kind="number", sort="progress_done", total="progress_done"),
        Column(key="started_at", label="Started", kind="moment", sort="started_at"),
        Column(key="error", label="Error", is_shown=False),
    ),
    order="-progress_done",
)  # fmt: skip
RATES = ListDefinition(
    page="test:rates",
    columns=(
        Column(key="date", label="Date", kind="date", sort="date"),
        Column(key="rate", label="Rate", kind="money", sort="rate", total="rate"),
    ),
    order="date",
    currency="currency",
)
START = datetime(2026, 1, 1, tzinfo=UTC)


class OwnerFilter(forms.Form):
    owner = forms.ChoiceField(label="Owner", required=False, choices=[("", "All"), ("3", "Li")])
    since = forms.DateField(label="Since", required=False)
    text = forms.CharField(label="Text", required=False)


@pytest.fixture
def make_jobs(db: None) -> Callable[[int], None]:
    """Return a function that makes jobs with many ties and missing starts."""

    def make(count: int) -> None:
        Job.objects.bulk_create(
            Job(
                kind="k",
                dedup_key=f"job-{n:04d}",
                progress_done=n % 7,
                started_at=None if n % 4 == 0 else START + timedelta(days=n % 5),
            )
            for n in range(count)
        )

    return make


def request_for(user: Any, **query: Any) -> HttpRequest:
    request = RequestFactory().get("/list/", query)
    request.user = user
    return request


def listing_of(user: Any, definition: ListDefinition, rows: Any, **query: Any) -> Listing:
    return Listing(request_for(user, **query), definition=definition, rows=rows)


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    return make_user(Role.AR_ACCOUNTANT)


ORDERS = [
    Order(field, descending)
    for field in ("progress_done", "started_at", "dedup_key")
    for descending in (False, True)
]


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("size", [1, 5, 60])
def test_walking_forward_reads_every_row_once_in_order(
    make_jobs: Callable[[int], None], order: Order, size: int
) -> None:
    make_jobs(43)
    rows = list_pages.sortable(Job.objects.values("id"), order)
    whole = [row["id"] for row in list_pages.ordered(rows, order)]
    seen, after, page = [], "", list_pages.page_by_key(rows, order=order, size=size)
    while True:
        assert page.first == len(seen) + 1
        seen += [row["id"] for row in page.rows]
        assert bool(page.previous) is bool(after)
        if not page.next:
            break
        after = page.next
        page = list_pages.page_by_key(rows, order=order, size=size, after=after)
    assert seen == whole


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_walking_backward_from_the_end_reads_every_row_once(
    make_jobs: Callable[[int], None], order: Order
) -> None:
    make_jobs(43)
    rows = list_pages.sortable(Job.objects.all(), order)
    whole = [job.pk for job in list_pages.ordered(rows, order)]
    page = list_pages.page_by_key(rows, order=order, size=5, before=list_pages.LAST_PAGE)
    assert not page.next
    seen: list[int] = []
    while page.previous:
        seen = [job.pk for job in page.rows] + seen
        page = list_pages.page_by_key(rows, order=order, size=5, before=page.previous)
    # The first page is filled from the start, so it may overlap with what was read already.
    first = [job.pk for job in page.rows]
    assert first == whole[:5]
    assert seen == whole[len(whole) - len(seen) :]
    assert len(whole) - len(seen) <= 5


def test_forward_then_back_is_the_same_page(make_jobs: Callable[[int], None]) -> None:
    make_jobs(30)
    order = Order("progress_done", True)
    rows = list_pages.sortable(Job.objects.values("id"), order)
    first = list_pages.page_by_key(rows, order=order, size=6)
    second = list_pages.page_by_key(rows, order=order, size=6, after=first.next)
    third = list_pages.page_by_key(rows, order=order, size=6, after=second.next)
    back = list_pages.page_by_key(rows, order=order, size=6, before=third.previous)
    assert (back.rows, back.first) == (second.rows, 7)


def test_a_row_added_in_front_moves_no_row_to_the_next_page(
    make_jobs: Callable[[int], None],
) -> None:
    make_jobs(20)
    order = Order("dedup_key")
    rows = list_pages.sortable(Job.objects.values("id", "dedup_key"), order)
    first = list_pages.page_by_key(rows, order=order, size=10)
    Job.objects.create(kind="k", dedup_key="aaa")
    second = list_pages.page_by_key(rows, order=order, size=10, after=first.next)
    assert [row["dedup_key"] for row in second.rows] == [f"job-{n:04d}" for n in range(10, 20)]


def test_a_page_is_found_by_comparing_rows_not_by_counting(
    make_jobs: Callable[[int], None], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_jobs(20)
    order = Order("dedup_key")
    rows = list_pages.sortable(Job.objects.values("id"), order)
    token = list_pages.page_by_key(rows, order=order, size=5).next
    with django_assert_num_queries(1) as captured:
        list_pages.page_by_key(rows, order=order, size=5, after=token)
    sql = captured[0]["sql"]
    assert '("core_job"."dedup_key", "core_job"."id") > ' in sql
    assert "OFFSET" not in sql


@pytest.mark.parametrize(
    "token", ["x", "%%%", "W10", "WzEsMl0", "bnVsbA", "e30", "WyJ4IiwieSIsInoiXQ", "é", "[" * 5000]
)
def test_a_cursor_that_means_nothing_gives_the_first_page(
    make_jobs: Callable[[int], None], user: User, token: str
) -> None:
    make_jobs(3)
    for name in ("after", "before"):
        listing = listing_of(user, JOBS, Job.objects.values("id", "dedup_key"), **{name: token})
        assert len(listing.page.rows) == 3
        assert listing.page.first == 1


@pytest.mark.parametrize(
    ("wish", "key", "descending"),
    [
        ("dedup_key", "dedup_key", False),
        ("-started_at", "started_at", True),
        ("error", "progress_done", True),  # a column that does not sort
        ("created_by__password", "progress_done", True),
        ("?", "progress_done", True),
        ("", "progress_done", True),
    ],
)
def test_only_declared_columns_sort(user: User, wish: str, key: str, descending: bool) -> None:
    column, descends = listing_of(user, JOBS, Job.objects.all(), sort=wish).sorting
    assert (column.key, descends) == (key, descending)


def test_a_click_on_a_head_sorts_and_again_turns_it_round(user: User) -> None:
    heads = {h.column.key: h for h in listing_of(user, JOBS, [], sort="dedup_key", q="a").heads()}
    assert heads["dedup_key"].url == "?q=a&sort=-dedup_key"
    assert heads["dedup_key"].direction == "ascending"
    assert heads["progress_done"].url == "?q=a&sort=progress_done"


def test_rows_in_memory_sort_like_the_database_with_nothing_last(user: User) -> None:
    definition = ListDefinition(
        page="test:memory",
        columns=(Column(key="due", label="Due", kind="date", sort=True),),
        order="due",
    )
    rows = [{"due": None}, {"due": date(2026, 2, 1)}, {"due": date(2026, 1, 1)}]
    assert listing_of(user, definition, rows).page.rows == [rows[2], rows[1], rows[0]]
    assert listing_of(user, definition, rows, sort="-due").page.rows == rows


@pytest.mark.parametrize(("wish", "first", "count"), [("2", 51, 50), ("9", 101, 20), ("-1", 1, 50), ("x", 1, 50)])  # fmt: skip
def test_pages_by_number_stay_within_the_rows(
    user: User, wish: str, first: int, count: int
) -> None:
    definition = ListDefinition(
        page="test:memory", columns=(Column(key="n", label="N", sort=True),), order="n"
    )
    page = listing_of(user, definition, [{"n": n} for n in range(120)], page=wish).page
    assert (page.first, len(page.rows)) == (first, count)


@pytest.mark.parametrize(("wish", "size"), [("100", 100), ("1000000000", 50), ("0", 50), ("²", 50)])
def test_a_page_has_one_of_the_sizes_offered(user: User, wish: str, size: int) -> None:
    assert listing_of(user, JOBS, [], size=wish).size == size


def test_the_count_stops_at_its_cap(
    make_jobs: Callable[[int], None], user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_jobs(12)
    assert list_pages.capped_count(Job.objects.all(), cap=5) == 6
    assert list_pages.capped_count(Job.objects.values("id"), cap=50) == 12
    monkeypatch.setattr(lists, "COUNT_CAP", 5)
    listing = listing_of(user, JOBS, Job.objects.all())
    assert listing.is_capped
    assert listing.totals_are_lazy


def rates() -> QuerySet[Any]:
    ExchangeRate.objects.bulk_create(
        ExchangeRate(currency=currency, date=date(2026, 1, n + 1), rate=Decimal(n + 1))
        for currency in ("USD", "EUR")
        for n in range(3 if currency == "USD" else 2)
    )
    return ExchangeRate.objects.values("id", "date", "rate", "currency")


def test_totals_are_kept_apart_by_currency(db: None, user: User) -> None:
    rows = rates()
    expected = [("Total EUR · 2", "3.00"), ("Total USD · 3", "6.00")]
    for source in (rows, list(rows)):
        definition = RATES if source is rows else ListDefinition(
            page="test:rates",
            columns=(
                Column(key="date", label="Date", kind="date", sort=True),
                Column(key="rate", label="Rate", kind="money", sort=True, total=True),
            ),
            order="date",
            currency="currency",
        )  # fmt: skip
        totals = listing_of(user, definition, source).totals
        assert [(t.label, t.cells[0][1]) for t in totals] == expected


def test_totals_are_those_of_all_rows_of_the_filter_not_of_the_page(
    make_jobs: Callable[[int], None], user: User
) -> None:
    make_jobs(120)
    rows = Job.objects.filter(progress_done__gt=3).values("id", "dedup_key", "progress_done")
    listing = listing_of(user, JOBS, rows)
    assert len(listing.page.rows) == 50
    assert listing.totals[0].values[1] == sum(row["progress_done"] for row in rows)


def test_the_number_of_queries_does_not_grow_with_the_rows(
    make_jobs: Callable[[int], None],
    user: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    def look() -> None:
        rows = Job.objects.values("id", "dedup_key", "progress_done", "started_at")
        listing = listing_of(user, JOBS, rows)
        assert list(listing.body())
        assert listing.totals
        assert listing.count
        assert listing.saved_views == []

    make_jobs(2)
    with django_assert_num_queries(4):
        look()
    Job.objects.all().delete()
    make_jobs(200)
    with django_assert_num_queries(4):
        look()


def test_cells_are_escaped_and_linked(user: User) -> None:
    definition = ListDefinition(
        page="test:cells",
        columns=(
            Column(key="name", label="Name", link=lambda row: "/c/?a=1&b=2", sort=True),
            Column(key="amount", label="Amount", kind="money"),
            Column(key="state", label="State", kind="badge", value=lambda row: Badge("<i>", "danger")),
            Column(key="ages", label="Ages", kind="age"),
            Column(key="own", label="Own", html=lambda row: "<b>"),
        ),
        order="name",
    )  # fmt: skip
    row = {
        "name": "<script>alert(1)</script>",
        "amount": Decimal("-5"),
        "ages": [Segment("1–30", Decimal(3), 1), Segment("Not due", Decimal(1), 0)],
    }
    [(_key, html)] = list(listing_of(user, definition, [row]).body())
    assert "<script>" not in html
    assert '<a href="/c/?a=1&amp;b=2">&lt;script&gt;' in html
    assert '<td class="num is-negative">−5.00</td>' in html
    assert '<span class="zq-badge is-danger">&lt;i&gt;</span>' in html
    assert 'class="age-1" style="width:75.00%"' in html
    assert "<td>&lt;b&gt;</td>" in html


def test_columns_come_from_the_address_then_the_person_then_the_definition(user: User) -> None:
    def keys(**query: Any) -> list[str]:
        return [c.key for c in listing_of(user, JOBS, [], **query).columns]

    assert keys() == ["dedup_key", "progress_done", "started_at"]
    user.preferences = {"columns": {"test:jobs": ["error", "nonsense"]}}
    assert keys() == ["dedup_key", "error"]
    assert keys(column=["started_at", "password"]) == ["dedup_key", "started_at"]


def test_active_filters_are_named_and_can_be_taken_away(user: User) -> None:
    query = {"owner": "3", "since": "2026-11-03", "after": "x", "sort": "dedup_key"}
    listing = Listing(request_for(user, **query), definition=JOBS, rows=[], form=OwnerFilter(query))
    assert [(c.label, c.text, c.url) for c in listing.chips] == [
        ("Owner", "Li", "?since=2026-11-03&sort=dedup_key"),
        ("Since", "3 Nov 2026", "?owner=3&sort=dedup_key"),
    ]
    assert listing.clear_url() == "?sort=dedup_key"
    assert listing.kept_parameters() == [("sort", "dedup_key")]


def test_an_export_holds_all_rows_of_the_filter_in_the_order_shown(
    make_jobs: Callable[[int], None], user: User
) -> None:
    make_jobs(120)
    rows = Job.objects.filter(progress_done=3).values("id", "dedup_key", "progress_done", "error")
    Job.objects.filter(dedup_key="job-0010").update(error="=1+1")
    response = lists.list_response(
        request_for(
            user, export="csv", sort="-dedup_key", size="50", column=["error", "progress_done"]
        ),
        definition=JOBS,
        rows=rows,
        template="unused.html",
    )
    content = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    lines = list(csv.reader(io.StringIO(content, newline="")))
    assert lines[0] == ["Key", "Done", "Error"]
    assert [line[0] for line in lines[1:]] == [f"job-{n:04d}" for n in range(115, 0, -7)]
    assert ["job-0010", "3", "'=1+1"] in lines


def test_a_page_shows_tools_rows_totals_and_ways_on(
    make_jobs: Callable[[int], None], user: User
) -> None:
    make_jobs(120)
    response = lists.list_response(
        request_for(user),
        definition=JOBS,
        rows=Job.objects.values("id", "dedup_key", "progress_done", "started_at"),
        template="components/list.html",
        bulk=[BulkAction(label="Acknowledge", url="/ack/", confirm="Sure?")],
    )
    html = response.content.decode()  # type: ignore[attr-defined]
    assert html.count("data-select-row") == 50
    assert 'aria-sort="descending"' in html
    assert "of 120" in html
    assert "Total · 120" in html
    assert 'rel="next"' in html
    assert 'rel="prev"' not in html
    assert "export=xlsx" in html


def test_an_empty_list_says_what_to_do_and_a_filtered_one_how_to_clear(user: User) -> None:
    empty = lists.Empty(title="No jobs yet.", url="/import/", action="Import")
    plain = lists.list_response(
        request_for(user), definition=JOBS, rows=[], template="components/list.html", empty=empty
    )
    assert "No jobs yet." in plain.content.decode()  # type: ignore[attr-defined]
    assert 'href="/import/"' in plain.content.decode()  # type: ignore[attr-defined]
    filtered = lists.list_response(
        request_for(user, text="x"),
        definition=JOBS,
        rows=[],
        template="components/list.html",
        empty=empty,
        form=OwnerFilter({"text": "x"}),
    )
    assert "Nothing matches these filters." in filtered.content.decode()  # type: ignore[attr-defined]


# Saved views -------------------------------------------------------------------------------------


def save(client: Client, **data: str) -> Any:
    post = {"page": "test:jobs", "name": "Mine", "query": "sort=-due", "next": "/list/?a=1", **data}
    return client.post(reverse("core:save_view"), post)


def test_a_view_is_kept_shown_replaced_and_forgotten(user: User, client: Client) -> None:
    client.force_login(user)
    response = save(client)
    assert (response.status_code, response["Location"]) == (302, "/list/?sort=-due")
    save(client, query="sort=due", name="  Mine ")
    view = SavedView.objects.get()
    assert (view.user, view.name, view.query) == (user, "Mine", "sort=due")
    client.post(reverse("core:delete_view", args=[view.pk]), {"next": "/list/"})
    assert not SavedView.objects.exists()


def test_nobody_sees_or_deletes_anothers_view(
    user: User, make_user: Callable[..., User], client: Client
) -> None:
    other = make_user(Role.AUDITOR)
    view = SavedView.objects.create(user=other, page="test:jobs", name="Theirs", query="a=1")
    client.force_login(user)
    client.post(reverse("core:delete_view", args=[view.pk]), {"next": "/list/"})
    assert SavedView.objects.filter(pk=view.pk).exists()
    assert listing_of(user, JOBS, []).saved_views == []


@pytest.mark.parametrize(
    "data",
    [{"name": ""}, {"name": "   "}, {"name": "x" * 61}, {"query": "x" * 1001}, {"page": ""}],
    ids=["no name", "blank", "long", "long query", "no page"],
)
def test_a_view_that_cannot_be_kept_is_refused_with_a_sentence(
    user: User, client: Client, data: dict[str, str]
) -> None:
    client.force_login(user)
    save(client, **data)
    assert not SavedView.objects.exists()


def test_a_list_keeps_a_limited_number_of_views(user: User, client: Client) -> None:
    SavedView.objects.bulk_create(
        SavedView(user=user, page="test:jobs", name=str(n)) for n in range(30)
    )
    client.force_login(user)
    save(client)
    assert SavedView.objects.count() == 30
    save(client, name="7", query="q=1")
    assert SavedView.objects.get(name="7").query == "q=1"


def test_a_saved_view_is_recognised_whatever_the_page(user: User) -> None:
    query = listing_of(user, JOBS, [], sort="dedup_key").view_query()
    SavedView.objects.create(user=user, page="test:jobs", name="Mine", query=query)
    assert listing_of(user, JOBS, [], sort="dedup_key", after="x").is_saved_view
    assert not listing_of(user, JOBS, [], sort="-dedup_key").is_saved_view


def test_columns_are_remembered_and_the_usual_ones_come_back(user: User, client: Client) -> None:
    client.force_login(user)
    post = {"page": "test:jobs", "column": ["error"], "next": "/list/?column=x&q=1"}
    response = client.post(reverse("core:save_columns"), post)
    assert response["Location"] == "/list/?q=1"
    user.refresh_from_db()
    assert user.preferences["columns"] == {"test:jobs": ["error"]}
    client.post(reverse("core:save_columns"), {**post, "usual": "1"})
    user.refresh_from_db()
    assert user.preferences["columns"] == {}


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_no_post_of_a_list_leads_to_another_site(user: User, client: Client, address: str) -> None:
    client.force_login(user)
    assert save(client, next=address)["Location"] == "/"
