"""The customer master: what is taken, what is refused, and that a refusal changes nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from config.core.errors import DomainError, InvalidInput, NotAllowed
from config.core.models import AuditEvent, BusinessUnit
from config.core.roles import Role
from config.core.versions import StaleVersion
from customers.models import Customer, PaymentTerms
from customers.services import customers, fields
from customers.services.refusals import FieldRefused

GOOD = "91330100799655058B"
pytestmark = pytest.mark.django_db


def state(customer: Customer) -> dict[str, object]:
    return Customer.objects.filter(pk=customer.pk).values().get()


def test_a_customer_is_added_with_its_keys_and_in_the_trail(unit, make_user):
    analyst = make_user(Role.CREDIT_ANALYST, units=[unit])
    seller = make_user(Role.SALESPERSON, units=[unit])
    terms = PaymentTerms.objects.get(code="NET30")
    customer = customers.create(
        unit=unit, code=" ｃ－001\u200b", name="　曾氏机械有限公司 ", actor=analyst, uscc="9133 0100-7996 5505 8b",
        segment="key", sales_owner=seller, payment_terms=terms, registered_capital=Decimal("5000000.00"),
        established_on=date(2010, 1, 2), note="first line\nsecond line",
    )  # fmt: skip
    customer.refresh_from_db()
    assert (customer.code, customer.code_key, customer.name) == (
        "ｃ－001",
        "C-001",
        "曾氏机械有限公司",
    )
    assert customer.uscc == GOOD
    assert customer.sort_key == "zeng shi ji xie"
    assert "cengshijixie" in customer.search_keys
    assert customer.note == "first line\nsecond line"
    assert (customer.status, customer.version) == ("active", 1)
    event = AuditEvent.objects.get()
    assert (event.action, event.customer_key, event.unit_id, event.actor) == (
        "customer.created", customer.pk, unit.pk, analyst,
    )  # fmt: skip
    assert event.after["uscc"] == GOOD
    assert event.after["sales_owner"] == seller.pk
    assert event.after["registered_capital"] == "5000000.00"


@pytest.mark.parametrize(
    ("details", "field", "part"),
    [
        ({"code": " \u200b"}, "code", "blank"),
        ({"code": "C" * 41}, "code", "40"),
        ({"name": "  "}, "name", "blank"),
        ({"name": "名" * 201}, "name", "200"),
        ({"uscc": "9133010079965505"}, "uscc", "has 16"),
        ({"uscc": "91330100799655058A"}, "uscc", "does not fit the 17 before it"),
        ({"uscc": "9133010079965505OB"}, "uscc", "without I, O, S, V and Z"),
        ({"uscc": "913301A0799655058B"}, "uscc", "Positions 3 to 8"),
        ({"kind": "club"}, "kind", "not a valid choice"),
        ({"segment": "best"}, "segment", "not a valid choice"),
        ({"size_class": "giant"}, "size_class", "not a valid choice"),
        ({"status": "gone"}, "status", "not a valid choice"),
        ({"status": "closed"}, "status", "can not be closed"),
        ({"currency": "JPYX"}, "currency", "3"),
        ({"currency": "KWD"}, "currency", "at most two decimals"),
        ({"registered_capital": Decimal("-1.00")}, "registered_capital", "negative"),
        ({"paid_in_capital": Decimal("1.005")}, "paid_in_capital", "2 decimal places"),
        ({"address": "街" * 301}, "address", "300"),
    ],
)
def test_what_can_not_be_taken_is_refused_in_a_sentence(unit, details, field, part, trail):
    values = {"code": "C-1", "name": "新禾电子有限公司"} | details
    with pytest.raises(FieldRefused) as refusal:
        customers.create(unit=unit, actor=None, **values)
    assert refusal.value.field == field
    assert part in str(refusal.value)
    assert refusal.value.errors[0]["pointer"] == f"/{field}"
    assert refusal.value.errors[0]["message"] == str(refusal.value)
    assert not Customer.objects.exists()
    assert trail() == []


def test_a_field_that_nobody_may_set_is_a_mistake_of_the_caller(unit):
    with pytest.raises(TypeError, match="search_keys"):
        customers.create(unit=unit, code="C-1", name="新禾", actor=None, search_keys="x")
    assert not Customer.objects.exists()


def test_a_code_that_looks_the_same_is_taken(unit, other_unit, make_customer):
    make_customer(code="INV-001")
    for twin in ("inv-001", "ＩＮＶ－００１", " INV-001\u200b"):
        with pytest.raises(FieldRefused, match="already used in 华东公司") as refusal:
            make_customer("别的公司", code=twin)
        assert (refusal.value.code, refusal.value.status, refusal.value.field) == (
            "code_taken",
            409,
            "code",
        )
    assert Customer.objects.count() == 1
    assert make_customer("别的公司", code="inv-001", unit=other_unit).pk


def test_a_uscc_stands_once_in_a_unit(other_unit, make_customer):
    make_customer(uscc=GOOD)
    with pytest.raises(FieldRefused, match="Another customer") as refusal:
        make_customer("别的公司", uscc=GOOD)
    assert (refusal.value.code, refusal.value.status) == ("uscc_taken", 409)
    assert make_customer("别的公司", uscc=GOOD, unit=other_unit).uscc == GOOD
    make_customer("无证一")
    make_customer("无证二")


def test_another_broken_rule_of_the_database_is_not_hidden(make_customer):
    customer = make_customer()
    customer.parent_id = customer.pk
    with pytest.raises(IntegrityError):
        fields.save(customer, taken={})


def test_alice_adds_to_her_unit_and_not_to_another(
    unit, other_unit, make_user, make_customer, trail
):
    alice = make_user(Role.CREDIT_ANALYST, units=[unit])
    with pytest.raises(NotAllowed):
        make_customer(unit=other_unit, actor=alice)
    closed = BusinessUnit.objects.create(code="OLD", name="老公司", is_active=False)
    with pytest.raises(FieldRefused, match="takes no new customers"):
        make_customer(unit=closed)
    assert trail() == []
    make_customer(actor=alice)


def test_an_update_changes_what_is_given_and_nothing_else(make_customer, make_user, unit):
    analyst = make_user(Role.CREDIT_ANALYST, units=[unit])
    customer = make_customer("新禾电子有限公司", industry="电子", region="浙江")
    updated = customers.update(
        customer=customer, actor=analyst, expected_version=1, region="上海", industry="电子"
    )
    assert (updated.region, updated.industry, updated.version) == ("上海", "电子", 2)
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.before, event.after) == (
        "customer.changed", {"region": "浙江"}, {"region": "上海"},
    )  # fmt: skip


def test_an_update_that_changes_nothing_leaves_no_trace(make_customer, trail):
    customer = make_customer(region="浙江")
    assert (
        customers.update(customer=customer, actor=None, expected_version=1, region="浙江").version
        == 1
    )
    assert trail() == ["customer.created"]


def test_who_edits_an_old_version_is_refused(make_customer, trail):
    customer = make_customer(region="浙江")
    customers.update(customer=customer, actor=None, expected_version=1, region="上海")
    before = state(customer)
    with pytest.raises(StaleVersion) as refusal:
        customers.update(customer=customer, actor=None, expected_version=1, region="江苏")
    assert refusal.value.status == 412
    assert state(customer) == before
    assert trail() == ["customer.created", "customer.changed"]


def test_a_refused_update_changes_nothing(make_customer, trail):
    customer = make_customer(code="C-1", uscc=GOOD)
    make_customer("别的公司", code="C-2")
    before = state(customer)
    for changes in ({"uscc": "123"}, {"code": "c-2"}, {"currency": "XXX"}, {"name": ""}):
        with pytest.raises(FieldRefused):
            customers.update(customer=customer, actor=None, expected_version=1, **changes)
        assert state(customer) == before
    assert trail() == ["customer.created"] * 2


def test_a_new_name_brings_new_keys_but_keeps_a_corrected_reading(make_customer):
    customer = make_customer("新禾电子有限公司")
    customer = customers.update(
        customer=customer, actor=None, expected_version=None, name="覃氏贸易有限公司"
    )
    assert customer.sort_key == "tan shi mao yi"
    customer = customers.update(
        customer=customer, actor=None, expected_version=None, sort_key="Qin  shi mao yi"
    )
    assert customer.sort_key == "qin shi mao yi"
    assert "qinshimaoyi" in customer.search_keys
    customer = customers.update(
        customer=customer, actor=None, expected_version=None, name="覃氏贸易股份公司"
    )
    assert customer.sort_key == "qin shi mao yi"
    customer = customers.update(customer=customer, actor=None, expected_version=None, sort_key="")
    assert customer.sort_key == "tan shi mao yi"


def test_people_of_another_unit_can_not_be_made_owners(make_customer, make_user, unit, other_unit):
    customer = make_customer()
    stranger = make_user(Role.SALESPERSON, units=[other_unit], display_name="外人")
    gone = make_user(Role.COLLECTOR, units=[unit], is_active=False)
    for changes in ({"sales_owner": stranger}, {"collector": gone}):
        with pytest.raises(FieldRefused, match="does not work for") as refusal:
            customers.update(customer=customer, actor=None, expected_version=None, **changes)
        assert refusal.value.code == "not_in_unit"
    customer.refresh_from_db()
    assert (customer.sales_owner, customer.collector, customer.version) == (None, None, 1)
    everywhere = make_user(Role.COLLECTOR, all_units=True)
    assert (
        customers.update(
            customer=customer, actor=None, expected_version=None, collector=everywhere
        ).collector
        == everywhere
    )


def test_payment_terms_that_are_switched_off_are_not_given_to_anybody_new(make_customer):
    terms = PaymentTerms.objects.get(code="NET30")
    kept = make_customer("旧客户", payment_terms=terms)
    PaymentTerms.objects.filter(pk=terms.pk).update(is_active=False)
    terms.refresh_from_db()
    with pytest.raises(FieldRefused, match="switched off"):
        make_customer("新客户", payment_terms=terms)
    assert (
        customers.update(
            customer=kept, actor=None, expected_version=None, region="浙江"
        ).payment_terms
        == terms
    )


def test_the_status_changes_for_a_reason(make_customer):
    customer = make_customer()
    closed = customers.change_status(
        customer=customer, status="closed", reason=" 注销 ", actor=None
    )
    assert (closed.status, closed.version) == ("closed", 2)
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.before, event.after) == (
        "customer.status_changed", {"status": "active"}, {"status": "closed", "reason": "注销"},
    )  # fmt: skip
    assert (
        customers.change_status(
            customer=customer, status="active", reason="重新合作", actor=None
        ).status
        == "active"
    )


@pytest.mark.parametrize(
    ("status", "reason", "part"),
    [
        ("prospect", "x", "can not become “Prospect”"),
        ("active", "x", "can not become"),
        ("nonsense", "x", "nonsense"),
        ("closed", " ", "Say why"),
    ],
)
def test_a_status_that_can_not_follow_is_refused(make_customer, status, reason, part, trail):
    customer = make_customer()
    with pytest.raises(DomainError, match=part):
        customers.change_status(customer=customer, status=status, reason=reason, actor=None)
    assert state(customer)["status"] == "active"
    assert trail() == ["customer.created"]


def test_customers_are_handed_over_together(
    make_customer, make_user, unit, django_assert_num_queries
):
    seller = make_user(Role.SALESPERSON, units=[unit])
    rows = [make_customer(f"客户{n}有限公司") for n in range(4)]
    customers.update(customer=rows[0], actor=None, expected_version=None, sales_owner=seller)
    assert customers.assign(customer_ids=[r.pk for r in rows], sales_owner=seller, actor=None) == 3
    assert set(Customer.objects.values_list("sales_owner", "version")) == {(seller.pk, 2)}
    events = AuditEvent.objects.filter(action="customer.sales_owner_assigned")
    assert {e.customer_key for e in events} == {r.pk for r in rows[1:]}
    assert events[0].after == {"sales_owner": seller.pk}
    assert customers.assign(customer_ids=[rows[0].pk], collector=None, actor=None) == 0


def test_handing_over_takes_as_many_queries_for_many_as_for_one(make_customer, make_user, unit):
    counts = []
    for size in (1, 12):
        seller = make_user(Role.SALESPERSON, units=[unit])
        ids = [make_customer(f"客户{n}有限公司").pk for n in range(size)]
        with CaptureQueriesContext(connection) as queries:
            customers.assign(customer_ids=ids, sales_owner=seller, actor=None)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_nothing_is_handed_over_when_one_of_them_is_out_of_scope(
    make_customer, make_user, unit, other_unit, trail
):
    manager = make_user(Role.CREDIT_MANAGER, units=[unit])
    seller = make_user(Role.SALESPERSON, units=[unit])
    mine, theirs = make_customer("甲公司"), make_customer("乙公司", unit=other_unit)
    with pytest.raises(InvalidInput, match="out of your scope"):
        customers.assign(customer_ids=[mine.pk, theirs.pk], sales_owner=seller, actor=manager)
    with pytest.raises(FieldRefused, match="does not work for"):
        customers.assign(customer_ids=[mine.pk, theirs.pk], collector=seller, actor=None)
    assert not Customer.objects.exclude(sales_owner=None, collector=None).exists()
    assert trail() == ["customer.created"] * 2
