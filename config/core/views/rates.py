"""Exchange rates as pages: enter, correct, and see which holds on a day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from config.core import clock
from config.core.list_pages import Order, page_by_key, sortable
from config.core.models import ExchangeRate
from config.core.permissions import guard, person, requires
from config.core.selectors import rates as selector
from config.core.services import rates
from config.core.views.forms import CleanForm, DateField, succeeds

PAGE_SIZE = 100


class FilterForm(CleanForm):
    currency = forms.CharField(label=_("Currency"), max_length=3, required=False)
    on = DateField(label=_("In force on"), required=False)

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()


class CorrectionForm(CleanForm):
    rate = forms.DecimalField(
        label=_("Rate"),
        max_digits=17,
        decimal_places=8,
        min_value=Decimal("0.00000001"),
        help_text=_("How many units of the second currency one unit of the first is worth."),
    )
    source = forms.CharField(label=_("Source"), max_length=80, required=False)


class RateForm(CorrectionForm):
    currency = forms.CharField(label=_("Currency"), max_length=3, initial="USD")
    base = forms.CharField(label=_("Into"), max_length=3, initial="CNY")
    on = DateField(label=_("From"))
    field_order = ["currency", "base", "on", "rate", "source"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("currency", "base"):
            if name in cleaned:
                cleaned[name] = cleaned[name].upper()
        return cleaned


class ChangeForm(CorrectionForm):
    version = forms.IntegerField(widget=forms.HiddenInput)


@requires("core.view_exchangerate")
def index(request: HttpRequest) -> HttpResponse:
    """List rates, newest first; who may, enters one here."""
    if request.method == "POST":
        guard(request, ("core.change_exchangerate",))
    may_change = request.user.has_perm("core.change_exchangerate")
    form = RateForm(request.POST or None, initial={"on": clock.today()}) if may_change else None
    if (
        form is not None
        and request.method == "POST"
        and form.is_valid()
        and succeeds(form, lambda: rates.add(actor=person(request), **form.cleaned_data))
    ):
        messages.success(request, _("The rate was entered."))
        return redirect("core:rates")
    filters = FilterForm(request.GET)
    context = {"form": form, "filters": filters, **_rows(request, filters)}
    return render(
        request, "core/rates.html", context, status=422 if form is not None and form.errors else 200
    )


def _rows(request: HttpRequest, filters: FilterForm) -> dict[str, Any]:
    asked = filters.cleaned_data if filters.is_valid() else {}
    if asked.get("on"):
        found = selector.in_force(on=asked["on"])
        if asked.get("currency"):
            found = found.filter(currency=asked["currency"])
        return {"rows": list(found)}
    rows = ExchangeRate.objects.all()
    if asked.get("currency"):
        rows = rows.filter(currency=asked["currency"])
    order = Order("date", descending=True)
    page = page_by_key(
        sortable(rows, order),
        order=order,
        size=PAGE_SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    return {"page": page, "rows": page.rows}


@requires("core.view_exchangerate", "core.change_exchangerate")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a rate."""
    row = get_object_or_404(ExchangeRate, pk=pk)
    initial = {"rate": row.rate, "source": row.source, "version": row.version}
    form = ChangeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        version = values.pop("version")
        if succeeds(
            form,
            lambda: rates.change(
                row=row, actor=person(request), expected_version=version, **values
            ),
        ):
            messages.success(request, _("The rate was corrected."))
            return redirect("core:rates")
    return render(
        request,
        "core/rate_form.html",
        {"form": form, "row": row},
        status=422 if form.errors else 200,
    )


@require_POST
@requires("core.view_exchangerate", "core.change_exchangerate")
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take away a rate that was entered by mistake."""
    rates.remove(row=get_object_or_404(ExchangeRate, pk=pk), actor=person(request))
    messages.success(request, _("The rate was removed."))
    return redirect("core:rates")
