"""A sent file as it will be read: its columns with samples, what they are taken for, its first rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext

from config.core import formats
from config.core.files.cells import Cell, Row, is_blank, shown
from config.core.files.refusals import FileRefused
from config.core.files.workbooks import Workbook
from receivables.domain.importing import headings, layouts, mappings
from receivables.domain.importing.customers import CustomerRules
from receivables.domain.importing.fields import AMOUNT, CUSTOMERS, FIELDS, OPEN_AMOUNT
from receivables.domain.importing.items import ItemRules
from receivables.domain.importing.layouts import Layout, NoLayout
from receivables.domain.importing.mappings import ColumnMapping
from receivables.domain.importing.reasons import REASONS
from receivables.domain.importing.tables import Rule, TableReader
from receivables.models import ImportBatch, ImportMapping
from receivables.selectors import import_files
from receivables.selectors.import_files import Table

SHOWN_ROWS = 20
SAMPLES = 3
FIGURES = frozenset({AMOUNT, OPEN_AMOUNT})
AS_WRITTEN = frozenset(
    {"customer", "customer_name", "text", "order_reference", "contract_reference"}
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file; `field` is what it is taken for, or nothing."""

    position: int
    heading: str
    samples: list[str]
    field: str


@dataclass(frozen=True, slots=True)
class PreviewCell:
    text: str
    reason: str = ""
    is_figure: bool = False


@dataclass(frozen=True, slots=True)
class PreviewRow:
    number: int
    cells: list[PreviewCell]


@dataclass(slots=True)
class Preview:
    """`refusal` says why the file cannot be taken as it is; `labels` head the rows as they will be read."""

    columns: list[Column] = field(default_factory=list)
    # The name of each field that is read, and whether it is a figure.
    labels: list[tuple[str, bool]] = field(default_factory=list)
    rows: list[PreviewRow] = field(default_factory=list)
    left_out: int = 0
    missing: list[str] = field(default_factory=list)
    refusal: str = ""
    asks_date_order: bool = False
    date_order: str = ""
    is_remembered: bool = False
    heading_row: int = 0
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    hidden_sheets: list[str] = field(default_factory=list)
    hidden_rows: int = 0
    mapping: ColumnMapping = field(default_factory=ColumnMapping)


def preview(*, batch: ImportBatch) -> Preview:
    """This function will read the head of a stored file by its batch's mapping, or by a remembered one."""
    made = Preview(
        mapping=mappings.parse(batch.kind, batch.mapping), sheet=batch.options.get("sheet", "")
    )
    try:
        table = import_files.open_table(import_files.path_of(batch.stored_name), sheet=made.sheet)
        _describe(made, table)
        _read(made, table, batch)
    except FileRefused as refusal:
        made.refusal = str(refusal)
    return made


def _describe(made: Preview, table: Table) -> None:
    made.encoding, made.delimiter, made.sheet = table.encoding, table.delimiter, table.sheet
    if isinstance(table, Workbook):
        made.sheets, made.hidden_sheets = table.sheets, table.hidden_sheets
        made.hidden_rows = table.scan.hidden_rows


def _read(made: Preview, table: Table, batch: ImportBatch) -> None:
    head = table.head(headings.SEARCHED_ROWS + SHOWN_ROWS)
    found = layouts.locate(batch.kind, head, made.mapping)
    if not made.mapping.columns:
        remembered = _remembered(batch, found.headings)
        if remembered is not None:
            made.mapping, made.is_remembered = remembered, True
            found = layouts.locate(batch.kind, head, remembered)
    data = head[found.heading_row or 0 :]
    fields = {position: name for name, position in found.columns.items()}
    made.columns = [
        Column(position, heading, _samples(data, position), fields.get(position, ""))
        for position, heading in enumerate(found.headings)
    ]
    made.heading_row = found.heading_row or 0
    if isinstance(found, NoLayout):
        made.missing = [gettext(one.label) for one in found.missing]
        return
    order = _settle_date_order(made, table, batch.kind, found)
    _read_rows(made, batch, found, order, data)


def _remembered(batch: ImportBatch, names: Sequence[str]) -> ColumnMapping | None:
    row = ImportMapping.objects.filter(
        unit=batch.unit, kind=batch.kind, heading_digest=headings.digest(names)
    ).first()
    return mappings.parse(batch.kind, row.mapping) if row is not None else None


def _samples(rows: Sequence[Row], position: int) -> list[str]:
    cells = (row[position] for row in rows if position < len(row))
    return [shown(cell)[:40] for cell in cells if not is_blank(cell)][:SAMPLES]


def _settle_date_order(made: Preview, table: Table, kind: str, layout: Layout) -> str | None:
    """Find the date order, or note that it must be asked for."""
    if made.mapping.date_order:
        made.asks_date_order, made.date_order = True, made.mapping.date_order
        return made.date_order
    try:
        order = import_files.date_order(table, kind=kind, layout=layout, chosen="")
    except FileRefused as refusal:
        made.refusal = str(refusal)
        made.asks_date_order = refusal.code == "date_order"
        return None
    made.date_order = order or ""
    return order


def _read_rows(
    made: Preview, batch: ImportBatch, layout: Layout, order: str | None, data: Sequence[Row]
) -> None:
    known = [f for f in FIELDS[batch.kind] if f.name in layout.columns]
    made.labels = [(gettext(one.label), one.type in FIGURES) for one in known]
    rules = _rules(batch, layout, order, made.mapping)
    key = "code" if batch.kind == CUSTOMERS else "number"
    reader = TableReader(layout=layout, key=key, rules=rules)
    number = layout.heading_row
    for row in data:
        number += 1
        if len(made.rows) == SHOWN_ROWS:
            return
        if reader.is_no_data(row):
            made.left_out += 1
            continue
        cells: list[Cell] = [row[p] if p < len(row) else "" for p in range(len(layout.headings))]
        read = [_cell(rules[f.name], f.name, f.type, cells[layout.columns[f.name]]) for f in known]
        made.rows.append(PreviewRow(number, read))


def _rules(
    batch: ImportBatch, layout: Layout, order: str | None, mapping: ColumnMapping
) -> dict[str, Rule]:
    labels = import_files.labels(batch.kind)
    if batch.kind == CUSTOMERS:
        return CustomerRules(layout=layout, mapping=mapping, labels=labels).rules()
    return ItemRules(
        kind=batch.kind,
        layout=layout,
        mapping=mapping,
        currency=batch.options.get("currency", ""),
        date_order=order,
        labels=labels,
    ).rules()


def _cell(rule: Rule, name: str, kind: str, cell: Cell) -> PreviewCell:
    done, refused = rule([cell])
    if refused:
        why = refused[0]
        return PreviewCell(
            shown(cell)[:60],
            gettext(REASONS[why.code]) % why.context if why.context else gettext(REASONS[why.code]),
        )
    if name in AS_WRITTEN or not done:
        return PreviewCell(shown(cell)[:60])
    text = done[0][0]
    if kind in FIGURES:
        return PreviewCell(formats.money(None if text == "\\N" else Decimal(text)), is_figure=True)
    return PreviewCell("" if text == "\\N" else text[:60])


def choices(kind: str) -> list[tuple[str, str, bool]]:
    """This function will return the fields a column may be taken for: name, label, whether it is required."""
    return [(one.name, gettext(one.label), one.required) for one in FIELDS[kind]]
