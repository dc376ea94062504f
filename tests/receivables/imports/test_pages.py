"""The pages of an import, from the upload to the figures."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from config.core.models import BusinessUnit
from config.core.roles import Role
from customers.services import customers
from receivables.models import ImportBatch, OpenItem
from tests.shared import shared_data

pytestmark = pytest.mark.django_db
CSV = '发票号,客户编码,客户名称,开票日期,到期日,金额\nINV-1,C1,甲公司,2026-01-05,2026-02-04,100.00\nINV-2,C2,乙公司,2026-01-06,2026-02-05,"1,200.50"\n'


def sent(text: str | bytes, name: str = "ledger.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


@pytest.fixture
def accountant(client_for, unit):
    return client_for(Role.AR_ACCOUNTANT, units=[unit], language="en")


def upload(client, unit, file, kind: str = "open-items") -> ImportBatch:
    answer = client.post(
        reverse("receivables:import_upload"), {"unit": unit.pk, "kind": kind, "file": file}
    )
    assert answer.status_code == 302, answer.content.decode()
    return ImportBatch.objects.latest("pk")


def choices(batch: ImportBatch, client, **extra) -> dict[str, str]:
    """Return the fields of the mapping page as a browser would send them back."""
    page = client.get(reverse("receivables:import_mapping", args=[batch.pk]))
    preview = page.context["preview"]
    columns = {f"column-{c.position}": c.field for c in preview.columns}
    return {**columns, "currency": "CNY", "create_customers": "on", **extra}


def test_a_ledger_goes_from_upload_to_figures(accountant, unit, do_jobs):
    batch = upload(accountant, unit, sent(CSV))
    address = reverse("receivables:import_mapping", args=[batch.pk])
    page = accountant.get(address)
    assert [row.cells[0].text for row in page.context["preview"].rows] == ["INV-1", "INV-2"]
    assert "甲公司" in page.content.decode()

    answer = accountant.post(address, choices(batch, accountant, action="import"))
    assert answer.status_code == 302
    waiting = accountant.get(answer["Location"]).content.decode()
    assert 'role="progressbar"' in waiting
    do_jobs()

    page = accountant.get(answer["Location"])
    batch.refresh_from_db()
    assert (batch.state, batch.rows_written) == ("done", 2)
    assert "1,300.50" in page.content.decode()
    assert page.context["next_url"].startswith("/receivables/aging/")
    assert set(OpenItem.objects.values_list("number", flat=True)) == {"INV-1", "INV-2"}
    listed = accountant.get(reverse("receivables:imports")).content.decode()
    assert "ledger.csv" in listed


def test_a_check_writes_nothing_and_can_be_turned_into_an_import(accountant, unit, do_jobs):
    batch = upload(accountant, unit, sent(CSV))
    address = reverse("receivables:import_mapping", args=[batch.pk])
    accountant.post(address, choices(batch, accountant, action="check"))
    do_jobs()
    batch.refresh_from_db()
    assert (batch.state, batch.rows_written, OpenItem.objects.count()) == ("checked", 0, 0)
    assert batch.report["rows_good"] == 2

    accountant.post(reverse("receivables:import_start", args=[batch.pk]))
    do_jobs()
    batch.refresh_from_db()
    assert (batch.state, OpenItem.objects.count()) == ("done", 2)


def test_unknown_headings_are_mapped_by_hand_and_remembered(accountant, unit, do_jobs):
    text = "A1,B1,C1,D1,E1\nX-9,K9,2026-03-01,2026-04-01,50\n"
    batch = upload(accountant, unit, sent(text))
    page = accountant.get(reverse("receivables:import_mapping", args=[batch.pk]))
    assert page.context["preview"].missing
    chosen = {
        "column-0": "number",
        "column-1": "customer",
        "column-2": "document_date",
        "column-3": "due_date",
        "column-4": "amount",
    }
    data = {**chosen, "currency": "CNY", "create_customers": "on", "action": "import"}
    accountant.post(reverse("receivables:import_mapping", args=[batch.pk]), data)
    do_jobs()
    batch.refresh_from_db()
    assert batch.state == "done"

    again = upload(accountant, unit, sent(text.replace("X-9", "X-10")))
    page = accountant.get(reverse("receivables:import_mapping", args=[again.pk]))
    assert page.context["preview"].is_remembered
    assert [c.field for c in page.context["preview"].columns] == list(chosen.values())


def test_ambiguous_dates_are_asked_for(accountant, unit, do_jobs):
    text = (
        CSV.replace("2026-01-05", "05/01/2026")
        .replace("2026-01-06", "06/01/2026")
        .replace("2026-02-04", "")
        .replace("2026-02-05", "")
    )
    batch = upload(accountant, unit, sent(text))
    page = accountant.get(reverse("receivables:import_mapping", args=[batch.pk]))
    assert page.context["preview"].asks_date_order
    assert "05/01/2026" in page.context["preview"].refusal
    accountant.post(
        reverse("receivables:import_mapping", args=[batch.pk]),
        choices(batch, accountant, date_order="DMY", action="import"),
    )
    do_jobs()
    assert OpenItem.objects.get(number="INV-1").document_date.isoformat() == "2026-01-05"


def test_refused_rows_can_be_downloaded_corrected_and_sent_again(accountant, unit, do_jobs):
    bad = (
        CSV
        + 'INV-3,C3,丙公司,2026-02-30,2026-03-01,10\nINV-4,C3,"=HYPERLINK(1)",2026-02-03,2026-03-01,10\n'
    )
    batch = upload(accountant, unit, sent(bad))
    accountant.post(
        reverse("receivables:import_mapping", args=[batch.pk]),
        choices(batch, accountant, action="import"),
    )
    do_jobs()
    batch.refresh_from_db()
    assert (batch.state, batch.rows_refused, OpenItem.objects.count()) == ("refused", 1, 0)
    page = accountant.get(reverse("receivables:import_detail", args=[batch.pk])).content.decode()
    assert "2026-02-30" in page
    for form in ("csv", "xlsx"):
        address = reverse("receivables:import_refused_rows", args=[batch.pk]) + f"?form={form}"
        answer = accountant.get(address)
        content = b"".join(answer.streaming_content)
        if form == "csv":
            assert "INV-3" in content.decode("utf-8-sig")
            content = content.replace(b"2026-02-30", b"2026-02-27")
        again = upload(accountant, unit, sent(content, f"rows.{form}"))
        accountant.post(
            reverse("receivables:import_mapping", args=[again.pk]),
            choices(again, accountant, action="import"),
        )
        do_jobs()
        again.refresh_from_db()
        assert again.rows_read == 1, again.report
        assert again.state == ("done" if form == "csv" else "refused")


def test_what_is_no_table_is_refused_on_the_form(accountant, unit):
    answer = accountant.post(
        reverse("receivables:import_upload"),
        {"unit": unit.pk, "kind": "open-items", "file": sent(b"MZ\x90\x00", "a.csv")},
    )
    assert answer.status_code == 422
    assert "named as text but is none" in answer.content.decode()
    assert not ImportBatch.objects.exists()


def test_other_units_imports_are_not_there(accountant, unit, client_for):
    batch = upload(accountant, unit, sent(CSV))
    stranger = client_for(
        Role.AR_ACCOUNTANT, units=[BusinessUnit.objects.create(code="ELSE", name="别处")]
    )
    for name in ("import_detail", "import_mapping", "import_refused_rows"):
        assert stranger.get(reverse(f"receivables:{name}", args=[batch.pk])).status_code == 404
    assert stranger.post(reverse("receivables:import_start", args=[batch.pk])).status_code == 404
    answer = stranger.post(
        reverse("receivables:import_upload"),
        {"unit": unit.pk, "kind": "open-items", "file": sent(CSV)},
    )
    assert answer.status_code == 422


@pytest.mark.parametrize("kind", ["customers", "open-items", "receipts"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_template_imports_as_it_stands(client_for, unit, do_jobs, kind, language):
    if kind == "receipts":
        customers.create(unit=unit, code="C-001", name="甲", actor=None)
    person = client_for(Role.FINANCE_MANAGER, units=[unit], language=language)
    answer = person.get(reverse("receivables:import_template", args=[kind]))
    content = b"".join(answer.streaming_content)
    batch = upload(person, unit, sent(content, "template.xlsx"), kind)
    person.post(
        reverse("receivables:import_mapping", args=[batch.pk]),
        choices(batch, person, action="import"),
    )
    do_jobs()
    batch.refresh_from_db()
    assert (batch.state, batch.rows_written) == ("done", 1), [
        r.message for r in batch.refusals.all()
    ]


def test_the_ibm_sample_through_the_page(accountant, unit, do_jobs):
    path = shared_data("ibm-late-payments") / "WA_Fn-UseC_-Accounts-Receivable.csv"
    batch = upload(accountant, unit, sent(path.read_bytes(), path.name))
    accountant.post(
        reverse("receivables:import_mapping", args=[batch.pk]),
        choices(batch, accountant, action="import"),
    )
    do_jobs()
    batch.refresh_from_db()
    assert (batch.state, batch.rows_written) == ("done", 2466)


def test_a_marked_text_comes_back_as_it_was(accountant, unit, do_jobs):
    bad = "发票号,客户编码,开票日期,到期日,金额,类型,摘要\nINV-7,C7,2026-02-30,2026-03-01,-10,红字发票,=1+1\n"
    batch = upload(accountant, unit, sent(bad))
    accountant.post(
        reverse("receivables:import_mapping", args=[batch.pk]),
        choices(batch, accountant, action="import"),
    )
    do_jobs()
    address = reverse("receivables:import_refused_rows", args=[batch.pk]) + "?form=csv"
    content = b"".join(accountant.get(address).streaming_content)
    assert "'=1+1" in content.decode()
    again = upload(accountant, unit, sent(content.replace(b"2026-02-30", b"2026-02-28")))
    accountant.post(
        reverse("receivables:import_mapping", args=[again.pk]),
        choices(again, accountant, action="import"),
    )
    do_jobs()
    item = OpenItem.objects.get(number="INV-7")
    assert (item.text, item.kind, f"{item.amount:f}") == ("=1+1", "credit_note", "10.00")
