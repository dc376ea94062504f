"""The ledger's writes: post an item, reverse it, say why it is not paid.

Posted is final: a mistake is corrected by an opposite entry with its own date, never by editing or
deleting.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.core import currencies
from config.core.errors import DomainError, InvalidInput
from config.core.models import BusinessUnit, User
from config.core.money import MAX_AMOUNT, ZERO, quantize, to_text
from config.core.services import audit, periods
from config.core.text import clean, comparison_key
from customers.models import Customer
from receivables.models import Allocation, OpenItem
from receivables.selectors import due_dates
from receivables.services import allocations

LEDGER, CASH, REVERSAL = "ledger", "cash", "reversal"
LONGEST_NUMBER = 60


class PostingRefused(InvalidInput):
    """The item can not be posted as given."""

    code = "posting_refused"


class DuplicateNumber(DomainError):
    """The unit's ledger already holds an item of this number from this source."""

    code = "duplicate_number"


class ReversalRefused(DomainError):
    """Nothing was reversed."""

    code = "reversal_refused"


@transaction.atomic
def post(
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
    direction: str = "",
    source: str = LEDGER,
    instalment: int = 1,
    cause: str = "",
    order_reference: str = "",
    contract_reference: str = "",
    text: str = "",
) -> OpenItem:
    """This function will post one item, wholly open.

    `direction` follows from the kind, except for an opening balance, which may be either. Without
    `due_date`, it follows from the customer's payment terms; where these ask for instalments, use
    `documents.post_document`.

    :raises PostingRefused: if the item contradicts itself, its unit or its customer, or the terms
        give several due dates
    :raises DuplicateNumber: if the unit already has this number from this source
    :raises config.core.services.periods.PeriodClosed: if the posting date lies in a closed period
    """
    direction = direction or direction_of(kind)
    _check_item(unit, customer, kind, direction, number)
    _check_money(amount, currency)
    if due_date is None:
        due_date = _due_date(customer, direction, document_date, amount)
    periods.require_open(unit=unit, dates=[posting_date])
    item = OpenItem(
        unit=unit, customer=customer, kind=kind, direction=direction, source=source,
        number=clean(number), number_key=comparison_key(number), instalment=instalment,
        document_date=document_date, posting_date=posting_date, due_date=due_date,
        currency=currency, amount=amount, open_amount=amount, cause=cause,
        order_reference=order_reference, contract_reference=contract_reference, text=text,
        recorded_by=actor,
    )  # fmt: skip
    _insert(item)
    audit.record(
        actor=actor, action="open_item.posted", target=item, unit=unit, customer_key=customer.pk, after=_facts(item)
    )  # fmt: skip
    return item


def _insert(item: OpenItem) -> None:
    try:
        with transaction.atomic():
            item.save(force_insert=True)
    except IntegrityError as error:
        if "item_number_once" not in str(error):
            raise
        raise DuplicateNumber(
            _("Document %(number)s is already in the ledger of %(unit)s. Use another number, or reverse the first one."),
            number=item.number, unit=item.unit.name,
        ) from error  # fmt: skip


def direction_of(kind: str) -> str:
    """Return the side of the account a kind stands on; an opening balance is a debit unless said."""
    if kind in OpenItem.CREDIT_KINDS:
        return OpenItem.Direction.CREDIT
    return OpenItem.Direction.DEBIT


def _due_date(customer: Customer, direction: str, document_date: date, amount: Decimal) -> date:
    if direction == OpenItem.Direction.CREDIT:
        return document_date
    parts = due_dates.instalments(customer=customer, base_date=document_date, amount=amount)
    if len(parts) > 1:
        raise PostingRefused(
            _("The payment terms of %(customer)s ask for %(count)s instalments; give a due date for this one."),
            customer=customer.code, count=len(parts),
        )  # fmt: skip
    return parts[0].due_date


def _check_item(
    unit: BusinessUnit, customer: Customer, kind: str, direction: str, number: str
) -> None:
    if customer.unit_id != unit.pk:
        raise PostingRefused(
            _("Customer %(customer)s does not belong to %(unit)s."),
            customer=customer.code,
            unit=unit.name,
        )
    if kind not in OpenItem.Kind.values:
        raise PostingRefused(_("“%(kind)s” is not a kind of document."), kind=kind)
    if kind == OpenItem.Kind.REVERSAL:
        raise PostingRefused(_("A reversal is made from the item it reverses, not posted by hand."))
    if kind != OpenItem.Kind.OPENING and direction != direction_of(kind):
        raise PostingRefused(
            _("A %(kind)s cannot be posted on this side of the account."),
            kind=OpenItem.Kind(kind).label,
        )
    if not comparison_key(number):
        raise PostingRefused(_("The document number is missing."))
    if max(len(clean(number)), len(comparison_key(number))) > LONGEST_NUMBER:
        raise PostingRefused(
            _("The document number “%(number)s…” is longer than %(limit)s characters."),
            number=clean(number)[:20], limit=LONGEST_NUMBER,
        )  # fmt: skip


def _check_money(amount: Decimal, currency: str) -> None:
    if not amount.is_finite() or not ZERO < amount <= MAX_AMOUNT or amount != quantize(amount):
        raise PostingRefused(
            _("The amount %(amount)s must be above zero and have at most two decimals."),
            amount=str(amount),
        )
    if not currencies.is_currency(currency):
        raise PostingRefused(
            _("“%(currency)s” is not an ISO 4217 currency with at most two decimals."),
            currency=currency,
        )


def _facts(item: OpenItem) -> dict[str, object]:
    return {
        "number": item.number, "kind": item.kind, "direction": item.direction, "source": item.source,
        "posting_date": item.posting_date.isoformat(), "document_date": item.document_date.isoformat(),
        "due_date": item.due_date.isoformat(), "currency": item.currency, "amount": to_text(item.amount),
    }  # fmt: skip


@transaction.atomic
def reverse(*, item: OpenItem, effective_date: date, reason: str, actor: User | None) -> OpenItem:
    """This function will cancel a posted item by an opposite one, as of a date, and return that one.

    :raises ReversalRefused: if the item is applied in part, reversed already, or the date is too early
    :raises config.core.services.periods.PeriodClosed: if the date lies in a closed period
    """
    item = allocations.lock([item.pk])[item.pk]
    _check_reversal(item, effective_date, reason)
    periods.require_open(unit=item.unit, dates=[effective_date])
    opposite = OpenItem.Direction.CREDIT if item.is_debit else OpenItem.Direction.DEBIT
    reversal = OpenItem(
        unit=item.unit, customer=item.customer, kind=OpenItem.Kind.REVERSAL, direction=opposite,
        source=REVERSAL, number=f"R-{item.number}"[:60], number_key=f"{item.pk}", instalment=item.instalment,
        document_date=effective_date, posting_date=effective_date, due_date=effective_date,
        currency=item.currency, amount=item.amount, open_amount=item.amount, reverses=item,
        text=reason[:200], recorded_by=actor,
    )  # fmt: skip
    reversal.save(force_insert=True)
    audit.record(
        actor=actor, action="open_item.reversed", target=item, unit=item.unit, customer_key=item.customer_id,
        before=_facts(item), after={"reversed_by": reversal.number, "on": effective_date.isoformat(), "reason": reason},
    )  # fmt: skip
    credit, debit = (reversal, item) if item.is_debit else (item, reversal)
    rows = [
        allocations.build(
            credit, debit, item.amount, effective_date, Allocation.Method.REVERSAL, actor
        )
    ]
    allocations.write(rows, action="allocation.made", actor=actor)
    return reversal


def _check_reversal(item: OpenItem, effective_date: date, reason: str) -> None:
    if item.kind == OpenItem.Kind.REVERSAL or OpenItem.objects.filter(reverses=item).exists():
        raise ReversalRefused(_("%(number)s was already reversed."), number=item.number)
    if not reason.strip():
        raise ReversalRefused(_("Say why %(number)s is reversed."), number=item.number)
    if item.open_amount != item.amount:
        raise ReversalRefused(
            _("%(number)s is applied in part. Take its allocations back first, then reverse it."),
            number=item.number,
        )
    last = (
        Allocation.objects.filter(Q(debit_item=item) | Q(credit_item=item))
        .order_by("-effective_date")
        .first()
    )
    earliest = max(item.posting_date, last.effective_date if last else item.posting_date)
    if effective_date < earliest:
        raise ReversalRefused(
            _("%(number)s cannot be reversed before %(date)s, its last movement."),
            number=item.number, date=earliest.isoformat(),
        )  # fmt: skip


@transaction.atomic
def classify(*, item: OpenItem, cause: str, actor: User | None) -> OpenItem:
    """This function will set why an item is not paid (欠款类型); it changes no figure."""
    return classify_many(items=[item], cause=cause, actor=actor)[0]


@transaction.atomic
def classify_many(*, items: Iterable[OpenItem], cause: str, actor: User | None) -> list[OpenItem]:
    """This function will set the arrears type of several items, and return those items.

    :raises InvalidInput: if there is no such arrears type
    """
    if cause not in OpenItem.Cause.values:
        raise InvalidInput(_("“%(cause)s” is not an arrears type."), cause=cause)
    locked = list(allocations.lock([item.pk for item in items]).values())
    changed = [item for item in locked if item.cause != cause]
    changes = [
        audit.Change(target=item, before={"cause": item.cause}, after={"cause": cause})
        for item in changed
    ]
    for item in changed:
        item.cause = cause
    OpenItem.objects.filter(pk__in=[item.pk for item in changed]).update(cause=cause)
    audit.record_many(actor=actor, action="open_item.classified", changes=changes)
    return locked
