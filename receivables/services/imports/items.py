"""One import of open items or receipts: read, stage, check, post; the caller's transaction keeps or drops it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from django.db import connection

from config.core.files.cells import Chunk
from config.core.models import BusinessUnit, User
from config.core.services import periods
from receivables.domain.importing.fields import OPEN_ITEMS
from receivables.domain.importing.items import ItemRules
from receivables.domain.importing.mappings import ColumnMapping
from receivables.domain.importing.tables import Lines, RowRefusal, TableReader
from receivables.models import ImportBatch
from receivables.selectors import import_files
from receivables.selectors.import_files import Opened
from receivables.services.imports import (
    checks,
    due_dates,
    new_customers,
    posting,
    reports,
    resolving,
    staging,
)
from receivables.services.imports.choices import Choices
from receivables.services.imports.outcomes import STORED_REFUSALS, Outcome
from receivables.services.imports.resolving import Resolved

# Shares of the work in thousandths, as the progress bar shows them.
STAGED, CHECKED, POSTED, ALL = 450, 550, 950, 1000
State = ImportBatch.State


class Progress(Protocol):
    """Who is told how far the work is, and may stop it."""

    def progress(self, done: int, total: int | None = None) -> None: ...

    def check_cancelled(self) -> None: ...


@dataclass(slots=True, kw_only=True)
class ItemImport:
    batch: ImportBatch
    unit: BusinessUnit
    mapping: ColumnMapping
    choices: Choices
    actor: User | None
    today: date
    progress: Progress
    opened: Opened
    refusals: list[RowRefusal] = field(default_factory=list)
    refusal_count: int = 0

    def run(self) -> Outcome:
        """This function will do the import and return its outcome; nothing is kept if the caller rolls back."""
        rules = ItemRules(
            kind=self.batch.kind,
            layout=self.opened.layout,
            mapping=self.mapping,
            currency=self.choices.currency,
            date_order=self.opened.date_order,
            labels=import_files.labels(self.batch.kind),
        )
        reader = TableReader(layout=self.opened.layout, key="number", rules=rules.rules())
        self._stage(rules, reader)
        resolved = resolving.resolve(file_kind=self.batch.kind, mapping=self.mapping)
        created, without_terms = self._check(resolved)
        self._collect_refusals()
        outcome = reports.outcome(
            choices=self.choices,
            opened=self.opened,
            counts=reader.counts,
            resolved=resolved,
            today=self.today,
        )
        outcome.refusals = self.refusals
        spellings = sum(met.other_spellings for met in rules.customers.by_key.values())
        reports.add_notices(
            outcome,
            created=created,
            without_terms=without_terms,
            spellings=spellings,
            refusals=self.refusal_count,
        )
        if outcome.state == State.DONE:
            self._post(outcome, resolved, reader.counts.staged)
        self.progress.progress(ALL, ALL)
        return outcome

    def _stage(self, rules: ItemRules, reader: TableReader) -> None:
        table = self.opened.table

        def read(chunk: Chunk) -> Lines:
            lines = reader.read(chunk)
            self.refusal_count += len(lines.refusals)
            self.refusals += lines.refusals[: STORED_REFUSALS - len(self.refusals)]
            return lines

        def after_part() -> None:
            reports.refuse_if_too_long(reader.counts.read)
            self.progress.progress(int(STAGED * table.share_read), ALL)
            self.progress.check_cancelled()

        posting.prepare()
        staging.create(currency=self.choices.currency)
        staging.fill(
            chunks=self.opened.chunks(),
            read=read,
            columns=rules.copy_columns(),
            after_part=after_part,
        )
        staging.fill_customers(rules.customers.by_key.values())
        reports.refuse_if_empty(reader.counts)

    def _check(self, resolved: Resolved) -> tuple[int, int]:
        """Run the checks; return how many customers were created and how many rows have no terms."""
        created = 0
        checks.row_rules(resolved=resolved, file_kind=self.batch.kind)
        unknown = checks.match_customers(unit=self.unit)
        if unknown and self.choices.create_customers:
            created = new_customers.create_missing(
                unit=self.unit, currency=self.choices.currency, actor=self.actor
            )
        elif unknown:
            checks.unknown_customers()
        checks.duplicates()
        self.progress.progress(STAGED + 50, ALL)
        self.progress.check_cancelled()
        without_terms = due_dates.fill_in(resolved=resolved) if self.batch.kind == OPEN_ITEMS else 0
        open_months = checks.closed_periods(unit=self.unit, resolved=resolved)
        periods.require_open(unit=self.unit, dates=open_months)
        checks.ledger(unit=self.unit, source=self.choices.source, resolved=resolved)
        self.progress.progress(CHECKED, ALL)
        return created, without_terms

    def _collect_refusals(self) -> None:
        """Take the refusals of the checks out of the database, with the cells of their rows."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM import_refused")
            found = int(cursor.fetchone()[0])
            if not found:
                return
            self.refusal_count += found
            cursor.execute(
                "SELECT row_no, field, value, code, context FROM import_refused ORDER BY row_no, code LIMIT %s",
                [max(0, STORED_REFUSALS - len(self.refusals))],
            )
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        layout = self.opened.layout
        cells = import_files.rows_at(
            self.opened.table, {row[0] for row in rows}, len(layout.headings)
        )
        for row_no, name, value, code, context in rows:
            told = reports.readable(context, kind=self.batch.kind)
            self.refusals.append(
                RowRefusal(
                    row_no, layout.heading_of(name), value[:200], code, told, cells.get(row_no, [])
                )
            )
        self.refusals.sort(key=lambda refusal: refusal.row)

    def _post(self, outcome: Outcome, resolved: Resolved, staged: int) -> None:
        target = posting.Target(
            unit=self.unit,
            source=self.choices.source,
            batch=self.batch,
            actor=self.actor,
            resolved=resolved,
            some_left_out=bool(outcome.rows_refused or outcome.rows_unchanged),
            some_paid=not {"settled_on", "open_amount"}.isdisjoint(self.opened.layout.columns),
        )
        if outcome.rows_written:
            for first, end in posting.slices(staged=staged):
                written = posting.post_slice(target, first=first, end=end)
                share = min(1.0, written / max(1, outcome.rows_written))
                self.progress.progress(CHECKED + int((POSTED - CHECKED) * share), ALL)
                self.progress.check_cancelled()
        settlements = posting.settle(target) if outcome.rows_written else 0
        reports.tie_out(outcome, posting.posted(settlements=settlements))
