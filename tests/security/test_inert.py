"""What people type is text: never markup on a page, never a formula in a file (stored XSS, CSV injection)."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import openpyxl
import pytest
from django.test import Client

from config.core.roles import Role
from customers.models import Contact
from receivables.models import AlertRule, OpenItem
from tests import factories
from tests.receivables import books
from tests.security.matrix import MATRIX

pytestmark = pytest.mark.django_db
MARKUP = [
    "<script>zqevil()</script>",
    '"><img src=x onerror=zqevil()>',
    "'-zqevil()-'",
    "</script><svg/onload=zqevil()>",
    "{{ 7*7 }}${7*7}<b>zqevil</b>",
    "javascript:zqevil()",
]
FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://evil.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "＝1+1",
    " =1+1",
]
# An open tag, an attribute or a script that only our text could have brought in.
LIVE = re.compile(
    r"<(script|img|svg|b)\b[^>]*>?\s*(zqevil|src=x|/?onload)|onerror=zqevil\(\)>(?!.*&gt;)",
    re.IGNORECASE,
)


def fill(unit: Any, texts: list[str], clerk: Any) -> list[Any]:
    """Make a customer for each text, which stands in every place that takes text."""
    made = []
    for number, text in enumerate(texts):
        customer = books.make_customer(
            unit, name=text, short_name=text[:60], note=text, address=text, industry=text[:60], region=text[:60],
            legal_representative=text[:60], name_en=text, sales_owner=clerk,
        )  # fmt: skip
        Contact.objects.create(customer=customer, name=text, title=text, phone=text[:40], note=text)
        invoice = books.invoice(
            customer,
            "10.00",
            number=f"{text[:55]}{number}",
            text=text,
            order_reference=text[:60],
            contract_reference=text[:60],
        )
        books.receipt(customer, "5.00", number=f"{text[:54]}R{number}", text=text)
        factories.OverdueAlertFactory(
            customer=customer, owner=clerk, rule=AlertRule.objects.filter(kind="first_overdue").first(), note=text,
            cause={"threshold": 1, "days": 3, "count": 1, "items": [{"id": invoice.pk, "number": invoice.number}]},
        )  # fmt: skip
        made.append(customer)
    return made


@pytest.fixture
def manager(client_for: Any, stop_clock: Any, unit: Any) -> Client:
    stop_clock("2026-04-20 10:00")
    return client_for(Role.FINANCE_MANAGER, units=[unit])


def pages(customers: list[Any]) -> list[str]:
    plain = [
        f"/{r}" for r in MATRIX if "<" not in r and "GET" in MATRIX[r] and not r.startswith("api/")
    ]
    asked = [
        "/search/?q=zqevil",
        "/customers/options/?q=zqevil",
        "/receivables/aging/?group_by=industry",
        "/receivables/aging/?group_by=region",
    ]
    for customer in customers:
        pk = customer.pk
        asked += [f"/customers/{pk}/{part}" for part in ("", "history/", "contacts/")]
        asked += [
            f"/receivables/customers/{pk}/{part}/"
            for part in ("figures", "items", "ledger", "aging")
        ]
        asked += [
            f"/receivables/items/{item.pk}/" for item in OpenItem.objects.filter(customer=customer)
        ]
        asked += (
            [f"/receivables/alerts/{alert.pk}/" for alert in customer.overdue_alerts.all()]
            if hasattr(customer, "overdue_alerts")
            else []
        )
    return plain + asked


def test_markup_in_names_texts_and_notes_is_shown_and_never_lives(
    manager: Client, unit: Any
) -> None:
    customers = fill(unit, MARKUP, manager.user)  # type: ignore[attr-defined]
    shown = 0
    for path in pages(customers):
        answer = manager.get(path)
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        text = answer.content.decode()
        shown += "zqevil" in text
        for payload in MARKUP[:2] + MARKUP[3:5]:
            assert payload not in text, (path, payload)
        assert not re.search(r"href=.javascript:", text), path
        assert not re.search(r"<[a-z][^>]*\son[a-z]+=", re.sub(r'"[^"]*"', '""', text)), path
    assert shown > 20


def test_an_answer_to_a_program_is_never_taken_for_a_page(manager: Client, unit: Any) -> None:
    fill(unit, MARKUP, manager.user)  # type: ignore[attr-defined]
    for route in [
        r for r in MATRIX if r.startswith("api/") and "<" not in r and "GET" in MATRIX[r]
    ]:
        answer = manager.get(f"/{route}", headers={"Accept": "text/html,*/*"})
        if route.endswith("docs/"):
            continue
        assert answer.headers["Content-Type"].split(";")[0] != "text/html", route
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def exports() -> list[str]:
    return [f"/{r}" for r in ("customers/", "receivables/items/", "receivables/aging/", "receivables/receipts/", "receivables/alerts/")]  # fmt: skip


NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def test_no_cell_of_an_exported_csv_computes(manager: Client, unit: Any) -> None:
    fill(unit, FORMULAS, manager.user)  # type: ignore[attr-defined]
    for path in exports():
        answer = manager.get(f"{path}?export=csv")
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        cells = [
            cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for cell in row
        ]
        assert any("SUM" in cell or "HYPERLINK" in cell for cell in cells), path
        live = [
            c
            for c in cells
            if c.strip()[:1] in {"=", "+", "-", "@", "\t", "\r", "＝"} and not NUMBER.fullmatch(c)
        ]
        assert live == [], path


def test_no_cell_of_an_exported_workbook_computes(manager: Client, unit: Any) -> None:
    fill(unit, FORMULAS, manager.user)  # type: ignore[attr-defined]
    for path in exports():
        answer = manager.get(f"{path}?export=xlsx")
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert any("HYPERLINK" in str(cell.value) for cell in cells), path
        assert [cell.value for cell in cells if cell.data_type == "f"] == [], path
        assert [cell.hyperlink for cell in cells if cell.hyperlink] == [], path
