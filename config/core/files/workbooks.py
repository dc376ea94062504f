"""Excel workbooks: calamine reads the values, a scan of the XML finds what it does not tell.

calamine gives an empty cell for an error and for a formula that was never computed, and says
nothing of hidden rows; a ledger must know all three. The scan also bounds the table before
calamine lays it out in memory as a rectangle.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _
from python_calamine import CalamineWorkbook

from config.core.files import cells, sheet_scan
from config.core.files.cells import Cell, Chunk, Row, Typed
from config.core.files.refusals import FileRefused
from config.core.files.sheet_scan import SheetScan

HEAD_ROWS = 30
CHUNK = 5_000


class Workbook:
    """One sheet of a workbook; `sheet` is its name, else the first visible sheet with content."""

    encoding = "xlsx"
    delimiter = ""

    def __init__(self, path: Path, *, sheet: str = "") -> None:
        self.path = path
        self.parts = sheet_scan.sheets(path)
        self.sheet = self._choose(sheet)
        self.scan: SheetScan = sheet_scan.scan(path, part=self._part(self.sheet))
        self._rows_read = 0
        self._rows: list[Row] | None = None

    @property
    def sheets(self) -> list[str]:
        """The sheets a user sees."""
        return [part.name for part in self.parts if not part.is_hidden]

    @property
    def hidden_sheets(self) -> list[str]:
        return [part.name for part in self.parts if part.is_hidden]

    @property
    def share_read(self) -> float:
        return min(1.0, self._rows_read / max(1, self.scan.last_row))

    def head(self, rows: int = HEAD_ROWS) -> list[Row]:
        """This function will return the first rows as they will be read."""
        found: list[Row] = []
        for chunk in self.chunks(rows):
            found.extend(chunk.rows)
            break
        return found[:rows]

    def chunks(self, size: int = CHUNK) -> Iterator[Chunk]:
        """This function will yield the rows of the sheet, `size` at a time.

        :raises FileRefused: if calamine cannot read the sheet
        """
        self._rows_read, row, rows = 0, 1, []
        for read in self._typed_rows():
            rows.append(read)
            self._rows_read += 1
            if len(rows) == size:
                yield Chunk(row, rows)
                row, rows = row + size, []
        if rows:
            yield Chunk(row, rows)

    def _choose(self, asked: str) -> str:
        names = [part.name for part in self.parts]
        if asked:
            if asked not in names:
                raise FileRefused(
                    _("There is no sheet “%(sheet)s”. The sheets are: %(sheets)s."),
                    code="sheet_unknown",
                    sheet=asked,
                    sheets=", ".join(self.sheets),
                )
            return asked
        if not self.sheets:
            raise FileRefused(_("The workbook has no visible sheet."), code="sheet_none")
        return self.sheets[0]

    def _part(self, name: str) -> str:
        return next(part.part for part in self.parts if part.name == name)

    def _typed_rows(self) -> Iterator[Row]:
        """Yield rows beginning with row 1 and column A, with what calamine left out put back."""
        try:
            with self.path.open("rb") as file:
                sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_name(self.sheet)
                left = [""] * (sheet.start[1] if sheet.start else 0)
                for number, values in enumerate(sheet.iter_rows(), start=1):
                    row = [*left, *map(_cell, values)]
                    self._put_back(row, number)
                    yield row
        except FileRefused:
            raise
        except GeneratorExit:
            raise
        except BaseException as error:  # calamine panics with a BaseException of its own
            if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
                raise
            raise FileRefused(
                _("The workbook is damaged. Open it in Excel, save it and send it again."),
                code="file_damaged",
            ) from error

    def _put_back(self, row: list[Cell], number: int) -> None:
        for column, kind in self.scan.special.get(number, {}).items():
            row.extend("" for _missing in range(column + 1 - len(row)))
            row[column] = Typed(kind, None)
        for merged in self.scan.merged:
            if merged.first_row <= number <= merged.last_row:
                row.extend("" for _missing in range(merged.last_column + 1 - len(row)))
                for column in range(merged.first_column, merged.last_column + 1):
                    row[column] = Typed(cells.MERGED, cells.shown(row[column]))


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return Typed(cells.TRUTH, value)
    if isinstance(value, (int, float)):
        return Typed(cells.NUMBER, float(value))
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return Typed(cells.DATE, value)
    if isinstance(value, (time, timedelta)):
        return Typed(cells.TIME, str(value))
    return "" if value is None else str(value)


def _moment(value: datetime) -> Cell:
    """A date with a time of day is the date: business days have no hours."""
    return Typed(cells.DATE, value.date())
