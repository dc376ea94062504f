"""The trail as a page: who did what to which record, when, before and after."""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from config.core.audit_labels import known, label_of
from config.core.list_pages import Order, page_by_key, sortable
from config.core.models import AuditEvent, AuditSeal, User
from config.core.permissions import person, requires
from config.core.selectors import audit
from config.core.views.forms import CleanForm, DateField

PAGE_SIZE = 100
RECORD = re.compile(r"[a-z]+\.[a-z]+:[^:\s]{1,40}", re.ASCII)


def _action_choices() -> list[tuple[str, str]]:
    return [("", gettext("All")), ("security.", gettext("Security events")), *known()]


class FilterForm(CleanForm):
    who = forms.ModelChoiceField(
        label=_("Who"), queryset=User.objects.none(), required=False, empty_label=_("All")
    )
    what = forms.ChoiceField(label=_("What"), choices=_action_choices, required=False)
    first = DateField(label=_("From"), required=False)
    last = DateField(label=_("To"), required=False)
    record = forms.CharField(
        label=_("Record"),
        max_length=110,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "customers.customer:7"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["who"].queryset = User.objects.order_by("username")  # type: ignore[attr-defined]

    def clean_record(self) -> str:
        record: str = self.cleaned_data["record"]
        if record and not RECORD.fullmatch(record):
            raise ValidationError(
                _("Write the kind and the key of the record, such as customers.customer:7.")
            )
        return record


@require_GET
@requires("core.view_auditevent")
def index(request: HttpRequest) -> HttpResponse:
    """List events, newest first."""
    form = FilterForm(request.GET)
    order = Order("id", descending=True)
    rows = sortable(_filtered(audit.visible_to(person(request)), form), order)
    page = page_by_key(
        rows,
        order=order,
        size=PAGE_SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    shown = [{"event": event, "label": label_of(event.action)} for event in page.rows]
    return render(request, "core/audit.html", {"form": form, "page": page, "rows": shown})


def _filtered(events: QuerySet[AuditEvent], form: FilterForm) -> QuerySet[AuditEvent]:
    if not form.is_valid():
        return events.none()
    asked = form.cleaned_data
    if asked["who"]:
        events = events.filter(actor=asked["who"])
    if asked["what"]:
        events = events.filter(action__startswith=asked["what"])
    if asked["record"]:
        kind, _colon, key = asked["record"].partition(":")
        events = events.filter(target_type=kind, target_id=key)
    return audit.between(events, first=asked["first"], last=asked["last"])


@require_GET
@requires("core.view_auditevent")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one event with what changed, and its place in the chain."""
    event = get_object_or_404(audit.visible_to(person(request)), pk=pk)
    context = {
        "event": event,
        "label": label_of(event.action),
        "changes": _changes(event),
        "seal": AuditSeal.objects.filter(event_id=pk).first(),
    }
    return render(request, "core/audit_event.html", context)


def _changes(event: AuditEvent) -> list[dict[str, str]]:
    """Return one line per member of before and after; values that are no object make one line."""
    before, after = _members(event.before), _members(event.after)
    names = list(dict.fromkeys([*before, *after]))
    return [
        {"name": name, "before": _text(before.get(name)), "after": _text(after.get(name))}
        for name in names
    ]


def _members(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"": value}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def timeline(request: HttpRequest, *, record: str, limit: int = 20) -> list[dict[str, Any]]:
    """Return a record's events for components/timeline.html; nothing for who may not read the trail.

    `record` is "customers.customer:7".
    """
    if not request.user.has_perm("core.view_auditevent"):
        return []
    kind, _colon, key = record.partition(":")
    events = audit.of_record(user=person(request), target_type=kind, target_id=key, limit=limit)
    return [
        {
            "at": event.recorded_at,
            "title": label_of(event.action),
            "note": str(event.actor or gettext("System")),
            "url": reverse("core:audit_event", args=[event.pk]),
        }
        for event in events
    ]
