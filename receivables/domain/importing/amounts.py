"""Amounts as people and programs write them. Pure.

Accepted: `1234.5`, `1,234.56`, `￥1,000`, `-100`, `(100.00)` (the last two negative). A number of a
workbook, or a text with the tail of a binary fraction (`2309.7899999999995`), is taken when it is
within 1e-9 of two decimals. Everything else is refused rather than guessed.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from config.core.files.cells import ERROR, FORMULA, MERGED, NUMBER, TIME, TRUTH, Cell, Typed
from receivables.domain.importing.reasons import CellRefused

PLAIN = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,2})?", re.ASCII)
FLOAT_TAIL = re.compile(r"\d{1,13}\.\d{10,18}", re.ASCII)
DECIMALS = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)\.\d{3,}", re.ASCII)
COMMA = re.compile(r"[\d.,]*\d,[\d.,]*", re.ASCII)
# A whole column of plain, positive amounts, one a line: most columns are, and cost one match.
ALL_PLAIN = re.compile(r"(?:(?!0*(?:\.0*)?\n)\d{1,16}(?:\.\d{1,2})?\n)*+", re.ASCII)
TOLERANCE = Decimal("1e-9")
CENT = Decimal("0.01")
SIGNS = "￥¥"  # both yuan and yen write them
SIGN_CURRENCIES = frozenset({"CNY", "JPY"})

TYPED_REFUSALS = {
    TRUTH: "truth_value", ERROR: "error_value", FORMULA: "formula_without_value", MERGED: "merged_cell",
    TIME: "amount_form",
}  # fmt: skip


def refuse_typed(cell: Typed, refusals: dict[str, str]) -> None:
    """Raise the refusal of a typed cell that this rule cannot take, if it is one."""
    code = refusals.get(cell.kind)
    if code:
        raise CellRefused(code, value=cell.shown())


def parse(cell: Cell, *, currency: str | None, rounding: bool = False) -> Decimal:
    """Return the amount of a cell, signed, with two decimals and never zero.

    `currency` is the currency of the whole column, or None if rows differ. `rounding` takes more
    decimals and rounds them half up, for amounts that a program converted.

    :raises CellRefused: if it is not exactly an amount
    """
    if isinstance(cell, Typed):
        amount = _of_number(cell, rounding)
    else:
        amount = _of_text(cell, currency, rounding)
    if amount == 0:
        raise CellRefused("amount_zero")
    if abs(amount) >= Decimal(10) ** 16:
        raise CellRefused("amount_digits", value=f"{amount:f}")
    return amount


def _of_number(cell: Typed, rounding: bool) -> Decimal:
    refuse_typed(cell, TYPED_REFUSALS)
    if cell.kind != NUMBER or not isinstance(cell.value, float):
        raise CellRefused("amount_form", value=cell.shown())
    exact = Decimal(repr(cell.value))
    if not exact.is_finite():
        raise CellRefused("amount_form", value=cell.shown())
    return _to_cents(exact, cell.shown(), rounding)


def _to_cents(exact: Decimal, written: str, rounding: bool) -> Decimal:
    if abs(exact) >= Decimal(10) ** 16:
        raise CellRefused("amount_digits", value=written)
    rounded = exact.quantize(CENT, rounding=ROUND_HALF_UP)
    if not rounding and abs(exact - rounded) > TOLERANCE:
        raise CellRefused("amount_decimals", value=written)
    return rounded


def _of_text(text: str, currency: str | None, rounding: bool) -> Decimal:
    written = text.strip()
    body, negative = _without_sign(written)
    if body[:1] and body[0] in SIGNS:
        if currency not in SIGN_CURRENCIES:
            raise CellRefused("amount_sign_currency", currency=currency or "…")
        body = body[1:].lstrip()
    if PLAIN.fullmatch(body):
        digits = body.replace(",", "")
        if len(digits.partition(".")[0].lstrip("0")) > 16:
            raise CellRefused("amount_digits", value=written)
        amount = Decimal(digits).quantize(CENT)
    elif FLOAT_TAIL.fullmatch(body) or (rounding and DECIMALS.fullmatch(body)):
        amount = _to_cents(Decimal(body.replace(",", "")), written, rounding)
    else:
        raise _explained(body, written)
    return -amount if negative else amount


def _without_sign(written: str) -> tuple[str, bool]:
    if written.startswith("(") and written.endswith(")"):
        return written[1:-1].strip(), True
    if written[:1] in {"-", "\u2212"}:
        return written[1:].lstrip(), True
    return written, False


def _explained(body: str, written: str) -> CellRefused:
    if DECIMALS.fullmatch(body):
        return CellRefused("amount_decimals", value=written)
    if COMMA.fullmatch(body):
        return CellRefused("amount_comma", value=written)
    return CellRefused("amount_form", value=written)
