"""What became of an import, and how it is kept: figures, refused rows, a report, one audit event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import translation

from config.core.errors import DomainError
from config.core.models import User
from config.core.services import audit
from receivables.domain.importing.reasons import REASONS
from receivables.domain.importing.tables import RowRefusal
from receivables.models import ImportBatch, ImportRefusal

STORED_REFUSALS = 10_000


@dataclass(slots=True)
class Outcome:
    state: str
    rows_read: int = 0
    rows_written: int = 0
    rows_unchanged: int = 0
    rows_refused: int = 0
    refusals: list[RowRefusal] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)


def refused_file(refusal: DomainError) -> Outcome:
    """This function will return the outcome of a file that was refused as a whole."""
    with translation.override(None):
        message = str(refusal.message)
    context = {name: str(value) for name, value in refusal.context.items()}
    told = {"code": refusal.code, "message": message, "context": context}
    return Outcome(ImportBatch.State.REFUSED, report={"refusal": told})


def keep(*, batch: ImportBatch, outcome: Outcome, actor: User | None, now: datetime) -> None:
    """This function will write an outcome to its batch, in the caller's transaction."""
    batch.refusals.all().delete()
    ImportRefusal.objects.bulk_create(
        [
            _row(batch, refusal, str(outcome.report.get("sheet", "")))
            for refusal in outcome.refusals[:STORED_REFUSALS]
        ],
        batch_size=2000,
    )
    # How many rows are good is told apart from how many were written: a check writes none.
    outcome.report["rows_good"] = outcome.rows_written
    if outcome.state != ImportBatch.State.DONE:
        outcome.rows_written = 0
    batch.state = outcome.state
    batch.rows_read, batch.rows_written = outcome.rows_read, outcome.rows_written
    batch.rows_unchanged, batch.rows_refused = outcome.rows_unchanged, outcome.rows_refused
    batch.report, batch.finished_at = outcome.report, now
    batch.save()
    audit.record(
        actor=actor,
        action=f"import.{outcome.state}",
        target=batch,
        unit=batch.unit,
        after={
            "file": batch.file_name, "sha256": batch.sha256, "kind": batch.kind, "read": outcome.rows_read,
            "written": outcome.rows_written, "unchanged": outcome.rows_unchanged, "refused": outcome.rows_refused,
            "totals": outcome.report.get("totals", {}),
        },
    )  # fmt: skip


def _row(batch: ImportBatch, refusal: RowRefusal, sheet: str) -> ImportRefusal:
    return ImportRefusal(
        batch=batch,
        sheet=sheet[:80],
        row=refusal.row,
        column=_storable(refusal.column)[:120],
        value=_storable(refusal.value)[:200],
        code=refusal.code,
        message=REASONS[refusal.code],
        context={name: _storable(value)[:200] for name, value in refusal.context.items()},
        cells=[_storable(cell) for cell in refusal.cells],
    )


def _storable(text: str) -> str:
    return text.replace("\0", "")
