"""Writes of the customer master: create, update, change the status, hand over to other people."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.core import currencies, text
from config.core.errors import DomainError, InvalidInput, NotAllowed
from config.core.models import BusinessUnit, User
from config.core.services import audit
from config.core.versions import refuse_stale
from customers.domain import lifecycle, pinyin, uscc
from customers.models import Customer, PaymentTerms
from customers.selectors import customers as customer_selectors
from customers.services import fields, groups
from customers.services.refusals import FieldRefused

USCC_SENTENCES: dict[uscc.Problem, Promise] = {
    uscc.Problem.LENGTH: _(
        "A unified social credit code has 18 characters; “%(value)s” has %(length)s."
    ),
    uscc.Problem.CHARACTER: _(
        "“%(value)s” holds a character that no unified social credit code has. It consists of digits "
        "and capital letters without I, O, S, V and Z."
    ),
    uscc.Problem.DIVISION: _(
        "Positions 3 to 8 of “%(value)s” are the administrative division and must be digits."
    ),
    uscc.Problem.CHECK_CHARACTER: _(
        "The last character of “%(value)s” does not fit the 17 before it, so there is a slip "
        "somewhere in the code. Compare it with the business licence."
    ),
}


class CustomerDetails(TypedDict, total=False):
    """What may be said of a customer beside its unit, code and name."""

    short_name: str
    name_en: str
    sort_key: str
    uscc: str
    tax_number: str
    kind: str
    size_class: str
    segment: str
    industry: str
    region: str
    address: str
    legal_representative: str
    actual_controller: str
    established_on: date | None
    registered_capital: Decimal | None
    paid_in_capital: Decimal | None
    parent: Customer | None
    payment_terms: PaymentTerms | None
    currency: str
    sales_owner: User | None
    collector: User | None
    customer_since: date | None
    note: str


class CustomerChanges(CustomerDetails, total=False):
    """What may be changed later; the unit never, the status by `change_status`."""

    code: str
    name: str


EDITABLE = tuple(CustomerChanges.__annotations__)
AUDITED = ("code", "name", *CustomerDetails.__annotations__, "status")


@transaction.atomic
def create(
    *,
    unit: BusinessUnit,
    code: str,
    name: str,
    actor: User | None,
    status: str = Customer.Status.ACTIVE,
    **details: Unpack[CustomerDetails],
) -> Customer:
    """This function will add a customer to a unit, with search keys made from its name.

    :raises FieldRefused: if a value can not be taken, or code or USCC are in use in the unit
    :raises NotAllowed: if the unit is out of the actor's scope or closed for new customers
    """
    _check_unit(unit, actor)
    if details.get("parent") is not None:
        groups.lock_groups()
    customer = Customer(unit=unit, code=code, name=name, status=status)
    fields.assign(customer, details, allowed=EDITABLE)
    if customer.status == Customer.Status.CLOSED:
        raise FieldRefused(_("A new customer can not be closed."), field="status")
    _settle(customer, actor=actor, changed=set(EDITABLE), old_name="")
    audit.record(
        actor=actor,
        action="customer.created",
        target=customer,
        after=audit.snapshot(customer, fields=AUDITED),
    )
    return customer


@transaction.atomic
def update(
    *,
    customer: Customer,
    actor: User | None,
    expected_version: int | None,
    **changes: Unpack[CustomerChanges],
) -> Customer:
    """This function will change the given fields of a customer and leave the others.

    :raises FieldRefused: if a value can not be taken, or code or USCC are in use in the unit
    :raises StaleVersion: if somebody else changed the customer meanwhile
    """
    if "parent" in changes:
        groups.lock_groups()
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    refuse_stale(customer, expected=expected_version, message=fields.CHANGED)
    before, old_name = audit.snapshot(customer, fields=AUDITED), customer.name
    old = {name: getattr(customer, name) for name in changes}
    fields.assign(customer, changes, allowed=EDITABLE)
    changed = {name for name, value in old.items() if getattr(customer, name) != value}
    if not changed:
        return customer
    customer.version += 1
    _settle(customer, actor=actor, changed=changed, old_name=old_name)
    was, now_is = audit.changes(before, audit.snapshot(customer, fields=AUDITED))
    audit.record(actor=actor, action="customer.changed", target=customer, before=was, after=now_is)
    return customer


@transaction.atomic
def change_status(
    *,
    customer: Customer,
    status: str,
    reason: str,
    actor: User | None,
    expected_version: int | None = None,
) -> Customer:
    """This function will make a customer active, dormant or closed, for a reason.

    :raises DomainError: if the status can not follow the present one
    :raises FieldRefused: if the reason is missing
    :raises StaleVersion: if somebody else changed the customer meanwhile
    """
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    refuse_stale(customer, expected=expected_version, message=fields.CHANGED)
    if not lifecycle.may_become(customer.status, status):
        raise DomainError(
            _("%(name)s is “%(state)s” and can not become “%(wanted)s” from there."),
            code="status_transition",
            name=customer.name,
            state=customer.get_status_display(),
            wanted=dict(Customer.Status.choices).get(status, status),
        )
    reason = text.clean(reason)
    if not reason:
        raise FieldRefused(_("Say why the status changes."), field="reason", code="required")
    before = customer.status
    customer.status = status
    customer.version += 1
    customer.save(update_fields=["status", "version", "updated_at"])
    audit.record(
        actor=actor,
        action="customer.status_changed",
        target=customer,
        before={"status": before},
        after={"status": status, "reason": reason},
    )
    return customer


class Assignment(TypedDict, total=False):
    """Who looks after customers from now on; None is nobody, a missing member is no change."""

    sales_owner: User | None
    collector: User | None


@transaction.atomic
def assign(
    *, customer_ids: Collection[int], actor: User | None, **people: Unpack[Assignment]
) -> int:
    """This function will hand customers over, all or none; it returns how many things changed.

    :raises InvalidInput: if a customer is unknown to the actor or not in a unit of the person
    """
    changed = 0
    if "sales_owner" in people:
        changed += _hand_over(customer_ids, "sales_owner", people["sales_owner"], actor)
    if "collector" in people:
        changed += _hand_over(customer_ids, "collector", people["collector"], actor)
    return changed


@transaction.atomic
def _hand_over(ids: Collection[int], field: str, person: User | None, actor: User | None) -> int:
    wanted = set(ids)
    scope = customer_selectors.visible(user=actor).filter(pk__in=wanted)
    rows = list(scope.select_for_update(of=("self",), no_key=True).order_by("pk"))
    if len(rows) != len(wanted):
        raise InvalidInput(
            _("Some of the customers do not exist or are out of your scope. Nothing was changed."),
            code="unknown_customers",
        )
    for unit_id in {row.unit_id for row in rows}:
        _check_person(person, unit_id=unit_id, field=field)
    person_id = person.pk if person else None
    changed = [row for row in rows if getattr(row, f"{field}_id") != person_id]
    changes = [
        audit.Change(row, before={field: getattr(row, f"{field}_id")}, after={field: person_id})
        for row in changed
    ]
    Customer.objects.filter(pk__in=[row.pk for row in changed]).update(
        **{field: person}, version=F("version") + 1, updated_at=Now()
    )
    audit.record_many(actor=actor, action=f"customer.{field}_assigned", changes=changes)
    return len(changed)


def _settle(customer: Customer, *, actor: User | None, changed: set[str], old_name: str) -> None:
    """Bring a customer's values into their kept form, refuse what can not be taken, and save."""
    _normalise(customer)
    if {"name", "sort_key"} & changed:
        _name_keys(customer, old_name)
    fields.refuse_misfits(customer)
    if "uscc" in changed:
        check_uscc(customer.uscc)
    _check_values(customer)
    if "parent" in changed:
        groups.check_parent(customer_id=customer.pk, parent=customer.parent, actor=actor)
    for field in {"sales_owner", "collector"} & changed:
        _check_person(getattr(customer, field), unit_id=customer.unit_id, field=field)
    if "payment_terms" in changed and customer.payment_terms is not None:
        _check_terms(customer.payment_terms)
    fields.save(customer, taken=_taken(customer))


def _normalise(customer: Customer) -> None:
    for field in Customer._meta.fields:
        value = getattr(customer, field.attname)
        if isinstance(value, str) and field.editable and field.attname != "note":
            setattr(customer, field.attname, text.clean(value))
    customer.code_key = text.comparison_key(customer.code)
    customer.uscc = uscc.normalise(customer.uscc)
    customer.sort_key = " ".join(customer.sort_key.lower().split())


def _name_keys(customer: Customer, old_name: str) -> None:
    # A sort key that a person corrected is kept when the name changes, unless it was made by us.
    if not customer.sort_key or customer.sort_key == pinyin.sort_key(old_name):
        customer.sort_key = pinyin.sort_key(customer.name)
    customer.search_keys = pinyin.search_keys(customer.name, corrected=customer.sort_key)


def check_uscc(code: str) -> None:
    """This function will refuse a unified social credit code that is not well formed; empty is fine.

    :raises FieldRefused: naming what is wrong with it, without guessing the right one
    """
    problem = uscc.problem_of(code) if code else None
    if problem is not None:
        raise FieldRefused(
            USCC_SENTENCES[problem],
            field="uscc",
            code=f"uscc_{problem.value}",
            value=code,
            length=len(code),
        )


def _check_values(customer: Customer) -> None:
    if not customer.code_key:
        raise FieldRefused(_("Give the customer a code."), field="code", code="required")
    if not currencies.is_currency(customer.currency):
        raise FieldRefused(
            _("“%(currency)s” is not a currency with at most two decimals, such as CNY."),
            field="currency",
            currency=customer.currency,
        )
    for field in ("registered_capital", "paid_in_capital"):
        if (getattr(customer, field) or 0) < 0:
            raise FieldRefused(_("Capital can not be negative."), field=field)


def _check_unit(unit: BusinessUnit, actor: User | None) -> None:
    if actor is not None and not BusinessUnit.objects.visible_to(actor).filter(pk=unit.pk).exists():
        raise NotAllowed(_("You do not belong to this business unit."))
    if not unit.is_active:
        raise FieldRefused(
            _("The business unit %(unit)s takes no new customers."), field="unit", unit=unit.name
        )


def _check_person(person: User | None, *, unit_id: int, field: str) -> None:
    if person is None:
        return
    in_unit = person.sees_all_units or person.units.filter(pk=unit_id).exists()
    if not person.is_active or not in_unit:
        raise FieldRefused(
            _(
                "%(person)s does not work for the customer's business unit. Choose somebody who does."
            ),
            field=field,
            code="not_in_unit",
            person=person.get_display_name(),
        )


def _check_terms(terms: PaymentTerms) -> None:
    if not terms.is_active:
        raise FieldRefused(
            _("The payment terms “%(terms)s” are switched off. Choose others."),
            field="payment_terms",
            code="terms_inactive",
            terms=terms.get_name(),
        )


def _taken(customer: Customer) -> dict[str, FieldRefused]:
    return {
        "customer_code_once_a_unit": FieldRefused(
            _("The code %(value)s is already used in %(unit)s. Codes are compared without case and width."),
            field="code", code="code_taken", status=409, value=customer.code, unit=customer.unit.name,
        ),
        "customer_uscc_once_a_unit": FieldRefused(
            _("Another customer of %(unit)s already has the unified social credit code %(uscc)s."),
            field="uscc", code="uscc_taken", status=409, uscc=customer.uscc, unit=customer.unit.name,
        ),
    }  # fmt: skip
