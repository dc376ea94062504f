"""Imports over the API: one request, one file; who may, and what a repeated request does."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config.core.models import BusinessUnit
from config.core.roles import Role
from receivables.models import ImportBatch, OpenItem
from tests.shared import shared_data

pytestmark = pytest.mark.django_db
CSV = b"number,customer,document date,due date,amount\nA-1,C1,2026-01-05,2026-02-04,100.00\nA-2,C2,2026-01-06,bad,50\n"
GOOD = CSV.replace(b"bad", b"2026-02-05")
ADDRESS = "/api/v1/imports/"


def sent(content: bytes = GOOD, name: str = "ledger.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture
def program(api_client, make_user, unit):
    return api_client(make_user(Role.INTEGRATION, units=[unit]))


def post(client, unit, file=None, headers=None, **extra):
    data = {
        "file": file or sent(),
        "kind": "open-items",
        "unit": unit.code,
        "create_customers": "true",
        **extra,
    }
    return client.post(ADDRESS, data, format="multipart", headers=headers or {})


def test_a_file_is_taken_and_followed(program, unit, do_jobs):
    answer = post(program, unit)
    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert (body["state"], body["rows_written"]) == ("uploaded", 0)
    assert body["job"]
    do_jobs()
    body = program.get(answer["Location"]).json()
    assert (body["state"], body["rows_written"], body["ties"], body["refusal"]) == (
        "done",
        2,
        True,
        None,
    )
    assert body["totals"][0]["written"] == {"debit": "150.00", "credit": "0.00"}
    assert program.get(ADDRESS).json()["results"][0]["id"] == body["id"]
    assert program.get(f"/api/v1/jobs/{body['job']}/").json()["result"]["accepted"] == 2


def test_refused_rows_are_listed_with_their_place(program, unit, do_jobs):
    body = post(program, unit, sent(CSV)).json()
    do_jobs()
    assert program.get(f"{ADDRESS}{body['id']}/").json()["state"] == "refused"
    rows = program.get(
        f"{ADDRESS}{body['id']}/refusals/", headers={"Accept-Language": "en"}
    ).json()["results"]
    assert [(r["row"], r["column"], r["value"], r["code"]) for r in rows] == [
        (3, "due date", "bad", "date_form")
    ]
    assert rows[0]["reason"] == "“bad” is not a date. Write it as 2026-01-31."
    file = b"".join(
        program.get(f"{ADDRESS}{body['id']}/refused-rows/?form=csv").streaming_content
    ).decode("utf-8-sig")
    assert file.splitlines()[1].startswith("A-2,C2,2026-01-06,bad,50,")


def test_a_dry_run_can_be_imported_afterwards(program, unit, do_jobs):
    body = post(program, unit, dry_run="true").json()
    do_jobs()
    assert not OpenItem.objects.exists()
    assert program.post(f"{ADDRESS}{body['id']}/run/").status_code == 202
    do_jobs()
    assert OpenItem.objects.count() == 2
    assert program.post(f"{ADDRESS}{body['id']}/run/").status_code == 409


def test_a_repeated_request_takes_no_second_file(program, unit):
    first = post(program, unit, headers={"Idempotency-Key": "k1"})
    again = post(program, unit, headers={"Idempotency-Key": "k1"})
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    assert ImportBatch.objects.count() == 1
    assert post(program, unit, sent(CSV), headers={"Idempotency-Key": "k1"}).status_code == 422


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"kind": "nonsense"}, 400, "invalid"),
        ({"mapping": "nobody"}, 422, "mapping"),
        ({"mapping": '{"columns": {"x": "y"}}'}, 422, "mapping"),
        ({"currency": "XX1"}, 422, "currency"),
        ({"date_order": "DDD"}, 400, "invalid"),
        ({"nonsense": "1"}, 400, "invalid"),
        ({"unit": "NONE"}, 404, "not_found"),
        ({"file": SimpleUploadedFile("a.xlsx", b"MZ")}, 422, "file_content"),
        ({"file": SimpleUploadedFile("a.exe", b"MZ")}, 422, "file_kind"),
        ({"file": SimpleUploadedFile("a.csv", b"")}, 422, "file_empty"),
    ],
)
def test_what_cannot_be_taken_is_a_problem(program, unit, change, status, code):
    change = dict(change)
    asked = BusinessUnit(code=change.pop("unit")) if "unit" in change else unit
    answer = post(program, asked, **change)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert answer["Content-Type"].startswith("application/problem+json")
    assert not ImportBatch.objects.exists()


def test_other_units_and_other_roles(program, unit, api_client, make_user):
    elsewhere = BusinessUnit.objects.create(code="ELSE", name="别处")
    assert post(program, elsewhere).status_code == 404
    batch = post(program, unit).json()["id"]
    stranger = api_client(make_user(Role.INTEGRATION, units=[elsewhere]))
    for path in ("", "refusals/", "refused-rows/"):
        assert stranger.get(f"{ADDRESS}{batch}/{path}").status_code == 404
    assert stranger.post(f"{ADDRESS}{batch}/run/").status_code == 404
    assert stranger.get(ADDRESS).json()["results"] == []
    auditor = api_client(make_user(Role.AUDITOR, units=[unit]))
    assert auditor.get(f"{ADDRESS}{batch}/").status_code == 200
    assert post(auditor, unit).status_code == 403
    seller = api_client(make_user(Role.SALESPERSON, units=[unit]))
    assert seller.get(ADDRESS).status_code == 403
    assert api_client().get(ADDRESS).status_code == 401


def test_the_number_of_queries_does_not_grow_with_the_rows(
    program, unit, do_jobs, django_assert_max_num_queries
):
    for number in range(3):
        post(program, unit, sent(GOOD.replace(b"A-", f"B{number}-".encode())))
    do_jobs()
    with django_assert_max_num_queries(12):
        assert len(program.get(ADDRESS).json()["results"]) == 3


def test_the_samples_through_the_api(program, unit, do_jobs):
    path = shared_data("ibm-late-payments") / "variant-dd-mm-yyyy.csv"
    body = post(program, unit, sent(path.read_bytes(), path.name), mapping="ibm").json()
    path = shared_data("highradius-invoices") / "open-ledger-usd-iso.csv"
    other = post(program, unit, sent(path.read_bytes(), path.name), mapping="highradius").json()
    do_jobs()
    assert program.get(f"{ADDRESS}{body['id']}/").json()["rows_written"] == 2466
    assert program.get(f"{ADDRESS}{other['id']}/").json()["rows_written"] == 9681
