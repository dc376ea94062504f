"""The pages of alerts: inbox, one alert, acknowledging, closing, and the card of the overview."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from config.core import clock, formats
from config.core.context import current_unit
from config.core.errors import DomainError
from config.core.lists import BulkAction, Empty, list_response
from config.core.permissions import person, requires
from config.core.views.forms import CleanForm, attempt
from config.core.views.session import is_ours
from receivables.models import AgingReview, OverdueAlert
from receivables.selectors import alerts as selector
from receivables.selectors import reviews as review_selector
from receivables.services import alerts
from receivables.views import alert_rules, worklist
from receivables.views.alert_list import (
    AlertFilter,
    address,
    customer_url,
    definition,
    items_url,
    rows_for,
    state_badge,
)

HANDLE = "receivables.handle_overduealert"
CARD_ROWS = 5
State = OverdueAlert.State


class NoteForm(CleanForm):
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=alerts.NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
        help_text=gettext_lazy("What is being done, by whom, until when."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class CloseForm(NoteForm):
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"), choices=[("", "—"), *OverdueAlert.CloseReason.choices]
    )
    field_order = ("reason", "note", "version")


def today_of(request: HttpRequest) -> date:
    unit = current_unit(request)
    return clock.today(unit.time_zone if unit else None)


@require_safe
@requires("receivables.view_overduealert")
def inbox(request: HttpRequest) -> HttpResponseBase:
    """Show the alerts that are not closed, the most severe first."""
    user, unit = person(request), current_unit(request)
    form = AlertFilter(request.GET, user=user)
    rows = rows_for(user, unit)
    can_handle = user.has_perm(HANDLE)
    bulk = []
    if can_handle:
        url = reverse("receivables:alerts_acknowledge")
        bulk = [BulkAction(label=_("Acknowledge with this note"), url=url)]
    return list_response(
        request,
        definition=definition(request, today=today_of(request), can_handle=can_handle),
        rows=form.apply(rows, user=user),
        template="receivables/alerts/list.html",
        context={
            "levels": selector.by_level(rows),
            "bulk_template": "receivables/alerts/_bulk_note.html",
        },
        form=form,
        bulk=bulk,
        empty=_empty(request),
        filename="alerts",
    )


def _empty(request: HttpRequest) -> Empty:
    user, unit = person(request), current_unit(request)
    reviews = AgingReview.objects.filter(unit__in=[unit.pk] if unit else user.unit_ids())
    if reviews.exists():
        return Empty(
            title=_("No alert waits."), icon="circle-check",
            text=_("The review looks again every night, and raises an alert when an item falls due or grows old."),
        )  # fmt: skip
    return Empty(
        title=_("No review has run yet."), icon="clock",
        text=_("It runs every night at 02:10. You can also run it now for yesterday."),
        url=address("receivables:reviews") if user.has_perm("receivables.run_review") else "",
        action=_("Run a review"),
    )  # fmt: skip


@require_safe
@requires("receivables.view_overduealert")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one alert: why, about what, what was done, what is next."""
    user = person(request)
    alert = get_object_or_404(selector.visible(user), pk=pk)
    about_items = selector.is_about_items(alert)
    items = list(selector.items_of(alert)[:20])
    named = {line["id"]: line["amount"] for line in alert.cause.get("items", ())}
    context = {
        "alert": alert,
        "badge": state_badge(alert),
        "sentence": selector.cause_sentence(alert),
        "rule_name": selector.rule_label(alert.rule),
        "next_step": selector.next_step(alert),
        "ending": selector.ending(alert),
        "figures": _figures(alert, today_of(request)),
        "rows": [_item_row(item, named.get(item.pk), today_of(request)) for item in items],
        "about_items": about_items,
        "more": max(0, alert.cause.get("count", 0) - len(items)) if about_items else 0,
        "items_url": items_url(alert),
        "customer_url": customer_url(alert),
        "related": [
            (a, selector.cause_sentence(a), state_badge(a)) for a in selector.related(alert)
        ],
        "events": _events(alert),
        "can_handle": user.has_perm(HANDLE) and alert.state != State.CLOSED,
    }
    return render(request, "receivables/alerts/detail.html", context)


def _item_row(item: Any, then: str | None, today: date) -> dict[str, Any]:
    days = (today - item.due_date).days
    return {
        "item": item, "then": then, "days": max(days, 0), "colour": formats.age_colour(days if days > 0 else 0),
        "url": address("receivables:item", item.pk),
    }  # fmt: skip


def _figures(alert: OverdueAlert, today: date) -> list[dict[str, Any]]:
    cause = alert.cause
    strip = [
        {
            "label": _("Amount"), "value": formats.money(alert.amount), "unit": alert.currency,
            "note": _("when the alert was raised"), "url": items_url(alert),
        },
    ]  # fmt: skip
    if "days" in cause:
        strip.append(
            {
                "label": _("Oldest item"),
                "value": formats.number(cause["days"]),
                "unit": _("days overdue"),
            }
        )
    if "count" in cause:
        strip.append(
            {"label": _("Items"), "value": formats.number(cause["count"]), "url": items_url(alert)}
        )
    if "share" in cause:
        total = formats.money(formats.Decimal(cause["total"]))
        strip.append(
            {
                "label": _("Share of receivables"), "value": cause["share"], "unit": "%",
                "note": _("of %(total)s %(currency)s") % {"total": total, "currency": alert.currency},
            }
        )  # fmt: skip
    waits = (alert.closed_at.date() if alert.closed_at else today) - alert.raised_on
    strip.append({"label": _("Waits"), "value": formats.number(waits.days), "unit": _("days")})
    owner = alert.owner.get_display_name() if alert.owner else _("Nobody")
    strip.append({"label": _("Owner"), "value": owner})
    return strip


def _events(alert: OverdueAlert) -> list[dict[str, Any]]:
    """Return what happened to the alert, newest first."""
    events: list[dict[str, Any]] = [
        {
            "at": alert.raised_on,
            "is_date": True,
            "level": alert.level,
            "title": _("Raised by the review of this day"),
        }
    ]
    if alert.escalated_at:
        to = alert.escalated_to.get_display_name() if alert.escalated_to else ""
        title = _("Escalated to %(name)s") % {"name": to}
        events.append({"at": alert.escalated_at, "level": "danger", "title": title})
    if alert.acknowledged_at and alert.acknowledged_by:
        title = _("Acknowledged by %(name)s") % {"name": alert.acknowledged_by.get_display_name()}
        events.append(
            {"at": alert.acknowledged_at, "level": "info", "title": title, "note": alert.note}
        )
    if alert.closed_at:
        who = alert.closed_by.get_display_name() if alert.closed_by else _("the nightly review")
        title = _("Closed by %(name)s") % {"name": who}
        note = f"{selector.ending(alert)} {alert.close_note}".strip()
        events.append({"at": alert.closed_at, "level": "success", "title": title, "note": note})
    head, *rest = events
    return [*sorted(rest, key=lambda event: event["at"], reverse=True), head]


# Handling -----------------------------------------------------------------------------------------


@requires(HANDLE)
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a note and acknowledge: a dialog for htmx, a page without it."""
    alert = get_object_or_404(selector.visible(person(request)), pk=pk)
    form = NoteForm(request.POST or None, initial={"version": alert.version})
    if request.method == "POST" and form.is_valid():
        done = attempt(form, lambda: alerts.acknowledge(
            alert=alert, note=form.cleaned_data["note"], actor=person(request), now=clock.now(),
            expected_version=form.cleaned_data["version"],
        ))  # fmt: skip
        if done:
            messages.success(request, _("The alert is acknowledged."))
            return _after(request, alert)
    return _ask(request, alert, form, title=_("Acknowledge the alert"), submit=_("Acknowledge"))


@requires(HANDLE)
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for reason and note and close: a dialog for htmx, a page without it."""
    alert = get_object_or_404(selector.visible(person(request)), pk=pk)
    form = CloseForm(request.POST or None, initial={"version": alert.version})
    if request.method == "POST" and form.is_valid():
        done = attempt(form, lambda: alerts.close(
            alert=alert, reason=form.cleaned_data["reason"], note=form.cleaned_data["note"], actor=person(request),
            now=clock.now(), expected_version=form.cleaned_data["version"],
        ))  # fmt: skip
        if done:
            messages.success(request, _("The alert is closed."))
            return _after(request, alert)
    return _ask(request, alert, form, title=_("Close the alert"), submit=_("Close"))


def _ask(
    request: HttpRequest, alert: OverdueAlert, form: NoteForm, *, title: str, submit: str
) -> HttpResponse:
    is_fragment = bool(request.headers.get("HX-Request"))
    template = (
        "receivables/alerts/_dialog.html" if is_fragment else "receivables/alerts/handle.html"
    )
    context = {
        "alert": alert, "sentence": selector.cause_sentence(alert), "form": form, "dialog_title": title,
        "submit": submit, "action": request.path, "next": request.GET.get("next", ""),
    }  # fmt: skip
    return render(request, template, context, status=422 if form.errors else 200)


def _after(request: HttpRequest, alert: OverdueAlert) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    asked = request.POST.get("next", "")
    return redirect(
        asked if is_ours(request, asked) else reverse("receivables:alert", args=[alert.pk])
    )


@require_POST
@requires(HANDLE)
def acknowledge_many(request: HttpRequest) -> HttpResponse:
    """Acknowledge the chosen alerts with one note."""
    chosen = [
        int(text)
        for text in request.POST.getlist("selected")
        if text.isascii() and text.isdigit() and len(text) < 19
    ]
    mine = selector.visible(person(request)).filter(pk__in=chosen[:1000])
    try:
        done = alerts.acknowledge_many(
            ids=mine.values_list("pk", flat=True), note=request.POST.get("note", ""), actor=person(request),
            now=clock.now(),
        )  # fmt: skip
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        sentence = ngettext(
            "%(count)s alert is acknowledged.", "%(count)s alerts are acknowledged.", done
        )
        messages.success(request, sentence % {"count": done})
        if left := len(chosen) - done:
            messages.info(
                request, _("%(count)s of the chosen were not open any more.") % {"count": left}
            )
    asked = request.POST.get("next", "")
    return redirect(asked if is_ours(request, asked) else "receivables:alerts")


# The overview's card ------------------------------------------------------------------------------


@require_safe
@requires("receivables.view_overduealert")
def card(request: HttpRequest) -> HttpResponse:
    """Show last night's review in a few lines: when, how many, and the worst that nobody has seen to."""
    user, unit = person(request), current_unit(request)
    found = rows_for(user, unit)
    last = (
        review_selector.visible(user)
        .filter(**({"unit": unit} if unit else {}))
        .order_by("-as_of", "-pk")
        .first()
    )
    waiting = found.filter(state=State.OPEN).order_by("-severity", "-raised_on", "-pk")
    rows = [
        {"alert": a, "sentence": selector.cause_sentence(a), "step": selector.next_step(a)}
        for a in waiting[:CARD_ROWS]
    ]
    context = {
        "last": last, "rows": rows, "count": waiting.count(), "can_handle": user.has_perm(HANDLE),
        "back": reverse("receivables:alerts"),
    }  # fmt: skip
    return render(request, "receivables/alerts/_card.html", context)


urlpatterns = [
    path("alerts/", inbox, name="alerts"),
    path("alerts/acknowledge/", acknowledge_many, name="alerts_acknowledge"),
    path("alerts/card/", card, name="alerts_card"),
    path("alerts/rules/", alert_rules.rules, name="alert_rules"),
    path("alerts/rules/<int:pk>/", alert_rules.change, name="alert_rule"),
    path("alerts/<int:pk>/", detail, name="alert"),
    path("alerts/<int:pk>/acknowledge/", acknowledge, name="alert_acknowledge"),
    path("alerts/<int:pk>/close/", close, name="alert_close"),
    path("worklist/", worklist.page, name="worklist"),
]
