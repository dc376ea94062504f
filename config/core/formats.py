"""How figures and dates look on the screen, in one place: tabular, signed, and honest about nothing.

Amounts are `Decimal`; a missing figure is a dash, an undefined one is "n/a", and neither is ever 0.
The language is an argument, so that a table may be written in another one than the page.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

MINUS = "\u2212"
DASH = "\u2014"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# First day overdue of each colour of the age scale; 0 is "not due".
AGE_STARTS = (1, 31, 61, 91, 181, 366, 731, 1096)

# Words for how bad something is, to the class that colours it (see config/static/css/app.css).
LEVEL_CLASSES = {
    "danger": "is-danger", "red": "is-danger", "urgent": "is-danger", "high": "is-danger",
    "critical": "is-danger", "error": "is-danger", "failed": "is-danger", "refused": "is-danger",
    "orange": "is-warning", "warning": "is-warning", "medium": "is-warning", "escalated": "is-warning",
    "yellow": "is-notice", "low": "is-notice", "notice": "is-notice", "open": "is-notice",
    "info": "is-info", "blue": "is-info", "running": "is-info", "queued": "is-info", "debug": "is-neutral",
    "success": "is-success", "green": "is-success", "done": "is-success", "ok": "is-success",
    "active": "is-success",
}  # fmt: skip


def is_chinese(language: str | None) -> bool:
    """Return whether `language` (a code such as `zh-hans`) is a Chinese one."""
    return (language or "").lower().startswith("zh")


def number(value: Decimal | int, *, places: int = 0) -> str:
    """Return `value` with thousands separators, rounded half up to `places`, with a true minus."""
    exact = Decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return f"{exact + 0:,f}".replace("-", MINUS)


def money(amount: Decimal | int | None) -> str:
    """Return an amount with separators and two decimals; a dash where there is none."""
    return DASH if amount is None else number(amount, places=2)


def percent(ratio: Decimal | int, *, places: int = 1) -> str:
    """Return a ratio (0.247) as percent (24.7%)."""
    return f"{number(Decimal(ratio) * 100, places=places)}%"


@dataclass(frozen=True, slots=True)
class Compact:
    """A figure for a strip: the number large, its unit small beside it."""

    number: str
    unit: str

    def __str__(self) -> str:
        return f"{self.number}\u00a0{self.unit}" if self.unit else self.number


# From which size on, divided by what, called how.
CHINESE_STEPS = (
    (Decimal(10) ** 10, Decimal(10) ** 8, "亿"),
    (Decimal(10) ** 4, Decimal(10) ** 4, "万"),
)
ENGLISH_STEPS = (
    (Decimal(10) ** 9, Decimal(10) ** 9, "B"),
    (Decimal(10) ** 6, Decimal(10) ** 6, "M"),
    (Decimal(10) ** 4, Decimal(10) ** 3, "K"),
)


def _scale(size: Decimal, chinese: bool) -> tuple[Decimal, str, int]:
    """Return divisor, its word and the decimals to show for an amount of `size`."""
    for limit, divisor, word in CHINESE_STEPS if chinese else ENGLISH_STEPS:
        if size >= limit:
            return divisor, word, 1
    return Decimal(1), "", 2


def compact_money(
    amount: Decimal | int | None, *, language: str | None, currency: str = "CNY"
) -> Compact:
    """Return an amount in 万元 (Chinese) or K, M, B (English) with one decimal."""
    if amount is None:
        return Compact(DASH, "")
    chinese = is_chinese(language)
    divisor, word, places = _scale(abs(Decimal(amount)), chinese)
    if chinese:
        unit = f"{word}元" if currency == "CNY" else f"{word} {currency}".strip()
    else:
        unit = f"{word} {currency}".strip()
    return Compact(number(Decimal(amount) / divisor, places=places), unit)


def day(value: date | None, *, language: str | None) -> str:
    """Return a date as 2026-11-23 in Chinese and 23 Nov 2026 in English."""
    if value is None:
        return DASH
    if is_chinese(language):
        return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def month(value: date | None, *, language: str | None) -> str:
    """Return a month as 2026-11 in Chinese and Nov 2026 in English."""
    if value is None:
        return DASH
    if is_chinese(language):
        return f"{value.year:04d}-{value.month:02d}"
    return f"{MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime | None, *, language: str | None, zone: str) -> str:
    """Return a point in time to the minute, in the time zone named."""
    if value is None:
        return DASH
    local = value.astimezone(ZoneInfo(zone)) if value.tzinfo else value
    return f"{day(local, language=language)} {local:%H:%M}"


def age_colour(days_overdue: int | None) -> int:
    """Return the position on the age scale (0 not due … 8 over three years) of a number of days."""
    return 0 if days_overdue is None else bisect_right(AGE_STARTS, days_overdue)


def level_class(value: object) -> str:
    """Return the class that colours a level, a state or a colour word."""
    return LEVEL_CLASSES.get(str(value).lower(), "is-neutral")
