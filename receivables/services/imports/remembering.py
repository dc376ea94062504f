"""A mapping that worked is remembered for the next file with the same heading."""

from __future__ import annotations

from config.core.models import User
from receivables.domain.importing import headings
from receivables.models import ImportBatch, ImportMapping
from receivables.services.imports.outcomes import Outcome


def remember(*, batch: ImportBatch, outcome: Outcome, actor: User | None) -> None:
    """This function will keep how a file was read, under the digest of its heading; it never fails an import.

    A date order that the file proved by itself is not kept: the next file proves its own.
    """
    columns = outcome.report.get("columns")
    if not columns:
        return
    known = dict(batch.mapping)
    known["columns"] = columns
    digest = headings.digest(outcome.report.get("headings", []))
    ImportMapping.objects.update_or_create(
        unit=batch.unit,
        kind=batch.kind,
        name=f"heading-{digest[:16]}",
        defaults={"mapping": known, "heading_digest": digest, "updated_by": actor},
    )
