"""A ledger in plain ints: what the real one must agree with, written without looking at it.

Days are numbers, amounts are cents. Everything is recomputed from the list of events each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MONTH = 30


@dataclass
class Item:
    id: int
    owner: tuple[int, str]  # customer and currency
    is_debit: bool
    kind: str
    day: int
    due: int
    document: int
    cents: int
    events: list[tuple[int, int]] = field(default_factory=list)
    reversed_by: int | None = None

    def open_on(self, day: int) -> int:
        return self.cents - sum(cents for at, cents in self.events if at <= day)

    def open_now(self) -> int:
        return self.cents - sum(cents for _at, cents in self.events)

    def left_from(self, day: int) -> int:
        """Return the least that is open on `day` or on any later day."""
        later = {at for at, _cents in self.events if at > day}
        return min(self.open_on(at) for at in {day, *later})

    def last_movement(self) -> int:
        return max([self.day, *(at for at, _cents in self.events)])


@dataclass
class Application:
    id: int
    credit: int
    debit: int
    cents: int
    day: int
    is_final: bool = False
    is_taken_back: bool = False
    takes_back: bool = False


class Ledger:
    """Says of every step whether it is allowed, and keeps the books if it was done."""

    def __init__(self) -> None:
        self.items: dict[int, Item] = {}
        self.applications: dict[int, Application] = {}
        self.closed: set[int] = set()

    def is_closed(self, day: int) -> bool:
        return day in self.closed

    # May it be done? ----------------------------------------------------------------------------

    def may_apply(self, credit: Item, parts: dict[int, int], day: int) -> bool:
        debits = [self.items[pk] for pk in parts]
        if self.is_closed(day) or credit.is_debit or any(cents <= 0 for cents in parts.values()):
            return False
        if any(not d.is_debit or d.owner != credit.owner for d in debits):
            return False
        if any(day < item.day for item in [credit, *debits]):
            return False
        if sum(parts.values()) > credit.left_from(day):
            return False
        return all(parts[d.id] <= d.left_from(day) for d in debits)

    def oldest_first(self, credit: Item, day: int) -> dict[int, int]:
        """Return what would go to which item; nothing where there is nothing to do."""
        if credit.is_debit or day < credit.day:
            return {}
        money, parts = credit.left_from(day), {}
        payable = [
            i
            for i in self.items.values()
            if i.is_debit and i.owner == credit.owner and i.day <= day
        ]
        for item in sorted(payable, key=lambda i: (i.due, i.document, i.id)):
            # What is settled now is not looked at, though it may be open again on the day.
            part = min(item.left_from(day), money) if item.open_now() else 0
            if part > 0:
                parts[item.id] = part
                money -= part
        return parts

    def may_take_back(self, application: Application, day: int) -> bool:
        undone = application.is_taken_back or application.takes_back or application.is_final
        return not undone and day >= application.day and not self.is_closed(day)

    def may_reverse(self, item: Item, day: int) -> bool:
        whole = (
            item.kind != "reversal" and item.reversed_by is None and item.open_now() == item.cents
        )
        return whole and day >= item.last_movement() and not self.is_closed(day)

    # It was done --------------------------------------------------------------------------------

    def post(self, item: Item) -> None:
        self.items[item.id] = item

    def apply(self, application: Application) -> None:
        self.applications[application.id] = application
        for pk in (application.credit, application.debit):
            self.items[pk].events.append((application.day, application.cents))

    def take_back(self, application: Application, new_id: int, day: int) -> None:
        application.is_taken_back = True
        self.apply(
            Application(
                new_id,
                application.credit,
                application.debit,
                -application.cents,
                day,
                takes_back=True,
            )
        )

    # What it says -------------------------------------------------------------------------------

    def open_amounts(self) -> dict[int, int]:
        return {item.id: item.open_now() for item in self.items.values()}

    def open_amounts_on(self, day: int) -> dict[int, int]:
        return {item.id: item.open_on(day) for item in self.items.values() if item.day <= day}

    def balances(self) -> dict[tuple[int, str], int]:
        found: dict[tuple[int, str], int] = {}
        for item in self.items.values():
            found[item.owner] = found.get(item.owner, 0) + (
                item.cents if item.is_debit else -item.cents
            )
        return found
