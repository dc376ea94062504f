"""What happened to an item, told for people from the trail; and finding items by number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext

from config.core import formats
from config.core.audit_labels import label_of
from config.core.models import AuditEvent, User
from config.core.search import Hit
from receivables.models import OpenItem
from receivables.selectors import items

LEVELS = {
    "open_item.posted": "success",
    "open_item.reversed": "danger",
    "allocation.made": "info",
    "allocation.taken_back": "warning",
}
MOST = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline; `level` colours its dot."""

    at: datetime
    title: str
    note: str
    level: str


def of_item(*, item: OpenItem, allocation_ids: Iterable[int]) -> list[Entry]:
    """This function will return the events of an item and its allocations, newest first."""
    own = Q(target_type="receivables.openitem", target_id=str(item.pk))
    applied = Q(
        target_type="receivables.allocation", target_id__in=[str(pk) for pk in allocation_ids]
    )
    events = AuditEvent.objects.filter(own | applied).select_related("actor").order_by("-pk")
    return [_entry(event, item) for event in events[:MOST]]


def _entry(event: AuditEvent, item: OpenItem) -> Entry:
    title = label_of(event.action)
    actor = event.actor.get_display_name() if event.actor else gettext("System")
    details = _details(event, item)
    return Entry(
        at=event.recorded_at,
        title=title[:1].upper() + title[1:],
        note=" · ".join(part for part in (actor, details) if part),
        level=LEVELS.get(event.action, "neutral"),
    )


def _details(event: AuditEvent, item: OpenItem) -> str:
    after: Mapping[str, Any] = event.after if isinstance(event.after, Mapping) else {}
    before: Mapping[str, Any] = event.before if isinstance(event.before, Mapping) else {}
    if event.target_type == "receivables.allocation":
        other = after.get("credit") if item.is_debit else after.get("debit")
        return f"{other} {formats.money(_amount(after))} {after.get('currency', '')}".strip()
    if event.action == "open_item.classified":
        names = dict(OpenItem.Cause.choices)
        old, new = (names.get(facts.get("cause", "")) for facts in (before, after))
        return f"{old} → {new}"
    return str(after.get("reason", ""))


def _amount(facts: Mapping[str, Any]) -> Decimal:
    return Decimal(str(facts.get("amount", "0")))


def find(*, user: User, query: str, limit: int) -> list[Hit]:
    """This function will return the items whose number begins with what was typed."""
    return [
        Hit(
            label=item.number,
            url=reverse("receivables:item", args=[item.pk]),
            note=f"{item.get_kind_display()} · {item.customer.name} · {item.currency} {formats.money(item.amount)}",
        )
        for item in items.find_numbers(user=user, text=query, limit=limit)
    ]
