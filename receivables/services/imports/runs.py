"""Doing an import: all of it in one transaction, or nothing but the report why not."""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.core.errors import DomainError
from config.core.files.delimited import DelimitedFile
from config.core.files.refusals import FileRefused
from config.core.models import User
from receivables.domain.importing import mappings
from receivables.domain.importing.fields import CUSTOMERS
from receivables.models import ImportBatch
from receivables.selectors import import_files
from receivables.services.imports import outcomes, reports
from receivables.services.imports.choices import Choices
from receivables.services.imports.customer_rows import CustomerImport
from receivables.services.imports.items import ItemImport, Progress
from receivables.services.imports.outcomes import Outcome
from receivables.services.imports.remembering import remember

State = ImportBatch.State
UNFINISHED = frozenset(
    {State.UPLOADED, State.RUNNING, State.CHECKED, State.CANCELLED, State.REFUSED}
)
LOCK_SPACE = 0x5A51_49 << 40  # "ZQI": one import at a time writes into a unit
# After so many rows the planner's figures are too old to be good for anything.
ANALYZE_FROM = 20_000


class AlreadyImported(DomainError):
    """The batch was written before; its rows are in the ledger."""

    code = "already_imported"


class _NothingKept(Exception):  # noqa: N818 - carries the outcome out of the transaction it undoes
    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class Unseen:
    """Progress that nobody looks at."""

    def progress(self, done: int, total: int | None = None) -> None:
        return None

    def check_cancelled(self) -> None:
        return None


def run(
    *,
    batch: ImportBatch,
    actor: User | None,
    now: datetime,
    today: date,
    progress: Progress | None = None,
) -> ImportBatch:
    """This function will read, check and post a stored file, and keep what became of it.

    Killed at any moment it leaves either everything or nothing; run again, it doubles nothing. A
    refused file is no error: the batch says so.

    :raises AlreadyImported: if the batch was written before
    """
    start(batch=batch)
    try:
        with transaction.atomic():
            outcome = _attempt(batch, actor, today, progress or Unseen())
            if outcome.state != State.DONE:
                raise _NothingKept(outcome)
            outcomes.keep(batch=batch, outcome=outcome, actor=actor, now=now)
    except _NothingKept as nothing:
        _keep_apart(batch, nothing.outcome, actor, now)
    except FileRefused as refusal:
        _keep_apart(batch, outcomes.refused_file(refusal), actor, now)
    if batch.rows_written >= ANALYZE_FROM and batch.state == State.DONE:
        _refresh_statistics()
    return batch


def start(*, batch: ImportBatch) -> None:
    """This function will mark a batch as running.

    :raises AlreadyImported: if it was written before
    """
    changed = ImportBatch.objects.filter(pk=batch.pk, state__in=UNFINISHED).update(
        state=State.RUNNING
    )
    if not changed:
        raise _already()
    batch.refresh_from_db()


def _already() -> AlreadyImported:
    return AlreadyImported(_("This file was imported already; its rows are in the ledger."))


@transaction.atomic
def _keep_apart(batch: ImportBatch, outcome: Outcome, actor: User | None, now: datetime) -> None:
    if outcome.state == State.CHECKED or outcome.report.get("columns"):
        remember(batch=batch, outcome=outcome, actor=actor)
    outcomes.keep(batch=batch, outcome=outcome, actor=actor, now=now)


def _attempt(batch: ImportBatch, actor: User | None, today: date, progress: Progress) -> Outcome:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_SPACE | batch.unit_id])
    # Whoever held the lock before may have been another worker with this very file.
    if ImportBatch.objects.filter(pk=batch.pk, state=State.DONE).exists():
        raise _already()
    mapping = mappings.parse(batch.kind, batch.mapping)
    opened = import_files.open_file(
        import_files.path_of(batch.stored_name),
        kind=batch.kind,
        mapping=mapping,
        sheet=batch.options.get("sheet", ""),
    )
    if isinstance(opened.table, DelimitedFile) and opened.table.lines:
        # Blank lines do not count, so a tenth more may still be right; the rows are counted later.
        reports.refuse_if_too_long(opened.table.lines * 10 // 11)
    work = CustomerImport if batch.kind == CUSTOMERS else ItemImport
    outcome = work(
        batch=batch,
        unit=batch.unit,
        mapping=mapping,
        choices=Choices(**batch.options),
        actor=actor,
        today=today,
        progress=progress,
        opened=opened,
    ).run()
    if outcome.state == State.DONE:
        remember(batch=batch, outcome=outcome, actor=actor)
    return outcome


def _refresh_statistics() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE receivables_openitem, receivables_allocation")
