"""Files out: no cell computes, numbers stay numbers, and text comes back as it was."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.http import FileResponse, StreamingHttpResponse
from hypothesis import given
from hypothesis import strategies as st

from config.core import exports
from config.core.exports import ExportColumn, original_text, safe_cell

PAYLOADS = [
    "=cmd|' /C calc'!A0", "=1+1", "+1+1", "-1+1", "@SUM(A1:A9)", "\t=1+1", "\r=1+1", "\n=1+1",
    "＝1+1", "＋1", "－1", "＠SUM(1)", " =1+1", "\u200b=1+1", "\ufeff=1+1", "\u3000＝1",
    "'=1+1", "''=1+1", "=HYPERLINK(\"http://x\",\"y\")", "-2+3+cmd|' /C calc'!A0", "=", "-", "+86 21",
]  # fmt: skip
HARMLESS = [
    "苏州明远精密制造有限公司",
    "INV-001",
    "a=b",
    "'quoted'",
    "",
    "1,234.50",
    "<script>",
    "O'Neil",
]
COLUMNS = [
    ExportColumn(label="Name"),
    ExportColumn(label="Amount", kind="money"),
    ExportColumn(label="Due", kind="date"),
    ExportColumn(label="Share", kind="percent"),
]


def read_csv(response: StreamingHttpResponse) -> list[list[str]]:
    content = b"".join(response.streaming_content)  # type: ignore[arg-type]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(response: FileResponse) -> Any:
    content = b"".join(response.streaming_content)  # type: ignore[arg-type]
    return openpyxl.load_workbook(io.BytesIO(content))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_that_would_compute_is_marked_in_csv(payload: str) -> None:
    response = exports.csv_response(filename="x", columns=COLUMNS[:1], rows=[[payload]])
    [_head, [cell]] = read_csv(response)
    assert cell == f"'{payload}"
    assert original_text(cell) == payload


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_left_alone(text: str) -> None:
    assert safe_cell(text) == text
    assert original_text(text) == text


@given(st.text(alphabet=st.sampled_from("='+-@ \t＝a1\u200b")) | st.text())
def test_what_is_exported_comes_back_as_it_was(text: str) -> None:
    assert original_text(safe_cell(text)) == text
    assert not safe_cell(text).lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_cell_of_a_workbook_is_a_formula(payload: str) -> None:
    response = exports.xlsx_response(filename="x", columns=COLUMNS[:1], rows=[[payload]])
    cell = read_xlsx(response).active["A2"]
    assert cell.data_type == "s"
    # XML turns a bare carriage return into a line feed unless it is escaped.
    assert cell.value.replace("_x000D_", "\r") == payload


def test_headings_are_made_safe_too() -> None:
    columns = [ExportColumn(label="=1+1")]
    [[head]] = read_csv(exports.csv_response(filename="x", columns=columns, rows=[]))
    assert head == "'=1+1"
    sheet = read_xlsx(exports.xlsx_response(filename="x", columns=columns, rows=[])).active
    assert sheet["A1"].data_type == "s"


def test_numbers_stay_numbers_and_dates_dates() -> None:
    row = ["甲公司", Decimal("-1234567.80"), date(2026, 11, 3), Decimal("0.247")]
    [_head, line] = read_csv(exports.csv_response(filename="x", columns=COLUMNS, rows=[row]))
    assert line == ["甲公司", "-1234567.80", "2026-11-03", "0.247"]
    sheet = read_xlsx(
        exports.xlsx_response(filename="x", columns=COLUMNS, rows=[row], totals=[row])
    ).active
    assert [c.data_type for c in sheet[2]] == ["s", "n", "d", "n"]
    assert sheet["B2"].value == -1234567.8
    assert sheet["B2"].number_format == "#,##0.00"
    assert sheet["C2"].value == datetime(2026, 11, 3)
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.bold
    assert sheet["B3"].font.bold
    assert sheet.column_dimensions["B"].width >= 16


def test_an_amount_too_long_for_a_spreadsheets_digits_is_text() -> None:
    sheet = read_xlsx(
        exports.xlsx_response(
            filename="x", columns=COLUMNS[1:2], rows=[[Decimal("9999999999999999.99")]]
        )
    ).active
    assert (sheet["A2"].data_type, sheet["A2"].value) == ("s", "9999999999999999.99")


def test_empty_values_are_empty_cells() -> None:
    row = [None, None, None, None]
    [_head, line] = read_csv(exports.csv_response(filename="x", columns=COLUMNS, rows=[row]))
    assert line == ["", "", "", ""]
    sheet = read_xlsx(exports.xlsx_response(filename="x", columns=COLUMNS, rows=[row])).active
    assert [c.value for c in sheet[1]] == ["Name", "Amount", "Due", "Share"]
    assert sheet.max_row == 1


def test_a_moment_is_written_in_business_time() -> None:
    columns = [ExportColumn(label="At", kind="moment")]
    row = [datetime(2026, 11, 22, 18, 30, tzinfo=UTC)]
    [_head, line] = read_csv(exports.csv_response(filename="x", columns=columns, rows=[row]))
    assert line == ["2026-11-23 02:30"]
    sheet = read_xlsx(exports.xlsx_response(filename="x", columns=columns, rows=[row])).active
    assert sheet["A2"].value == datetime(2026, 11, 23, 2, 30)


def test_csv_begins_with_the_mark_that_excel_needs_and_streams() -> None:
    taken: list[int] = []

    def rows() -> Any:
        for number in range(5000):
            taken.append(number)
            yield [f"客户{number}"]

    response = exports.csv_response(filename="x", columns=COLUMNS[:1], rows=rows())
    parts = iter(response.streaming_content)  # type: ignore[arg-type]
    assert next(parts) == b"\xef\xbb\xbf"
    next(parts), next(parts)
    assert len(taken) == exports.ROWS_AT_ONCE
    assert sum(part.count(b"\r\n") for part in parts) == 5000 - exports.ROWS_AT_ONCE


def test_a_full_sheet_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "SHEET_ROWS", 4)
    book = read_xlsx(
        exports.xlsx_response(filename="x", columns=COLUMNS[:1], rows=[[str(n)] for n in range(7)])
    )
    assert [[c.value for c in sheet["A"]] for sheet in book] == [
        ["Name", "0", "1", "2"],
        ["Name", "3", "4", "5"],
        ["Name", "6"],
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ledger", 'attachment; filename="ledger.csv"'),
        ("../../etc/pass\r\nwd", 'attachment; filename="etc-passwd.csv"'),
        ("a\u202egnp.exe", 'attachment; filename="agnp.exe.csv"'),
        ("台账", "attachment; filename*=utf-8''%E5%8F%B0%E8%B4%A6.csv"),
        ("\u200b", 'attachment; filename="export.csv"'),
        ("x" * 300, f'attachment; filename="{"x" * 100}.csv"'),
    ],
)
def test_a_file_has_a_harmless_name_and_is_never_shown_by_the_browser(
    name: str, expected: str
) -> None:
    response = exports.csv_response(filename=name, columns=COLUMNS, rows=[])
    assert response["Content-Disposition"] == expected
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Type"] == "text/csv; charset=utf-8"
