"""Business units as pages."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from config.core.models import BusinessUnit
from config.core.permissions import person, requires
from config.core.services import units
from config.core.views.forms import CleanForm, succeeds

ZONES = [
    (zone, zone)
    for zone in sorted(available_timezones())
    if "/" in zone and not zone.startswith("Etc/")
]


class UnitForm(CleanForm):
    name = forms.CharField(label=_("Name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=120, required=False)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=ZONES,
        initial="Asia/Shanghai",
        help_text=_("Decides which day it is for the unit."),
    )


class NewUnitForm(UnitForm):
    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        help_text=_("Capital letters and digits; it can not be changed later."),
    )
    base_currency = forms.CharField(
        label=_("Base currency"),
        max_length=3,
        initial="CNY",
        help_text=_("It can not be changed later."),
    )
    field_order = ["code", "name", "name_en", "base_currency"]


class ChangeUnitForm(UnitForm):
    is_active = forms.BooleanField(label=_("Active"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)


@require_GET
@requires("core.view_businessunit")
def index(request: HttpRequest) -> HttpResponse:
    """List the units the person sees (all of them for who keeps the list)."""
    user = person(request)
    keeps = user.has_perm("core.change_businessunit")
    found = BusinessUnit.objects.all() if keeps else BusinessUnit.objects.visible_to(user)
    return render(request, "core/units.html", {"units": found.order_by("code")})


@requires("core.change_businessunit")
def create(request: HttpRequest) -> HttpResponse:
    form = NewUnitForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and succeeds(form, lambda: units.create(actor=person(request), **form.cleaned_data))
    ):
        messages.success(request, _("The unit was created."))
        return redirect("core:units")
    return _page(request, form, unit=None)


@requires("core.change_businessunit")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    unit = get_object_or_404(BusinessUnit, pk=pk)
    initial = {
        name: getattr(unit, name)
        for name in ("name", "name_en", "time_zone", "is_active", "version")
    }
    form = ChangeUnitForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        values: dict[str, Any] = dict(form.cleaned_data)
        version = values.pop("version")
        if succeeds(
            form,
            lambda: units.change(
                unit=unit, actor=person(request), expected_version=version, **values
            ),
        ):
            messages.success(request, _("The unit was saved."))
            return redirect("core:units")
    return _page(request, form, unit=unit)


def _page(request: HttpRequest, form: CleanForm, *, unit: BusinessUnit | None) -> HttpResponse:
    return render(
        request,
        "core/unit_form.html",
        {"form": form, "unit": unit},
        status=422 if form.errors else 200,
    )
