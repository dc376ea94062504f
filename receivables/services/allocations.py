"""Applying credit items to debit items, and taking it back.

Items are locked in primary-key order, so that two clerks cannot deadlock. An allocation is never
edited or deleted: taking it back is a new row with its own date. Every step is a fixed number of
statements, however many items it touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.core.errors import DomainError
from config.core.models import User
from config.core.money import ZERO, quantize, to_text
from config.core.services import audit, periods
from receivables.domain import allocation as rules
from receivables.models import Allocation, OpenItem
from receivables.selectors import applications

MOVE_SQL = """
    UPDATE receivables_openitem AS i SET open_amount = i.open_amount - m.amount
    FROM unnest(%s::bigint[], %s::numeric[]) AS m(id, amount) WHERE i.id = m.id
"""


class AllocationRefused(DomainError):
    """Nothing was applied or taken back."""

    code = "allocation_refused"


def lock(ids: Iterable[int]) -> dict[int, OpenItem]:
    """This function will lock items in primary-key order and return them by id."""
    # Evaluated here on purpose: a lazy query locks nothing.
    return {
        i.pk: i
        for i in OpenItem.objects.filter(pk__in=set(ids))
        .select_related("unit")
        .order_by("pk")
        .select_for_update(of=("self",))
    }


@transaction.atomic
def allocate(
    *,
    credit_item: OpenItem,
    amounts: Mapping[int, Decimal],
    effective_date: date,
    method: str,
    actor: User | None,
) -> list[Allocation]:
    """This function will apply parts of a credit item to debit items, given as item id → amount, all or none.

    :raises AllocationRefused: if a part exceeds what an item has open on or after the date, or the
        items differ in unit, customer or currency
    :raises config.core.services.periods.PeriodClosed: if the date lies in a closed period
    """
    if not amounts or any(part <= 0 or part != quantize(part) for part in amounts.values()):
        raise AllocationRefused(_("Give each item an amount above zero with at most two decimals."))
    locked = lock([credit_item.pk, *amounts])
    credit = locked.pop(credit_item.pk)
    debits = [_debit_of(credit, locked.get(pk)) for pk in amounts]
    periods.require_open(unit=credit.unit, dates=[effective_date])
    _check_dates(credit, debits, effective_date)
    left = left_on([credit, *debits], day=effective_date)
    _check_left(credit, left[credit.pk], sum(amounts.values(), ZERO), effective_date)
    for debit in debits:
        _check_left(debit, left[debit.pk], amounts[debit.pk], effective_date)
    rows = [build(credit, d, amounts[d.pk], effective_date, method, actor) for d in debits]
    return write(rows, action="allocation.made", actor=actor)


def left_on(items: Iterable[OpenItem], *, day: date) -> dict[int, Decimal]:
    """Return by id what may still be applied to each item from `day` on, whatever was applied later."""
    known = list(items)
    events = applications.events_of([i.pk for i in known])
    return {i.pk: rules.lowest_open(i.amount, events.get(i.pk, []), since=day) for i in known}


def _debit_of(credit: OpenItem, debit: OpenItem | None) -> OpenItem:
    same = debit is not None and (
        debit.unit_id == credit.unit_id
        and debit.customer_id == credit.customer_id
        and debit.currency == credit.currency
        and debit.is_debit
        and not credit.is_debit
    )
    if debit is None or not same:
        raise AllocationRefused(
            _("A credit pays only debit items of its own customer, unit and currency.")
        )
    return debit


def _check_dates(credit: OpenItem, debits: list[OpenItem], effective_date: date) -> None:
    for item in [credit, *debits]:
        if effective_date < item.posting_date:
            raise AllocationRefused(
                _("%(number)s was posted on %(posted)s; it cannot be applied earlier, on %(date)s."),
                number=item.number, posted=item.posting_date.isoformat(), date=effective_date.isoformat(),
            )  # fmt: skip


def _check_left(item: OpenItem, left: Decimal, wanted: Decimal, effective_date: date) -> None:
    if wanted > left:
        raise AllocationRefused(
            _("%(number)s has %(left)s %(currency)s left on %(date)s, not %(wanted)s."),
            number=item.number, left=to_text(max(left, ZERO)), currency=item.currency,
            date=effective_date.isoformat(), wanted=to_text(wanted),
        )  # fmt: skip


def build(
    credit: OpenItem,
    debit: OpenItem,
    amount: Decimal,
    effective_date: date,
    method: str,
    actor: User | None,
    reverses: Allocation | None = None,
) -> Allocation:
    """Return an unsaved allocation between two locked items, with the dates the past is aged by."""
    return Allocation(
        unit_id=credit.unit_id, customer_id=credit.customer_id, credit_item=credit, debit_item=debit,
        currency=credit.currency, amount=amount, effective_date=effective_date, method=method,
        reverses=reverses, recorded_by=actor,
        debit_posting_date=debit.posting_date, debit_document_date=debit.document_date,
        debit_due_date=debit.due_date, debit_kind=debit.kind,
        credit_posting_date=credit.posting_date, credit_document_date=credit.document_date,
    )  # fmt: skip


def write(rows: list[Allocation], *, action: str, actor: User | None) -> list[Allocation]:
    """Insert allocations and move the open amounts of both sides by them; the items are locked."""
    Allocation.objects.bulk_create(rows)
    moved: dict[int, Decimal] = {}
    for row in rows:
        for pk in (row.debit_item_id, row.credit_item_id):
            moved[pk] = moved.get(pk, ZERO) + row.amount
    with connection.cursor() as cursor:
        cursor.execute(MOVE_SQL, [list(moved), list(moved.values())])
    changes = [audit.Change(target=row, after=_facts(row)) for row in rows]
    audit.record_many(actor=actor, action=action, changes=changes)
    return rows


def _facts(row: Allocation) -> dict[str, object]:
    return {
        "credit": row.credit_item.number, "debit": row.debit_item.number, "amount": to_text(row.amount),
        "currency": row.currency, "effective_date": row.effective_date.isoformat(), "method": row.method,
    }  # fmt: skip


@transaction.atomic
def allocate_oldest_first(
    *, credit_item: OpenItem, effective_date: date, actor: User | None
) -> list[Allocation]:
    """This function will apply what a credit item has left to the customer's oldest due items.

    :raises AllocationRefused: if there is nothing to apply, or nothing to apply it to
    :raises config.core.services.periods.PeriodClosed: if the date lies in a closed period
    """
    candidates = OpenItem.objects.filter(
        unit=credit_item.unit_id, customer=credit_item.customer_id, currency=credit_item.currency,
        direction=OpenItem.Direction.DEBIT, posting_date__lte=effective_date,
    ).open()  # fmt: skip
    locked = lock([credit_item.pk, *candidates.values_list("pk", flat=True)])
    left = left_on(locked.values(), day=effective_date)
    credit = locked.pop(credit_item.pk)
    claims = [rules.Claim(i.pk, i.due_date, i.document_date, left[i.pk]) for i in locked.values()]
    parts = rules.oldest_due_first(claims, left[credit.pk])
    if not parts:
        raise AllocationRefused(
            _("%(number)s has nothing left, or the customer has nothing open."),
            number=credit.number,
        )
    return allocate(
        credit_item=credit,
        amounts=parts,
        effective_date=effective_date,
        method=Allocation.Method.FIFO,
        actor=actor,
    )


@transaction.atomic
def take_back(*, allocation: Allocation, effective_date: date, actor: User | None) -> Allocation:
    """This function will reverse an allocation as of a date; both items are open again from then on.

    :raises AllocationRefused: if it was taken back before, or the date lies before it
    :raises config.core.services.periods.PeriodClosed: if the date lies in a closed period
    """
    locked = lock([allocation.credit_item_id, allocation.debit_item_id])
    credit, debit = locked[allocation.credit_item_id], locked[allocation.debit_item_id]
    if allocation.reverses_id or Allocation.objects.filter(reverses=allocation).exists():
        raise AllocationRefused(_("This allocation was already taken back."))
    if effective_date < allocation.effective_date:
        raise AllocationRefused(
            _("The allocation took effect on %(date)s; it cannot be taken back before that."),
            date=allocation.effective_date.isoformat(),
        )
    if OpenItem.Kind.REVERSAL in {credit.kind, debit.kind}:
        raise AllocationRefused(
            _(
                "This allocation belongs to a reversal, which is final. Post the document again instead."
            )
        )
    periods.require_open(unit=credit.unit, dates=[effective_date])
    row = build(
        credit,
        debit,
        -allocation.amount,
        effective_date,
        Allocation.Method.REVERSAL,
        actor,
        reverses=allocation,
    )
    return write([row], action="allocation.taken_back", actor=actor)[0]
