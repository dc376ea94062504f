"""What happened to a customer, told for people from the trail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext

from config.core import formats
from config.core.audit_labels import label_of
from config.core.models import AuditEvent, User
from customers.models import Contact, Customer, PaymentTerms
from customers.selectors.customers import visible

LEVELS = {"customer.created": "success", "customer.status_changed": "warning"}
# What is told of a change; keys made by us are not.
REFERENCES: Mapping[str, type[Model]] = {
    "sales_owner": User,
    "collector": User,
    "payment_terms": PaymentTerms,
    "parent": Customer,
}
NOT_TOLD = frozenset({"search_keys", "code_key"})
TOLD_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline; `level` colours its dot."""

    id: int
    at: datetime
    title: str
    note: str
    level: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    entries: list[Entry]
    older_than: int | None  # the id to go on from, None at the end


def of_customer(
    *,
    customer: Customer,
    user: User,
    limit: int,
    before: int | None = None,
    but: Collection[str] = (),
    but_prefixes: Collection[str] = (),
) -> Timeline:
    """This function will return the latest events of a customer, newest first.

    `before` is the id of an event: only older ones are told. Actions in `but`, or beginning with one of
    `but_prefixes`, are left to who tells them better. A few queries, whatever the limit.
    """
    events = AuditEvent.objects.filter(customer_key=customer.pk).select_related("actor")
    if before is not None:
        events = events.filter(pk__lt=before)
    if but:
        events = events.exclude(action__in=but)
    for prefix in but_prefixes:
        events = events.exclude(action__startswith=prefix)
    rows = list(events.order_by("-pk")[: limit + 1])
    shown = rows[:limit]
    names = _names(shown, user)
    entries = [_entry(event, names) for event in shown]
    return Timeline(entries, shown[-1].pk if len(rows) > limit else None)


def _entry(event: AuditEvent, names: Mapping[tuple[str, int], str]) -> Entry:
    title = label_of(event.action)
    actor = event.actor.get_display_name() if event.actor else gettext("System")
    details = _details(event, names)
    return Entry(
        id=event.pk,
        at=event.recorded_at,
        title=title[:1].upper() + title[1:],
        note=" · ".join(part for part in (actor, details) if part),
        level=LEVELS.get(event.action, "neutral"),
    )


def _details(event: AuditEvent, names: Mapping[tuple[str, int], str]) -> str:
    before, after = _mapping(event.before), _mapping(event.after)
    if event.target_type == "customers.contact":
        return _contact_details(after or before)
    if event.target_type != "customers.customer":
        return event.target_label
    if event.action == "customer.created":
        return ""
    told = [
        _change(name, before.get(name), after.get(name), names)
        for name in after
        if name != "reason" and name not in NOT_TOLD
    ]
    if after.get("reason"):
        told.append(str(after["reason"]))
    if len(told) > TOLD_AT_ONCE:
        more = gettext("%(count)s more") % {"count": len(told) - TOLD_AT_ONCE}
        told = [*told[:TOLD_AT_ONCE], more]
    return "; ".join(told)


def _contact_details(values: Mapping[str, Any]) -> str:
    role = dict(Contact.Role.choices).get(values.get("role", ""), "")
    changed = [_label(Contact, name) for name in values.get("fields", ())]
    return ": ".join(part for part in (str(role), ", ".join(changed)) if part)


def _change(name: str, old: Any, new: Any, names: Mapping[tuple[str, int], str]) -> str:
    was, now_is = _word(name, old, names), _word(name, new, names)
    return f"{_label(Customer, name)}: {was} → {now_is}"


def _word(name: str, value: Any, names: Mapping[tuple[str, int], str]) -> str:
    if value in (None, ""):
        return formats.DASH
    if name in REFERENCES:
        return names.get((name, value), gettext("(out of your scope)"))
    choices = _choices(name)
    return str(choices.get(value, value))


def _choices(name: str) -> Mapping[Any, Any]:
    found = getattr(Customer._meta.get_field(name), "choices", None) if _has(name) else None
    return dict(found or ())


def _label(model: type[Model], name: str) -> str:
    known = {field.name: field for field in model._meta.get_fields()}
    label = str(getattr(known.get(name), "verbose_name", name))
    return label[:1].upper() + label[1:]


def _has(name: str) -> bool:
    return any(field.name == name for field in Customer._meta.get_fields())


def _names(events: Iterable[AuditEvent], user: User) -> dict[tuple[str, int], str]:
    """Return the names of what the events refer to, by (field, id)."""
    wanted: dict[str, set[int]] = {}
    for event in events:
        if event.target_type != "customers.customer" or event.action == "customer.created":
            continue
        for values in (_mapping(event.before), _mapping(event.after)):
            for field in REFERENCES.keys() & values.keys():
                if isinstance(values[field], int):
                    wanted.setdefault(field, set()).add(values[field])
    read: dict[type[Model], Callable[[set[int]], Iterable[Any]]] = {
        User: lambda ids: User.objects.filter(pk__in=ids),
        PaymentTerms: lambda ids: PaymentTerms.objects.filter(pk__in=ids),
        Customer: lambda ids: visible(user=user).filter(pk__in=ids),
    }
    return {
        (field, row.pk): str(row)
        for field, ids in wanted.items()
        for row in read[REFERENCES[field]](ids)
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
