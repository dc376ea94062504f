"""Ten thousand random steps: the ledger and a model in plain ints agree after every one of them."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Case, F, Sum, When
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from config.core.dates import month_end, month_start
from config.core.errors import DomainError
from config.core.models import BusinessUnit, User
from config.core.services import periods
from receivables.domain.aging import Basis
from receivables.models import Allocation, OpenItem
from receivables.selectors import proof, schemes
from receivables.selectors.aging import aging
from receivables.selectors.open_amounts import Scope
from receivables.services import allocations, ledger
from tests.receivables.books import make_customer
from tests.receivables.model_ledger import Application, Item, Ledger

FIRST_DAY = date(2023, 12, 15)  # over a 29 February and two year ends
DAYS, SPAN = st.integers(0, 510), 510
CENTS = st.one_of(st.integers(1, 9), st.integers(1, 20_000), st.sampled_from([10**6, 10**15]))
ANY = st.integers(0, 10**4)
DEBITS = ("invoice", "debit_note", "opening", "interest", "retention", "refund")
CREDITS = ("receipt", "credit_note", "bill", "write_off")
STEPS_A_RUN, RUNS = 130, 110
counted = {"steps": 0, "runs": 0, "refused": 0}
_numbers = itertools.count(1)


def on(day: int) -> date:
    return FIRST_DAY + timedelta(days=day)


def money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def in_cents(amount: Decimal) -> int:
    return int(amount * 100)


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.unit = BusinessUnit.objects.create(code=f"M{next(_numbers)}", name="Machine")
        self.clerk = User.objects.create(username=f"machine{next(_numbers)}")
        self.customers = [make_customer(self.unit), make_customer(self.unit)]
        self.model = Ledger()
        counted["runs"] += 1
        self.steps, self.run = 0, counted["runs"]

    def teardown(self) -> None:
        try:
            assert [str(finding) for finding in proof.verify(unit=self.unit)] == []
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    # Choosing -----------------------------------------------------------------------------------

    def pick(self, number: int, *, is_debit: bool | None = None) -> Item | None:
        fit = [i for i in self.model.items.values() if is_debit is None or i.is_debit is is_debit]
        # Young items more often: they are the ones that something can still happen to.
        return fit[-1 - number % min(len(fit), 12)] if fit else None

    def attempt(self, is_allowed: bool, action):
        """Do a step; it is refused exactly when the model says so, and then nothing has changed."""
        counted["steps"] += 1
        self.steps += 1
        refusal = None
        try:
            with transaction.atomic():
                done = action()
        except DomainError as error:
            counted["refused"] += 1
            refusal, done = error, None
        assert is_allowed is (refusal is None), f"model: {is_allowed}, ledger: {refusal or done}"
        return done

    # Steps --------------------------------------------------------------------------------------

    def _post(
        self, kind: str, who: int, currency: str, day: int, term: int, cents: int, is_debit: bool
    ) -> None:
        customer = self.customers[who]
        item = self.attempt(
            not self.model.is_closed(day),
            lambda: ledger.post(
                unit=self.unit, customer=customer, kind=kind, number=f"M{next(_numbers)}", document_date=on(day - term % 5),
                posting_date=on(day), due_date=on(day + term), amount=money(cents), currency=currency, actor=self.clerk,
                direction="debit" if is_debit else "credit",
            ),
        )  # fmt: skip
        if item is not None:
            owner = (customer.pk, currency)
            self.model.post(
                Item(item.pk, owner, is_debit, kind, day, day + term, day - term % 5, cents)
            )

    @rule(kind=st.sampled_from(DEBITS), who=st.integers(0, 1), usd=st.integers(0, 4), day=DAYS, term=st.integers(0, 90), cents=CENTS)  # fmt: skip
    def post_debit(self, kind, who, usd, day, term, cents):
        self._post(kind, who, "CNY" if usd else "USD", day, term, cents, True)

    @rule(kind=st.sampled_from([*CREDITS, "opening"]), who=st.integers(0, 1), usd=st.integers(0, 4), day=DAYS, cents=CENTS)  # fmt: skip
    def post_credit(self, kind, who, usd, day, cents):
        self._post(kind, who, "CNY" if usd else "USD", day, 0, cents, False)

    def _kept(self, rows: list[Allocation], **facts: bool) -> None:
        for row in rows:
            day = (row.effective_date - FIRST_DAY).days
            made = Application(
                row.pk, row.credit_item_id, row.debit_item_id, in_cents(row.amount), day, **facts
            )
            self.model.apply(made)

    @precondition(lambda self: len(self.model.items) > 2)
    @rule(credit=ANY, debits=st.lists(ANY, min_size=1, max_size=3), day=DAYS, percent=st.integers(1, 110), wild=st.integers(0, 9))  # fmt: skip
    def apply(self, credit, debits, day, percent, wild):
        source = self.pick(credit, is_debit=None if not wild else False)
        if source is None:
            return
        fit = [
            i
            for i in self.model.items.values()
            if not wild or (i.is_debit and i.owner == source.owner)
        ]
        # In the order drawn: a run must not depend on the ids that the database happened to give.
        targets = (
            list({t.id: t for n in debits if (t := fit[n % len(fit)]) is not source}.values())
            if fit
            else []
        )
        if not targets:
            return
        # Mostly a day on which it can be done.
        day = max([day, source.day, *(t.day for t in targets)]) if wild else day
        parts, left = {}, max(source.left_from(day), 1)
        for target in targets:
            part = min(max(target.left_from(day), 0), max(left, 0)) * percent // 100 or 1
            parts[target.id] = part
            left -= part
        row = OpenItem.objects.get(pk=source.id)
        made = self.attempt(
            self.model.may_apply(source, parts, day),
            lambda: allocations.allocate(
                credit_item=row, amounts={pk: money(part) for pk, part in parts.items()}, effective_date=on(day),
                method="designated", actor=self.clerk,
            ),
        )  # fmt: skip
        self._kept(made or [])

    @precondition(lambda self: any(not i.is_debit for i in self.model.items.values()))
    @rule(credit=ANY, day=DAYS)
    def apply_oldest_first(self, credit, day):
        source = self.pick(credit, is_debit=False)
        day = max(day, source.day)
        parts = self.model.oldest_first(source, day)
        row = OpenItem.objects.get(pk=source.id)
        made = self.attempt(
            bool(parts) and not self.model.is_closed(day),
            lambda: allocations.allocate_oldest_first(
                credit_item=row, effective_date=on(day), actor=self.clerk
            ),
        )
        if made is not None:
            assert {r.debit_item_id: in_cents(r.amount) for r in made} == parts
            self._kept(made)

    @precondition(lambda self: self.model.applications)
    @rule(number=ANY, day=DAYS)
    def take_back(self, number, day):
        known = list(self.model.applications.values())
        application = known[number % len(known)]
        row = Allocation.objects.get(pk=application.id)
        made = self.attempt(
            self.model.may_take_back(application, day),
            lambda: allocations.take_back(allocation=row, effective_date=on(day), actor=self.clerk),
        )
        if made is not None:
            self.model.take_back(application, made.pk, day)

    @precondition(lambda self: len(self.model.items) > 6)
    @rule(number=ANY, day=DAYS)
    def reverse(self, number, day):
        item = self.pick(number)
        row = OpenItem.objects.get(pk=item.id)
        made = self.attempt(
            self.model.may_reverse(item, day),
            lambda: ledger.reverse(
                item=row, effective_date=on(day), reason="machine", actor=self.clerk
            ),
        )
        if made is not None:
            item.reversed_by = made.pk
            self.model.post(
                Item(made.pk, item.owner, not item.is_debit, "reversal", day, day, day, item.cents)
            )
            self._kept(list(Allocation.objects.filter(method="reversal", credit_item__in=[item.id, made.pk],
                                                      debit_item__in=[item.id, made.pk])), is_final=True)  # fmt: skip

    @precondition(lambda self: len(self.model.items) > 25 and len(self.model.closed) < 100)
    @rule(day=st.integers(0, 150), luck=st.integers(0, 7))
    def close_a_month(self, day, luck):
        if luck:
            return
        month = month_start(on(day))
        days = {(month - FIRST_DAY).days + n for n in range(month_end(month).day)}
        self.attempt(
            not days & self.model.closed,
            lambda: periods.close(
                unit=self.unit, month=month, actor=self.clerk, now=datetime(2026, 1, 1, tzinfo=UTC), today=date(2026, 1, 1)
            ),
        )  # fmt: skip
        self.model.closed |= days

    # What always holds --------------------------------------------------------------------------

    @invariant()
    def every_open_amount_agrees(self):
        rows = OpenItem.objects.filter(unit=self.unit).values_list("pk", "open_amount")
        found = {pk: in_cents(left) for pk, left in rows}
        assert found == self.model.open_amounts()
        assert all(0 <= left <= self.model.items[pk].cents for pk, left in found.items())

    @invariant()
    def any_past_day_agrees(self):
        if self.steps % 6:
            return
        day = (self.steps * 97 + self.run * 13) % (SPAN + 1)
        rows = (
            OpenItem.objects.filter(unit=self.unit)
            .open_as_of(on(day))
            .values_list("pk", "open_as_of")
        )
        assert {pk: in_cents(left) for pk, left in rows} == self.model.open_amounts_on(day)

    @invariant()
    def balances_and_buckets_agree(self):
        if self.steps % 20:
            return
        signed = Case(When(direction="credit", then=-F("open_amount")), default=F("open_amount"))
        rows = (
            OpenItem.objects.filter(unit=self.unit)
            .values_list("customer", "currency")
            .annotate(left=Sum(signed))
        )
        assert {(c, cur): in_cents(left) for c, cur, left in rows} == self.model.balances()
        day = (self.steps * 31 + self.run * 7) % (SPAN + 1)
        report = aging(
            scope=Scope(unit_ids=(self.unit.pk,)),
            as_of=on(day),
            scheme=schemes.get(),
            basis=Basis.DUE,
        )
        then = self.model.open_amounts_on(day)
        for currency in ("CNY", "USD"):
            mine = [
                self.model.items[pk] for pk in then if self.model.items[pk].owner[1] == currency
            ]
            expected = sum(then[i.id] if i.is_debit else -then[i.id] for i in mine)
            totals = [in_cents(t.total) for t in report.totals if t.currency == currency]
            assert sum(totals) == expected


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.timeout(600)
def test_ten_thousand_steps_agree_with_the_model():
    """At least 10,000 steps in at least 50 sequences (A1), any past day equal to a replay (A7)."""
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=RUNS, stateful_step_count=STEPS_A_RUN, deadline=None, database=None, print_blob=True,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip

    assert counted["runs"] >= 50, counted
    assert counted["steps"] >= 10_000, counted
    # A machine that is always refused proves nothing.
    assert counted["refused"] < counted["steps"] * 0.6, counted
