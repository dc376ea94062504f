"""Posting whole documents: an invoice by its payment terms, a credit note, a receipt.

The customer's payment terms say when a debit falls due. An invoice with instalments becomes several
open items of one number; retention money is an item of its own kind.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from typing_extensions import TypedDict, Unpack

from config.core.models import BusinessUnit, User
from config.core.money import MAX_AMOUNT, ZERO, quantize
from customers.domain.terms import InstalmentKind
from customers.models import Customer
from receivables.models import OpenItem
from receivables.selectors import due_dates
from receivables.services import ledger

# Kinds that payment terms apply to; all others are due on their own date.
BY_TERMS = frozenset({OpenItem.Kind.INVOICE, OpenItem.Kind.DEBIT_NOTE})


class Details(TypedDict, total=False):
    """What a document may also carry."""

    direction: str
    source: str
    cause: str
    order_reference: str
    contract_reference: str
    text: str


@transaction.atomic
def post_document(
    *,
    unit: BusinessUnit,
    customer: Customer,
    kind: str,
    number: str,
    document_date: date,
    posting_date: date,
    amount: Decimal,
    currency: str,
    actor: User | None,
    due_date: date | None = None,
    base_date: date | None = None,
    **details: Unpack[Details],
) -> list[OpenItem]:
    """This function will post a document as one open item, or one for each instalment.

    With `due_date` the whole falls due that day. Otherwise it follows from the customer's payment
    terms, counted from `base_date` (delivery, acceptance …; the document date where not given).

    :raises config.core.services.ledger.PostingRefused: if the document contradicts itself
    :raises config.core.services.ledger.DuplicateNumber: if the unit already has this number
    :raises config.core.services.periods.PeriodClosed: if the posting date lies in a closed period
    """
    parts = [(kind, amount, due_date or document_date)]
    if due_date is None and kind in BY_TERMS and _is_divisible(amount):
        planned = due_dates.instalments(
            customer=customer, base_date=base_date or document_date, amount=amount
        )
        parts = [(_kind_of(part.kind, kind), part.amount, part.due_date) for part in planned]
    return [
        ledger.post(
            unit=unit,
            customer=customer,
            kind=part_kind,
            number=number,
            instalment=instalment,
            document_date=document_date,
            posting_date=posting_date,
            due_date=due,
            amount=share,
            currency=currency,
            actor=actor,
            **details,
        )
        for instalment, (part_kind, share, due) in enumerate(parts, start=1)
    ]


def _is_divisible(amount: Decimal) -> bool:
    # An impossible amount is refused by `ledger.post` with its sentence, undivided.
    return amount.is_finite() and ZERO < amount <= MAX_AMOUNT and amount == quantize(amount)


def _kind_of(part: InstalmentKind, kind: str) -> str:
    return OpenItem.Kind.RETENTION if part is InstalmentKind.RETENTION else kind


@transaction.atomic
def post_receipt(
    *,
    customer: Customer,
    number: str,
    receipt_date: date,
    posting_date: date,
    amount: Decimal,
    currency: str,
    actor: User | None,
    order_reference: str = "",
    text: str = "",
) -> OpenItem:
    """This function will post money received from a customer, not yet applied to anything.

    :raises config.core.services.ledger.PostingRefused: if the money lies after its posting
    :raises config.core.services.ledger.DuplicateNumber: if cash already has this number
    :raises config.core.services.periods.PeriodClosed: if the posting date lies in a closed period
    """
    if posting_date < receipt_date:
        raise ledger.PostingRefused(
            _("Money received on %(received)s cannot be posted before that, on %(posted)s."),
            received=receipt_date.isoformat(), posted=posting_date.isoformat(),
        )  # fmt: skip
    return ledger.post(
        unit=customer.unit,
        customer=customer,
        kind=OpenItem.Kind.RECEIPT,
        number=number,
        source=ledger.CASH,
        document_date=receipt_date,
        posting_date=posting_date,
        due_date=receipt_date,
        amount=amount,
        currency=currency,
        actor=actor,
        order_reference=order_reference,
        text=text,
    )
