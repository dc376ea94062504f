"""Contacts in place, and joining groups."""

from __future__ import annotations

import pytest

from config.core.roles import Role
from customers.models import Contact
from customers.services import contacts

pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst(client_for, unit):
    return client_for(Role.CREDIT_ANALYST, units=[unit], display_name="爱丽丝")


@pytest.fixture
def auditor(client_for, unit):
    return client_for(Role.AUDITOR, units=[unit])


def test_contacts_are_edited_in_place(analyst, make_customer):
    customer = make_customer()
    place = f"/customers/{customer.pk}/contacts/"
    made = analyst.post(
        f"{place}new/",
        {
            "name": "王芳",
            "role": "finance",
            "phone": "138 0013",
            "email": "wang@example.com",
            "is_primary": "on",
        },
    )
    contact = Contact.objects.get()
    assert made["HX-Retarget"] == "#contacts"
    assert "Main contact" in made.content.decode()
    assert 'href="tel:1380013"' in made.content.decode()
    assert "王芳" in analyst.get(f"/customers/{customer.pk}/?tab=contacts").content.decode()
    form = analyst.get(f"{place}{contact.pk}/")
    assert 'value="王芳"' in form.content.decode()
    wrong = analyst.post(f"{place}{contact.pk}/", {"name": "", "role": "finance", "version": 1})
    assert wrong.status_code == 422
    stale = analyst.post(f"{place}{contact.pk}/", {"name": "李", "role": "finance", "version": 5})
    assert "Somebody else changed" in stale.content.decode()
    saved = analyst.post(f"{place}{contact.pk}/", {"name": "李娜", "role": "legal", "version": 1})
    assert (saved.status_code, saved["HX-Retarget"]) == (200, "#contacts")
    contact.refresh_from_db()
    assert (contact.name, contact.role, contact.is_primary, contact.version) == (
        "李娜",
        "legal",
        False,
        2,
    )
    assert analyst.get(place).status_code == 200
    assert analyst.post(f"{place}{contact.pk}/delete/", {"version": 1}).status_code == 412
    gone = analyst.post(f"{place}{contact.pk}/delete/", {"version": 2})
    assert "No contact yet." in gone.content.decode()
    assert not Contact.objects.exists()


def test_a_contact_that_can_not_be_taken_keeps_what_was_typed(analyst, make_customer):
    customer = make_customer()
    answer = analyst.post(
        f"/customers/{customer.pk}/contacts/new/",
        {"name": "王芳", "role": "finance", "email": "nobody"},
    )
    assert answer.status_code == 422
    assert 'value="王芳"' in answer.content.decode()
    assert "Enter a valid email address." in answer.content.decode()
    assert not Contact.objects.exists()


def test_a_contact_of_another_customer_is_not_found(analyst, make_customer):
    contact = contacts.create(customer=make_customer("甲"), name="王", actor=None)
    other = make_customer("乙")
    assert analyst.get(f"/customers/{other.pk}/contacts/{contact.pk}/").status_code == 404


def test_a_customer_joins_and_leaves_a_group(analyst, make_customer, other_unit):
    top, member = make_customer("母公司"), make_customer("子公司")
    hidden = make_customer("外地公司", unit=other_unit)
    place = f"/customers/{member.pk}/group/"
    assert (
        "no such group parent"
        in analyst.post(place, {"parent": hidden.pk, "version": 1}, follow=True).content.decode()
    )
    answer = analyst.post(place, {"parent": top.pk, "version": 1}, follow=True)
    assert answer.redirect_chain == [(f"/customers/{member.pk}/?tab=group", 302)]
    assert "The group was changed." in answer.content.decode()
    assert "母公司 (2)" in answer.content.decode()
    circle = analyst.post(
        f"/customers/{top.pk}/group/", {"parent": member.pk, "version": 1}, follow=True
    )
    assert "can not be its parent" in circle.content.decode()
    overview = analyst.get("/customers/groups/").content.decode()
    assert "母公司" in overview
    assert "2 customers" in overview
    analyst.post(place, {"parent": "", "version": 2})
    member.refresh_from_db()
    assert member.parent is None


def test_without_groups_the_page_says_how_to_make_one(analyst):
    assert "There are no groups yet." in analyst.get("/customers/groups/").content.decode()
