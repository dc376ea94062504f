"""Contacts of a customer. They are personal data: the trail says that they changed, not to what."""

from __future__ import annotations

from typing import TypedDict, Unpack

from django.db import transaction

from config.core import text
from config.core.models import User
from config.core.services import audit
from config.core.versions import refuse_stale
from customers.models import Contact, Customer
from customers.services import fields


class ContactDetails(TypedDict, total=False):
    """What may be said of a contact beside the name."""

    role: str
    title: str
    phone: str
    email: str
    is_primary: bool
    note: str


class ContactChanges(ContactDetails, total=False):
    name: str


EDITABLE = tuple(ContactChanges.__annotations__)


@transaction.atomic
def create(
    *, customer: Customer, name: str, actor: User | None, **details: Unpack[ContactDetails]
) -> Contact:
    """This function will add a contact; a new main contact takes the place of the old one.

    :raises FieldRefused: if a value can not be taken
    """
    # The customer's row orders everything that happens to its contacts.
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    contact = Contact(customer=customer, name=name)
    fields.assign(contact, details, allowed=EDITABLE)
    _settle(contact)
    _record(contact, "contact.added", actor, after={"role": contact.role})
    return contact


@transaction.atomic
def update(
    *,
    contact: Contact,
    actor: User | None,
    expected_version: int | None,
    **changes: Unpack[ContactChanges],
) -> Contact:
    """This function will change the given fields of a contact.

    :raises FieldRefused: if a value can not be taken
    :raises StaleVersion: if somebody else changed the contact meanwhile
    """
    Customer.objects.select_for_update(no_key=True).get(pk=contact.customer_id)
    contact = Contact.objects.select_for_update().get(pk=contact.pk)
    refuse_stale(contact, expected=expected_version, message=fields.CHANGED)
    old = {name: getattr(contact, name) for name in changes}
    fields.assign(contact, changes, allowed=EDITABLE)
    changed = sorted(name for name, value in old.items() if getattr(contact, name) != value)
    if not changed:
        return contact
    contact.version += 1
    _settle(contact)
    _record(contact, "contact.changed", actor, after={"role": contact.role, "fields": changed})
    return contact


@transaction.atomic
def remove(*, contact: Contact, actor: User | None, expected_version: int | None) -> None:
    """This function will delete a contact and its personal data.

    :raises StaleVersion: if somebody else changed the contact meanwhile
    """
    Customer.objects.select_for_update(no_key=True).get(pk=contact.customer_id)
    contact = Contact.objects.select_for_update().get(pk=contact.pk)
    refuse_stale(contact, expected=expected_version, message=fields.CHANGED)
    _record(contact, "contact.removed", actor, before={"role": contact.role})
    contact.delete()


def _settle(contact: Contact) -> None:
    for name in ("name", "title", "phone", "email", "note"):
        setattr(contact, name, text.clean(getattr(contact, name)))
    fields.refuse_misfits(contact)
    if contact.is_primary:
        others = Contact.objects.filter(customer=contact.customer_id, is_primary=True)
        others.exclude(pk=contact.pk).update(is_primary=False)
    contact.save()


def _record(
    contact: Contact,
    action: str,
    actor: User | None,
    *,
    before: object = None,
    after: object = None,
) -> None:
    """Write to the customer's trail without the person's name, telephone or address."""
    audit.record(
        actor=actor,
        action=action,
        target=audit.Subject("customers.contact", str(contact.pk)),
        unit=contact.customer.unit,
        customer_key=contact.customer_id,
        before=before,
        after=after,
    )
