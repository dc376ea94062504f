"""The trail: every write records who, what, before and after, in its own transaction.

Writers only append; `config.core.services.audit_chain` links the rows afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from uuid import UUID

from django.db import models

from config.core import request_context
from config.core.models import AuditEvent, BusinessUnit, User

TEXT_LIMIT = 2000
# Values under these names never reach the trail; the second set keeps its last four characters.
SECRET_NAMES = ("password", "secret", "token", "digest", "session")
PERSONAL_NAMES = (
    "bank_account",
    "account_number",
    "card_number",
    "id_number",
    "phone",
    "mobile",
    "email",
)
HIDDEN = "•••"


@dataclass(frozen=True)
class Subject:
    """What an event is about when there is no row for it, e.g. a page that was refused."""

    type: str
    id: str = ""
    label: str = ""


@dataclass(frozen=True)
class Change:
    """One row's part of a bulk operation, for `record_many`."""

    target: models.Model
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
    customer_key: int | None = None


def record(
    *,
    actor: User | None,
    action: str,
    target: models.Model | Subject,
    unit: BusinessUnit | None = None,
    customer_key: int | None = None,
    before: object = None,
    after: object = None,
) -> AuditEvent:
    """This function will append one event to the trail, in the caller's transaction.

    `action` is a dotted name in the past, e.g. "receipt.allocated". The unit and the customer are
    taken from the target (`unit_id`, `customer_id`) unless given. `actor` is None for the system.
    """
    event = _event(
        actor=actor,
        action=action,
        target=target,
        unit=unit,
        customer_key=customer_key,
        before=before,
        after=after,
    )
    event.save(force_insert=True)
    return event


def record_many(
    *, actor: User | None, action: str, changes: Sequence[Change], unit: BusinessUnit | None = None
) -> int:
    """This function will append one event per change with few statements; it returns their number."""
    events = [
        _event(
            actor=actor,
            action=action,
            target=change.target,
            unit=unit,
            customer_key=change.customer_key,
            before=change.before,
            after=change.after,
        )
        for change in changes
    ]
    AuditEvent.objects.bulk_create(events, batch_size=1000)
    return len(events)


def snapshot(instance: models.Model, *, fields: Iterable[str]) -> dict[str, object]:
    """This function will return the named fields of a row as the trail writes them."""
    return {name: safe(getattr(instance, name), name=name) for name in fields}


def changes(
    before: Mapping[str, object], after: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """This function will return only what differs between two snapshots, old and new."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def safe(value: object, *, name: str = "") -> object:
    """This function will return `value` as JSON can hold it, with secrets and personal data masked."""
    lowered = name.lower()
    if value not in (None, "") and any(part in lowered for part in SECRET_NAMES):
        return HIDDEN
    if isinstance(value, str) and value and any(part in lowered for part in PERSONAL_NAMES):
        return mask(value)
    if isinstance(value, Mapping):
        return {_text(str(key)): safe(inner, name=str(key)) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return [safe(inner, name=name) for inner in items]
    return _scalar(value)


def mask(text: str) -> str:
    """This function will hide all but the end of a number or address that belongs to a person."""
    return HIDDEN + text[-4:] if len(text) > 6 else HIDDEN


def _scalar(value: object) -> object:
    if value is None or isinstance(value, (bool, int)):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Enum):
        return _scalar(value.value)
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, (float, UUID)):
        return str(value)
    return _text(str(value))


def _text(text: str) -> str:
    # PostgreSQL holds neither NUL nor lone surrogates.
    clean = text.replace("\x00", "␀").encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= TEXT_LIMIT else clean[:TEXT_LIMIT] + "…"


def _event(
    *,
    actor: User | None,
    action: str,
    target: models.Model | Subject,
    unit: BusinessUnit | None,
    customer_key: int | None,
    before: object,
    after: object,
) -> AuditEvent:
    context = request_context.current()
    subject = _subject(target)
    return AuditEvent(
        actor=actor if actor is not None and actor.pk else None,
        action=action,
        target_type=subject.type[:60],
        target_id=_text(subject.id)[:40],
        target_label=_text(subject.label)[:200],
        unit_id=_unit_id(target, unit),
        customer_key=customer_key if customer_key is not None else _customer_key(target),
        before=None if before is None else safe(before),
        after=None if after is None else safe(after),
        request_id=context.request_id[:40],
        address=context.address[:45],
        idempotency_key=context.idempotency_key[:255],
    )


def _subject(target: models.Model | Subject) -> Subject:
    if isinstance(target, Subject):
        return target
    return Subject(type=target._meta.label_lower, id=str(target.pk), label=str(target))


def _unit_id(target: models.Model | Subject, unit: BusinessUnit | None) -> int | None:
    if unit is not None:
        return int(unit.pk)
    if isinstance(target, BusinessUnit):
        return int(target.pk)
    found = getattr(target, "unit_id", None)
    return found if isinstance(found, int) else None


def _customer_key(target: models.Model | Subject) -> int | None:
    if isinstance(target, models.Model) and target._meta.label_lower == "customers.customer":
        return int(target.pk)
    found = getattr(target, "customer_id", None)
    return found if isinstance(found, int) else None
