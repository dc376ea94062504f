"""Whole columns at once: a chunk's cells in, what COPY reads out, and which cells were refused. Pure.

A million rows have few different dates, currencies and customers, so those rules run once per
value and are remembered. Numbers and amounts differ in every row; for them one regular expression
over the joined column proves that all are plain, and only a column with an odd cell is read one by
one. Every result is text as PostgreSQL's COPY reads it; `\\N` is "nothing".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from config.core.files.cells import NUMBER, Cell, Typed, is_blank, shown
from config.core.text import clean, comparison_key
from receivables.domain.importing import amounts
from receivables.domain.importing.amounts import TYPED_REFUSALS, refuse_typed
from receivables.domain.importing.reasons import CellRefused

NULL = "\\N"
# Printable ASCII without blank and backslash: nothing to clean, to escape or to fold but the case.
PLAIN_CODES = re.compile(r"[!-\[\]-~\n]*")
WHOLE_FLOAT = re.compile(r"(\d{1,18})\.0+", re.ASCII)
REMEMBERED = 200_000
TEXT_REFUSALS = {key: code for key, code in TYPED_REFUSALS.items() if key != "time"}

Refusals = dict[int, CellRefused]
Converted = tuple[list[str], Refusals]


def escape(text: str) -> str:
    """Return text as COPY reads it."""
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
        return (
            text.replace("\\", "\\\\")
            .replace("\t", "\\t")
            .replace("\n", "\\n")
            .replace("\r", "\\r")
        )
    return text


def one_by_one(cells: Sequence[Cell], rule: Callable[[Cell], str]) -> Converted:
    """Return what `rule` makes of every cell, and its refusals by position."""
    done: list[str] = []
    refused: Refusals = {}
    for position, cell in enumerate(cells):
        try:
            done.append(rule(cell))
        except CellRefused as refusal:
            done.append(NULL)
            refused[position] = refusal
    return done, refused


class Remembered(dict[Cell, str]):
    """A rule with its results so far; refused values are kept apart, so that looking for one is cheap."""

    def __init__(self, rule: Callable[[Cell], str]) -> None:
        super().__init__()
        self.rule = rule
        self.refused: dict[Cell, CellRefused] = {}

    def __missing__(self, cell: Cell) -> str:
        try:
            result = self.rule(cell)
        except CellRefused as refusal:
            self.refused[cell] = refusal
            result = NULL
        self[cell] = result
        return result

    def convert(self, cells: Sequence[Cell]) -> Converted:
        if len(self) > REMEMBERED:
            self.clear()
            self.refused.clear()
        done = [self[cell] for cell in cells]
        if not self.refused or self.refused.keys().isdisjoint(cells):
            return done, {}
        return done, {i: self.refused[cell] for i, cell in enumerate(cells) if cell in self.refused}


def required(rule: Callable[[Cell], str], *, field: str) -> Callable[[Cell], str]:
    """Return `rule` for a field that must not be empty."""

    def checked(cell: Cell) -> str:
        if is_blank(cell):
            raise CellRefused("missing", field=field)
        return rule(cell)

    return checked


def optional(rule: Callable[[Cell], str], *, empty: str = NULL) -> Callable[[Cell], str]:
    """Return `rule` for a field that may be empty; then it is `empty`."""

    def checked(cell: Cell) -> str:
        return empty if is_blank(cell) else rule(cell)

    return checked


def text_of(cell: Cell, *, whole: bool = False) -> str:
    """Return a cell as text; a number of a workbook is written without exponent or `.0`.

    `whole` takes the `.0` off text as well, for programs that write whole numbers as floats.

    :raises CellRefused: if it is an error, a truth value, an uncomputed formula or a merged cell
    """
    if isinstance(cell, Typed):
        refuse_typed(cell, TEXT_REFUSALS)
        if cell.kind == NUMBER and isinstance(cell.value, float) and not cell.value.is_integer():
            return repr(cell.value)
        return shown(cell)
    if whole:
        match = WHOLE_FLOAT.fullmatch(cell.strip())
        if match:
            return match[1]
    return cell


def within(text: str, limit: int) -> str:
    """Return `text` if it is not too long.

    :raises CellRefused: if it is
    """
    if len(text) > limit:
        raise CellRefused("too_long", length=str(len(text)), limit=str(limit))
    return text


class Codes:
    """Document numbers: as written (without invisible characters), and as they are compared."""

    def __init__(self, *, field: str, limit: int, whole: bool) -> None:
        self.field, self.limit, self.whole = field, limit, whole

    def convert(self, cells: Sequence[Cell]) -> tuple[list[str], list[str], Refusals]:
        """Return the codes, their comparison keys and the refusals."""
        if not self.whole:
            joined = _joined(cells)
            if (
                joined is not None
                and PLAIN_CODES.fullmatch(joined)
                and self._all_fit(joined, len(cells))
            ):
                keys = joined.upper().split("\n")
                return list(cells), keys, {}  # type: ignore[arg-type]
        codes, refused = one_by_one(cells, self._one)
        return list(map(escape, codes)), [escape(comparison_key(c)) for c in codes], refused

    def _all_fit(self, joined: str, count: int) -> bool:
        parts = joined.split("\n")
        return (
            len(parts) == count
            and "" not in parts
            and max(map(len, parts), default=0) <= self.limit
        )

    def _one(self, cell: Cell) -> str:
        code = clean(text_of(cell, whole=self.whole))
        if not code:
            raise CellRefused("missing", field=self.field)
        within(comparison_key(code), self.limit)
        return within(code, self.limit)


def _joined(cells: Sequence[Cell]) -> str | None:
    try:
        return "\n".join(cells)  # type: ignore[arg-type]
    except TypeError:
        return None


class Amounts:
    """The amounts of a column, all in one currency (`currency`) or of several (None)."""

    def __init__(self, *, field: str, currency: str | None, rounding: bool = False) -> None:
        self.field, self.currency, self.rounding = field, currency, rounding

    def convert(self, cells: Sequence[Cell]) -> Converted:
        joined = _joined(cells)
        if joined is not None and amounts.ALL_PLAIN.fullmatch(joined + "\n"):
            return list(cells), {}  # type: ignore[arg-type]
        return one_by_one(cells, self._one)

    def _one(self, cell: Cell) -> str:
        if is_blank(cell):
            raise CellRefused("missing", field=self.field)
        return f"{amounts.parse(cell, currency=self.currency, rounding=self.rounding):f}"


class OpenAmounts:
    """What is left of each amount; empty says nothing, and 0 says settled."""

    def __init__(self, *, currency: str | None, rounding: bool = False) -> None:
        self.currency, self.rounding = currency, rounding

    def convert(self, cells: Sequence[Cell]) -> Converted:
        return one_by_one(cells, self._one)

    def _one(self, cell: Cell) -> str:
        if is_blank(cell):
            return NULL
        try:
            return f"{amounts.parse(cell, currency=self.currency, rounding=self.rounding):f}"
        except CellRefused as refusal:
            if refusal.code == "amount_zero":
                return "0.00"
            raise


class Texts:
    """Free text, kept exactly as it stands (formulas, markup and all: it is only ever text)."""

    def __init__(self, *, limit: int, exact: bool) -> None:
        self.limit, self.exact = limit, exact

    def convert(self, cells: Sequence[Cell]) -> Converted:
        joined = _joined(cells)
        if joined is not None and PLAIN_CODES.fullmatch(joined):
            parts = joined.split("\n")
            if len(parts) == len(cells) and max(map(len, parts), default=0) <= self.limit:
                return parts, {}
        return one_by_one(cells, self._one)

    def _one(self, cell: Cell) -> str:
        if is_blank(cell):
            return ""
        text = text_of(cell)
        if not self.exact:
            text = clean(text)
        if any(ord(c) < 32 and c not in "\t\n\r" for c in text):
            raise CellRefused("control_characters")
        return escape(within(text, self.limit))
