"""Accounting periods as a page: close a month, ask to open it again, decide."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from config.core import clock
from config.core.context import current_unit, units_of
from config.core.models import BusinessUnit
from config.core.permissions import person, requires
from config.core.selectors import periods as selector
from config.core.services import periods
from config.core.views.forms import CleanForm

MONTHS_SHOWN = 24
MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


class ReasonForm(CleanForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


class DecisionForm(CleanForm):
    decision = forms.ChoiceField(choices=[("approve", _("Approve")), ("reject", _("Reject"))])
    note = forms.CharField(max_length=500, required=False)


@require_GET
@requires("core.view_accountingperiod")
def index(request: HttpRequest) -> HttpResponse:
    """Show the months of one unit, newest first, and what waits for a decision."""
    unit = current_unit(request) or next(iter(units_of(request)), None)
    context: dict[str, Any] = {
        "unit": unit,
        "units": units_of(request),
        "reason_form": ReasonForm(),
    }
    if unit is not None:
        context["months"] = selector.months(
            unit=unit, today=clock.today(unit.time_zone), count=MONTHS_SHOWN
        )
        requests = selector.reopenings_visible_to(person(request)).filter(period__unit=unit)
        context["requests"] = requests.order_by("-id")[:20]
    return render(request, "core/periods.html", context)


@require_POST
@requires("core.view_accountingperiod", "core.close_accountingperiod")
def close(request: HttpRequest, unit: int, month: str) -> HttpResponse:
    """Close a month of a unit."""
    found = _unit(request, unit)
    periods.close(
        unit=found,
        month=_month(month),
        actor=person(request),
        now=clock.now(),
        today=clock.today(found.time_zone),
    )
    messages.success(
        request, _("%(month)s is closed. Nothing can be posted into it.") % {"month": month}
    )
    return _back(found)


@require_POST
@requires("core.view_accountingperiod", "core.request_periodreopening")
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask to open a closed month again."""
    period = get_object_or_404(selector.visible_to(person(request)), pk=pk)
    form = ReasonForm(request.POST)
    if form.is_valid():
        periods.request_reopening(
            period=period, reason=form.cleaned_data["reason"], actor=person(request)
        )
        messages.success(request, _("You asked to open the month again. Somebody else decides."))
    else:
        messages.error(request, _("Say why the month must be opened again."))
    return _back(period.unit)


@require_POST
@requires("core.view_accountingperiod", "core.decide_periodreopening")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve or reject a request of somebody else."""
    reopening = get_object_or_404(selector.reopenings_visible_to(person(request)), pk=pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose to approve or to reject."))
        return _back(reopening.period.unit)
    approve = form.cleaned_data["decision"] == "approve"
    periods.decide_reopening(
        reopening=reopening,
        approve=approve,
        note=form.cleaned_data["note"],
        actor=person(request),
        now=clock.now(),
    )
    messages.success(
        request, _("The month is open again.") if approve else _("The request was rejected.")
    )
    return _back(reopening.period.unit)


def _unit(request: HttpRequest, pk: int) -> BusinessUnit:
    return get_object_or_404(BusinessUnit.objects.visible_to(person(request)), pk=pk)


def _month(text: str) -> date:
    found = MONTH.fullmatch(text)
    if found is None or not 1900 <= int(found.group(1)) <= 2199:
        raise Http404
    return date(int(found.group(1)), int(found.group(2)), 1)


def _back(unit: BusinessUnit) -> HttpResponse:
    return redirect(f"{reverse('core:periods')}?unit={unit.pk}")
