"""Dates as files write them, and the order of day and month, decided for a file and never per cell.

>>> deduce_order({"1/15/2013", "2/1/2013"})
'MDY'
>>> deduce_order({"1/2/2013"}) is None
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from config.core.files.cells import DATE, ERROR, FORMULA, MERGED, NUMBER, TIME, TRUTH, Cell, Typed
from receivables.domain.importing.amounts import refuse_typed
from receivables.domain.importing.reasons import CellRefused

ORDERS = ("YMD", "DMY", "MDY")
FIRST_YEAR, LAST_YEAR = 1990, 2100

TIME_OF_DAY = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + TIME_OF_DAY, re.ASCII)
CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日" + TIME_OF_DAY, re.ASCII)
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})" + TIME_OF_DAY, re.ASCII)
WEEK = re.compile(r"\d{4}-?W\d{1,2}(?:-?\d)?", re.ASCII | re.IGNORECASE)
SERIAL = re.compile(r"\d{1,6}(?:\.\d+)?", re.ASCII)

TYPED_REFUSALS = {
    TRUTH: "truth_value", ERROR: "error_value", FORMULA: "formula_without_value", MERGED: "merged_cell",
    NUMBER: "date_number", TIME: "time_value",
}  # fmt: skip


def parse(cell: Cell, *, order: str | None) -> date:
    """Return the date of a cell; `order` says how a date with the year last is to be read.

    :raises CellRefused: if it is no date, impossible, out of range, or ambiguous without an order
    """
    if isinstance(cell, Typed):
        refuse_typed(cell, TYPED_REFUSALS)
        if cell.kind != DATE or not isinstance(cell.value, date):
            raise CellRefused("date_form", value=cell.shown())
        return _in_range(cell.value, cell.shown())
    written = cell.strip()
    year_last = YEAR_LAST.fullmatch(written)
    if year_last:
        return _year_last(year_last, order, written)
    for form, places in ((YEAR_FIRST, (1, 3, 4)), (CHINESE, (1, 2, 3)), (COMPACT, (1, 2, 3))):
        match = form.fullmatch(written)
        if match:
            year, month, day = (int(match[place]) for place in places)
            return _day(year, month, day, written)
    raise _explained(written)


def _explained(written: str) -> CellRefused:
    if WEEK.fullmatch(written):
        return CellRefused("date_week", value=written)
    if SERIAL.fullmatch(written):
        return CellRefused("date_number", value=written)
    return CellRefused("date_form", value=written)


def _day(year: int, month: int, day: int, written: str) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        code = "date_impossible" if year >= 1 else "date_range"
        raise CellRefused(code, value=written) from None
    return _in_range(found, written)


def _in_range(found: date, written: str) -> date:
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise CellRefused("date_range", value=written)
    return found


def _year_last(match: re.Match[str], order: str | None, written: str) -> date:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    if order not in {"DMY", "MDY"}:
        raise CellRefused("date_order", value=written)
    month, day = (second, first) if order == "DMY" else (first, second)
    if month > 12 >= day:
        raise CellRefused("date_order_conflict", value=written, order=order)
    return _day(year, month, day, written)


def is_year_last(text: str) -> bool:
    """Return whether a text is a date of the kind whose order must be known."""
    return YEAR_LAST.fullmatch(text.strip()) is not None


def evidence(values: Iterable[str]) -> tuple[int, int]:
    """Count the values that can only be day-month and those that can only be month-day."""
    day_first = month_first = 0
    for value in values:
        match = YEAR_LAST.fullmatch(value.strip())
        if match is None:
            continue
        first, second = int(match[1]), int(match[3])
        day_first += first > 12 >= second
        month_first += second > 12 >= first
    return day_first, month_first


def deduce_order(values: Iterable[str]) -> str | None:
    """Return the one order in which all values can be read, or None if there are two or none."""
    day_first, month_first = evidence(values)
    if day_first and not month_first:
        return "DMY"
    if month_first and not day_first:
        return "MDY"
    return None
