"""The proof of the ledger as a page: the totals at once, the findings as soon as they are computed."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from config.core import clock
from config.core.context import current_unit
from config.core.permissions import person, requires
from config.core.views.forms import CleanForm, DateField
from receivables.selectors import proof

VERIFY = "receivables.verify_ledger"


class ProofForm(CleanForm):
    as_of = DateField(label=gettext_lazy("As of"), required=False)


def _question(request: HttpRequest) -> tuple[list[int], date, ProofForm]:
    unit = current_unit(request)
    form = ProofForm(request.GET)
    form.is_valid()
    as_of = form.cleaned_data.get("as_of") or clock.today(unit.time_zone if unit else None)
    unit_ids = [unit.pk] if unit else person(request).unit_ids()
    return unit_ids, as_of, form


@require_GET
@requires(VERIFY)
def proof_page(request: HttpRequest) -> HttpResponse:
    """Debit, credit, open and buckets by unit and currency, and whether they agree."""
    unit_ids, as_of, form = _question(request)
    balances = proof.balances(unit_ids=unit_ids, as_of=as_of)
    context: dict[str, Any] = {
        "balances": balances,
        "as_of": as_of,
        "form": form if form.errors else ProofForm({"as_of": as_of}),
        "differences": [b for b in balances if b.difference],
    }
    return render(request, "receivables/proof/proof.html", context)


@require_GET
@requires(VERIFY)
def findings(request: HttpRequest) -> HttpResponse:
    """Every contradiction between the ledger and its events."""
    unit_ids, as_of, _form = _question(request)
    found = proof.verify_units(unit_ids=unit_ids, as_of=as_of)
    context = {"findings": found, "limit": proof.MOST_FINDINGS}
    return render(request, "receivables/proof/_findings.html", context)


urlpatterns: list[URLPattern] = [
    path("proof/", proof_page, name="proof"),
    path("proof/findings/", findings, name="proof_findings"),
]
