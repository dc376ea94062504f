"""Open items as lists show them: filtered, with what was open as of any day, and one item in full."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config.core.errors import InvalidInput
from config.core.models import User
from config.core.text import comparison_key
from receivables.domain.aging import Basis, Scheme
from receivables.models import Allocation, OpenItem, OpenItemQuerySet
from receivables.selectors import schemes
from receivables.selectors.open_amounts import RETENTION, UNAPPLIED

OPEN, ALL = "open", "all"
# Everything past its due date, whatever the bucket.
OVERDUE = "overdue"
NOBODY = 0
# What a list reads of an item; instances would cost several times as much.
ROW = (
    "id", "number", "kind", "direction", "source", "instalment", "document_date", "posting_date", "due_date",
    "currency", "amount", "cause", "order_reference", "contract_reference", "text", "reverses_id", "batch_id",
    "unit_id", "unit__code", "customer_id", "customer__code", "customer__name",
)  # fmt: skip


class UnknownBucket(InvalidInput):
    code = "unknown_bucket"


@dataclass(frozen=True, kw_only=True)
class ItemFilter:
    """What a list of items is limited to; an empty value does not limit."""

    as_of: date
    state: str = ALL
    unit_ids: tuple[int, ...] | None = None
    customer_id: int | None = None
    kinds: tuple[str, ...] = ()
    direction: str = ""
    currency: str = ""
    # None does not limit, "" is "not classified".
    cause: str | None = None
    number: str = ""
    text: str = ""
    bucket: str = ""
    scheme: str = ""
    basis: Basis = Basis.DUE
    due_from: date | None = None
    due_to: date | None = None
    posted_from: date | None = None
    posted_to: date | None = None
    document_from: date | None = None
    document_to: date | None = None
    # A customer that stands above others, with its members.
    group_id: int | None = None
    # NOBODY asks for customers without one.
    sales_owner_id: int | None = None
    collector_id: int | None = None
    segment: str = ""
    # None does not limit, "" is "not stated".
    industry: str | None = None
    region: str | None = None
    batch_id: int | None = None


def search(*, user: User, wanted: ItemFilter) -> OpenItemQuerySet:
    """This function will return the items that `user` may see and `wanted` asks for, unordered.

    Each carries `open_as_of`: what it had open at the end of `wanted.as_of`.

    :raises config.core.errors.InvalidInput: if the aging scheme has no such bucket
    """
    units = set(user.unit_ids())
    if wanted.unit_ids is not None:
        units &= set(wanted.unit_ids)
    # The units are named even for those who see all: the indexes begin with them.
    items = OpenItem.objects.visible_to(user).filter(unit__in=sorted(units))
    items = items.filter(**_equal(wanted), **_ranges(wanted))
    if wanted.kinds:
        items = items.filter(kind__in=wanted.kinds)
    if wanted.group_id is not None:
        alone = Q(customer=wanted.group_id, customer__parent=None)
        items = items.filter(Q(customer__parent=wanted.group_id) | alone)
    if wanted.text:
        items = items.filter(_matching(wanted.text))
    if wanted.bucket:
        items = items.filter(in_bucket(wanted))
    return as_of(items, day=wanted.as_of, unit_ids=units, only_open=wanted.state == OPEN)


def as_of(
    items: OpenItemQuerySet, *, day: date, unit_ids: Iterable[int], only_open: bool
) -> OpenItemQuerySet:
    """This function will annotate `open_as_of`, and with `only_open` leave out what had nothing open.

    Where nothing took effect after `day`, as is usual for today, it is what is open now.
    """
    if Allocation.objects.filter(unit__in=sorted(unit_ids), effective_date__gt=day).exists():
        return items.was_open_on(day) if only_open else items.open_as_of(day)
    posted = items.filter(posting_date__lte=day).annotate(open_as_of=F("open_amount"))
    return posted.exclude(open_amount=0) if only_open else posted


def _equal(wanted: ItemFilter) -> dict[str, Any]:
    limits: dict[str, Any] = {
        "customer": wanted.customer_id,
        "direction": wanted.direction or None,
        "currency": wanted.currency or None,
        "cause": wanted.cause,
        "number_key": comparison_key(wanted.number) or None,
        "customer__segment": wanted.segment or None,
        "customer__industry": wanted.industry,
        "customer__region": wanted.region,
        "batch": wanted.batch_id,
    }
    for role, person in (
        ("sales_owner", wanted.sales_owner_id),
        ("collector", wanted.collector_id),
    ):
        limits[f"customer__{role}"] = person or None
        limits[f"customer__{role}__isnull"] = True if person == NOBODY else None
    return {name: value for name, value in limits.items() if value is not None}


def _ranges(wanted: ItemFilter) -> dict[str, date]:
    limits = {
        "due_date__gte": wanted.due_from,
        "due_date__lte": wanted.due_to,
        "posting_date__gte": wanted.posted_from,
        "posting_date__lte": wanted.posted_to,
        "document_date__gte": wanted.document_from,
        "document_date__lte": wanted.document_to,
    }
    return {name: day for name, day in limits.items() if day is not None}


def _matching(text: str) -> Q:
    key = comparison_key(text)
    return (
        Q(number_key__startswith=key)
        | Q(order_reference__iexact=text.strip())
        | Q(contract_reference__iexact=text.strip())
        | Q(customer__name__icontains=text.strip())
        | Q(customer__code__iexact=text.strip())
    )


def in_bucket(wanted: ItemFilter) -> Q:
    """Return the condition on an item that puts it into the bucket, exactly as the aging report does.

    :raises config.core.errors.InvalidInput: if the scheme has no such bucket
    """
    debit, retention = Q(direction=OpenItem.Direction.DEBIT), Q(kind=OpenItem.Kind.RETENTION)
    kept_back = debit & retention & Q(due_date__gte=wanted.as_of)
    if wanted.bucket == UNAPPLIED:
        return Q(direction=OpenItem.Direction.CREDIT)
    if wanted.bucket == RETENTION:
        return kept_back
    if wanted.bucket == OVERDUE:
        return debit & Q(due_date__lt=wanted.as_of)
    scheme = schemes.get(wanted.scheme).for_basis(wanted.basis)
    codes = [b.code for b in scheme.buckets]
    if wanted.bucket not in codes:
        raise UnknownBucket(
            _("The scheme has no bucket “%(bucket)s”; choose one of: %(known)s."),
            bucket=wanted.bucket, known=", ".join([*codes, OVERDUE, RETENTION, UNAPPLIED]),
        )  # fmt: skip
    return debit & ~kept_back & _aged(scheme, codes.index(wanted.bucket), wanted)


def _aged(scheme: Scheme, position: int, wanted: ItemFilter) -> Q:
    column = "due_date" if wanted.basis is Basis.DUE else "document_date"
    first = scheme.first_dates(wanted.as_of)
    condition = Q()
    if position < len(first):
        condition &= Q(**{f"{column}__gte": first[position]})
    if position > 0:
        condition &= Q(**{f"{column}__lt": first[position - 1]})
    return condition


@dataclass(frozen=True)
class Movement:
    """One allocation as seen from one of its items."""

    allocation: Allocation
    other: OpenItem
    # What the item itself had open after it.
    open_after: Decimal
    is_taken_back: bool

    @property
    def can_be_taken_back(self) -> bool:
        final = OpenItem.Kind.REVERSAL
        kinds = {self.allocation.credit_item.kind, self.allocation.debit_item.kind}
        return not self.is_taken_back and self.allocation.reverses_id is None and final not in kinds


def get(*, user: User, pk: int) -> OpenItem | None:
    """This function will return one item with what its page shows, or None out of the user's sight."""
    related = (
        "unit", "customer", "customer__payment_terms", "batch", "recorded_by", "reverses", "reversed_by",
    )  # fmt: skip
    return OpenItem.objects.visible_to(user).select_related(*related).filter(pk=pk).first()


def visible_allocations(*, user: User) -> QuerySet[Allocation]:
    """This function will return the allocations in the user's scope, as `visible_to` limits items."""
    visible = Allocation.objects.filter(unit__in=user.unit_ids())
    return visible.filter(customer__sales_owner=user) if user.is_limited_to_portfolio else visible


def movements(*, item: OpenItem) -> list[Movement]:
    """This function will return the allocations to or from an item in order, with its running open amount."""
    rows = list(
        Allocation.objects.filter(Q(credit_item=item) | Q(debit_item=item))
        .select_related("credit_item", "debit_item", "recorded_by")
        .order_by("effective_date", "pk")
    )
    taken_back = {row.reverses_id for row in rows}
    left, found = item.amount, []
    for row in rows:
        left -= row.amount
        other = row.debit_item if row.credit_item_id == item.pk else row.credit_item
        found.append(Movement(row, other, left, row.pk in taken_back))
    return found


def find_numbers(*, user: User, text: str, limit: int) -> list[OpenItem]:
    """This function will return items whose number begins with `text`, by number."""
    key = comparison_key(text)
    if not key:
        return []
    found = OpenItem.objects.visible_to(user).filter(
        unit__in=user.unit_ids(), number_key__startswith=key
    )
    return list(found.select_related("customer").order_by("number_key", "instalment")[:limit])
