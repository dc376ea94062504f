"""A made-up customer's ledger: what was invoiced and how it was paid, by a pattern. Pure.

Days are ordinals and amounts are cents, both `int`: a million documents are made in seconds, and
Σ applied = amount − open holds exactly. The caller brings the random numbers, so that the same
seed gives the same ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from random import Random

from receivables.domain.demo_days import later, month_end, month_number, months, weekday

YUAN = 100  # cents
# Share of a month's sales by calendar month: quiet at Spring Festival, busy at year end.
SEASON = (0.95, 0.7, 1.1, 1.0, 1.0, 1.08, 0.95, 0.95, 1.08, 0.92, 1.05, 1.22)
SEASONAL_TRADE = (0.5, 0.4, 0.8, 1.2, 1.6, 1.5, 0.9, 0.7, 0.8, 1.0, 1.2, 1.4)
MONTHLY_GROWTH = 0.006
RETENTION_SHARE = 3  # percent, the legal ceiling for retention money in construction
RETENTION_MONTHS = 24


class Pattern(StrEnum):
    PUNCTUAL = "punctual"
    SLOW = "slow"
    SEASONAL = "seasonal"
    SLIDING = "sliding"
    DISPUTED = "disputed"
    PART_PAYER = "part_payer"
    PREPAYER = "prepayer"
    RETENTION = "retention"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Habit:
    """How a customer pays: days late on average, their spread, and how much later each quarter."""

    late: tuple[int, int]
    spread: int
    slide: int = 0


HABITS = {
    Pattern.PUNCTUAL: Habit((-9, -3), 3),
    Pattern.SLOW: Habit((10, 40), 8),
    Pattern.SEASONAL: Habit((0, 8), 5),
    Pattern.SLIDING: Habit((0, 5), 5, slide=4),
    Pattern.DISPUTED: Habit((0, 10), 6),
    Pattern.PART_PAYER: Habit((5, 20), 6),
    Pattern.PREPAYER: Habit((0, 0), 1),
    Pattern.RETENTION: Habit((5, 20), 8),
    Pattern.LOST: Habit((15, 45), 15),
}
CAUSES = {
    Pattern.PUNCTUAL: ("procedure",),
    Pattern.SLOW: ("normal_delay", "normal_delay", "procedure"),
    Pattern.SEASONAL: ("normal_delay",),
    Pattern.SLIDING: ("difficulty", "normal_delay"),
    Pattern.DISPUTED: ("dispute", "quality", "our_fault"),
    Pattern.PART_PAYER: ("difficulty", "normal_delay"),
    Pattern.PREPAYER: ("procedure",),
    Pattern.RETENTION: ("procedure", "quality"),
    Pattern.LOST: ("lost_contact", "insolvency", "litigation", "bad_faith"),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """The part of payment terms that the demo uses: invoice (or its month's end) + months + days."""

    code: str
    end_of_month: bool = False
    months: int = 0
    days: int = 0

    def due(self, day: int) -> int:
        """Return the due day of an invoice of `day`."""
        base = month_end(day) if self.end_of_month else day
        return (later(base, self.months) if self.months else base) + self.days


@dataclass(frozen=True, slots=True)
class Profile:
    pattern: Pattern
    terms: Terms
    invoices_a_month: float
    typical_cents: int
    # A customer pays every 7, 14 or 28 days, always on the same weekday.
    pay_cycle: int = 14
    pay_weekday: int = 4
    bill_share: float = 0.0
    # Beyond the pattern: the probability that an invoice is simply left open (for load tests).
    unpaid_share: float = 0.0


@dataclass(slots=True)
class Debt:
    kind: str
    day: int
    document_day: int
    due: int
    cents: int
    serial: int
    instalment: int = 1
    cause: str = ""
    left: int = 0
    # What the customer will pay of it: less credit notes, or nothing where it is stuck.
    payable: int = 0

    def __post_init__(self) -> None:
        self.left = self.payable = self.cents


@dataclass(slots=True)
class Credit:
    kind: str
    day: int
    cents: int
    serial: int = 0
    left: int = 0

    def __post_init__(self) -> None:
        self.left = self.cents


@dataclass(frozen=True, slots=True)
class Application:
    """An amount of one credit applied to one debt, as positions in the history's lists."""

    credit: int
    debt: int
    cents: int
    day: int
    method: str


@dataclass(slots=True)
class History:
    debts: list[Debt] = field(default_factory=list)
    credits: list[Credit] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)

    def apply(self, *, credit: int, debt: int, cents: int, method: str) -> None:
        """Apply `cents` on the first day both documents exist."""
        given, owed = self.credits[credit], self.debts[debt]
        given.left -= cents
        owed.left -= cents
        day = max(given.day, owed.day)
        self.applications.append(Application(credit, debt, cents, day, method))


def make_history(*, profile: Profile, rng: Random, first_day: date, last_day: date) -> History:
    """This function will make one customer's documents and payments between two days, inclusive.

    Nothing is dated after `last_day`; what would be paid later is open. Documents fall on weekdays.
    """
    first, last = first_day.toordinal(), last_day.toordinal()
    # A lost customer stops paying here, and is no longer supplied some weeks later.
    stop = first + int((last - first) * rng.uniform(0.3, 0.8))
    history = History()
    if profile.pattern is Pattern.LOST:
        history.debts += _old_debts(profile, rng, first)
    _add_invoices(history.debts, profile, rng, first_day, last_day, stop)
    _hold_back(history.debts, profile, rng, last, stop)
    _credit_notes(history, rng, last)
    if profile.pattern is Pattern.PREPAYER:
        _prepay(history, profile, rng, first)
    elif profile.pattern is Pattern.PART_PAYER:
        _pay_in_round_sums(history, rng, _pay_days(history.debts, profile, rng, first, last))
    else:
        _pay_as_named(history, profile, rng, _pay_days(history.debts, profile, rng, first, last))
        _leave_on_account(history, profile, rng, last)
    if profile.pattern is Pattern.LOST:
        _write_off(history, rng, first, last)
    _name_causes(history.debts, profile, rng, last)
    return history


# What is owed ------------------------------------------------------------------------------------


def _old_debts(profile: Profile, rng: Random, first: int) -> list[Debt]:
    """Return debts from before the ledger begins: they are three and more years old by its end."""
    debts = []
    for serial in range(1, rng.randint(2, 3) + 1):
        written = weekday(first - rng.randint(60, 700))
        cents = _amount(profile, rng)
        debts.append(Debt("opening", first, written, profile.terms.due(written), cents, serial))
    return debts


def _add_invoices(
    debts: list[Debt], profile: Profile, rng: Random, first_day: date, last_day: date, stop: int
) -> None:
    season = SEASONAL_TRADE if profile.pattern is Pattern.SEASONAL else SEASON
    supplied_until = stop + 70 if profile.pattern is Pattern.LOST else last_day.toordinal()
    for index, (start, end) in enumerate(months(first_day, last_day)):
        share = (end - start + 1) / 30.4
        month = month_number(start)
        level = season[month - 1] * (1 + MONTHLY_GROWTH * index) * share
        count = int(profile.invoices_a_month * level + rng.random())
        days = sorted(weekday(rng.randint(start, end), at_least=start) for _ in range(count))
        for serial, day in enumerate(days, start=1):
            if day <= min(supplied_until, end):
                _add_invoice(debts, profile, rng, day, serial)


def _add_invoice(debts: list[Debt], profile: Profile, rng: Random, day: int, serial: int) -> None:
    cents = _amount(profile, rng)
    kept = cents * RETENTION_SHARE // 100 if profile.pattern is Pattern.RETENTION else 0
    kind = "debit_note" if rng.random() < 0.006 else "invoice"
    debts.append(Debt(kind, day, day, profile.terms.due(day), cents - kept, serial))
    if kept:
        released = later(day, RETENTION_MONTHS)
        debts.append(Debt("retention", day, day, released, kept, serial, instalment=2))


def _amount(profile: Profile, rng: Random) -> int:
    return max(5000, int(profile.typical_cents * rng.lognormvariate(-0.12, 0.5)))


def _hold_back(debts: list[Debt], profile: Profile, rng: Random, last: int, stop: int) -> None:
    """Mark what the customer will not pay: disputed, lost, or left open."""
    for debt in debts:
        is_left = profile.unpaid_share and rng.random() < profile.unpaid_share
        is_lost = profile.pattern is Pattern.LOST and (debt.kind == "opening" or debt.due > stop)
        if is_left or is_lost:
            debt.payable = 0
    if profile.pattern is Pattern.DISPUTED:
        stuck = [debt for debt in debts if 20 < last - debt.due < 420]
        for debt in rng.sample(stuck, min(len(stuck), rng.randint(1, 2))):
            debt.payable = debt.cents * rng.choice((0, 0, 40, 70)) // 100
            debt.cause = rng.choice(CAUSES[Pattern.DISPUTED])


def _credit_notes(history: History, rng: Random, last: int) -> None:
    """Credit part of a few invoices some days later, before they fall due."""
    for index, debt in enumerate(history.debts):
        if debt.payable < debt.cents or debt.kind != "invoice" or rng.random() > 0.025:
            continue
        day = weekday(debt.day + rng.randint(4, 20))
        if not debt.day <= day < min(debt.due, last):
            continue
        cents = debt.cents * rng.randint(3, 18) // 100
        history.credits.append(Credit("credit_note", day, cents, debt.serial))
        history.apply(credit=len(history.credits) - 1, debt=index, cents=cents, method="exact")
        debt.payable -= cents


# How it is paid ----------------------------------------------------------------------------------


def _pay_days(
    debts: Sequence[Debt], profile: Profile, rng: Random, first: int, last: int
) -> dict[int, list[int]]:
    """Return which debts are paid on which day, as positions; later than `last` is left out."""
    habit = HABITS[profile.pattern]
    usual = rng.randint(*habit.late)
    runs: dict[int, list[int]] = {}
    for index, debt in enumerate(debts):
        if not debt.payable:
            continue
        late = usual + int(rng.gauss(0, habit.spread)) + habit.slide * ((debt.due - first) // 91)
        if rng.random() < 0.04:  # forgotten, then paid after a reminder
            late += rng.randint(30, 190)
        if profile.pattern is Pattern.SEASONAL and month_number(debt.due) in {1, 2, 7, 8}:
            late += 25
        wanted = max(debt.due + late - profile.pay_cycle // 2, debt.day + 1)
        day = wanted + (profile.pay_weekday - wanted) % profile.pay_cycle
        if day <= last:
            runs.setdefault(day, []).append(index)
    return dict(sorted(runs.items()))


def _pay_as_named(
    history: History, profile: Profile, rng: Random, runs: dict[int, list[int]]
) -> None:
    """Pay whole documents that the payer names; one receipt or acceptance bill a pay day."""
    for day, indexes in runs.items():
        kind = "bill" if rng.random() < profile.bill_share else "receipt"
        total = sum(history.debts[index].payable for index in indexes)
        history.credits.append(Credit(kind, day, total))
        method = "exact" if len(indexes) == 1 else "designated"
        for index in indexes:
            history.apply(
                credit=len(history.credits) - 1,
                debt=index,
                cents=history.debts[index].payable,
                method=method,
            )


def _pay_in_round_sums(history: History, rng: Random, runs: dict[int, list[int]]) -> None:
    """Pay part of what is due in round thousands; the rest is carried to the next pay day."""
    carried = 0
    receipts = []
    for day, indexes in runs.items():
        carried += sum(history.debts[index].payable for index in indexes)
        paid = int(carried * rng.uniform(0.55, 0.95)) // (1000 * YUAN) * (1000 * YUAN)
        if paid:
            receipts.append(Credit("receipt", day, paid))
            carried -= paid
    _match_oldest_first(history, receipts)


def _prepay(history: History, profile: Profile, rng: Random, first: int) -> None:
    """Pay in advance, in round ten thousands, whenever the balance on account is used up."""
    balance = 0
    receipts: dict[int, Credit] = {}
    for debt in sorted(history.debts, key=lambda d: d.day):
        if balance < debt.payable:
            step = 10_000 * YUAN
            wanted = debt.payable - balance + profile.typical_cents * rng.uniform(0.5, 1.5)
            cents = (int(wanted) // step + 1) * step
            day = max(weekday(debt.day - rng.randint(3, 10)), first)
            earlier = receipts.get(day)
            receipts[day] = Credit("receipt", day, cents + (earlier.cents if earlier else 0))
            balance += cents
        balance -= debt.payable
    _match_oldest_first(history, sorted(receipts.values(), key=lambda r: r.day))


def _match_oldest_first(history: History, receipts: Iterable[Credit]) -> None:
    """Apply receipts in order to the debts in order of their due dates (first in, first out)."""
    order = sorted(
        (i for i, debt in enumerate(history.debts) if debt.payable),
        key=lambda i: (history.debts[i].due, i),
    )
    waiting = iter(order)
    index = next(waiting, None)
    for receipt in receipts:
        history.credits.append(receipt)
        while receipt.left and index is not None:
            cents = min(receipt.left, history.debts[index].payable)
            history.apply(credit=len(history.credits) - 1, debt=index, cents=cents, method="fifo")
            history.debts[index].payable -= cents
            if not history.debts[index].payable:
                index = next(waiting, None)


def _leave_on_account(history: History, profile: Profile, rng: Random, last: int) -> None:
    """Now and then a receipt of the last days has not been applied yet."""
    if profile.pattern is Pattern.LOST or rng.random() > 0.06:
        return
    day = weekday(last - rng.randint(0, 12))
    if all(credit.day != day for credit in history.credits):
        cents = int(profile.typical_cents * rng.uniform(0.2, 0.9)) // YUAN * YUAN
        history.credits.append(Credit("receipt", day, cents))


def _write_off(history: History, rng: Random, first: int, last: int) -> None:
    """Write off the oldest debt of every third lost customer."""
    if rng.random() < 0.35 and history.debts:
        day = weekday(first + int((last - first) * 0.85))
        cents = history.debts[0].left
        if cents and history.debts[0].day <= day:
            history.credits.append(Credit("write_off", day, cents))
            history.apply(credit=len(history.credits) - 1, debt=0, cents=cents, method="designated")


def _name_causes(debts: Iterable[Debt], profile: Profile, rng: Random, last: int) -> None:
    """Classify most of what is more than a month overdue."""
    causes = CAUSES[profile.pattern]
    for debt in debts:
        if debt.left and not debt.cause and last - debt.due > 30 and rng.random() < 0.8:
            debt.cause = rng.choice(causes)
