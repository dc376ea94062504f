"""SQL over the staged rows: what each will be as an open item. One place, used by checks and posting."""

from __future__ import annotations

from dataclasses import dataclass

from receivables.domain.importing.fields import CREDIT_KINDS, RECEIPTS
from receivables.domain.importing.mappings import NEGATIVE_CREDIT_NOTE, ColumnMapping

SETTLEMENT = "settlement"
SETTLEMENT_PREFIX = "S-"


def settlement_source(source: str) -> str:
    """Return under which source the settlements of imported items are numbered."""
    return SETTLEMENT if source == "ledger" else f"s:{source}"[:20]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Expressions over `import_rows AS s`; they hold constants of ours only, never a user's text."""

    kind: str
    direction: str
    paid: str
    posting_date: str
    due_date: str = "coalesce(s.due_date, s.document_date)"
    cause: str = "CASE WHEN s.cause <> '' THEN s.cause ELSE s.disputed END"


def resolve(*, file_kind: str, mapping: ColumnMapping) -> Resolved:
    """Return the expressions for a kind of file and the choices made for it."""
    credit = ", ".join(f"'{kind}'" for kind in sorted(CREDIT_KINDS))
    if file_kind == RECEIPTS:
        return Resolved("'receipt'", "'credit'", "0::numeric", "s.document_date")
    negative = "'credit_note'" if mapping.negative == NEGATIVE_CREDIT_NOTE else "'invoice'"
    kind = (
        f"CASE WHEN s.kind <> '' THEN s.kind WHEN s.amount < 0 THEN {negative} ELSE 'invoice' END"
    )
    direction = f"CASE WHEN {kind} IN ({credit}) OR ({kind} = 'opening' AND s.amount < 0) THEN 'credit' ELSE 'debit' END"
    paid = (
        "CASE WHEN s.open_amount IS NOT NULL THEN abs(s.amount) - abs(s.open_amount) "
        "WHEN s.settled_on IS NOT NULL THEN abs(s.amount) ELSE 0 END"
    )
    return Resolved(kind, direction, paid, "coalesce(s.posting_date, s.document_date)")
