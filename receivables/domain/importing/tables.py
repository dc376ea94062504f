"""From a chunk of a file to lines for COPY: every cell by its rule, refused rows set apart. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import NamedTuple

from config.core.files.cells import Cell, Chunk, Row, is_blank, shown
from receivables.domain.importing.columns import Converted
from receivables.domain.importing.headings import TOTAL_WORDS, is_total_word
from receivables.domain.importing.layouts import Layout
from receivables.domain.importing.reasons import CellRefused

VALUE_SHOWN = 200
TOTALS_AS_WRITTEN = frozenset(
    form + mark
    for word in TOTAL_WORDS | {"合 计", "总 计", "小 计", "grand total", "sub total"}
    for form in (word, word.title(), word.upper())
    for mark in ("", ":", "：")
)
# Row numbers, rows, the same as columns if they are at hand, misshapen rows.
Found = tuple[Sequence[int], Sequence[Row], "list[tuple[Cell, ...]] | None", list["RowRefusal"]]
# A column's rule: cells in, one or more columns for COPY out, refusals by position.
Rule = Callable[[Sequence[Cell]], tuple[list[list[str]], dict[int, CellRefused]]]


class RowRefusal(NamedTuple):
    row: int
    column: str
    value: str
    code: str
    context: dict[str, str]
    cells: list[str]


@dataclass(slots=True)
class Counts:
    """What became of the rows of a file, before the ledger was asked."""

    read: int = 0
    staged: int = 0
    refused: int = 0
    blank: int = 0
    totals: int = 0
    headings: int = 0


@dataclass(slots=True)
class Lines:
    text: str
    refusals: list[RowRefusal] = field(default_factory=list)


def single(convert: Callable[[Sequence[Cell]], Converted]) -> Rule:
    """Return a rule that gives one column."""

    def rule(cells: Sequence[Cell]) -> tuple[list[list[str]], dict[int, CellRefused]]:
        done, refused = convert(cells)
        return [done], refused

    return rule


class TableReader:
    """Reads the chunks of one file in order; `rules` gives the COPY columns of each mapped field."""

    def __init__(self, *, layout: Layout, key: str, rules: dict[str, Rule]) -> None:
        self.layout = layout
        self.width = len(layout.headings)
        self.key = layout.columns[key]
        self.rules = rules
        self.counts = Counts()
        self._not_data = TOTALS_AS_WRITTEN | {layout.headings[self.key]}

    def read(self, chunk: Chunk) -> Lines:
        """Return the good rows of a chunk as lines for COPY, and its refused rows."""
        numbers, rows, columns, refusals = self._data_rows(chunk)
        self.counts.read += len(rows) + len(refusals)
        self.counts.refused += len(refusals)
        if not rows:
            return Lines("", refusals)
        columns = list(zip(*rows, strict=True)) if columns is None else columns
        staged: list[list[str]] = [list(map(str, numbers))]
        bad: dict[int, list[tuple[str, CellRefused]]] = {}
        for name, rule in self.rules.items():
            done, refused = rule(columns[self.layout.columns[name]])
            staged.extend(done)
            for position, refusal in refused.items():
                bad.setdefault(position, []).append((name, refusal))
        if bad:
            keep = [position not in bad for position in range(len(rows))]
            staged = [list(compress(column, keep)) for column in staged]
            refusals += self._told(bad, numbers, rows)
        self.counts.refused += len(bad)
        self.counts.staged += len(staged[0])
        if not staged[0]:
            return Lines("", refusals)
        return Lines("\n".join(map("\t".join, zip(*staged, strict=True))) + "\n", refusals)

    def _told(
        self,
        bad: dict[int, list[tuple[str, CellRefused]]],
        numbers: Sequence[int],
        rows: Sequence[Row],
    ) -> list[RowRefusal]:
        told = []
        for position in sorted(bad):
            row = rows[position]
            for name, refusal in bad[position]:
                value = shown(row[self.layout.columns[name]])[:VALUE_SHOWN]
                told.append(
                    RowRefusal(
                        numbers[position], self.layout.heading_of(name), value, refusal.code,
                        refusal.context, self._cells(row),
                    )
                )  # fmt: skip
        return told

    def _cells(self, row: Row) -> list[str]:
        return [shown(cell)[:1000] for cell in row[: self.width]]

    def _data_rows(self, chunk: Chunk) -> Found:
        """Return the rows that are data with their numbers, all of one width, and the misshapen ones."""
        rows, first = chunk.rows, chunk.first_row
        skip = self.layout.heading_row + 1 - first
        if skip > 0:
            rows, first = rows[skip:], first + skip
        if rows and set(map(len, rows)) == {self.width}:
            columns = list(zip(*rows, strict=True))
            keys = columns[self.key]
            if "" not in keys and self._not_data.isdisjoint(keys):
                return range(first, first + len(rows)), rows, columns, []
        numbers, kept, refusals = self._sort_out(rows, first)
        return numbers, kept, None, refusals

    def _sort_out(
        self, rows: Sequence[Row], first: int
    ) -> tuple[list[int], list[Row], list[RowRefusal]]:
        numbers: list[int] = []
        kept: list[Row] = []
        refusals: list[RowRefusal] = []
        for number, row in enumerate(rows, start=first):
            if self.is_no_data(row):
                continue
            extra = [cell for cell in row[self.width :] if not is_blank(cell)]
            if extra:
                value = shown(extra[0])[:VALUE_SHOWN]
                refusals.append(RowRefusal(number, "", value, "extra_cells", {}, self._cells(row)))
                continue
            numbers.append(number)
            kept.append(
                [*row, *[""] * (self.width - len(row))]
                if len(row) < self.width
                else row[: self.width]
            )
        return numbers, kept, refusals

    def is_no_data(self, row: Row) -> bool:
        """Count and leave out blank rows, totals and repeated headings."""
        if all(is_blank(cell) for cell in row):
            self.counts.blank += 1
            return True
        key = row[self.key] if self.key < len(row) else ""
        if is_blank(key):
            if any(isinstance(cell, str) and is_total_word(cell) for cell in row):
                self.counts.totals += 1
                return True
            return False
        if isinstance(key, str) and key.strip() in self._not_data:
            if [shown(cell).strip() for cell in row[: self.width]] == self.layout.headings:
                self.counts.headings += 1
                return True
            if is_total_word(key):
                self.counts.totals += 1
                return True
        return False
