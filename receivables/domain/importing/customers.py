"""How a file of customers is read: one row, one customer's values. Pure."""

from __future__ import annotations

from collections.abc import Callable

from config.core.currencies import is_currency
from config.core.files.cells import Cell, is_blank
from config.core.text import clean, comparison_key
from receivables.domain.importing import columns, words
from receivables.domain.importing.fields import CHOICE, CODE, CURRENCY, CUSTOMERS, Field, by_name
from receivables.domain.importing.layouts import Layout
from receivables.domain.importing.mappings import ColumnMapping
from receivables.domain.importing.reasons import CellRefused
from receivables.domain.importing.tables import Rule, single


class CustomerRules:
    """Collects the good rows of a file of customers; `rows` is row number → field → value."""

    def __init__(self, *, layout: Layout, mapping: ColumnMapping, labels: dict[str, str]) -> None:
        self.layout, self.mapping, self.labels = layout, mapping, labels
        self.fields = [f for f in by_name(CUSTOMERS).values() if f.name in layout.columns]

    def names(self) -> list[str]:
        """Return the mapped fields in the order in which a row's values come."""
        return [one.name for one in self.fields]

    def rules(self) -> dict[str, Rule]:
        """Return the rule of each mapped field."""
        return {one.name: single(self._converter(self._rule(one))) for one in self.fields}

    def _converter(self, rule: Callable[[Cell], str]) -> Callable[..., columns.Converted]:
        return lambda cells: columns.one_by_one(cells, rule)

    def _rule(self, one: Field) -> Callable[[Cell], str]:
        if one.type == CHOICE:
            inner = words.chooser(one.choices or {})
        elif one.type == CURRENCY:
            inner = _currency
        else:
            inner = self._text(one)
        if one.required:
            return columns.required(inner, field=self.labels[one.name])
        return lambda cell: "" if is_blank(cell) else inner(cell)

    def _text(self, one: Field) -> Callable[[Cell], str]:
        whole = one.type == CODE and one.name in self.mapping.whole_numbers
        label = self.labels[one.name]

        def text(cell: Cell) -> str:
            value = " ".join(clean(columns.text_of(cell, whole=whole)).splitlines()).replace(
                "\t", " "
            )
            if one.type == CODE:
                columns.within(comparison_key(value), one.max_length)
                if one.required and not comparison_key(value):
                    raise CellRefused("missing", field=label)
            return columns.within(value, one.max_length)

        return text


def _currency(cell: Cell) -> str:
    code = words.currency(cell)
    if not is_currency(code):
        raise CellRefused("currency", value=code)
    return code
