"""Groups of customers as trees: who is above, who belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from config.core.models import User
from customers.models import Customer
from customers.selectors.customers import visible

# UNION, not UNION ALL: even a circle that got in some other way ends.
ANCESTORS = """
    WITH RECURSIVE above(id, parent_id, level) AS (
        SELECT id, parent_id, 0 FROM customers_customer WHERE id = %s
        UNION
        SELECT c.id, c.parent_id, above.level + 1
          FROM customers_customer c JOIN above ON c.id = above.parent_id WHERE above.level < 50
    )
    SELECT id FROM above WHERE level > 0 ORDER BY level
"""
DESCENDANTS = """
    WITH RECURSIVE below(id, level) AS (
        SELECT id, 0 FROM customers_customer WHERE id = %s
        UNION
        SELECT c.id, below.level + 1
          FROM customers_customer c JOIN below ON c.parent_id = below.id WHERE below.level < 50
    )
    SELECT id, level FROM below ORDER BY level, id
"""


@dataclass(frozen=True, slots=True)
class Member:
    """One customer of a group with its depth below the top."""

    customer: Customer
    level: int


@dataclass(frozen=True, slots=True)
class Group:
    """A group as one user sees it; `hidden` members are out of that user's sight."""

    members: list[Member]
    hidden: int

    @property
    def top(self) -> Customer:
        return self.members[0].customer

    @property
    def size(self) -> int:
        return len(self.members) + self.hidden


def ancestor_ids(*, customer_id: int) -> list[int]:
    """This function will return the ids above a customer, the nearest first."""
    with connection.cursor() as cursor:
        cursor.execute(ANCESTORS, [customer_id])
        return [row[0] for row in cursor.fetchall()]


def levels_below(*, customer_id: int) -> int:
    """This function will return how many levels of members stand below a customer."""
    return max(level for _id, level in _descendants(customer_id) or [(0, 0)])


def group_of(*, customer: Customer, user: User) -> Group | None:
    """This function will return the group of a customer in order of the tree, or None.

    Members that `user` may not see are only counted.
    """
    above = ancestor_ids(customer_id=customer.pk)
    levels = dict(_descendants(above[-1] if above else customer.pk))
    if len(levels) == 1:
        return None
    rows = visible(user=user).filter(pk__in=levels).select_related("unit", "sales_owner")
    seen = {row.pk: row for row in rows}
    members = [Member(row, levels[row.pk]) for row in _in_tree_order(seen)]
    return Group(members, hidden=len(levels) - len(seen))


def groups(*, user: User) -> list[Group]:
    """This function will return all groups with at least one visible member below another.

    Four queries at most, whatever their number.
    """
    linked = visible(user=user).exclude(parent=None).values_list("parent_id", flat=True)
    rows = visible(user=user).filter(pk__in=_with_members(list(linked)))
    seen = {row.pk: row for row in rows.select_related("unit", "sales_owner")}
    found: list[Group] = []
    current: list[Member] = []
    levels: dict[int, int] = {}
    for row in _in_tree_order(seen):
        level = levels.get(row.parent_id or 0, -1) + 1 if row.parent_id in seen else 0
        levels[row.pk] = level
        if level == 0:
            current = []
            found.append(Group(current, hidden=0))
        current.append(Member(row, level))
    return [group for group in found if len(group.members) > 1]


def _with_members(parent_ids: list[int]) -> list[int]:
    members = Customer.objects.filter(parent__in=parent_ids).values_list("pk", flat=True)
    return [*parent_ids, *members]


def _descendants(customer_id: int | None) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(DESCENDANTS, [customer_id])
        return list(cursor.fetchall())


def _in_tree_order(rows: dict[int, Customer]) -> list[Customer]:
    """Return each customer after its parent, siblings by sort key."""
    children: dict[int | None, list[Customer]] = {}
    for row in sorted(rows.values(), key=lambda c: (c.sort_key, c.pk)):
        children.setdefault(row.parent_id if row.parent_id in rows else None, []).append(row)
    ordered: list[Customer] = []
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        row = waiting.pop()
        ordered.append(row)
        waiting.extend(reversed(children.get(row.pk, [])))
    return ordered
