"""The work queue (待办): what waits for this person today, each part short, with its count and total.

Items are those of the person's own customers (as collector or sales owner) if there are any, else
of all customers the person may see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from config.core.models import User
from config.core.selectors import calendar
from customers.models import Customer
from receivables.models import OpenItem, OverdueAlert
from receivables.selectors import alerts

SHOWN = 6
UNCLASSIFIED_AFTER_DAYS = 30
DUE_WITHIN_DAYS = 7
LEVEL_ORDER = ("red", "orange", "yellow")
MONEY_IN = (OpenItem.Kind.RECEIPT, OpenItem.Kind.BILL)


@dataclass(frozen=True)
class AlertPart:
    code: str
    count: int
    rows: list[OverdueAlert]


@dataclass(frozen=True)
class ItemPart:
    """A part made of items: how many, what they add up to by currency, and the first few."""

    code: str
    count: int
    totals: list[tuple[str, Decimal]]
    rows: list[OpenItem]
    # The due dates the part is limited to, for the link to all of it.
    due_from: date | None = None
    due_to: date | None = None


@dataclass(frozen=True)
class Worklist:
    is_own: bool
    alerts: list[AlertPart]
    items: list[ItemPart] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(part.count for part in self.alerts) + sum(part.count for part in self.items)


def own_customers(user: User) -> Q:
    return Q(customer__collector=user) | Q(customer__sales_owner=user)


def has_own_customers(user: User) -> bool:
    """This function will tell whether customers are assigned to a person."""
    return Customer.objects.filter(Q(collector=user) | Q(sales_owner=user)).exists()


def worklist(
    *, user: User, today: date, unit_id: int | None = None, is_own: bool | None = None
) -> Worklist:
    """This function will return what waits for a person today.

    `is_own` limits items to own customers; by default so, if the person has any.
    """
    own = has_own_customers(user) if is_own is None else is_own
    items = OpenItem.objects.visible_to(user).open().select_related("customer", "unit")
    if unit_id is not None:
        items = items.filter(unit=unit_id)
    if own:
        items = items.filter(own_customers(user))
    return Worklist(own, _alert_parts(user, unit_id), _item_parts(items, today))


def _alert_parts(user: User, unit_id: int | None) -> list[AlertPart]:
    found = alerts.visible(user)
    if unit_id is not None:
        found = found.filter(unit=unit_id)
    mine = found.filter(owner=user, state=OverdueAlert.State.OPEN)
    escalated = found.filter(escalated_to=user).exclude(state=OverdueAlert.State.CLOSED)
    return [_alert_part("mine", mine), _alert_part("escalated", escalated)]


def _alert_part(code: str, found: QuerySet[OverdueAlert]) -> AlertPart:
    # The three levels happen to sort by severity in no alphabet, so each is asked for in turn.
    rows: list[OverdueAlert] = []
    for level in LEVEL_ORDER:
        if len(rows) < SHOWN:
            rows += found.filter(level=level).order_by("raised_on", "pk")[: SHOWN - len(rows)]
    return AlertPart(code, found.count(), rows)


def _item_parts(items: QuerySet[OpenItem], today: date) -> list[ItemPart]:
    yesterday = today - timedelta(days=1)
    # On a Monday, what fell due on Friday and over the weekend is new.
    since = min(yesterday, calendar.load().add_working_days(today, -1))
    soon = today + timedelta(days=DUE_WITHIN_DAYS)
    old = today - timedelta(days=UNCLASSIFIED_AFTER_DAYS + 1)
    debits = items.filter(direction=OpenItem.Direction.DEBIT)
    money_in = items.filter(direction=OpenItem.Direction.CREDIT, kind__in=MONEY_IN)
    return [
        _item_part("newly_overdue", debits, due_from=since, due_to=yesterday),
        _item_part("due_soon", debits, due_from=today, due_to=soon),
        _item_part("unapplied", money_in),
        _item_part("unclassified", debits.filter(cause=""), due_to=old),
    ]


def _item_part(
    code: str,
    items: QuerySet[OpenItem],
    *,
    due_from: date | None = None,
    due_to: date | None = None,
) -> ItemPart:
    if due_from is not None:
        items = items.filter(due_date__gte=due_from)
    if due_to is not None:
        items = items.filter(due_date__lte=due_to)
    sums = items.order_by().values_list("currency").annotate(Sum("open_amount"), Count("pk"))
    found = sorted(sums, key=lambda row: (-row[2], row[0]))
    rows = list(items.order_by("-open_amount", "pk")[:SHOWN])
    totals = [(currency, amount) for currency, amount, _count in found]
    return ItemPart(code, sum(count for *_rest, count in found), totals, rows, due_from, due_to)
