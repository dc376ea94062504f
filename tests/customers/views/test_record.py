"""A customer's page and its forms, in every state."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.core.roles import Role
from customers.models import Customer, PaymentTerms
from customers.selectors import timeline
from customers.services import contacts, customers, groups

GOOD = "91330100799655058B"
pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst(client_for, unit):
    return client_for(Role.CREDIT_ANALYST, units=[unit], display_name="爱丽丝")


@pytest.fixture
def auditor(client_for, unit):
    return client_for(Role.AUDITOR, units=[unit])


def page(client, customer, **query):
    answer = client.get(f"/customers/{customer.pk}/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_tells_who_the_customer_is(analyst, make_customer, stop_clock):
    stop_clock("2026-11-23 10:00")
    terms = PaymentTerms.objects.get(code="NET30")
    customer = make_customer(
        "新禾电子有限公司", uscc=GOOD, region="浙江", industry="电子", segment="key", status="prospect", payment_terms=terms,
        sales_owner=analyst.user, collector=analyst.user, customer_since="2020-11-24",
    )  # fmt: skip
    text = page(analyst, customer)
    for part in (
        "新禾电子有限公司",
        GOOD,
        "浙江",
        "电子",
        "Key customer",
        "Prospect",
        "with us for 5 years",
        "30 days net",
        "爱丽丝",
    ):
        assert part in text


@pytest.mark.parametrize("tab", ["data", "contacts", "group", "nonsense"])
def test_every_tab_has_its_empty_state(analyst, auditor, make_customer, tab):
    customer = make_customer()
    for client in (analyst, auditor):
        text = page(client, customer, tab=tab)
        if tab == "contacts":
            assert "No contact yet." in text
            assert ("Add a contact" in text) is (client is analyst)
        if tab == "group":
            assert "belongs to no group" in text


def test_who_may_only_see_gets_no_buttons(auditor, make_customer):
    text = page(auditor, make_customer())
    assert "Change status" not in text
    assert "/edit/" not in text


def test_the_page_says_what_the_record_lacks_most(analyst, make_customer):
    customer = make_customer(uscc=GOOD)
    assert "Give the customer payment terms" in page(analyst, customer)
    terms = PaymentTerms.objects.first()
    customers.update(customer=customer, actor=None, expected_version=None, payment_terms=terms)
    assert "Name a sales owner" in page(analyst, customer)
    customers.change_status(customer=customer, status="closed", reason="x", actor=None)
    assert "Next step" not in page(analyst, customer)


def test_out_of_scope_is_not_found(client_for, make_customer, unit, other_unit):
    customer = make_customer()
    contact = contacts.create(customer=customer, name="王", actor=None)
    for client in (
        client_for(Role.CREDIT_ANALYST, units=[other_unit]),
        client_for(Role.CREDIT_ANALYST),
    ):
        place = f"/customers/{customer.pk}/"
        for path in ("", "edit/", "history/", "contacts/", f"contacts/{contact.pk}/"):
            assert client.get(place + path).status_code == 404, path
        for path in (
            "edit/",
            "status/",
            "group/",
            "contacts/new/",
            f"contacts/{contact.pk}/",
            f"contacts/{contact.pk}/delete/",
        ):
            assert client.post(place + path, {"name": "x"}).status_code == 404, path
    assert (
        client_for(Role.SALESPERSON, units=[unit]).get(f"/customers/{customer.pk}/").status_code
        == 404
    )
    assert Customer.objects.get().version == 1


def test_the_timeline_is_told_for_people(analyst, make_customer, make_user, unit, other_unit):
    bob = make_user(Role.SALESPERSON, units=[unit], display_name="鲍勃")
    customer = make_customer("新禾电子有限公司", actor=analyst.user, region="浙江")
    hidden = make_customer("外地母公司", unit=other_unit)
    customers.update(
        customer=customer,
        actor=analyst.user,
        expected_version=None,
        region="上海",
        segment="key",
        sales_owner=bob,
    )
    groups.set_parent(customer=customer, parent=hidden, actor=None, expected_version=None)
    customers.change_status(customer=customer, status="dormant", reason="半年无订单", actor=None)
    contacts.create(customer=customer, name="王芳", actor=None, role="finance")
    customers.update(
        customer=customer,
        actor=None,
        expected_version=None,
        industry="a",
        address="b",
        name_en="c",
        short_name="d",
        note="e",
    )
    found = timeline.of_customer(customer=customer, user=analyst.user, limit=20)
    told = [(entry.title, entry.note) for entry in found.entries]
    assert told[1:] == [
        ("Added a contact", "System · Finance"),
        ("Changed the customer's status", "System · Status: Active → Dormant; 半年无订单"),
        ("Put into a group", "System · Group parent: — → (out of your scope)"),
        ("Changed the customer", "爱丽丝 · Region: 浙江 → 上海; Segment: Regular customer → Key customer; Sales owner: — → 鲍勃"),
        ("Created the customer", "爱丽丝"),
    ]  # fmt: skip
    assert told[0][1].endswith("; 1 more")
    assert found.older_than is None


def test_the_timeline_goes_on_page_by_page(analyst, make_customer):
    customer = make_customer()
    for n in range(60):
        customers.update(customer=customer, actor=None, expected_version=None, region=f"R{n}")
    place = f"/customers/{customer.pk}/history/"
    first = analyst.get(place).context["timeline"]
    assert len(first.entries) == 50
    second = analyst.get(place, {"before": first.older_than}).context["timeline"]
    assert len(second.entries) == 11
    assert second.older_than is None
    assert analyst.get(place, {"before": "x"}).status_code == 200


def test_the_page_takes_as_many_queries_for_much_as_for_little(analyst, make_customer):
    counts = []
    terms = PaymentTerms.objects.first()
    for size in (2, 12):
        customer = make_customer("公司", sales_owner=analyst.user, payment_terms=terms)
        for n in range(size):
            collector = analyst.user if n % 2 else None
            customers.update(
                customer=customer,
                actor=None,
                expected_version=None,
                region=f"R{n}",
                collector=collector,
            )
            contacts.create(customer=customer, name=f"王{n}", actor=None)
            groups.set_parent(
                customer=make_customer(f"成员{n}"),
                parent=customer,
                actor=None,
                expected_version=None,
            )
        page(analyst, customer)  # the first request of a session writes when it was seen
        with CaptureQueriesContext(connection) as queries:
            page(analyst, customer, tab="contacts")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20
