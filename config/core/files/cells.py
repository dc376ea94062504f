"""What a reader hands on for one cell. Pure.

Text is `str`, exactly as it stands in the file. Everything a workbook knows to be more than text is
`Typed`, so that TRUE is never taken for 1 and a number in a date column is seen to be a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

NUMBER = "number"
TRUTH = "truth"
DATE = "date"
TIME = "time"
ERROR = "error"
FORMULA = "formula"  # a formula that was never computed: there is no value to take
MERGED = "merged"


class Typed(NamedTuple):
    kind: str
    value: float | bool | date | str | None

    def shown(self) -> str:
        """Return the value as the user would recognise it."""
        if self.kind == NUMBER and isinstance(self.value, float) and self.value.is_integer():
            return str(int(self.value)) if abs(self.value) < 1e15 else repr(self.value)
        if self.kind == TRUTH:
            return "TRUE" if self.value else "FALSE"
        return "" if self.value is None else str(self.value)


Cell = str | Typed
Row = Sequence[Cell]


def shown(cell: Cell) -> str:
    """Return a cell as text, for a preview, a refusal or the file of refused rows."""
    return cell if isinstance(cell, str) else cell.shown()


def is_blank(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip()


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows of a table; the first of them has the number the user sees in the file."""

    first_row: int
    rows: list[Row]
