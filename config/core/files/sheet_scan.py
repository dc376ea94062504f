"""What stands in a sheet's XML besides its values, found in one pass over its bytes."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from defusedxml import ElementTree
from django.utils.translation import gettext_lazy as _

from config.core.files import cells
from config.core.files.archives import REFERENCE, letters_to_index
from config.core.files.refusals import FileRefused

BLOCK = 1 << 20
MAX_ROW_BYTES = 32 << 20
MAX_ROWS = 200_000
MAX_COLUMNS = 256
MAX_CELLS = 6_000_000
MAX_SPECIAL = 50_000
MAX_MERGED = 2_000

ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?row>)", re.DOTALL)
CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
# The column letters of cells that have content; a styled empty cell closes itself.
FILLED = re.compile(rb"<(?:\w+:)?c\b[^>]*?\br=\"([A-Z]{1,3})\d+\"[^>]*(?<!/)>")
ROW_END = re.compile(rb"</(?:\w+:)?row>")
UNNAMED = re.compile(rb"<(?:\w+:)?c\b(?![^>]*\br=)")
ROW_NUMBER = re.compile(rb"\br=\"(\d{1,8})\"")
REF = re.compile(rb"\br=\"([A-Z]{1,3})\d+\"")
HIDDEN = re.compile(rb"\bhidden=\"(?:1|true)\"")
VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>[^<]|<(?:\w+:)?is\b")
MERGE = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\bref=\"([A-Z]+\d+):([A-Z]+\d+)\"")
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True, slots=True)
class SheetPart:
    name: str
    part: str
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged range; rows count from 1 as the user sees them, columns from 0."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


@dataclass(slots=True)
class SheetScan:
    last_row: int = 0
    last_column: int = 0
    hidden_rows: int = 0
    formulas: int = 0
    # row → column → what the cell is: an error, or a formula without a value
    special: dict[int, dict[int, str]] = field(default_factory=dict)
    merged: list[Merged] = field(default_factory=list)


def sheets(path: Path) -> list[SheetPart]:
    """This function will return the worksheets of a workbook in their order.

    :raises FileRefused: if the workbook's own list cannot be read
    """
    try:
        with zipfile.ZipFile(path) as archive:
            book = ElementTree.fromstring(archive.read("xl/workbook.xml"), forbid_dtd=True)
            relations = ElementTree.fromstring(
                archive.read("xl/_rels/workbook.xml.rels"), forbid_dtd=True
            )
            names = set(archive.namelist())
    except (KeyError, ElementTree.ParseError, ValueError, zipfile.BadZipFile) as error:
        raise _damaged() from error
    targets = {r.get("Id"): str(r.get("Target", "")) for r in relations}
    found = []
    for sheet in book.iter():
        if sheet.tag.rpartition("}")[2] != "sheet":
            continue
        part = _resolve(targets.get(sheet.get(RELATION), ""))
        if part in names and "worksheets" in part:
            hidden = sheet.get("state", "visible") != "visible"
            found.append(SheetPart(str(sheet.get("name", "")), part, hidden))
    return found


def _resolve(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)


def scan(path: Path, *, part: str) -> SheetScan:
    """This function will look through one sheet; it holds one row at a time.

    :raises FileRefused: if the table is larger than a workbook may bring
    """
    found = SheetScan()
    row = 0
    with zipfile.ZipFile(path) as archive:
        for block in _whole_rows(archive, part):
            for match in ROW.finditer(block):
                number = ROW_NUMBER.search(match[1])
                row = int(number[1]) if number else row + 1
                _note_row(found, row, match[1], match[2] or b"")
            _note_merges(found, block)
    if found.last_row * (found.last_column + 1) > MAX_CELLS:
        raise _too_large()
    return found


def _whole_rows(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Yield the part in blocks that end where a row ends."""
    rest = b""
    with archive.open(part) as file:
        while block := file.read(BLOCK):
            block = rest + block
            if len(block) > MAX_ROW_BYTES:
                raise _too_large()
            end = max((match.end() for match in ROW_END.finditer(block)), default=0)
            yield block[:end]
            rest = block[end:]
    yield rest


def _note_row(found: SheetScan, row: int, attributes: bytes, body: bytes) -> None:
    columns = [letters_to_index(c.decode()) for c in set(FILLED.findall(body))]
    if not columns:
        columns = [len(UNNAMED.findall(body)) - 1]
    if columns[0] < 0:
        return
    if HIDDEN.search(attributes):
        found.hidden_rows += 1
    found.last_row = max(found.last_row, row)
    found.last_column = max(found.last_column, *columns)
    if found.last_row > MAX_ROWS + 1000 or found.last_column >= MAX_COLUMNS:
        raise _too_large()
    if b"<f" in body or b":f" in body or b't="e"' in body:
        _note_special(found, row, body)


def _note_special(found: SheetScan, row: int, body: bytes) -> None:
    column = -1
    for attributes, inner in CELL.findall(body):
        reference = REF.search(attributes)
        column = letters_to_index(reference[1].decode()) if reference else column + 1
        kind = ""
        if b't="e"' in attributes:
            kind = cells.ERROR
        elif re.search(rb"<(?:\w+:)?f\b", inner):
            found.formulas += 1
            if not VALUE.search(inner) and b't="str"' not in attributes:
                kind = cells.FORMULA
        if kind and len(found.special) < MAX_SPECIAL:
            found.special.setdefault(row, {})[column] = kind


def _note_merges(found: SheetScan, block: bytes) -> None:
    for start, end in MERGE.findall(block):
        first, last = REFERENCE.fullmatch(start.decode()), REFERENCE.fullmatch(end.decode())
        if first is None or last is None:
            continue
        if len(found.merged) >= MAX_MERGED:
            raise FileRefused(
                _(
                    "The sheet has more than %(limit)s merged ranges. Unmerge all cells and send the file again."
                ),
                code="too_many_merged",
                limit=MAX_MERGED,
            )
        found.merged.append(
            Merged(
                int(first[2]), int(last[2]), letters_to_index(first[1]), letters_to_index(last[1])
            )
        )


def _too_large() -> FileRefused:
    return FileRefused(
        _(
            "The sheet has more than %(rows)s rows or %(columns)s columns. Delete what lies outside "
            "the table, or save the table as CSV UTF-8, which may be much longer."
        ),
        code="sheet_too_large",
        status=413,
        rows=MAX_ROWS,
        columns=MAX_COLUMNS,
    )


def _damaged() -> FileRefused:
    return FileRefused(
        _("The workbook is damaged. Open it in Excel, save it and send it again."),
        code="file_damaged",
    )
