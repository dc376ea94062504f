"""How open items and receipts are read: the rule of each field, and the customers met on the way. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from config.core.currencies import is_currency
from config.core.files.cells import Cell, shown
from config.core.text import clean, comparison_key
from receivables.domain.importing import columns, dates, words
from receivables.domain.importing.fields import (
    AMOUNT,
    CHOICE,
    CURRENCY,
    DATE,
    NUMBER,
    OPEN_AMOUNT,
    WHOLE,
    YES_NO,
    Field,
    by_name,
)
from receivables.domain.importing.layouts import Layout
from receivables.domain.importing.mappings import ColumnMapping
from receivables.domain.importing.reasons import CellRefused
from receivables.domain.importing.tables import Rule, single


@dataclass(slots=True)
class MetCustomer:
    """A customer as the file names it; the first spelling of the name stands."""

    position: int
    key: str
    code: str
    name: str = ""
    other_spellings: bool = False


@dataclass(slots=True)
class Customers:
    """The customers of a file by comparison key, numbered in the order in which they appear."""

    whole: bool
    label: str
    by_key: dict[str, MetCustomer] = field(default_factory=dict)
    by_cell: dict[Cell, MetCustomer] = field(default_factory=dict)

    def position(self, cell: Cell) -> str:
        """Return the number of the customer that a cell names.

        :raises CellRefused: if the code is empty or too long
        """
        code = clean(columns.text_of(cell, whole=self.whole))
        key = columns.within(comparison_key(code), 40)
        if not key:
            raise CellRefused("missing", field=self.label)
        columns.within(code, 40)
        met = self.by_key.get(key)
        if met is None:
            met = self.by_key[key] = MetCustomer(len(self.by_key), key, code)
        self.by_cell[cell] = met
        return str(met.position)

    def note_names(self, codes: Sequence[Cell], names: Sequence[Cell]) -> None:
        """Keep the first name of each customer, and see whether others are given."""
        for code, name in set(zip(codes, names, strict=True)):
            met = self.by_cell.get(code)
            spelling = clean(shown(name))
            if met is None or not spelling or met.name == spelling:
                continue
            if met.name:
                met.other_spellings = True

    def name_first(self, codes: Sequence[Cell], names: Sequence[Cell]) -> None:
        """Give the customers that have no name yet the first one that stands beside them."""
        for code, name in zip(codes, names, strict=True):
            met = self.by_cell.get(code)
            if met is not None and not met.name:
                met.name = clean(shown(name))[:200]


class ItemRules:
    """The rules of one file of open items or receipts. `labels` are the fields' names for people."""

    def __init__(
        self,
        *,
        kind: str,
        layout: Layout,
        mapping: ColumnMapping,
        currency: str,
        date_order: str | None,
        labels: dict[str, str],
    ) -> None:
        self.kind, self.layout, self.mapping, self.labels = kind, layout, mapping, labels
        self.fields = by_name(kind)
        self.date_order = date_order
        self.default_currency = currency
        # Amounts with a currency sign are taken only where the whole column has one currency.
        self.column_currency = None if "currency" in layout.columns else currency
        self.customers = Customers("customer" in mapping.whole_numbers, labels["customer"])
        self._unnamed = 0

    def rules(self) -> dict[str, Rule]:
        """Return the rule of each mapped field, in the order in which COPY gets its columns."""
        return {name: self._rule(self.fields[name]) for name in self._mapped()}

    def copy_columns(self) -> list[str]:
        """Return the columns of the staging table that the rules fill, after the row's number."""
        names: list[str] = []
        for name in self._mapped():
            names += {
                "number": ["number", "number_key"],
                "customer": ["customer_no"],
                "customer_name": [],
            }.get(name, [name])
        return names

    def _mapped(self) -> list[str]:
        # The name comes after the code, so that the customer is known when its name is read.
        return [name for name in self.fields if name in self.layout.columns]

    def _rule(self, one: Field) -> Rule:
        if one.type == NUMBER:
            return self._number(one)
        if one.name == "customer":
            self._customer_cells: Sequence[Cell] = ()
            return self._customer()
        if one.name == "customer_name":
            return self._customer_name
        if one.type == AMOUNT:
            label, rounding = self.labels[one.name], self.mapping.round_amounts
            return single(
                columns.Amounts(
                    field=label, currency=self.column_currency, rounding=rounding
                ).convert
            )
        if one.type == OPEN_AMOUNT:
            rounding = self.mapping.round_amounts
            return single(
                columns.OpenAmounts(currency=self.column_currency, rounding=rounding).convert
            )
        remembered = self._remembered(one)
        if remembered is not None:
            return single(columns.Remembered(remembered).convert)
        return single(columns.Texts(limit=one.max_length, exact=one.name == "text").convert)

    def _remembered(self, one: Field) -> Callable[[Cell], str] | None:
        """Return the rule of a field with few different values."""
        if one.type == DATE:
            return self._required(
                one, lambda cell: dates.parse(cell, order=self.date_order).isoformat()
            )
        if one.type == CURRENCY:
            return columns.optional(self._currency, empty=self.default_currency)
        if one.type == YES_NO:
            return columns.optional(lambda cell: "dispute" if words.yes_no(cell) else "", empty="")
        if one.type == CHOICE:
            return columns.optional(words.chooser(one.choices or {}), empty="")
        if one.type == WHOLE:
            return columns.optional(words.whole_number, empty="1")
        return None

    def _required(self, one: Field, rule: Callable[[Cell], str]) -> Callable[[Cell], str]:
        return (
            columns.required(rule, field=self.labels[one.name])
            if one.required
            else columns.optional(rule)
        )

    def _currency(self, cell: Cell) -> str:
        code = words.currency(cell)
        if not is_currency(code):
            raise CellRefused("currency", value=code)
        return code

    def _number(self, one: Field) -> Rule:
        codes = columns.Codes(
            field=self.labels[one.name],
            limit=one.max_length,
            whole=one.name in self.mapping.whole_numbers,
        )

        def rule(cells: Sequence[Cell]) -> tuple[list[list[str]], dict[int, CellRefused]]:
            numbers, keys, refused = codes.convert(cells)
            return [numbers, keys], refused

        return rule

    def _customer(self) -> Rule:
        remembered = columns.Remembered(self.customers.position)

        def rule(cells: Sequence[Cell]) -> tuple[list[list[str]], dict[int, CellRefused]]:
            self._customer_cells = cells
            done, refused = remembered.convert(cells)
            return [done], refused

        return rule

    def _customer_name(
        self, cells: Sequence[Cell]
    ) -> tuple[list[list[str]], dict[int, CellRefused]]:
        known = len(self.customers.by_key)
        if known > self._unnamed:
            self.customers.name_first(self._customer_cells, cells)
            self._unnamed = known
        self.customers.note_names(self._customer_cells, cells)
        return [], {}
