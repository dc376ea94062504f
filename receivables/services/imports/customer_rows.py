"""One import of customers: rows that exist alike are left, rows that differ are refused, the rest is created."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from django.db.models.functions import Lower

from config.core.models import BusinessUnit, User
from config.core.services import audit
from config.core.text import comparison_key
from customers.domain import pinyin, uscc
from customers.models import Customer, PaymentTerms
from receivables.domain.importing.customers import CustomerRules
from receivables.domain.importing.fields import CUSTOMERS, by_name
from receivables.domain.importing.mappings import ColumnMapping
from receivables.domain.importing.tables import Counts, Lines, RowRefusal, TableReader
from receivables.models import ImportBatch
from receivables.selectors import import_files
from receivables.selectors.import_files import Opened
from receivables.services.imports import reports
from receivables.services.imports.choices import Choices
from receivables.services.imports.items import ALL, POSTED, STAGED, Progress
from receivables.services.imports.outcomes import STORED_REFUSALS, Outcome

State = ImportBatch.State
RELATIONS = ("sales_owner", "collector", "parent", "payment_terms")
DEFAULTS = {"kind": Customer.Kind.COMPANY, "segment": Customer.Segment.REGULAR}


@dataclass(slots=True)
class Line:
    row: int
    key: str
    values: dict[str, str]


@dataclass(slots=True, kw_only=True)
class Known:
    """What the rows refer to, looked up once."""

    customers: dict[str, Customer]
    users: dict[str, User]
    terms: dict[str, PaymentTerms]
    usccs: dict[str, str]


@dataclass(slots=True, kw_only=True)
class CustomerImport:
    batch: ImportBatch
    unit: BusinessUnit
    mapping: ColumnMapping
    choices: Choices
    actor: User | None
    today: date
    progress: Progress
    opened: Opened
    refusals: list[RowRefusal] = field(default_factory=list)
    refused_rows: set[int] = field(default_factory=set)
    refusal_count: int = 0

    def run(self) -> Outcome:
        """This function will do the import and return its outcome; nothing is kept if the caller rolls back."""
        rules = CustomerRules(
            layout=self.opened.layout, mapping=self.mapping, labels=import_files.labels(CUSTOMERS)
        )
        reader = TableReader(layout=self.opened.layout, key="code", rules=rules.rules())
        lines = [line for part in self._parts(reader) for line in _lines(part, rules.names())]
        reports.refuse_if_empty(reader.counts)
        known = self._known(lines)
        new, unchanged = self._sort(lines, known)
        outcome = self._outcome(reader.counts, new, unchanged)
        if outcome.state == State.DONE:
            self._create(new, known)
        self.progress.progress(ALL, ALL)
        return outcome

    def _parts(self, reader: TableReader) -> Iterator[Lines]:
        for chunk in self.opened.chunks():
            part = reader.read(chunk)
            reports.refuse_if_too_long(reader.counts.read)
            self.refusal_count += len(part.refusals)
            self.refusals += part.refusals[: STORED_REFUSALS - len(self.refusals)]
            self.progress.progress(int(STAGED * self.opened.table.share_read), ALL)
            self.progress.check_cancelled()
            yield part

    def _known(self, lines: list[Line]) -> Known:
        there = Customer.objects.filter(unit=self.unit).select_related(*RELATIONS)
        customers = {c.code_key: c for c in there.iterator(chunk_size=5000)}
        people = User.objects.filter(is_active=True).annotate(key=Lower("username"))
        named = {
            line.values.get(name, "").lower()
            for line in lines
            for name in ("sales_owner", "collector")
        } - {""}
        users: dict[str, User] = {}
        for person in people.filter(key__in=named).prefetch_related("units") if named else ():
            if person.sees_all_units or self.unit in person.units.all():
                users[person.username.lower()] = person
        return Known(
            customers=customers,
            users=users,
            terms={comparison_key(t.code): t for t in PaymentTerms.objects.filter(is_active=True)},
            usccs={c.uscc: c.code_key for c in customers.values() if c.uscc},
        )

    def _sort(self, lines: list[Line], known: Known) -> tuple[list[Line], int]:
        """Return the customers to create, and how many are there already; refuse the others."""
        new: list[Line] = []
        unchanged = 0
        first_row: dict[str, int] = {}
        coming = {line.key for line in lines}
        for line in lines:
            if line.key in first_row:
                self._refuse(
                    line,
                    "code",
                    "customer_duplicate",
                    code=line.values["code"],
                    first=str(first_row[line.key]),
                )
                continue
            first_row[line.key] = line.row
            there = known.customers.get(line.key)
            if there is not None:
                unchanged += self._is_unchanged(line, there)
            elif self._is_sound(line, known, coming):
                new.append(line)
        return new, unchanged

    def _is_unchanged(self, line: Line, there: Customer) -> bool:
        for name, value in line.values.items():
            ours = _text_of(there, name)
            theirs = uscc.normalise(value) if name == "uscc" else value
            same = (
                comparison_key(ours) == comparison_key(theirs)
                if name in {"code", *RELATIONS}
                else ours == theirs
            )
            if theirs and not same:
                label = by_name(CUSTOMERS)[name].label
                self._refuse(
                    line,
                    name,
                    "customer_differs",
                    code=there.code,
                    field=label,
                    ledger=ours or "—",
                    file=theirs,
                )
                return False
        return True

    def _is_sound(self, line: Line, known: Known, coming: set[str]) -> bool:
        found = [*self._uscc_faults(line, known), *self._relation_faults(line, known, coming)]
        for name, code, context in found:
            self._refuse(line, name, code, **context)
        return not found

    def _uscc_faults(self, line: Line, known: Known) -> Iterator[tuple[str, str, dict[str, str]]]:
        code = uscc.normalise(line.values.get("uscc", ""))
        if not code:
            return
        line.values["uscc"] = code
        if not uscc.is_valid(code):
            yield "uscc", "uscc", {"value": code}
        elif known.usccs.setdefault(code, line.key) != line.key:
            yield "uscc", "uscc_taken", {"value": code, "code": known.usccs[code]}

    def _relation_faults(
        self, line: Line, known: Known, coming: set[str]
    ) -> Iterator[tuple[str, str, dict[str, str]]]:
        for name in ("sales_owner", "collector"):
            username = line.values.get(name, "")
            if username and username.lower() not in known.users:
                yield name, "unknown_user", {"value": username}
        terms = line.values.get("payment_terms", "")
        if terms and comparison_key(terms) not in known.terms:
            yield "payment_terms", "unknown_terms", {"value": terms}
        parent = comparison_key(line.values.get("parent", ""))
        if parent and parent == line.key:
            yield "parent", "own_parent", {}
        elif parent and parent not in known.customers and parent not in coming:
            yield "parent", "unknown_parent", {"code": line.values["parent"]}

    def _refuse(self, line: Line, name: str, why: str, /, **context: str) -> None:
        self.refused_rows.add(line.row)
        self.refusal_count += 1
        if len(self.refusals) < STORED_REFUSALS:
            heading = self.opened.layout.heading_of(name)
            self.refusals.append(
                RowRefusal(line.row, heading, line.values.get(name, "")[:200], why, context, [])
            )

    def _outcome(self, counts: Counts, new: list[Line], unchanged: int) -> Outcome:
        refused = counts.refused + len(self.refused_rows)
        state = State.REFUSED if refused and not self.choices.good_rows_only else State.DONE
        outcome = Outcome(
            State.CHECKED if self.choices.dry_run else state,
            rows_read=counts.read,
            rows_written=len(new),
            rows_unchanged=unchanged,
            rows_refused=refused,
            report=reports.describe(self.opened, counts),
        )
        bare = {refusal.row for refusal in self.refusals if not refusal.cells}
        cells = (
            import_files.rows_at(self.opened.table, bare, len(self.opened.layout.headings))
            if bare
            else {}
        )
        filled = [r if r.cells else r._replace(cells=cells.get(r.row, [])) for r in self.refusals]
        outcome.refusals = sorted(filled, key=lambda refusal: refusal.row)
        reports.add_notices(
            outcome, created=0, without_terms=0, spellings=0, refusals=self.refusal_count
        )
        return outcome

    def _create(self, new: list[Line], known: Known) -> None:
        rows = [_customer(line, self.unit, known, self.choices.currency) for line in new]
        Customer.objects.bulk_create(rows, batch_size=1000)
        by_key = {**known.customers, **{row.code_key: row for row in rows}}
        children = []
        for line, row in zip(new, rows, strict=True):
            parent = comparison_key(line.values.get("parent", ""))
            if parent and parent in by_key:
                row.parent = by_key[parent]
                children.append(row)
        Customer.objects.bulk_update(children, ["parent"], batch_size=1000)
        self.progress.progress(POSTED, ALL)
        changes = [
            audit.Change(row, after={**line.values, "by": "import"})
            for line, row in zip(new, rows, strict=True)
        ]
        audit.record_many(
            actor=self.actor, action="customer.created", changes=changes, unit=self.unit
        )


def _lines(part: Lines, names: list[str]) -> Iterator[Line]:
    for text in part.text.rstrip("\n").split("\n") if part.text else ():
        row, *values = text.split("\t")
        found = dict(zip(names, values, strict=True))
        yield Line(int(row), comparison_key(found["code"]), found)


def _text_of(customer: Customer, name: str) -> str:
    if name in {"sales_owner", "collector"}:
        person = getattr(customer, name)
        return str(person.username) if person else ""
    if name in {"parent", "payment_terms"}:
        related = getattr(customer, name)
        return str(related.code) if related else ""
    return str(getattr(customer, name))


def _customer(line: Line, unit: BusinessUnit, known: Known, currency: str) -> Customer:
    plain = {n: v for n, v in line.values.items() if n not in RELATIONS and v}
    name = plain["name"]
    return Customer(
        **{**DEFAULTS, "currency": currency, **plain},
        unit=unit,
        code_key=line.key,
        sort_key=pinyin.sort_key(name)[:200],
        search_keys=pinyin.search_keys(name)[:600],
        sales_owner=known.users.get(line.values.get("sales_owner", "").lower()),
        collector=known.users.get(line.values.get("collector", "").lower()),
        payment_terms=known.terms.get(comparison_key(line.values.get("payment_terms", ""))),
    )
