"""The customer ledger (台账): every posting in date order with the balance after it.

The balance is Σ debit − Σ credit. Applying a receipt to an invoice moves nothing between the two,
so allocations have no line here; reversals, credit notes and write-offs are postings and have one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from config.core.models import User
from config.core.money import ZERO
from customers.models import Customer
from receivables.domain.aging import Basis, Scheme
from receivables.models import OpenItem
from receivables.selectors.aging import AgingRow, GroupBy, aging
from receivables.selectors.open_amounts import Scope

LINES_SQL = """
    WITH posted AS (
        SELECT id, posting_date, document_date, due_date, number, instalment, kind, text, reverses_id, open_amount,
               CASE WHEN direction = 'debit' THEN amount END AS debit,
               CASE WHEN direction = 'credit' THEN amount END AS credit,
               SUM(CASE WHEN direction = 'debit' THEN amount ELSE -amount END)
                   OVER (ORDER BY posting_date, id) AS balance
        FROM receivables_openitem
        WHERE customer_id = %(customer_id)s AND currency = %(currency)s AND posting_date <= %(date_to)s
    )
    SELECT * FROM posted
    WHERE posting_date >= %(date_from)s AND (posting_date, id) > (%(after_date)s, %(after_id)s)
    ORDER BY posting_date, id LIMIT %(limit)s
"""
TOTALS_SQL = """
    SELECT COALESCE(SUM(CASE WHEN direction = 'debit' THEN amount ELSE -amount END)
                    FILTER (WHERE posting_date < %(date_from)s), 0),
           COALESCE(SUM(amount) FILTER (WHERE posting_date >= %(date_from)s AND direction = 'debit'), 0),
           COALESCE(SUM(amount) FILTER (WHERE posting_date >= %(date_from)s AND direction = 'credit'), 0),
           COUNT(*) FILTER (WHERE posting_date >= %(date_from)s)
    FROM receivables_openitem
    WHERE customer_id = %(customer_id)s AND currency = %(currency)s AND posting_date <= %(date_to)s
"""


class LedgerLine(NamedTuple):
    """One posting; exactly one of `debit` and `credit` is given. `balance` is the one after it."""

    id: int
    posting_date: date
    document_date: date
    due_date: date
    number: str
    instalment: int
    kind: str
    text: str
    reverses_id: int | None
    open_amount: Decimal
    debit: Decimal | None
    credit: Decimal | None
    balance: Decimal


Place = tuple[date, int]


@dataclass(frozen=True)
class CustomerLedger:
    """A page of a customer's ledger in one currency; the totals are those of the whole period."""

    currency: str
    date_from: date
    date_to: date
    opening_balance: Decimal
    lines: list[LedgerLine]
    debit: Decimal
    credit: Decimal
    count: int
    # The place to go on after, or None at the end.
    next_after: Place | None

    @property
    def closing_balance(self) -> Decimal:
        return self.opening_balance + self.debit - self.credit


def customer_ledger(
    *,
    customer: Customer,
    currency: str,
    date_from: date,
    date_to: date,
    after: Place | None = None,
    limit: int = 200,
) -> CustomerLedger:
    """This function will return the postings of a period with running balance, both days included.

    `after` is the place of the last line seen, for the next page.
    """
    after_date, after_id = after or (date.min, 0)
    values: dict[str, Any] = {
        "customer_id": customer.pk, "currency": currency, "date_from": date_from, "date_to": date_to,
        "after_date": after_date, "after_id": after_id, "limit": limit + 1,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(TOTALS_SQL, values)
        opening, debit, credit, count = cursor.fetchone()
        cursor.execute(LINES_SQL, values)
        lines = [LedgerLine(*row) for row in cursor.fetchall()]
    shown = lines[:limit]
    more = (shown[-1].posting_date, shown[-1].id) if len(lines) > limit else None
    return CustomerLedger(
        currency,
        date_from,
        date_to,
        opening + ZERO,
        shown,
        debit + ZERO,
        credit + ZERO,
        count,
        more,
    )


def currencies_of(*, customer: Customer) -> list[str]:
    """This function will return the currencies the customer has items in, the customer's own first."""
    used = OpenItem.objects.filter(customer=customer).values_list("currency", flat=True).distinct()
    return sorted(
        set(used) | {customer.currency}, key=lambda code: (code != customer.currency, code)
    )


@dataclass(frozen=True)
class Standing:
    """How one customer stands in one currency on a day."""

    currency: str
    scheme: Scheme
    row: AgingRow
    # The earliest due date of what is overdue, or None.
    oldest_due: date | None

    @property
    def receivable(self) -> Decimal:
        """Return what the customer owes, credits not deducted."""
        return sum(self.row.amounts, ZERO) + self.row.retention

    @property
    def not_due(self) -> Decimal:
        return self.row.amounts[0] + self.row.retention

    @property
    def overdue(self) -> Decimal:
        return sum(self.row.amounts[1:], ZERO)


def standing(*, customer: Customer, as_of: date, scheme: Scheme) -> list[Standing]:
    """This function will return what a customer owed on a day by bucket, one entry per currency."""
    scope = Scope(unit_ids=(customer.unit_id,), customer_id=customer.pk)
    report = aging(
        scope=scope, as_of=as_of, scheme=scheme, basis=Basis.DUE, group_by=GroupBy.CUSTOMER
    )
    oldest = _oldest_due(customer, as_of)
    found = [
        Standing(row.currency, report.scheme, row, oldest.get(row.currency)) for row in report.rows
    ]
    return sorted(found, key=lambda s: (s.currency != customer.currency, s.currency))


def _oldest_due(customer: Customer, as_of: date) -> dict[str, date]:
    overdue = (
        OpenItem.objects.debits()
        .filter(unit=customer.unit_id, customer=customer, due_date__lt=as_of)
        .was_open_on(as_of)
        .order_by("due_date")
        .values_list("currency", "due_date")
    )
    oldest: dict[str, date] = {}
    for currency, due in overdue:
        oldest.setdefault(currency, due)
    return oldest


def last_receipts(*, customer: Customer, limit: int) -> Sequence[OpenItem]:
    """This function will return the newest receipts of a customer."""
    receipts = OpenItem.objects.filter(customer=customer, kind=OpenItem.Kind.RECEIPT)
    return list(receipts.order_by("-posting_date", "-pk")[:limit])


def open_debits(*, customer: Customer, currency: str, day: date, user: User) -> list[OpenItem]:
    """This function will return what a credit of this customer may be applied to on `day`, oldest due first."""
    items = OpenItem.objects.visible_to(user).debits().open()
    payable = items.filter(customer=customer, currency=currency, posting_date__lte=day)
    return list(payable.order_by("due_date", "document_date", "pk"))
