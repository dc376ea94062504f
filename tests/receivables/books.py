"""A customer with a ledger, in few words: what the tests of the ledger begin with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from config.core.models import BusinessUnit
from customers.models import Customer, PaymentTerms
from receivables.models import OpenItem
from receivables.selectors import proof
from receivables.services import allocations, documents, ledger

_numbers = itertools.count(1)
JAN, FEB, MAR, APR = date(2026, 1, 10), date(2026, 2, 10), date(2026, 3, 10), date(2026, 4, 10)


@pytest.fixture
def ledger_holds(db: None) -> Iterator[None]:
    """At the end of a test, the ledger is proved from its events."""
    yield
    assert [str(finding) for finding in proof.verify()] == []


def make_customer(unit: BusinessUnit, **fields: object) -> Customer:
    code = str(fields.pop("code", f"C{next(_numbers):05d}"))
    terms = fields.pop("terms", "")
    if terms:
        fields["payment_terms"] = PaymentTerms.objects.get(code=terms)
    return Customer.objects.create(
        unit=unit, code=code, code_key=code, name=fields.pop("name", f"客户 {code}"), **fields
    )


def invoice(customer: Customer, amount: str | int, day: date = JAN, **details: object) -> OpenItem:
    kind = str(details.pop("kind", "invoice"))
    values: dict[str, object] = {
        "number": f"N{next(_numbers)}", "document_date": day, "posting_date": day, "due_date": day,
        "currency": "CNY", "actor": None,
    }  # fmt: skip
    return ledger.post(
        unit=customer.unit,
        customer=customer,
        kind=kind,
        amount=Decimal(amount),
        **(values | details),
    )


def receipt(customer: Customer, amount: str | int, day: date = JAN, **details: object) -> OpenItem:
    values: dict[str, object] = {
        "number": f"B{next(_numbers)}", "receipt_date": day, "posting_date": day, "currency": "CNY", "actor": None,
    }  # fmt: skip
    return documents.post_receipt(customer=customer, amount=Decimal(amount), **(values | details))


def apply(credit: OpenItem, debit: OpenItem, amount: str | int, day: date = FEB):
    rows = allocations.allocate(
        credit_item=credit,
        amounts={debit.pk: Decimal(amount)},
        effective_date=day,
        method="designated",
        actor=None,
    )
    return rows[0]


def open_of(item: OpenItem) -> Decimal:
    return OpenItem.objects.get(pk=item.pk).open_amount
