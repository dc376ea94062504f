"""Two business units that know nothing of each other, and people who try to look across."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.http import HttpResponse

from config.core.models import (
    AccountingPeriod,
    AuditEvent,
    BusinessUnit,
    Job,
    Notification,
    PeriodReopening,
    SavedView,
    User,
)
from config.core.roles import Role
from config.core.services import audit, notify, tokens
from customers.models import Contact, Customer
from receivables.models import AlertRule, Allocation, ImportBatch, OpenItem, OverdueAlert
from receivables.services import reviews
from receivables.services.imports import uploads
from tests import factories
from tests.receivables import books

NOW = datetime(2026, 4, 20, 2, 0, tzinfo=UTC)
TODAY = date(2026, 4, 20)
# Every name and number of unit A holds this, and nothing else does.
MARK = "zqgeheim"
NOWHERE = 987_654_321
LEDGER = (
    f"customer,number,document_date,due_date,amount\n{MARK},{MARK}9,2026-01-05,2026-02-04,100.00\n"
)


@dataclass(frozen=True)
class Books:
    """One record of each kind of a unit."""

    unit: BusinessUnit
    clerk: User
    customer: Customer
    contact: Contact
    invoice: OpenItem
    receipt: OpenItem
    allocation: Allocation
    alert: OverdueAlert
    period: AccountingPeriod
    reopening: PeriodReopening
    batch: ImportBatch
    job: Job
    event: AuditEvent
    notification: Notification
    view: SavedView
    token: Any


def make_books(unit: BusinessUnit, name: str, amount: str, receipt_amount: str) -> Books:
    """Fill a unit; every text of it holds `name`."""
    clerk = factories.UserFactory(
        username=f"{name}-clerk", roles=[Role.AR_ACCOUNTANT], units=[unit]
    )
    manager = factories.UserFactory(
        username=f"{name}-boss", roles=[Role.FINANCE_MANAGER], units=[unit]
    )
    seller = factories.UserFactory(
        username=f"{name}-seller", roles=[Role.SALESPERSON], units=[unit]
    )
    customer = books.make_customer(
        unit, code=f"{name}-1", name=f"{name} 公司", note=f"{name} note", sales_owner=seller,
        segment="key", industry=f"{name} industry", region=f"{name} region",
    )  # fmt: skip
    contact = Contact.objects.create(
        customer=customer, name=f"{name} 王", phone="1", email=f"{name}@example.com"
    )
    invoice = books.invoice(
        customer, amount, number=f"{name}-I1", text=f"{name} text", order_reference=name
    )
    receipt = books.receipt(customer, receipt_amount, number=f"{name}-R1", day=books.FEB)
    allocation = books.apply(receipt, invoice, "1000.00")
    alert = factories.OverdueAlertFactory(
        customer=customer, owner=clerk, rule=AlertRule.objects.filter(kind="overdue_amount").first(),
        cause={"threshold": "1.00", "days": 40, "count": 1, "items": [{"id": invoice.pk, "number": invoice.number}]},
        amount=amount,
    )  # fmt: skip
    reviews.run(unit=unit, as_of=date(2026, 4, 19), actor=clerk, now=NOW)
    period = AccountingPeriod.objects.create(
        unit=unit, first_day="2025-06-01", state="closed", closed_by=clerk, closed_at=NOW
    )
    asked = PeriodReopening.objects.create(
        period=period, requested_by=clerk, reason=f"{name} reason"
    )
    batch = uploads.take(
        unit=unit, kind="open-items", file_name=f"{name}.csv", content=[LEDGER.replace(MARK, name).encode()],
        mapping="", options={}, actor=clerk,
    )  # fmt: skip
    job = Job.objects.create(
        kind="test", dedup_key=f"{name}-job", created_by=clerk, unit=unit, state="failed"
    )
    audit.record(
        actor=clerk, action="customer.changed", target=customer, unit=unit, after={"note": name}
    )
    token, _text = tokens.create(user=clerk, name="program", actor=clerk, now=NOW)
    return Books(
        unit=unit, clerk=clerk, customer=customer, contact=contact, invoice=invoice, receipt=receipt,
        allocation=allocation, alert=alert, period=period, reopening=asked, batch=batch, job=job,
        event=AuditEvent.objects.filter(unit=unit).latest("pk"), token=token,
        notification=notify.notify(user=manager, kind="test", message=f"{name} message"),
        view=SavedView.objects.create(user=clerk, page="/customers/", name=name, query=""),
    )  # fmt: skip


@dataclass(frozen=True)
class World:
    a: Books
    b: Books
    stranger: User
    seller: User


@pytest.fixture
def world(db: None, stop_clock: Any) -> World:
    """Unit A with its books, unit B with its own; the stranger may do everything, but only in B."""
    stop_clock("2026-04-20 10:00")
    a = make_books(
        factories.BusinessUnitFactory(code=f"{MARK}A", name=f"{MARK}甲", name_en=f"{MARK}A"),
        MARK,
        "4321.09",
        "1234.56",
    )
    b = make_books(factories.unit_b(), "bravo", "2222.22", "1111.11")
    stranger = factories.UserFactory(username="stranger", units=[b.unit])
    stranger.user_permissions.set(
        Permission.objects.filter(
            content_type__app_label__in=["core", "customers", "receivables"]
        ).exclude(
            codename__in=["change_businessunit", "view_user", "change_user", "view_outboxmessage"]
        )
    )
    # Sits in unit A, but looks after nobody there.
    seller = factories.UserFactory(username="loner", roles=[Role.SALESPERSON], units=[a.unit])
    seller.user_permissions.set(stranger.user_permissions.all())
    return World(a=a, b=b, stranger=stranger, seller=seller)


CHANGING = [
    re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"'),
    re.compile(rb'<meta name="csrf-token"[^>]*>'),
    re.compile(rb'data-csrf="[^"]+"'),
    re.compile(rb'"X-CSRFToken": ?"[^"]+"'),
    re.compile(rb"X-CSRFToken[^A-Za-z0-9]+[A-Za-z0-9]{32,}"),
]


def body_of(answer: HttpResponse, path: str = "") -> bytes:
    """Return what an answer says, without tokens of the session and without the address asked for."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    for pattern in CHANGING:
        content = pattern.sub(b"", content)
    return content.replace(path.encode(), b"#") if path else content
