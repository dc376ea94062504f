"""What happened to an item, told for people from the trail; and finding items by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from receivables.models import Allocation, OpenItem
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


def of_item(*, item: OpenItem, allocations: Sequence[Allocation]) -> list[Entry]:
    """This function will return what happened to an item and to its allocations, newest first.

    What an import wrote has one event for the whole file; its rows tell of themselves.
    """
    own = Q(target_type="receivables.openitem", target_id=str(item.pk))
    applied = Q(
        target_type="receivables.allocation", target_id__in=[str(row.pk) for row in allocations]
    )
    events = AuditEvent.objects.filter(own | applied).select_related("actor").order_by("-pk")
    known = list(events[:MOST])
    told = {(event.target_type, event.target_id) for event in known if event.action in LEVELS}
    entries = [_entry(event, item) for event in known]
    entries += [
        _of_row(row, item)
        for row in allocations
        if ("receivables.allocation", str(row.pk)) not in told
    ]
    if not any(event.action == "open_item.posted" for event in known):
        entries.append(_posted(item))
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:MOST]


def _entry(event: AuditEvent, item: OpenItem) -> Entry:
    return _told(event.action, event.recorded_at, event.actor, _details(event, item))


def _posted(item: OpenItem) -> Entry:
    details = item.batch.file_name if item.batch else ""
    return _told("open_item.posted", item.recorded_at, item.recorded_by, details)


def _of_row(row: Allocation, item: OpenItem) -> Entry:
    other = row.credit_item if item.is_debit else row.debit_item
    action = "allocation.taken_back" if row.reverses_id else "allocation.made"
    details = f"{other.number} {formats.money(row.amount)} {row.currency}"
    return _told(action, row.recorded_at, row.recorded_by, details)


def _told(action: str, at: datetime, actor: User | None, details: str) -> Entry:
    title = label_of(action)
    name = actor.get_display_name() if actor else gettext("System")
    return Entry(
        at=at,
        title=title[:1].upper() + title[1:],
        note=" · ".join(part for part in (name, details) if part),
        level=LEVELS.get(action, "neutral"),
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
