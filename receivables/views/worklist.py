"""The work queue (待办): what waits for the person who is signed in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.core import clock, formats
from config.core.context import current_unit
from config.core.permissions import person, requires
from receivables.models import OpenItem
from receivables.selectors import alerts as alert_selector
from receivables.selectors import worklist as selector
from receivables.selectors.worklist import AlertPart, ItemPart
from receivables.views.alert_list import address, customer_url

TITLES: dict[str, tuple[str | Promise, str | Promise, str]] = {
    "mine": (gettext_lazy("My open alerts"), gettext_lazy("Nobody waits for you here."), "bell"),
    "escalated": (
        gettext_lazy("Escalated to me"),
        gettext_lazy("Nothing was escalated to you."),
        "flag",
    ),
    "newly_overdue": (
        gettext_lazy("Newly overdue"),
        gettext_lazy("Nothing fell due unpaid."),
        "alert-circle",
    ),
    "due_soon": (
        gettext_lazy("Due within 7 days"),
        gettext_lazy("Nothing falls due this week."),
        "calendar-event",
    ),
    "unapplied": (
        gettext_lazy("Receipts not applied"),
        gettext_lazy("All money received is applied."),
        "cash",
    ),
    "unclassified": (
        gettext_lazy("Overdue more than 30 days, no arrears type"),
        gettext_lazy("Every old debt has its arrears type."),
        "tag",
    ),
}


@require_safe
@requires("receivables.view_overduealert", "receivables.view_openitem")
def page(request: HttpRequest) -> HttpResponse:
    """Show each part of the queue: its count, its total, the first few, and the way to all."""
    user, unit = person(request), current_unit(request)
    today = clock.today(unit.time_zone if unit else None)
    whose = request.GET.get("whose", "")
    found = selector.worklist(
        user=user,
        today=today,
        unit_id=unit.pk if unit else None,
        is_own={"mine": True, "all": False}.get(whose),
    )
    context = {
        "today": today,
        "worklist": found,
        "alert_parts": [_alert_part(part) for part in found.alerts],
        "item_parts": [_item_part(part, today=today) for part in found.items],
        "can_handle": user.has_perm("receivables.handle_overduealert"),
        "back": reverse("receivables:worklist"),
    }
    return render(request, "receivables/worklist.html", context)


def _head(code: str) -> dict[str, Any]:
    title, empty, icon = TITLES[code]
    return {"code": code, "title": title, "empty": empty, "icon": icon}


def _alert_part(part: AlertPart) -> dict[str, Any]:
    asked = {"owner": "me", "state": "open"} if part.code == "mine" else {"escalated": "me"}
    rows = [
        {"alert": a, "sentence": alert_selector.cause_sentence(a), "customer_url": customer_url(a)}
        for a in part.rows
    ]
    return {
        **_head(part.code),
        "count": part.count,
        "rows": rows,
        "url": address("receivables:alerts", **asked),
    }


def _item_part(part: ItemPart, *, today: Any) -> dict[str, Any]:
    asked: dict[str, object] = {"state": "open", "due_from": part.due_from, "due_to": part.due_to}
    name = "receivables:items"
    if part.code == "unapplied":
        name, asked = "receivables:receipts", {"state": "open"}
    else:
        asked["direction"] = OpenItem.Direction.DEBIT.value
    if part.code == "unclassified":
        asked["cause"] = "none"
    return {
        **_head(part.code), "count": part.count, "totals": part.totals, "url": address(name, **asked),
        "rows": [_item_row(item, part, today) for item in part.rows],
    }  # fmt: skip


def _item_row(item: OpenItem, part: ItemPart, today: Any) -> dict[str, Any]:
    late = (today - item.due_date).days
    if part.code == "unapplied":
        word = _("received %(day)s") % {
            "day": formats.day(item.posting_date, language=get_language())
        }
    elif late > 0:
        word = ngettext("%(days)s day overdue", "%(days)s days overdue", late) % {"days": late}
    elif late == 0:
        word = _("due today")
    else:
        word = ngettext("due in %(days)s day", "due in %(days)s days", -late) % {"days": -late}
    return {
        "item": item, "word": word, "colour": formats.age_colour(late) if part.code != "unapplied" else None,
        "url": address("receivables:item", item.pk), "customer_url": address("customers:detail", item.customer_id),
    }  # fmt: skip
