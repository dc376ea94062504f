"""A small ledger for the tests of reviews and alerts, posted through the services."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from config.core.models import BusinessUnit
from customers.models import Customer
from receivables.models import OpenItem
from receivables.services import allocations, ledger

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 3, 31)
ONE_DAY = timedelta(days=1)
_numbers = itertools.count(1)


def night_after(day: date) -> datetime:
    """Return when the review of a day runs: 02:10 of the next morning."""
    return datetime(day.year, day.month, day.day, 2, 10, tzinfo=SHANGHAI) + ONE_DAY


def customer(unit: BusinessUnit, **fields: Any) -> Customer:
    number = next(_numbers)
    return Customer.objects.create(
        unit=unit, code=f"C{number}", code_key=f"c{number}", **{"name": f"客户 {number}", **fields}
    )


def owe(
    debtor: Customer,
    amount: str | int,
    *,
    due: date,
    posted: date | None = None,
    currency: str = "CNY",
    kind: str = "invoice",
    number: str = "",
) -> OpenItem:
    """Post an open item; by default the document is 30 days older than its due date."""
    day = posted or due - timedelta(days=30)
    return ledger.post(
        unit=debtor.unit, customer=debtor, kind=kind, number=number or f"INV-{next(_numbers):05d}",
        document_date=day, posting_date=day, due_date=due, amount=Decimal(amount), currency=currency, actor=None,
    )  # fmt: skip


def overdue(
    debtor: Customer, amount: str | int, days: int, *, as_of: date = DAY, **more: Any
) -> OpenItem:
    """Post an item that is so many days overdue on `as_of`."""
    return owe(debtor, amount, due=as_of - timedelta(days=days), **more)


def pay(item: OpenItem, amount: str | int | None = None, *, on: date) -> OpenItem:
    """Receive money for an item and apply it; return the receipt."""
    part = item.open_amount if amount is None else Decimal(amount)
    receipt = owe(
        item.customer, str(part), due=on, posted=on, currency=item.currency, kind="receipt"
    )
    allocations.allocate(
        credit_item=receipt,
        amounts={item.pk: part},
        effective_date=on,
        method="designated",
        actor=None,
    )
    item.refresh_from_db()
    return receipt
