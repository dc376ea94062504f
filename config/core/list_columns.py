"""Columns of a list, declared once: what a cell holds, how it looks, sorts, adds up and exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models.expressions import Combinable
from django.utils.functional import Promise
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext

from config.core import formats
from config.core.exports import ExportColumn

Text = str | Promise
# A cell cuts text that is longer; the whole is shown when one points at it.
LONG_TEXT = 18
FIGURES = frozenset({"money", "number", "percent", "days"})


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of an age bar; `colour` is a position on the age scale."""

    label: Text
    amount: Decimal
    colour: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in words, with a level (danger, warning, notice, info, success, neutral)."""

    text: Text
    level: str = "neutral"

    def __str__(self) -> str:
        return str(self.text)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    `kind`: text, wrap (long text), code, money, number, percent (a ratio), days, date, month,
    moment, badge (the value is a `Badge`), age (a sequence of `Segment`), html (see `html`).
    `value` reads the row (default: `key`, with `__` for related rows); `choices` turns codes into
    words. `sort` is the database expression to order by, or True for rows in memory. `total` is
    the database expression to add up, or True for rows in memory. `is_fixed` columns can not be
    hidden; `is_shown` is whether it is there before anyone chose.
    """

    key: str
    label: Text
    kind: str = "text"
    value: Callable[[Any], Any] | None = None
    html: Callable[[Any], str] | None = None
    link: Callable[[Any], str | None] | None = None
    choices: Mapping[Any, Text] | None = None
    sort: str | Combinable | bool = False
    descends_first: bool = False
    total: str | Combinable | bool = False
    is_shown: bool = True
    is_fixed: bool = False
    in_export: bool = True
    width: int | None = None
    css: str = ""
    help: Text = ""

    @property
    def css_class(self) -> str:
        kind = {"wrap": "wrap", "age": "zq-cell-age"}.get(self.kind, "")
        kind = "num" if self.kind in FIGURES else kind
        return f"{kind} {self.css}".strip()

    def of(self, row: Any) -> Any:
        """Return the plain value of this column in `row`."""
        found = self.value(row) if self.value else look_up(row, self.key)
        if self.choices is not None:
            return self.choices.get(found, found)
        return found

    def for_export(self, row: Any) -> Any:
        """Return what a file holds: numbers and dates as such, the rest as text."""
        found = self.of(row)
        if self.kind == "age":
            return "; ".join(
                f"{s.label} {formats.money(s.amount)}" for s in found or () if s.amount
            )
        if found is None or isinstance(found, (int, float, Decimal)) or hasattr(found, "isoformat"):
            return found
        return str(found)

    def as_export(self) -> ExportColumn:
        return ExportColumn(label=self.label, kind=self.kind, width=self.width)


def look_up(row: Any, key: str) -> Any:
    """Return `row[key]` of a mapping, else the attribute; `a__b` follows relations, None stops."""
    if isinstance(row, Mapping):
        return row[key]
    for name in key.split("__"):
        if row is None:
            return None
        row = getattr(row, name)
    return row


# Cells -------------------------------------------------------------------------------------------


def _figure(kind: str, value: Any) -> str:
    if kind == "money":
        return formats.money(value)
    if kind == "percent":
        return gettext("n/a") if value is None else formats.percent(value)
    if value is None:
        return formats.DASH
    if kind == "days":
        text = formats.number(value)
        return ngettext("%(count)s day", "%(count)s days", 1 if value == 1 else 2) % {"count": text}
    return formats.number(value, places=2 if value != int(value) else 0)


def text_of(kind: str, value: Any) -> str:
    """Return the text of a value of a kind, in the language that is active."""
    if kind in FIGURES:
        return _figure(kind, value)
    if value is None or value == "":
        return formats.DASH
    if kind == "date":
        return formats.day(value, language=get_language())
    if kind == "month":
        return formats.month(value, language=get_language())
    if kind == "moment":
        return formats.moment(value, language=get_language(), zone=settings.TIME_ZONE)
    return str(value)


def age_bar(segments: Sequence[Segment] | None) -> SafeString:
    """Return the little bar that shows how old a debt is; negative parts are left out."""
    shown = [s for s in segments or () if s.amount > 0]
    whole = sum((s.amount for s in shown), Decimal(0))
    parts = format_html_join(
        "",
        '<i class="age-{}" style="width:{}%" title="{} · {}"></i>',
        (
            (s.colour, f"{100 * s.amount / whole:.2f}", s.label, formats.money(s.amount))
            for s in shown
        ),
    )
    words = "; ".join(f"{s.label} {formats.money(s.amount)}" for s in shown)
    return format_html('<div class="zq-agebar" role="img" aria-label="{}">{}</div>', words, parts)


def _inner(column: Column, row: Any, value: Any) -> str:
    if column.html is not None:
        return conditional_escape(column.html(row))  # safe strings pass, others are escaped
    if column.kind == "age":
        return age_bar(value)
    if column.kind == "badge" and value:
        badge = value if isinstance(value, Badge) else Badge(value)
        return format_html(
            '<span class="zq-badge {}">{}</span>', formats.level_class(badge.level), badge
        )
    return escape(text_of(column.kind, value))


def cell(column: Column, row: Any) -> SafeString:
    """Return the table cell of `column` in `row`."""
    value = column.of(row) if column.html is None else None
    inner = _inner(column, row, value)
    url = column.link(row) if column.link else None
    if url:
        inner = format_html('<a href="{}">{}</a>', url, mark_safe(inner))  # noqa: S308  escaped above
    css = column.css_class
    if column.kind == "money" and value is not None and value < 0:
        css = f"{css} is-negative"
    opening = f'<td class="{css}"' if css else "<td"
    if column.kind == "text" and isinstance(value, str) and len(value) > LONG_TEXT:
        opening += format_html(' title="{}"', value)
    return mark_safe(f"{opening}>{inner}</td>")  # noqa: S308  css is declared in code, inner is escaped


def table_row(columns: Sequence[Column], row: Any) -> SafeString:
    """Return the cells of a row; built here because a template include a cell is too slow."""
    return mark_safe("".join(cell(column, row) for column in columns))  # noqa: S308
