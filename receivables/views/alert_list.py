"""The list of alerts: its columns, filters and what a row says."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.core import formats
from config.core.list_columns import Badge, Column
from config.core.lists import ListDefinition
from config.core.models import BusinessUnit, User
from config.core.views.forms import CleanForm, DateField
from receivables.domain import alerts as rules_of
from receivables.models import AlertRule, OverdueAlert
from receivables.selectors import alerts as selector

State = OverdueAlert.State
LEVEL_NAMES = {"red": _("Red: act today"), "orange": _("Orange: act"), "yellow": _("Yellow: watch")}
SHORT_LEVELS = {"red": _("Red"), "orange": _("Orange"), "yellow": _("Yellow")}
ME = "me"


def address(name: str, *args: object, **query: object) -> str:
    """Return the address of a route with a query, or "" where the product has no such page."""
    try:
        url = reverse(name, args=args or None)
    except NoReverseMatch:
        return ""
    kept = {k: str(v) for k, v in query.items() if v not in (None, "")}
    return f"{url}?{urlencode(kept)}" if kept else url


def customer_url(alert: OverdueAlert) -> str:
    return address("customers:detail", alert.customer_id)


def items_url(alert: OverdueAlert) -> str:
    """Return the address of all items an alert is about."""
    cause = alert.cause
    if selector.is_about_items(alert):
        return address(
            "receivables:items", customer=alert.customer_id, currency=alert.currency, state="open",
            due_from=cause["due_from"], due_to=cause["due_to"],
        )  # fmt: skip
    overdue = "overdue" if alert.rule.kind == AlertRule.Kind.OVERDUE_AMOUNT else ""
    return address("receivables:items", customer=alert.customer_id, state="open", bucket=overdue)


def state_badge(alert: OverdueAlert) -> Badge:
    if alert.state == State.CLOSED:
        return Badge(
            selector.ending(alert) if not alert.close_reason else alert.get_close_reason_display(),
            "neutral",
        )
    if alert.state == State.ACKNOWLEDGED:
        return Badge(State.ACKNOWLEDGED.label, "info")
    return (
        Badge(gettext("Escalated"), "danger")
        if alert.escalated_at
        else Badge(State.OPEN.label, "notice")
    )


def level_dot(alert: OverdueAlert) -> str:
    css = formats.level_class(alert.level)
    word = SHORT_LEVELS[alert.level]
    return format_html(
        '<span class="zq-dot-line" title="{}"><span class="zq-dot {}" aria-hidden="true"></span>{}</span>',
        LEVEL_NAMES[alert.level],
        css,
        word,
    )


def _amount(alert: OverdueAlert) -> str:
    return format_html(
        '<span class="zq-faint">{}</span> {}', alert.currency, formats.money(alert.amount)
    )


class AlertFilter(CleanForm):
    folded = ("rule", "escalated", "raised_from", "raised_to")

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Not closed")), *State.choices, ("all", _("All"))],
    )
    level = forms.ChoiceField(
        label=_("Level"), required=False, choices=[("", _("All")), *LEVEL_NAMES.items()]
    )
    rule = forms.ChoiceField(label=_("Rule"), required=False)
    owner = forms.ChoiceField(label=_("Owner"), required=False)
    escalated = forms.ChoiceField(
        label=_("Escalated"),
        required=False,
        choices=[("", _("All")), (ME, _("To me")), ("any", _("To anybody"))],
    )
    raised_from = DateField(label=_("Raised from"), required=False)
    raised_to = DateField(label=_("to"), required=False)
    customer = forms.IntegerField(
        required=False, widget=forms.HiddenInput, min_value=1, max_value=2**53
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules = [(r.code, selector.rule_label(r)) for r in AlertRule.objects.order_by("pk")]
        self.fields["rule"].choices = [("", _("All")), *rules]  # type: ignore[attr-defined]
        owners = User.objects.filter(
            pk__in=OverdueAlert.objects.visible_to(user).order_by().values("owner")
        )
        names = [
            (str(o.pk), o.get_display_name()) for o in owners.order_by("display_name", "username")
        ]
        self.fields["owner"].choices = [  # type: ignore[attr-defined]
            ("", _("All")), (ME, _("Me")), *names, ("none", _("Nobody")),
        ]  # fmt: skip

    def apply(self, found: QuerySet[OverdueAlert], *, user: User) -> QuerySet[OverdueAlert]:
        """Limit alerts to what was asked; a field with an error limits nothing."""
        self.is_valid()
        given = {
            name: value for name, value in self.cleaned_data.items() if value not in (None, "")
        }
        plain = {
            "level": "level", "rule": "rule__code", "customer": "customer", "raised_from": "raised_on__gte",
            "raised_to": "raised_on__lte",
        }  # fmt: skip
        found = found.filter(
            **{plain[name]: value for name, value in given.items() if name in plain}
        )
        found = self._by_state(found, given.get("state", ""))
        found = self._by_owner(found, given.get("owner", ""), user)
        if given.get("escalated") == ME:
            return found.filter(escalated_to=user)
        return found.exclude(escalated_at=None) if given.get("escalated") else found

    def _by_state(self, found: QuerySet[OverdueAlert], state: str) -> QuerySet[OverdueAlert]:
        if state == "all":
            return found
        return found.filter(state=state) if state else found.exclude(state=State.CLOSED)

    def _by_owner(
        self, found: QuerySet[OverdueAlert], owner: str, user: User
    ) -> QuerySet[OverdueAlert]:
        if owner == "none":
            return found.filter(owner=None)
        if owner:
            return found.filter(owner=user.pk if owner == ME else int(owner))
        return found


def rows_for(user: User, unit: BusinessUnit | None) -> QuerySet[Any]:
    """Return the alerts of the page's unit with what the columns sort by."""
    found = selector.visible(user)
    if unit is not None:
        found = found.filter(unit=unit)
    ranks = [When(level=level, then=Value(rank)) for rank, level in enumerate(rules_of.LEVELS)]
    return found.annotate(
        severity=Case(*ranks, default=Value(0), output_field=IntegerField()),
        days=Cast(KT("cause__days"), IntegerField()),
    )


def definition(request: HttpRequest, *, today: date, can_handle: bool) -> ListDefinition:
    """Return the table; who may handle alerts gets a button in every row that waits for one."""

    def button(alert: OverdueAlert) -> str:
        if not can_handle or alert.state == State.CLOSED:
            return ""
        is_open = alert.state == State.OPEN
        url = reverse(
            "receivables:alert_acknowledge" if is_open else "receivables:alert_close",
            args=[alert.pk],
        )
        word = gettext("Acknowledge") if is_open else gettext("Close")
        return format_html(
            '<a class="btn btn-sm" href="{}" hx-get="{}" hx-target="#alert-dialog">{}</a>',
            url,
            url,
            word,
        )

    columns = [
        Column(key="level", label=_("Level"), html=level_dot, sort="severity", descends_first=True, is_fixed=True,
               value=lambda a: str(SHORT_LEVELS[a.level])),
        Column(key="cause", label=_("Cause"), kind="wrap", value=selector.cause_sentence, is_fixed=True,
               link=lambda a: reverse("receivables:alert", args=[a.pk]), width=50, css="zq-cell-wide"),
        Column(key="customer", label=_("Customer"), value=lambda a: a.customer.name, link=customer_url,
               sort="customer__sort_key", width=30, css="zq-cell-name"),
        Column(key="state", label=_("State"), kind="badge", value=state_badge, sort="state"),
        Column(key="days", label=_("Days overdue"), kind="number", sort="days", descends_first=True, is_shown=False),
        Column(key="amount", label=_("Amount"), kind="money", sort="amount", descends_first=True, total="amount",
               html=_amount),
        Column(key="currency", label=_("Currency"), kind="code", is_shown=False),
        Column(key="owner", label=_("Owner"), value=lambda a: a.owner.get_display_name() if a.owner else "",
               sort="owner__display_name"),
        Column(key="age", label=_("Waits"), kind="days", value=lambda a: (today - a.raised_on).days,
               help=_("Days since the alert was raised")),
        Column(key="raised_on", label=_("Raised on"), kind="date", sort="raised_on", descends_first=True, is_shown=False),
        Column(key="rule", label=_("Rule"), value=lambda a: selector.rule_label(a.rule), is_shown=False),
        Column(key="unit", label=_("Business unit"), value=lambda a: a.unit.code, is_shown=False),
        Column(key="note", label=_("Note"), kind="wrap", is_shown=False),
        Column(key="escalated_to", label=_("Escalated to"), is_shown=False,
               value=lambda a: a.escalated_to.get_display_name() if a.escalated_to else ""),
    ]  # fmt: skip
    if can_handle:
        columns.append(
            Column(
                key="handle",
                label="",
                html=button,
                in_export=False,
                css="zq-row-actions",
                is_fixed=True,
            )
        )
    return ListDefinition(
        page="receivables:alerts", columns=tuple(columns), order="-level", currency="currency"
    )
