"""Where a file's heading is, and which column each field is read from. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.core.files.cells import Row
from receivables.domain.importing import headings
from receivables.domain.importing.fields import FIELDS, Field
from receivables.domain.importing.mappings import ColumnMapping


@dataclass(frozen=True, slots=True)
class Layout:
    """`heading_row` counts from 1; `columns` is field → position."""

    heading_row: int
    headings: list[str]
    columns: dict[str, int]

    def heading_of(self, field: str) -> str:
        """Return the heading of the column a field is read from, or nothing."""
        position = self.columns.get(field)
        return "" if position is None else self.headings[position]


@dataclass(frozen=True, slots=True)
class NoLayout:
    """No row of the file has all required fields; `missing` are those of the likeliest row."""

    heading_row: int | None
    headings: list[str]
    columns: dict[str, int]
    missing: list[Field]


def locate(kind: str, head: Sequence[Row], mapping: ColumnMapping) -> Layout | NoLayout:
    """Return where the heading is and what its columns are, by the mapping or else by their words."""
    columns = mapping.columns or None
    position = headings.find(kind, head, columns)
    if position is not None:
        names = headings.headings_of(head[position])
        found = headings.match_named(columns, names) if columns else headings.match(kind, names)
        return Layout(position + 1, names, found)
    likely = headings.likely(kind, head)
    names = headings.headings_of(head[likely]) if likely is not None else []
    found = headings.match_named(columns, names) if columns else headings.match(kind, names)
    required = (
        [f for f in FIELDS[kind] if f.required] if likely is None else headings.missing(kind, found)
    )
    return NoLayout(None if likely is None else likely + 1, names, found, required)
