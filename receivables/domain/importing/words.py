"""Cells that name one of a few things: yes or no, a kind, a currency, an instalment. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from config.core.files.cells import NUMBER, TRUTH, Cell, Typed
from receivables.domain.importing.columns import text_of
from receivables.domain.importing.fields import NO, YES
from receivables.domain.importing.headings import fold
from receivables.domain.importing.reasons import CellRefused

CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
WHOLE = re.compile(r"[1-9]\d{0,2}", re.ASCII)
CURRENCY_WORDS = {
    "人民币": "CNY", "rmb": "CNY", "cny": "CNY", "元": "CNY", "人民币元": "CNY", "美元": "USD", "美金": "USD",
    "欧元": "EUR", "港币": "HKD", "港元": "HKD", "日元": "JPY", "英镑": "GBP",
}  # fmt: skip
YES_FOLDED = frozenset(map(fold, YES))
NO_FOLDED = frozenset(map(fold, NO))


def yes_no(cell: Cell) -> bool:
    """Return whether a cell says yes.

    :raises CellRefused: if it says neither yes nor no
    """
    if isinstance(cell, Typed) and cell.kind == TRUTH:
        return bool(cell.value)
    word = fold(text_of(cell))
    if word in YES_FOLDED or word in NO_FOLDED:
        return word in YES_FOLDED
    raise CellRefused("yes_no", value=text_of(cell))


def chooser(choices: Mapping[str, tuple[str, ...]]) -> Callable[[Cell], str]:
    """Return a rule that takes a code or one of the words for it."""
    words = {fold(word): code for code, listed in choices.items() for word in (code, *listed)}

    def choose(cell: Cell) -> str:
        text = text_of(cell)
        code = words.get(fold(text))
        if code is None:
            listed = ", ".join(choices)
            raise CellRefused("choice", value=text.strip(), choices=listed)
        return code

    return choose


def currency(cell: Cell) -> str:
    """Return a currency code.

    :raises CellRefused: if it is none
    """
    text = text_of(cell).strip()
    code = CURRENCY_WORDS.get(fold(text), text)
    if not CURRENCY.fullmatch(code):
        raise CellRefused("currency", value=text)
    return code


def whole_number(cell: Cell) -> str:
    """Return a whole number from 1 to 999.

    :raises CellRefused: if it is none
    """
    text = (
        text_of(cell).strip()
        if not (isinstance(cell, Typed) and cell.kind == NUMBER)
        else cell.shown()
    )
    if not WHOLE.fullmatch(text):
        raise CellRefused("whole_number", value=text)
    return text
