"""Customer groups: members point to their parent; together they are one risk."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.core.models import User
from config.core.services import audit
from config.core.versions import refuse_stale
from customers.models import Customer
from customers.selectors import customers as customer_selectors
from customers.selectors import groups as group_selectors
from customers.services.fields import CHANGED
from customers.services.refusals import FieldRefused

MAX_LEVELS = 5
# One lock for all changes of groups: two changes at once could close a circle unseen.
GROUP_LOCK = 7_301_001


@transaction.atomic
def set_parent(
    *, customer: Customer, parent: Customer | None, actor: User | None, expected_version: int | None
) -> Customer:
    """This function will put a customer under a group parent, or take it out of its group.

    :raises FieldRefused: if the parent is out of the actor's sight, below the customer, or too deep
    :raises StaleVersion: if somebody else changed the customer meanwhile
    """
    lock_groups()
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    refuse_stale(customer, expected=expected_version, message=CHANGED)
    if customer.parent_id == (parent.pk if parent else None):
        return customer
    check_parent(customer_id=customer.pk, parent=parent, actor=actor)
    before = customer.parent_id
    customer.parent = parent
    customer.version += 1
    customer.save(update_fields=["parent", "version", "updated_at"])
    audit.record(
        actor=actor,
        action="customer.grouped" if parent else "customer.ungrouped",
        target=customer,
        before={"parent": before},
        after={"parent": parent.pk if parent else None},
    )
    return customer


def lock_groups() -> None:
    """This function will let one transaction at a time change groups; take it before any row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [GROUP_LOCK])


def check_parent(*, customer_id: int | None, parent: Customer | None, actor: User | None) -> None:
    """This function will refuse a parent that the actor does not see or that would close a circle.

    Call it in the transaction that writes, under `lock_groups`.

    :raises FieldRefused: with the reason
    """
    if parent is None:
        return
    if not customer_selectors.visible(user=actor).filter(pk=parent.pk).exists():
        raise FieldRefused(_("There is no such group parent."), field="parent", code="no_parent")
    above = group_selectors.ancestor_ids(customer_id=parent.pk)
    if customer_id is not None and customer_id in {parent.pk, *above}:
        raise FieldRefused(
            _("%(name)s stands below this customer in the group and can not be its parent."),
            field="parent",
            code="group_circle",
            status=409,
            name=parent.name,
        )
    below = group_selectors.levels_below(customer_id=customer_id) if customer_id else 0
    if len(above) + 1 + below >= MAX_LEVELS:
        raise FieldRefused(
            _("A group has at most %(levels)s levels. Choose a parent nearer to the top."),
            field="parent",
            code="group_too_deep",
            status=409,
            levels=MAX_LEVELS,
        )
