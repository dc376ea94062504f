"""Contacts are personal data: kept, changed, removed, and never written to the trail."""

from __future__ import annotations

import json

import pytest

from config.core.models import AuditEvent
from config.core.versions import StaleVersion
from customers.models import Contact
from customers.services import contacts
from customers.services.refusals import FieldRefused

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(make_customer):
    return make_customer()


def test_a_contact_is_added_and_the_trail_knows_no_name(customer):
    contact = contacts.create(
        customer=customer, name=" 王芳 ", actor=None, role="finance", phone="13800138000", email="wang@example.com", is_primary=True
    )  # fmt: skip
    assert (contact.name, contact.is_primary, contact.version) == ("王芳", True, 1)
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.customer_key, event.unit_id) == (
        "contact.added",
        customer.pk,
        customer.unit_id,
    )
    written = json.dumps([event.before, event.after, event.target_label], ensure_ascii=False)
    assert not any(secret in written for secret in ("王芳", "13800138000", "wang@example.com"))


def test_a_new_main_contact_takes_the_place_of_the_old_one(customer, make_customer):
    other = contacts.create(
        customer=make_customer("别的公司"), name="赵", actor=None, is_primary=True
    )
    first = contacts.create(customer=customer, name="王", actor=None, is_primary=True)
    second = contacts.create(customer=customer, name="李", actor=None, is_primary=True)
    assert set(Contact.objects.filter(is_primary=True)) == {second, other}
    contacts.update(contact=first, actor=None, expected_version=None, is_primary=True)
    assert set(Contact.objects.filter(is_primary=True)) == {first, other}


def test_an_update_says_which_fields_changed_and_not_to_what(customer):
    contact = contacts.create(customer=customer, name="王", actor=None, phone="1")
    updated = contacts.update(
        contact=contact, actor=None, expected_version=1, phone="13900139000", name="王"
    )
    assert (updated.phone, updated.version) == ("13900139000", 2)
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.after) == (
        "contact.changed",
        {"role": "finance", "fields": ["phone"]},
    )
    assert contacts.update(contact=contact, actor=None, expected_version=2, name="王").version == 2
    assert AuditEvent.objects.latest("pk") == event


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"email": "nobody"}, "email"),
        ({"role": "chef"}, "role"),
        ({"phone": "1" * 41}, "phone"),
    ],
)
def test_what_can_not_be_taken_changes_nothing(customer, changes, field):
    contact = contacts.create(customer=customer, name="王", actor=None)
    before = Contact.objects.filter(pk=contact.pk).values().get()
    with pytest.raises(FieldRefused) as refusal:
        contacts.update(contact=contact, actor=None, expected_version=None, **changes)
    assert refusal.value.field == field
    assert Contact.objects.filter(pk=contact.pk).values().get() == before


def test_a_contact_is_removed_with_its_data(customer):
    contact = contacts.create(customer=customer, name="王", actor=None)
    with pytest.raises(StaleVersion):
        contacts.remove(contact=contact, actor=None, expected_version=4)
    assert Contact.objects.count() == 1
    contacts.remove(contact=contact, actor=None, expected_version=1)
    assert not Contact.objects.exists()
    assert AuditEvent.objects.latest("pk").action == "contact.removed"


def test_an_old_version_is_refused(customer):
    contact = contacts.create(customer=customer, name="王", actor=None)
    with pytest.raises(StaleVersion):
        contacts.update(contact=contact, actor=None, expected_version=2, name="李")
    contact.refresh_from_db()
    assert contact.name == "王"
