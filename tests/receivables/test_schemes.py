"""Aging schemes: buckets without gap or overlap, changed in one place, by page and API."""

from __future__ import annotations

import pytest
from django.urls import reverse

from config.core.models import AuditEvent
from config.core.roles import Role
from config.core.versions import StaleVersion
from receivables.domain.aging import DAYS, YEARS, InvalidScheme
from receivables.domain.edges import Edge, named
from receivables.models import AgingScheme
from receivables.selectors import schemes as selectors
from receivables.services import schemes
from receivables.services.schemes import BucketInput

API = "/api/v1/aging-schemes/"


def edges(*uppers):
    return [
        BucketInput(upper=u[0], unit=u[1]) if isinstance(u, tuple) else BucketInput(upper=u) for u in uppers
    ]  # fmt: skip


def create(*uppers, code="own", **changes):
    values = {"name": "自定义", "name_en": "Own", "actor": None} | changes
    return schemes.create(code=code, buckets=edges(*uppers), **values)


# Names -------------------------------------------------------------------------------------------


def test_the_delivered_schemes_are_named_as_their_edges_say(db):
    for scheme in AgingScheme.objects.prefetch_related("buckets"):
        rows = sorted(scheme.buckets.all(), key=lambda b: b.position)
        found = named([Edge(row.upper, row.upper_unit) for row in rows])
        assert [(n.code, n.label, n.label_en) for n in found] == [
            (r.code, r.label, r.label_en) for r in rows
        ]


@pytest.mark.parametrize(
    ("uppers", "labels"),
    [
        ([0, 15, None], ["Not due", "1–15", "Over 15"]),
        ([0, 30, (1, YEARS), None], ["Not due", "1–30", "31–365", "Over 1 year"]),
        ([0, (1, YEARS), (3, YEARS), None], ["Not due", "1–365", "1–3 years", "Over 3 years"]),
    ],
)
def test_labels_follow_from_edges(db, uppers, labels):
    scheme = create(*uppers)

    assert [b.label for b in selectors.to_domain(scheme).buckets] == labels


# Service -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uppers", "sentence", "position"),
    [
        ([0, None], "at least three buckets", 1),
        ([5, 30, None], "first bucket must be", 0),
        ([(0, YEARS), 30, None], "first bucket must be", 0),
        ([0, 30, 30, None], "overlap", 2),
        ([0, 60, 30, None], "overlap", 2),
        ([0, 400, (1, YEARS), None], "overlap", 2),
        ([0, None, 30, None], "never be used", 1),
        ([0, 30, 60], "no bucket", 2),
        ([0, 40_000, None], "0 to 36500 days", 1),
        ([0, -1, None], "0 to 36500 days", 1),
        ([0, (30, "weeks"), None], "0 to 36500 days", 1),
    ],
)
def test_buckets_that_do_not_cover_every_age_once_are_refused_by_place(
    db, uppers, sentence, position
):
    with pytest.raises(InvalidScheme, match=sentence) as refusal:
        create(*uppers)

    assert refusal.value.context["position"] == position
    assert not AgingScheme.objects.filter(code="own").exists()


def test_codes_are_checked(db):
    with pytest.raises(schemes.InvalidInput, match="small letters"):
        create(0, 30, None, code="Ä")
    with pytest.raises(schemes.InvalidInput, match="already is a scheme"):
        create(0, 30, None, code="CHINA")
    with pytest.raises(schemes.InvalidInput, match="Give the scheme a name"):
        create(0, 30, None, name=" ")
    with pytest.raises(schemes.InvalidInput, match="at most 20"):
        create(*range(25), None)
    for code in ("retention", "unapplied", "Ä", "x" * 21):
        buckets = [BucketInput(upper=0), BucketInput(upper=30, code=code), BucketInput(upper=None)]
        with pytest.raises(InvalidScheme, match="can not be a bucket's code"):
            schemes.create(code="own", name="x", name_en="", buckets=buckets, actor=None)
    twice = [BucketInput(upper=0), BucketInput(upper=30, code="a"), BucketInput(upper=60, code="a"), BucketInput(upper=None)]  # fmt: skip
    with pytest.raises(InvalidScheme, match="same code") as refusal:
        schemes.create(code="own", name="x", name_en="", buckets=twice, actor=None)
    assert refusal.value.context["position"] == 2


def test_there_is_always_one_default(db):
    china = AgingScheme.objects.get(code="china")
    own = create(0, 30, None, is_default=True)

    assert list(AgingScheme.objects.filter(is_default=True)) == [own]
    assert selectors.get().code == "own"
    with pytest.raises(schemes.SchemeRefused, match="is the default"):
        schemes.delete(scheme=own, actor=None)
    for change in ({"is_default": False}, {"is_default": True, "is_active": False}):
        with pytest.raises(schemes.SchemeRefused, match="is the default"):
            schemes.change(
                scheme=own, name="x", name_en="", buckets=edges(0, 30, None), actor=None, **change
            )
    china.refresh_from_db()
    with pytest.raises(schemes.SchemeRefused, match="switched off"):
        schemes.change(
            scheme=china,
            name="x",
            name_en="",
            buckets=edges(0, 30, None),
            is_default=True,
            is_active=False,
            actor=None,
        )
    schemes.change(
        scheme=china,
        name="中国",
        name_en="",
        buckets=edges(0, 30, None),
        is_default=True,
        actor=None,
    )
    schemes.delete(scheme=own, actor=None)
    assert selectors.get().code == "china"


def test_a_change_is_one_version_and_one_event(db):
    scheme = create(0, 30, None)

    changed = schemes.change(
        scheme=scheme, name="新", name_en="New", buckets=edges(0, 45, 90, None), is_default=False, expected_version=1, actor=None
    )  # fmt: skip

    assert changed.version == 2
    assert [b.code for b in selectors.get("own").buckets] == [
        "not_due",
        "d1_45",
        "d46_90",
        "over_d90",
    ]
    event = AuditEvent.objects.get(action="aging_scheme.changed")
    assert set(event.after) == {"name", "name_en", "buckets"}
    with pytest.raises(StaleVersion, match="changed this scheme"):
        schemes.change(
            scheme=scheme, name="x", name_en="", buckets=edges(0, 1, None), is_default=False, expected_version=1, actor=None
        )  # fmt: skip
    with pytest.raises(StaleVersion):
        schemes.delete(scheme=scheme, expected_version=1, actor=None)


# API ---------------------------------------------------------------------------------------------


@pytest.fixture
def manager(db, make_user, api_client):
    client = api_client(make_user(Role.FINANCE_MANAGER))
    client.credentials(HTTP_ACCEPT_LANGUAGE="en")
    return client


def data(**changes):
    return {
        "code": "own",
        "name": "自定义",
        "buckets": [{"upper": 0}, {"upper": 30}, {"upper": None}],
    } | changes


def test_a_scheme_lives_its_life_in_the_api(manager):
    made = manager.post(API, data())
    assert (made.status_code, made["ETag"], made["Location"][-5:]) == (201, '"1"', "/own/")
    assert [b["to_days"] for b in made.json()["buckets"]] == [0, 30, None]
    assert [b["from_days"] for b in made.json()["buckets"]] == [None, 1, 31]

    bare = manager.patch(f"{API}own/", {"name": "x"})
    stale = manager.patch(f"{API}own/", {"name": "x"}, HTTP_IF_MATCH='"7"')
    kept = manager.patch(f"{API}own/", {"name": "甲"}, HTTP_IF_MATCH='"1"')
    put = manager.put(
        f"{API}own/", {"name": "乙", "buckets": [{"upper": 0}, {"upper": 1, "unit": "years"}, {"upper": None, "label": "老"}]},
        HTTP_IF_MATCH='"2"',
    )  # fmt: skip

    assert (bare.status_code, stale.status_code, kept.status_code, put.status_code) == (
        428,
        412,
        200,
        200,
    )
    assert kept.json()["buckets"] == made.json()["buckets"]
    assert [b["label"] for b in put.json()["buckets"]] == ["未到期", "1–365", "老"]
    codes = [row["code"] for row in manager.get(API).json()["results"]]
    assert codes == ["china", "international", "own"]
    assert manager.delete(f"{API}own/", HTTP_IF_MATCH='"3"').status_code == 204
    assert manager.get(f"{API}own/").status_code == 404
    assert manager.delete(f"{API}china/", HTTP_IF_MATCH='"1"').status_code == 409


def test_the_bucket_at_fault_is_named_by_pointer(manager):
    answer = manager.post(
        API, data(buckets=[{"upper": 0}, {"upper": 60}, {"upper": 30}, {"upper": None}])
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_scheme")
    assert answer.json()["errors"][0]["pointer"] == "/buckets/2/upper"
    assert "overlap" in answer.json()["detail"]
    for change in (
        {"code": "ÄÖ"},
        {"buckets": []},
        {"buckets": [{"upper": "0"}] * 3},
        {"is_active": False},
        {"x": 1},
    ):
        assert manager.post(API, data(**change)).status_code == 400


def test_who_may_not_change_may_look(make_user, api_client, db):
    client = api_client(make_user(Role.CASHIER))

    assert client.get(f"{API}china/").json()["is_default"] is True
    assert client.post(API, data()).status_code == 403
    assert client.delete(f"{API}international/", HTTP_IF_MATCH='"1"').status_code == 403


# Pages -------------------------------------------------------------------------------------------


@pytest.fixture
def browser(client_for, db):
    return client_for(Role.FINANCE_MANAGER, language="en")


def form(*rows, **changes):
    return {
        "code": "own", "name": "自定义", "name_en": "Own", "version": "1", "upper": [r[0] for r in rows],
        "unit": [r[1] for r in rows],
    } | changes  # fmt: skip


def test_a_scheme_is_made_changed_and_deleted_on_the_page(browser):
    assert "Not due" in browser.get(reverse("receivables:schemes")).content.decode()
    assert browser.get(reverse("receivables:scheme_create")).status_code == 200

    made = browser.post(
        reverse("receivables:scheme_create"), form(("0", DAYS), ("45", DAYS), ("", DAYS))
    )
    assert made.status_code == 302, made.content.decode()
    edit = reverse("receivables:scheme_edit", args=["own"])
    assert 'value="45"' in browser.get(edit).content.decode()
    browser.post(edit, form(("0", DAYS), ("1", YEARS), ("2", YEARS), ("", DAYS), is_active="on"))
    assert [b.code for b in selectors.get("own").buckets] == [
        "not_due",
        "d1_365",
        "y1_2",
        "over_y2",
    ]
    stale = browser.post(edit, form(("0", DAYS), ("1", YEARS), ("", DAYS), is_active="on"))
    assert stale.status_code == 422
    assert "changed this scheme" in stale.content.decode()

    browser.post(reverse("receivables:scheme_delete", args=["own"]), {"version": "1"})
    assert AgingScheme.objects.filter(code="own").exists()
    browser.post(reverse("receivables:scheme_delete", args=["own"]), {"version": "2"})
    assert not AgingScheme.objects.filter(code="own").exists()
    assert browser.get(edit).status_code == 404
    assert browser.post(reverse("receivables:scheme_delete", args=["own"])).status_code == 404


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([("0", DAYS), ("60", DAYS), ("30", DAYS), ("", DAYS)], "overlap"),
        ([("0", DAYS), ("x", DAYS), ("", DAYS)], "0 to 36500"),
        ([("0", DAYS), ("", DAYS)], "at least three"),
        ([], "at least three"),
    ],
)
def test_what_is_wrong_with_a_bucket_stands_beside_it(browser, rows, sentence):
    answer = browser.post(reverse("receivables:scheme_create"), form(*rows))

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not AgingScheme.objects.filter(code="own").exists()


def test_only_who_keeps_schemes_sees_the_buttons(client_for, db):
    cashier = client_for(Role.CASHIER, language="en")

    html = cashier.get(reverse("receivables:schemes")).content.decode()

    assert "Add a scheme" not in html
    assert cashier.get(reverse("receivables:scheme_create")).status_code == 403
