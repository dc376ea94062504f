"""Groups are trees: no circles, not too deep, and nobody reaches into units out of sight."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from config.core.models import AuditEvent
from config.core.roles import Role
from config.core.versions import StaleVersion
from customers.models import Customer
from customers.selectors import groups as selectors
from customers.services import customers, groups
from customers.services.refusals import FieldRefused


@pytest.fixture
def put(db):
    def under(customer, parent, actor=None):
        return groups.set_parent(
            customer=customer, parent=parent, actor=actor, expected_version=None
        )

    return under


def test_a_member_joins_and_leaves(make_customer, put):
    top, member = make_customer("新禾控股有限公司"), make_customer("新禾电子有限公司")
    assert put(member, top).parent == top
    assert put(member, top).version == 2
    assert put(member, None).parent is None
    actions = (
        AuditEvent.objects.exclude(action="customer.created")
        .order_by("pk")
        .values_list("action", "after")
    )
    assert list(actions) == [
        ("customer.grouped", {"parent": top.pk}),
        ("customer.ungrouped", {"parent": None}),
    ]


def test_a_circle_is_refused(make_customer, put):
    a, b, c = (make_customer(f"{x}公司") for x in "甲乙丙")
    put(b, a)
    put(c, b)
    for customer, parent in ((a, a), (a, b), (a, c)):
        with pytest.raises(FieldRefused, match="can not be its parent") as refusal:
            put(customer, parent)
        assert refusal.value.code == "group_circle"
    a.refresh_from_db()
    assert (a.parent_id, a.version) == (None, 1)
    with pytest.raises(FieldRefused):
        customers.update(customer=a, actor=None, expected_version=None, parent=c)


def test_a_group_has_at_most_five_levels(make_customer, put):
    rows = [make_customer(f"第{n}层公司") for n in range(6)]
    for lower, upper in zip(rows[1:5], rows, strict=False):
        put(lower, upper)
    with pytest.raises(FieldRefused, match="at most 5 levels"):
        put(rows[5], rows[4])
    with pytest.raises(FieldRefused, match="at most 5 levels"):
        put(rows[0], rows[5])
    put(rows[5], rows[3])


def test_a_group_may_span_units_for_who_sees_both(make_customer, make_user, unit, other_unit, put):
    mine, theirs = make_customer("甲公司"), make_customer("乙公司", unit=other_unit)
    narrow = make_user(Role.CREDIT_ANALYST, units=[unit])
    with pytest.raises(FieldRefused, match="no such group parent"):
        put(mine, theirs, narrow)
    wide = make_user(Role.CREDIT_ANALYST, units=[unit, other_unit])
    assert put(mine, theirs, wide).parent == theirs
    assert selectors.group_of(customer=mine, user=wide).size == 2
    seen = selectors.group_of(customer=mine, user=narrow)
    assert ([m.customer for m in seen.members], seen.hidden, seen.size) == ([mine], 1, 2)


def test_an_old_version_is_refused(make_customer):
    top, member = make_customer("甲公司"), make_customer("乙公司")
    with pytest.raises(StaleVersion):
        groups.set_parent(customer=member, parent=top, actor=None, expected_version=9)


def test_a_group_is_shown_as_a_tree(make_customer, make_user, unit, put):
    user = make_user(Role.AUDITOR, units=[unit])
    top = make_customer("甲控股")
    east, west, shop = make_customer("东方公司"), make_customer("西部公司"), make_customer("安心店")
    alone = make_customer("独立公司")
    put(west, top)
    put(east, top)
    put(shop, west)
    for member in (top, shop):
        group = selectors.group_of(customer=member, user=user)
        assert [(m.customer, m.level) for m in group.members] == [
            (top, 0),
            (east, 1),
            (west, 1),
            (shop, 2),
        ]
        assert group.top == top
    assert selectors.group_of(customer=alone, user=user) is None


def test_all_groups_take_few_queries(
    make_customer, make_user, unit, other_unit, put, django_assert_num_queries
):
    user = make_user(Role.AUDITOR, units=[unit])
    for n in range(3):
        top = make_customer(f"集团{n}")
        for m in range(3):
            middle = make_customer(f"集团{n}成员{m}")
            put(middle, top)
            put(make_customer(f"集团{n}成员{m}子"), middle)
    make_customer("独立公司")
    hidden = make_customer("外地公司", unit=other_unit)
    put(make_customer("本地公司"), hidden)
    user.unit_ids(), user.role_names
    with django_assert_num_queries(3):
        found = selectors.groups(user=user)
    assert [len(group.members) for group in found] == [7, 7, 7]
    assert [m.level for m in found[0].members] == [0, 1, 2, 1, 2, 1, 2]


@pytest.mark.django_db(transaction=True)
def test_two_people_can_not_close_a_circle_at_the_same_moment(make_customer):
    a, b = make_customer("甲公司"), make_customer("乙公司")
    barrier, outcomes = threading.Barrier(2), []

    def join(customer, parent):
        try:
            barrier.wait(10)
            groups.set_parent(customer=customer, parent=parent, actor=None, expected_version=None)
            outcomes.append("done")
        except FieldRefused as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=join, args=pair) for pair in ((a, b), (b, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["done", "group_circle"]
    assert Customer.objects.exclude(parent=None).count() == 1
