"""How a file's columns are to be read, as data: given by name, as JSON, remembered, or found. Pure.

    {"columns": {"number": "invoiceNumber", "amount": ["价税合计", "金额"]}, "date_order": "MDY",
     "negative": "credit_note", "whole_numbers": ["number"]}

`date_order` is asked for only when day and month cannot be told apart; `negative` says that a
negative amount without a kind is a credit note; `whole_numbers` lists fields in which a program
wrote numbers as floats ("1930571429.0"); `round_amounts` takes amounts with more than two decimals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from receivables.domain.importing.dates import ORDERS
from receivables.domain.importing.fields import FIELDS, OPEN_ITEMS
from receivables.domain.importing.reasons import gettext_noop

NEGATIVE_REFUSED, NEGATIVE_CREDIT_NOTE = "", "credit_note"
KEYS = {"columns", "date_order", "negative", "whole_numbers", "round_amounts", "currency"}


class MappingRefused(Exception):  # noqa: N818
    """A mapping that cannot be read; `message` is a template for `context`."""

    def __init__(self, message: str, **context: str) -> None:
        super().__init__(message)
        self.message = message
        self.context = context


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    date_order: str = ""
    negative: str = NEGATIVE_REFUSED
    whole_numbers: tuple[str, ...] = ()
    round_amounts: bool = False
    currency: str = ""

    def as_json(self) -> dict[str, object]:
        """Return the mapping as it is stored and sent."""
        columns = {
            name: words[0] if len(words) == 1 else list(words)
            for name, words in self.columns.items()
        }
        data: dict[str, object] = {"columns": columns}
        if self.date_order:
            data["date_order"] = self.date_order
        if self.negative:
            data["negative"] = self.negative
        if self.whole_numbers:
            data["whole_numbers"] = list(self.whole_numbers)
        if self.round_amounts:
            data["round_amounts"] = True
        if self.currency:
            data["currency"] = self.currency
        return data


def parse(kind: str, data: object) -> ColumnMapping:
    """Return the mapping that JSON describes.

    :raises MappingRefused: if it has unknown members, fields or values
    """
    if not isinstance(data, Mapping):
        raise MappingRefused(gettext_noop("A mapping is an object with the member “columns”."))
    unknown = sorted(set(map(str, data)) - KEYS)
    if unknown:
        raise MappingRefused(
            gettext_noop("“%(name)s” is not a member of a mapping. Members are: %(known)s."),
            name=unknown[0],
            known=", ".join(sorted(KEYS)),
        )
    return ColumnMapping(
        columns=_columns(kind, data.get("columns") or {}),
        date_order=_one_of(data.get("date_order"), ORDERS, "date_order"),
        negative=_one_of(data.get("negative"), (NEGATIVE_CREDIT_NOTE,), "negative"),
        whole_numbers=_names(kind, data.get("whole_numbers") or ()),
        round_amounts=data.get("round_amounts") is True,
        currency=str(data.get("currency") or ""),
    )


def _one_of(value: object, allowed: tuple[str, ...], name: str) -> str:
    if value in (None, ""):
        return ""
    if not isinstance(value, str) or value not in allowed:
        raise MappingRefused(
            gettext_noop("“%(name)s” is one of: %(allowed)s."),
            name=name,
            allowed=", ".join(allowed),
        )
    return value


def _names(kind: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise MappingRefused(gettext_noop("“%(name)s” is a list of fields."), name="whole_numbers")
    for name in value:
        _check_field(kind, name)
    return tuple(value)


def _check_field(kind: str, name: object) -> None:
    known = [f.name for f in FIELDS[kind]]
    if name not in known:
        raise MappingRefused(
            gettext_noop("“%(name)s” is not a field of this kind of file. Fields are: %(known)s."),
            name=str(name)[:60],
            known=", ".join(known),
        )


def _columns(kind: str, value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise MappingRefused(gettext_noop("“columns” is an object of field and heading."))
    columns: dict[str, tuple[str, ...]] = {}
    for name, words in value.items():
        _check_field(kind, name)
        listed = [words] if isinstance(words, str) else words
        if not isinstance(listed, list) or not all(isinstance(w, str) and w for w in listed):
            raise MappingRefused(
                gettext_noop("The heading of “%(name)s” is a text."), name=str(name)
            )
        columns[str(name)] = tuple(listed)
    return columns


# Delivered as examples: two public data sets, each in the shapes in which they go round.
DELIVERED: dict[str, dict[str, ColumnMapping]] = {
    "ibm": {
        OPEN_ITEMS: ColumnMapping(
            columns={
                "number": ("invoiceNumber",),
                "customer": ("customerID",),
                "document_date": ("InvoiceDate",),
                "due_date": ("DueDate",),
                "amount": ("InvoiceAmount",),
                "settled_on": ("SettledDate",),
                "disputed": ("Disputed",),
            },
        )
    },
    "highradius": {
        OPEN_ITEMS: ColumnMapping(
            columns={
                "number": ("doc_id",),
                "customer": ("cust_number",),
                "customer_name": ("name_customer",),
                "document_date": ("posting_date",),
                "due_date": ("due_in_date",),
                "amount": ("total_open_amount", "converted_usd"),
                "currency": ("invoice_currency",),
                "settled_on": ("clear_date",),
            },
            # Ids were written as floats; the second shape is all in USD, converted and not rounded.
            whole_numbers=("number", "customer"),
            round_amounts=True,
            currency="USD",
        )
    },
}
