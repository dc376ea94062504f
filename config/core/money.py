"""Money is `Decimal` with two places, rounded half up once, at the edge of a computation.

>>> quantize(Decimal("1.005"))
Decimal('1.01')
>>> split(Decimal("8.00"), [1, 1, 1])
[Decimal('2.67'), Decimal('2.67'), Decimal('2.66')]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal("0.00")
CENT = Decimal("0.01")
MAX_AMOUNT = Decimal("9999999999999999.99")  # numeric(18,2)
# The only form of money in JSON: ASCII digits, at most two decimals, no exponent, no -0.
AMOUNT_PATTERN = re.compile(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,2})?", re.ASCII)


def quantize(amount: Decimal) -> Decimal:
    """Return `amount` with two places, halves away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def to_text(amount: Decimal) -> str:
    """Return the canonical text of an amount: `1234.50`, never `1.2345E+3` or `-0.00`."""
    return f"{quantize(amount) + ZERO:f}"


def is_amount_text(text: str) -> bool:
    """Return whether `text` is money as the API writes it."""
    return AMOUNT_PATTERN.fullmatch(text) is not None and not re.fullmatch(r"-0(\.0{1,2})?", text)


def split(amount: Decimal, weights: Sequence[Decimal | int]) -> list[Decimal]:
    """Divide `amount` by weights so that the parts add up to it (largest remainder).

    The cents left over go to the parts that lost most by rounding down, earlier parts first.

    :raises ValueError: if there is no positive weight
    """
    total = sum(Decimal(w) for w in weights)
    if not weights or total <= 0 or any(Decimal(w) < 0 for w in weights):
        raise ValueError("Weights must not be negative and must add up to more than zero.")
    cents = int(quantize(amount) * 100)
    sign = -1 if cents < 0 else 1
    cents = abs(cents)
    exact = [Decimal(cents) * Decimal(w) / total for w in weights]
    parts = [int(e) for e in exact]
    left_over = cents - sum(parts)
    by_loss = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_loss[:left_over]:
        parts[i] += 1
    return [sign * Decimal(p) / 100 + ZERO for p in parts]
