"""Every file of the corpus: taken exactly, or refused with its place and nothing left behind."""

from __future__ import annotations

import socket
import time
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.conf import settings

from config.core.errors import DomainError
from config.core.files import gates, sheet_scan
from config.core.files.refusals import FileRefused
from customers.services import customers
from receivables.models import ImportBatch, OpenItem
from receivables.selectors import import_files, imports
from receivables.services import ledger
from receivables.services.imports import runs, uploads
from tests.receivables.imports.corpus import CASES, Case
from tests.receivables.imports.files import with_prolog

pytestmark = pytest.mark.django_db
NOW, TODAY = datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 1)


@pytest.fixture
def books(unit, monkeypatch):
    """A unit with one customer and one posted invoice; limits small enough to be reached."""
    monkeypatch.setattr(settings, "IMPORT_MAX_ROWS", 300)
    monkeypatch.setattr(sheet_scan, "MAX_ROWS", 300)
    customer = customers.create(unit=unit, code="C1", name="甲公司", actor=None)
    ledger.post(
        unit=unit, customer=customer, kind="invoice", number="OLD-1", document_date=date(2026, 1, 5),
        posting_date=date(2026, 1, 5), due_date=date(2026, 2, 4), amount=Decimal("100.00"), currency="CNY", actor=None,
    )  # fmt: skip
    return unit


def send(unit, case: Case) -> ImportBatch | str:
    """Return the batch, or the code with which the file was turned away at the gate."""
    content = case.content()
    started = time.monotonic()
    try:
        batch = uploads.take(
            unit=unit, kind="open-items", file_name=case.file_name, content=[content], mapping=case.mapping,
            options=case.options, actor=None,
        )  # fmt: skip
    except DomainError as refusal:
        return refusal.code if str(refusal) and time.monotonic() - started < 5 else "too late"
    runs.run(batch=batch, actor=None, now=NOW, today=TODAY)
    assert time.monotonic() - started < 20
    return batch


@pytest.mark.parametrize("case", CASES, ids=str)
def test_file(books, case):
    sent = send(books, case)
    new = OpenItem.objects.exclude(number="OLD-1")
    if isinstance(sent, str):
        assert sent in ([case.refusal] if isinstance(case.refusal, str) else case.refusal)
        assert not ImportBatch.objects.exists()
        assert list(import_files.path_of("x").parent.glob("*.bin")) == []
        return
    code = sent.report.get("refusal", {}).get("code", "")
    if case.refusal:
        assert code in ([case.refusal] if isinstance(case.refusal, str) else case.refusal), (
            sent.report
        )
        assert imports.file_refusal(batch=sent)
        assert not new.exists()
        return
    assert code == "", imports.file_refusal(batch=sent)
    refused = [(r.row, r.column, r.code) for r in imports.refusals(batch=sent)]
    assert refused == list(case.reasons)
    if case.reasons:
        assert sent.state == "refused"
        assert not new.exists()
        assert all(imports.reason(r) for r in imports.refusals(batch=sent))
        return
    assert sent.state == "done"
    if case.written is not None:
        assert sent.rows_written == case.written
    found = {i.number: (i.document_date, f"{i.amount:f}", i.text) for i in new}
    assert found.items() >= case.values.items()
    assert {told["code"] for told in sent.report["notices"]} >= set(case.notices)
    assert "/" not in sent.file_name
    assert "\u202e" not in sent.file_name


def test_an_encoding_fault_names_the_byte(books):
    case = CASES[8]
    sent = send(books, case)
    place = case.content().index(b"\xbb\xff") + 1
    assert str(sent.report["refusal"]["context"]["position"]) in {str(place), str(place + 1)}


def test_an_entity_calls_nobody(books):
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.5)
    port = listener.getsockname()[1]
    case = Case(
        number=86, name="listener", file_name="a.xlsx", refusal="file_xml",
        content=with_prolog(f'<!DOCTYPE w [<!ENTITY x SYSTEM "http://127.0.0.1:{port}/x">]>', "&x;"),
    )  # fmt: skip
    assert send(books, case) == "file_xml"
    with pytest.raises(TimeoutError):
        listener.accept()
    listener.close()


@pytest.mark.parametrize("number", [79, 80, 82, 83])
def test_a_bomb_is_refused_within_a_second(books, number):
    case = CASES[number - 1]
    path = import_files.path_of(f"{number}.xlsx")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(case.content())
    started = time.process_time()
    with pytest.raises(FileRefused):
        gates.check(path, name=case.file_name, max_bytes=10**9)
    assert time.process_time() - started < 1
