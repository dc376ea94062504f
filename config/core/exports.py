"""Files out: CSV and XLSX that a spreadsheet reads as figures and text, never as formulas.

    csv_response(filename="ledger", columns=columns, rows=rows)
    xlsx_response(filename="ledger", columns=columns, rows=rows, totals=totals)

`rows` are sequences in the order of `columns`; they may come from a generator of any length.
"""

from __future__ import annotations

import codecs
import csv
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import get_language

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# First characters by which a spreadsheet takes text for a formula, full-width twins included.
FORMULA_STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20\u2212")
ROWS_AT_ONCE = 500
# Excel's own limits: rows of a sheet, characters of a cell, digits of a number.
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767
EXACT_NUMBER = Decimal(10) ** 13
NUMBER_FORMATS = {
    "money": "#,##0.00",
    "number": "#,##0.######",
    "days": "#,##0",
    "percent": "0.0%",
    "date": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}
WIDTHS = {"money": 16, "number": 12, "days": 10, "percent": 10, "date": 12, "moment": 17}


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportColumn:
    """A column of a file; `kind` is one of the list's kinds (money, date, text, …)."""

    label: str | Promise
    kind: str = "text"
    width: int | None = None


def safe_cell(text: str) -> str:
    """Return `text` as a spreadsheet shows it without computing: marked by ' where it would.

    White space and invisible characters before the sign do not hide it. The mark is reversible:
    see `original_text`.
    """
    return f"'{text}" if _looks_like_formula(text.lstrip("'")) else text


def original_text(cell: str) -> str:
    """Return what `safe_cell` was given, so that an exported file can be imported again."""
    return cell[1:] if cell.startswith("'") and safe_cell(cell[1:]) == cell else cell


def _looks_like_formula(text: str) -> bool:
    for character in text:
        if character in FORMULA_STARTS:
            return True
        if not character.isspace() and unicodedata.category(character) not in {"Cf", "Cc"}:
            return False
    return False


def safe_filename(name: str, *, extension: str) -> str:
    """Return a file name without path, control characters or invisible marks, with its ending."""
    visible = "".join(c for c in name if unicodedata.category(c)[0] not in "CZ" or c == " ")
    stem = re.sub(r'[\\/:*?"<>|;]+', "-", visible).strip(" .-")[:100] or "export"
    return f"{stem}.{extension}"


def attachment_headers(filename: str) -> dict[str, str]:
    """Return the headers of a file that is to be saved and never shown by the browser."""
    return {
        "Content-Disposition": content_disposition_header(True, filename) or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


# CSV ---------------------------------------------------------------------------------------------


class _Echo:
    """What csv.writer needs of a file: it hands the line back."""

    def write(self, line: str) -> str:
        return line


def csv_text(value: Any) -> str:
    """Return one value as CSV text: figures plain, dates ISO 8601, text made safe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else ""
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, datetime):
        return f"{_local(value):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return safe_cell(str(value))


def csv_lines(
    *, columns: Sequence[ExportColumn], rows: Iterable[Sequence[Any]], language: str
) -> Iterator[bytes]:
    """Yield the file in pieces, in the language given; it begins with the mark that Excel needs."""
    writer = csv.writer(_Echo())
    yield codecs.BOM_UTF8
    with translation.override(language):
        yield writer.writerow([safe_cell(str(c.label)) for c in columns]).encode()
    source = iter(rows)
    while True:
        with translation.override(language):
            piece = [writer.writerow(map(csv_text, row)) for row in islice(source, ROWS_AT_ONCE)]
        if not piece:
            return
        yield "".join(piece).encode("utf-8", "replace")


def csv_response(
    *, filename: str, columns: Sequence[ExportColumn], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """This function will stream rows as a CSV file (UTF-8 with mark, comma, CRLF)."""
    lines = csv_lines(columns=columns, rows=rows, language=get_language() or settings.LANGUAGE_CODE)
    name = safe_filename(filename, extension="csv")
    return StreamingHttpResponse(lines, content_type=CSV_TYPE, headers=attachment_headers(name))


# XLSX --------------------------------------------------------------------------------------------


class _Sheets:
    """Writes rows to a workbook in constant memory, going on with another sheet when one is full."""

    def __init__(self, file: IO[bytes], columns: Sequence[ExportColumn]) -> None:
        import xlsxwriter  # noqa: PLC0415  slow to load, and only a download needs it

        self.columns = columns
        self.book = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "default_date_format": NUMBER_FORMATS["date"],
            },
        )
        self.bold = self.book.add_format({"bold": True, "bottom": 1, "valign": "top"})
        self.formats = [self._format(c.kind) for c in columns]
        self.total_formats = [self._format(c.kind, bold=True, top=1) for c in columns]
        self._open_sheet()

    def _format(self, kind: str, **extra: Any) -> Any:
        return self.book.add_format({"num_format": NUMBER_FORMATS.get(kind, "General"), **extra})

    def _open_sheet(self) -> None:
        self.sheet = self.book.add_worksheet()
        self.row = 0
        for at, column in enumerate(self.columns):
            label = str(column.label)
            fallback = max(WIDTHS.get(column.kind, 18), min(30, 2 + display_width(label)))
            self.sheet.set_column(at, at, column.width or fallback)
            self.sheet.write_string(0, at, label, self.bold)
        self.sheet.freeze_panes(1, 0)
        self.row = 1

    def write(self, values: Sequence[Any], formats: Sequence[Any]) -> None:
        if self.row >= SHEET_ROWS:
            self._open_sheet()
        for at, value in enumerate(values):
            self._write_cell(at, value, formats[at])
        self.row += 1

    def _write_cell(self, at: int, value: Any, look: Any) -> None:
        if value is None or value == "":
            return
        if isinstance(value, bool):
            self.sheet.write_boolean(self.row, at, value)
        elif isinstance(value, (int, float, Decimal)) and _is_exact(value):
            self.sheet.write_number(self.row, at, float(value), look)
        elif isinstance(value, datetime):
            self.sheet.write_datetime(self.row, at, _local(value).replace(tzinfo=None), look)
        elif isinstance(value, date):
            self.sheet.write_datetime(self.row, at, datetime(*value.timetuple()[:3]), look)  # noqa: DTZ001
        else:
            self.sheet.write_string(self.row, at, str(value)[:CELL_CHARACTERS])


def _is_exact(value: float | Decimal) -> bool:
    """Return whether Excel's 15 digits hold the number; otherwise it is written as text."""
    exact = Decimal(value)
    return exact.is_finite() and abs(exact) < EXACT_NUMBER


def display_width(text: str) -> int:
    """Return how many narrow columns a text takes: Chinese characters count two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def write_xlsx(
    *,
    file: IO[bytes],
    columns: Sequence[ExportColumn],
    rows: Iterable[Sequence[Any]],
    totals: Iterable[Sequence[Any]] = (),
) -> None:
    """This function will write a workbook: bold frozen head, typed cells, totals at the end."""
    sheets = _Sheets(file, columns)
    marked = chain(
        ((row, sheets.formats) for row in rows), ((t, sheets.total_formats) for t in totals)
    )
    for values, formats in marked:
        sheets.write(values, formats)
    sheets.book.close()


def xlsx_response(
    *,
    filename: str,
    columns: Sequence[ExportColumn],
    rows: Iterable[Sequence[Any]],
    totals: Iterable[Sequence[Any]] = (),
) -> FileResponse:
    """This function will answer with an XLSX file, written to disk first and removed when sent."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  FileResponse closes it
    write_xlsx(file=file, columns=columns, rows=rows, totals=totals)
    file.seek(0)
    name = safe_filename(filename, extension="xlsx")
    response = FileResponse(file, content_type=XLSX_TYPE)
    for header, value in attachment_headers(name).items():
        response[header] = value
    return response


def file_response(
    *,
    form: str,
    filename: str,
    columns: Sequence[ExportColumn],
    rows: Iterable[Sequence[Any]],
    totals: Iterable[Sequence[Any]] = (),
) -> HttpResponseBase:
    """This function will answer with the form asked for, "csv" or "xlsx"; CSV carries no totals."""
    if form == "xlsx":
        return xlsx_response(filename=filename, columns=columns, rows=rows, totals=totals)
    return csv_response(filename=filename, columns=columns, rows=rows)


def _local(value: datetime) -> datetime:
    return value.astimezone(ZoneInfo(settings.TIME_ZONE)) if value.tzinfo else value
