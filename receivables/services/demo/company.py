"""The demo company as a whole: made up once, into an empty database, the same for the same seed."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.core.dates import add_months, month_ends, month_start
from config.core.errors import DomainError
from config.core.models import AuditEvent, BusinessUnit
from config.core.services import audit
from customers.models import Customer
from receivables.services import reviews, summaries
from receivables.services.demo import customers, ledger, people, settings

ACTION = "demo.created"
SUBJECT = audit.Subject("demo", "demo", people.COMPANY)
HISTORY_MONTHS = 36
SUMMARY_MONTHS = 24
REVIEW_DAYS = 7
# What was filled by COPY: without this the planner knows nothing of it, and index-only scans
# would look up every row in the table.
FILLED = (
    "customers_customer", "customers_contact", "receivables_openitem", "receivables_allocation",
    "receivables_agingsummary", "receivables_agingsnapshot",
)  # fmt: skip


class NotEmpty(DomainError):
    """Made-up figures are never mixed with real ones."""

    code = "not_empty"


@dataclass(frozen=True, slots=True)
class Order:
    """What to make up: `items` is about the number of debts; receipts come on top."""

    customers: int
    items: int
    seed: int
    as_of: date
    unpaid_share: float = 0.0

    @property
    def first_day(self) -> date:
        return month_start(add_months(self.as_of, -HISTORY_MONTHS))

    @property
    def last_day(self) -> date:
        """Return the last day with postings: the books of yesterday are complete."""
        return self.as_of - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    customers: int
    items: int
    open_items: int
    allocations: int


def is_there() -> bool:
    """This function will return whether the demo company was made up in this database."""
    return AuditEvent.objects.filter(action=ACTION).exists()


def is_empty() -> bool:
    """This function will return whether nobody has begun to work in this database."""
    return not (BusinessUnit.objects.exists() or Customer.objects.exists())


def create(*, order: Order) -> Outcome:
    """This function will make up the demo company: people, customers, three years of documents.

    A small company is written wholly or not at all. One of many customers is committed piece by
    piece, because PostgreSQL keeps every unchecked foreign key of a transaction in memory.

    :raises NotEmpty: if there are business units or customers already
    """
    if not is_empty():
        raise NotEmpty(
            _("This database holds data already; the demo company is only made up in an empty one.")
        )
    whole = order.customers <= customers.BATCH
    with transaction.atomic() if whole else nullcontext():
        return _create(order, whole=whole)


def _create(order: Order, *, whole: bool) -> Outcome:
    rng = Random(order.seed)  # noqa: S311 - made-up data, not a secret
    staff = people.create_people()
    settings.create_rates(rng=rng, first_day=order.first_day, last_day=order.as_of)
    plans = customers.create_customers(
        people=staff,
        rng=rng,
        count=order.customers,
        items=order.items,
        first_day=order.first_day,
        last_day=order.last_day,
        unpaid_share=order.unpaid_share,
    )
    written = ledger.fill_ledger(
        plans=plans,
        seed=order.seed,
        first_day=order.first_day,
        last_day=order.last_day,
        recorders=ledger.Recorders(staff.users["ar_accountant"].pk, staff.users["cashier"].pk),
        transaction=nullcontext if whole else transaction.atomic,
    )
    settings.close_periods(
        units=staff.units.values(),
        first_day=order.first_day,
        today=order.as_of,
        closed_by=staff.users["ar_accountant"],
    )
    outcome = Outcome(len(plans), written.items, written.open_items, written.allocations)
    audit.record(
        actor=None,
        action=ACTION,
        target=SUBJECT,
        after={**asdict(outcome), "order": asdict(order)},
    )
    return outcome


def tidy() -> None:
    """This function will tell the planner what was filled in; it must not run in a transaction."""
    with connection.cursor() as cursor:
        for table in FILLED:
            cursor.execute(f"VACUUM (ANALYZE) {table}")


def summarise(*, as_of: date, now: datetime, months: int = SUMMARY_MONTHS) -> int:
    """This function will compute the month-end summaries from which the trends are drawn."""
    ends = month_ends(as_of, months)
    return sum(
        summaries.refresh(unit=unit, as_of_dates=ends, now=now)
        for unit in BusinessUnit.objects.order_by("pk")
    )


def review(*, as_of: date, days: int = REVIEW_DAYS) -> int:
    """This function will review the last ended days in order, as the nights did, and count the alerts.

    The first review finds what is overdue already; each later one adds the news of its day.
    """
    raised = 0
    for back in reversed(range(1, days + 1)):
        day = as_of - timedelta(days=back)
        for unit in BusinessUnit.objects.order_by("pk"):
            made = reviews.run(unit=unit, as_of=day, actor=None, now=night_after(day))
            raised += made.alerts_raised
    return raised


def night_after(day: date) -> datetime:
    """This function will return when the nightly review of a day runs."""
    return datetime.combine(day + timedelta(days=1), time(2, 10), settings.SHANGHAI)
