"""Files that belong to imports: templates to fill in, and the refused rows to correct and send again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from django.utils.translation import get_language, gettext

from config.core.exports import ExportColumn
from config.core.formats import is_chinese
from receivables.domain.importing.fields import CUSTOMERS, FIELDS, OPEN_ITEMS
from receivables.models import ImportBatch
from receivables.selectors import imports
from receivables.selectors.import_files import REASON, own_headings

EXAMPLES: dict[str, dict[str, object]] = {
    CUSTOMERS: {
        "code": "C-001", "name": "杭州示例科技有限公司", "kind": "company", "segment": "regular", "region": "浙江", "currency": "CNY",
    },
    OPEN_ITEMS: {
        "number": "INV-2026-0001", "customer": "C-001", "customer_name": "杭州示例科技有限公司", "kind": "invoice",
        "document_date": date(2026, 1, 5), "due_date": date(2026, 2, 28), "amount": Decimal("12345.60"), "currency": "CNY",
    },
    "receipts": {
        "number": "BANK-20260228-01", "customer": "C-001", "document_date": date(2026, 2, 28), "amount": Decimal("12345.60"),
        "currency": "CNY",
    },
}  # fmt: skip


def template(*, kind: str) -> tuple[list[ExportColumn], list[list[object]]]:
    """This function will return columns and an example row of a file that imports as it stands."""
    chinese = is_chinese(get_language())
    columns = []
    for field in FIELDS[kind]:
        shown = field.label_zh if chinese else gettext(field.label)
        form = {"date": "date", "amount": "money", "open_amount": "money"}.get(field.type, "text")
        columns.append(
            ExportColumn(label=f"{shown}*" if field.required else shown, kind=form, width=16)
        )
    return columns, [[EXAMPLES[kind].get(field.name, "") for field in FIELDS[kind]]]


def refused(*, batch: ImportBatch) -> tuple[list[ExportColumn], Iterator[list[str]]]:
    """This function will return the refused rows as they stood in the file, each once, with the reasons."""
    ours = own_headings()
    # Sent a second time, the file has our column already.
    headings = [h for h in batch.report.get("headings", []) if h not in ours]
    columns = [ExportColumn(label=heading or " ") for heading in headings]
    return [*columns, ExportColumn(label=gettext(REASON), width=60)], _refused_rows(
        batch, len(headings)
    )


def _refused_rows(batch: ImportBatch, width: int) -> Iterator[list[str]]:
    number, cells = 0, [""] * width
    reasons: list[str] = []
    for refusal in imports.refusals(batch=batch).iterator(chunk_size=2000):
        if refusal.row != number and reasons:
            yield [*cells, " ".join(reasons)]
            reasons = []
        number = refusal.row
        cells = [*refusal.cells[:width], *[""] * (width - len(refusal.cells))]
        where = f"{refusal.column}: " if refusal.column else ""
        reasons.append(f"{where}{imports.reason(refusal)}")
    if reasons:
        yield [*cells, " ".join(reasons)]
