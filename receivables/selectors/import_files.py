"""Reading a sent file up to the point where its rows can be taken: table, heading, date order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from config.core.exports import original_text
from config.core.files.cells import Cell, Chunk, Row
from config.core.files.delimited import DelimitedFile
from config.core.files.refusals import FileRefused
from config.core.files.workbooks import Workbook
from receivables.domain.importing import dates, layouts
from receivables.domain.importing.fields import DATE, FIELDS, OPEN_ITEMS, RECEIPTS
from receivables.domain.importing.layouts import Layout, NoLayout
from receivables.domain.importing.mappings import ColumnMapping

Table = DelimitedFile | Workbook
FOLDER = "imports"
REASON = gettext_noop("Reason of refusal (this column is not read)")
REMEMBERED_DATES = 50_000


@dataclass(slots=True)
class Opened:
    """A file whose heading was found; `date_order` is None where no date needs one."""

    table: Table
    layout: Layout
    date_order: str | None

    @property
    def is_ours(self) -> bool:
        """Whether the file is one of refused rows that we wrote, with marks that make text safe."""
        return not own_headings().isdisjoint(self.layout.headings)

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows of the table, those of a file of ours as they were before we marked them."""
        if not self.is_ours:
            yield from self.table.chunks()
            return
        for chunk in self.table.chunks():
            rows: list[Row] = [[_original(cell) for cell in row] for row in chunk.rows]
            yield Chunk(chunk.first_row, rows)


def _original(cell: Cell) -> Cell:
    return original_text(cell) if isinstance(cell, str) else cell


def own_headings() -> set[str]:
    """This function will return the heading of our column of reasons in every language."""
    found = set()
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            found.add(gettext(REASON))
    return found


def path_of(stored_name: str) -> Path:
    """This function will return where a stored file lies."""
    return Path(settings.MEDIA_ROOT) / FOLDER / stored_name


def labels(kind: str) -> dict[str, str]:
    """This function will return the names of a kind's fields in the language of now."""
    return {field.name: gettext(field.label) for field in FIELDS[kind]}


def open_table(path: Path, *, sheet: str = "") -> Table:
    """This function will open a stored file as a table.

    :raises FileRefused: if it cannot be read as one
    """
    return Workbook(path, sheet=sheet) if path.suffix == ".xlsx" else DelimitedFile(path)


def open_file(path: Path, *, kind: str, mapping: ColumnMapping, sheet: str = "") -> Opened:
    """This function will open a file, find its heading and settle its date order.

    :raises FileRefused: if a required column is missing, or the date order must be asked for
    """
    table = open_table(path, sheet=sheet)
    head = table.head()
    layout = layouts.locate(kind, head, mapping)
    if isinstance(layout, NoLayout) and isinstance(table, Workbook) and not sheet:
        table, layout = _other_sheet(table, kind, mapping) or (table, layout)
    if isinstance(layout, NoLayout):
        layout = _other_delimiter(table, kind, mapping) or layout
    if isinstance(layout, NoLayout):
        raise _no_heading(kind, layout)
    if isinstance(table, Workbook) and not sheet:
        _refuse_two_tables(table, kind, mapping)
    return Opened(
        table, layout, date_order(table, kind=kind, layout=layout, chosen=mapping.date_order)
    )


def _other_sheet(
    table: Workbook, kind: str, mapping: ColumnMapping
) -> tuple[Workbook, Layout] | None:
    """Return another visible sheet that has the heading, if the first has none."""
    for name in table.sheets[1:]:
        other = Workbook(table.path, sheet=name)
        layout = layouts.locate(kind, other.head(), mapping)
        if isinstance(layout, Layout):
            return other, layout
    return None


def _refuse_two_tables(table: Workbook, kind: str, mapping: ColumnMapping) -> None:
    """Refuse to choose between two sheets that both have the heading."""
    fitting = [
        name
        for name in table.sheets
        if name == table.sheet
        or isinstance(
            layouts.locate(kind, Workbook(table.path, sheet=name).head(), mapping), Layout
        )
    ]
    if len(fitting) > 1:
        raise FileRefused(
            _(
                "Several sheets have the columns of this import: %(sheets)s. Say which sheet to read."
            ),
            code="sheet_choice",
            sheets=", ".join(fitting),
        )


def _other_delimiter(table: Table, kind: str, mapping: ColumnMapping) -> Layout | None:
    """Return the layout under another delimiter than the one that looked right."""
    if isinstance(table, Workbook):
        return None
    for delimiter in (",", ";", "\t", "|"):
        layout = layouts.locate(kind, table.head(delimiter=delimiter), mapping)
        if isinstance(layout, Layout):
            table.delimiter = delimiter
            return layout
    return None


def _no_heading(kind: str, found: NoLayout) -> FileRefused:
    missing = ", ".join(gettext(field.label) for field in found.missing)
    if found.heading_row is None:
        return FileRefused(
            _(
                "No heading row was found. The first row of the table names its columns; needed are: %(columns)s."
            ),
            code="heading_missing",
            columns=missing,
        )
    return FileRefused(
        _(
            "Row %(row)s looks like the heading, but no column was found for: %(columns)s. Say which columns they are."
        ),
        code="columns_missing",
        row=found.heading_row,
        columns=missing,
    )


def date_order(table: Table, *, kind: str, layout: Layout, chosen: str) -> str | None:
    """This function will return in which order a file writes day and month, if it needs to be known.

    :raises FileRefused: if every date fits both orders and none was chosen, or they contradict each other
    """
    positions = [
        layout.columns[f.name] for f in FIELDS[kind] if f.type == DATE and f.name in layout.columns
    ]
    if chosen in {"DMY", "MDY"} or not positions:
        return chosen or None
    first = next(iter(table.chunks(1000)), None)
    written = set(_texts([first] if first else [], positions))
    if not any(map(dates.is_year_last, written)):
        return None
    written = set(islice(_distinct(_texts(table.chunks(), positions)), REMEMBERED_DATES))
    day_first, month_first = dates.evidence(written)
    if bool(day_first) != bool(month_first):
        return "DMY" if day_first else "MDY"
    example = next(value for value in sorted(written) if dates.is_year_last(value)).strip()
    if day_first:
        raise FileRefused(
            _(
                "The dates of this file are written in both orders, day-month and month-day. Write them as 2026-01-31."
            ),
            code="date_order_mixed",
        )
    raise FileRefused(
        _(
            "The dates of this file, such as “%(value)s”, can be read as day-month or as month-day. "
            "Say which it is: date order DMY or MDY."
        ),
        code="date_order",
        value=example,
    )


def _texts(chunks: Iterable[Chunk], positions: list[int]) -> Iterator[str]:
    for chunk in chunks:
        for position in positions:
            yield from {
                cell for cell in _column(chunk.rows, position) if isinstance(cell, str) and cell
            }


def _column(rows: list[Row], position: int) -> Iterator[object]:
    return (row[position] for row in rows if len(row) > position)


def _distinct(values: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for value in values:
        if value not in seen:
            seen.add(value)
            yield value


def rows_at(table: Table, numbers: set[int], width: int) -> dict[int, list[str]]:
    """This function will return the cells of some rows, as they stand in the file."""
    from_row, last = min(numbers, default=0), max(numbers, default=0)
    found: dict[int, list[str]] = {}
    for chunk in table.chunks():
        end = chunk.first_row + len(chunk.rows)
        if end > from_row:
            for offset, row in enumerate(chunk.rows):
                if chunk.first_row + offset in numbers:
                    found[chunk.first_row + offset] = [_shown(cell) for cell in row[:width]]
        if end > last:
            break
    return found


def _shown(cell: object) -> str:
    return cell[:1000] if isinstance(cell, str) else cell.shown()[:1000]  # type: ignore[attr-defined]


def default_source(kind: str) -> str:
    """This function will return under which source a kind's numbers are unique unless one is given."""
    return {OPEN_ITEMS: "ledger", RECEIPTS: "cash"}.get(kind, "")
