"""Which filters are at work, in words: read from the form that read them from the address."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.forms import BaseForm, BoundField
from django.utils.translation import get_language, gettext

from config.core import formats


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter at work and the address of the list without it."""

    label: str
    text: str
    url: str


def _is_set(value: Any) -> bool:
    return value not in (None, "", [], ()) and not (hasattr(value, "exists") and not value)


def _word(field: BoundField, value: Any) -> str:
    """Return one value as the person chose it: the words of a choice, the name of a row."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, slice):
        parts = (_word(field, v) if v is not None else "" for v in (value.start, value.stop))
        return " – ".join(parts)
    if isinstance(value, date):
        return formats.day(value, language=get_language())
    choices = getattr(field.field, "choices", None)
    if isinstance(choices, list):
        return str(dict(choices).get(value, value))
    return str(value)


def _words(field: BoundField, value: Any) -> str:
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(_word(field, one) for one in value)
    return _word(field, value)


def _names(field: BoundField) -> list[str]:
    """Return the parameters of a field; a range has two."""
    widget = field.field.widget
    suffixes = [s for s in getattr(widget, "suffixes", ()) or () if s is not None]
    return [field.html_name, *(f"{field.html_name}_{s}" for s in suffixes)]


def active_filters(form: BaseForm, *, without: Callable[[list[str]], str]) -> list[Chip]:
    """This function will return a chip for every field that has a value.

    `without` makes the address that lacks the parameters named.
    """
    if not form.is_bound:
        return []
    form.is_valid()
    values = getattr(form, "cleaned_data", {})
    return [
        Chip(str(field.label), _words(field, values[field.name]), without(_names(field)))
        for field in form
        if not field.is_hidden and field.name in values and _is_set(values[field.name])
    ]
