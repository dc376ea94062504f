"""The rules of alerts: what each would concern today, and changing them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from config.core import clock
from config.core.context import current_unit, units_of
from config.core.permissions import person, requires
from config.core.views.forms import CleanForm, attempt
from receivables.models import AlertRule
from receivables.models.alerts import AlertLevel
from receivables.selectors import alerts as selector
from receivables.services import alert_rules

CHANGE = "receivables.change_alertrule"
THRESHOLD_LABELS = {
    AlertRule.Kind.DAYS_OVERDUE.value: gettext_lazy("Days overdue"),
    AlertRule.Kind.OVERDUE_AMOUNT.value: gettext_lazy(
        "Overdue amount, in the unit's base currency"
    ),
    AlertRule.Kind.CONCENTRATION.value: gettext_lazy("Share of all receivables, in percent"),
}


class RuleForm(CleanForm):
    threshold = forms.DecimalField(max_digits=18, decimal_places=2, required=False)
    level = forms.ChoiceField(label=gettext_lazy("Level"), choices=AlertLevel.choices)
    escalate_after_days = forms.IntegerField(
        label=gettext_lazy("Escalate after, working days"),
        min_value=0,
        max_value=alert_rules.LONGEST_ESCALATION,
        help_text=gettext_lazy(
            "0: never. Otherwise an alert nobody acknowledged goes to the owner's manager."
        ),
    )
    is_active = forms.BooleanField(
        label=gettext_lazy("The nightly review uses this rule"), required=False
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, rule: AlertRule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if rule.kind == AlertRule.Kind.FIRST_OVERDUE:
            del self.fields["threshold"]
            return
        self.fields["threshold"].label = THRESHOLD_LABELS[rule.kind]
        self.fields["threshold"].required = True
        if rule.kind == AlertRule.Kind.DAYS_OVERDUE:
            self.fields["threshold"].decimal_places = 0  # type: ignore[attr-defined]


@require_safe
@requires("receivables.view_overduealert")
def rules(request: HttpRequest) -> HttpResponse:
    """Show every rule with what it concerns today in the units of the page."""
    unit = current_unit(request)
    units = [unit] if unit else units_of(request)
    today = clock.today(unit.time_zone if unit else None)
    found = list(AlertRule.objects.order_by("pk"))
    user = person(request)
    previews: dict[int, selector.Preview] = {}
    if not user.is_limited_to_portfolio:
        previews = selector.preview_item_rules(found, unit_ids=[u.pk for u in units], today=today)
        previews |= selector.preview_customer_rules(found, units=units, today=today)
    context = {
        "rows": [
            {"rule": r, "name": selector.rule_label(r), "preview": previews.get(r.pk)}
            for r in found
        ],
        "can_change": user.has_perm(CHANGE),
        "shows_preview": not user.is_limited_to_portfolio,
        "today": today,
    }
    return render(request, "receivables/alerts/rules.html", context)


@requires(CHANGE)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one rule: a dialog for htmx, a page without it."""
    rule = get_object_or_404(AlertRule, pk=pk)
    initial = {name: getattr(rule, name) for name in (*alert_rules.EDITABLE, "version")}
    if rule.kind == AlertRule.Kind.DAYS_OVERDUE:
        initial["threshold"] = int(rule.threshold)
    form = RuleForm(request.POST or None, rule=rule, initial=initial)
    is_fragment = bool(request.headers.get("HX-Request"))
    if request.method == "POST" and form.is_valid():
        values = {
            name: form.cleaned_data[name]
            for name in alert_rules.EDITABLE
            if name in form.cleaned_data
        }
        version = form.cleaned_data["version"]
        if attempt(form, lambda: alert_rules.change(
            rule=rule, values=values, actor=person(request), expected_version=version
        )):  # fmt: skip
            messages.success(request, _("The rule is changed; the next review uses it."))
            if is_fragment:
                return HttpResponse(status=204, headers={"HX-Refresh": "true"})
            return redirect("receivables:alert_rules")
    template = (
        "receivables/alerts/_dialog.html" if is_fragment else "receivables/alerts/handle.html"
    )
    context = {
        "sentence": "", "form": form, "dialog_title": selector.rule_label(rule), "submit": _("Save"),
        "action": request.path, "next": "",
    }  # fmt: skip
    return render(request, template, context, status=422 if form.errors else 200)
