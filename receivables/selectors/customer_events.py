"""What happened between us and a customer: documents, money, alerts, imports and the record, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.core import formats
from config.core.models import User
from customers.models import Customer
from customers.selectors import timeline
from receivables.models import ImportBatch, OpenItem, OverdueAlert
from receivables.selectors import alerts, imports

LEVELS = {
    OpenItem.Kind.RECEIPT: "success",
    OpenItem.Kind.BILL: "success",
    OpenItem.Kind.REVERSAL: "danger",
    OpenItem.Kind.WRITE_OFF: "warning",
}
READ, ALERTS_READ = 60, 20
# The trail's own words for what is told here with more: which document, how much.
TOLD_HERE = ("open_item.posted", "open_item.reversed")
TOLD_PREFIXES = ("alert.",)


@dataclass(frozen=True, slots=True)
class Event:
    """One line; `is_date`: the day is known, not the hour. `level` colours its dot."""

    at: datetime | date
    title: str
    note: str
    level: str
    url: str
    is_date: bool = False


def of_customer(*, customer: Customer, user: User, limit: int) -> list[Event]:
    """This function will return the latest `limit` events of a customer that the user may see.

    Documents count on their posting date, alerts on the day of their review, all else when it was
    recorded. A fixed number of queries.
    """
    documents = list(
        OpenItem.objects.visible_to(user)
        .filter(customer=customer)
        .select_related("reverses", "batch")
        .order_by("-posting_date", "-pk")[:READ]
    )
    events = [
        *_of_documents(documents),
        *_of_alerts(customer, user),
        *_of_imports(documents, user),
        *_of_record(customer, user, limit),
    ]
    zone = ZoneInfo(customer.unit.time_zone)
    return sorted(events, key=lambda event: _moment(event.at, zone), reverse=True)[:limit]


def _moment(at: datetime | date, zone: ZoneInfo) -> datetime:
    return at if isinstance(at, datetime) else datetime.combine(at, time.min, tzinfo=zone)


def _of_documents(documents: list[OpenItem]) -> Iterator[Event]:
    """Tell each document; several of one kind, day and currency in one line that opens the newest."""

    def alike(item: OpenItem) -> tuple[date, str, str]:
        return item.posting_date, item.kind, item.currency

    ordered = sorted(documents, key=lambda item: (*alike(item), item.pk), reverse=True)
    for (day, kind, currency), found in groupby(ordered, key=alike):
        same = list(found)
        total = sum(item.amount for item in same)
        yield Event(
            at=day,
            is_date=True,
            title=f"{OpenItem.Kind(kind).label} {currency} {formats.money(total)}",
            note=_documents_note(same),
            level=LEVELS.get(OpenItem.Kind(kind), "info"),
            url=_item_url(same[0]),
        )


def _documents_note(same: list[OpenItem]) -> str:
    newest = same[0]
    if len(same) > 1:
        others = len(same) - 1
        more = ngettext("%(count)s more", "%(count)s more", others) % {"count": others}
        return f"{newest.number} · {more}"
    if newest.reverses:
        return _("%(number)s reverses %(reversed)s") % {
            "number": newest.number,
            "reversed": newest.reverses.number,
        }
    return " · ".join(part for part in (newest.number, newest.text) if part)


def _item_url(item: OpenItem) -> str:
    route = "receipt" if item.kind == OpenItem.Kind.RECEIPT else "item"
    return reverse(f"receivables:{route}", args=[item.pk])


def _of_alerts(customer: Customer, user: User) -> Iterator[Event]:
    if not user.has_perm("receivables.view_overduealert"):
        return
    found = alerts.visible(user).filter(customer=customer).order_by("-raised_on", "-pk")
    for alert in found[:ALERTS_READ]:
        url = reverse("receivables:alert", args=[alert.pk])
        cause = alerts.cause_sentence(alert)
        yield Event(alert.raised_on, _("Alert raised"), cause, alert.level, url, is_date=True)
        yield from _of_handling(alert, url)


def _of_handling(alert: OverdueAlert, url: str) -> Iterator[Event]:
    if alert.escalated_at:
        to = alert.escalated_to.get_display_name() if alert.escalated_to else ""
        title = _("Alert escalated to %(name)s") % {"name": to}
        yield Event(alert.escalated_at, title, "", "danger", url)
    if alert.acknowledged_at and alert.acknowledged_by:
        name = alert.acknowledged_by.get_display_name()
        title = _("Alert acknowledged by %(name)s") % {"name": name}
        yield Event(alert.acknowledged_at, title, alert.note, "info", url)
    if alert.closed_at:
        note = " ".join(part for part in (alerts.ending(alert), alert.close_note) if part)
        yield Event(alert.closed_at, _("Alert closed"), note, "success", url)


def _of_imports(documents: Iterable[OpenItem], user: User) -> Iterator[Event]:
    if not user.has_perm("receivables.view_importbatch"):
        return
    wanted = {item.batch_id for item in documents if item.batch_id}
    batches = imports.visible(user=user).filter(Q(pk__in=wanted), finished_at__isnull=False)
    for batch in batches:
        yield _import(batch)


def _import(batch: ImportBatch) -> Event:
    assert batch.finished_at is not None  # asked for
    title = _("Documents imported")
    url = reverse("receivables:import_detail", args=[batch.pk])
    return Event(batch.finished_at, title, batch.file_name, "neutral", url)


def _of_record(customer: Customer, user: User, limit: int) -> Iterator[Event]:
    """Tell the trail of the record itself; each line opens its event, or the whole history."""
    history = reverse("customers:history", args=[customer.pk])
    opens = user.has_perm("core.view_auditevent")
    found = timeline.of_customer(
        customer=customer, user=user, limit=limit, but=TOLD_HERE, but_prefixes=TOLD_PREFIXES
    )
    for entry in found.entries:
        url = reverse("core:audit_event", args=[entry.id]) if opens else history
        yield Event(entry.at, entry.title, entry.note, entry.level, url)
