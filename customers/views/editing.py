"""Making and changing customers: the form, its checks while typing, the status."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.core.context import current_unit, units_of
from config.core.models import BusinessUnit
from config.core.permissions import person, requires
from customers.domain import uscc
from customers.models import Customer
from customers.selectors import customers as selectors
from customers.services import customers
from customers.services.refusals import FieldRefused
from customers.views.forms import CustomerForm, StatusForm
from customers.views.posting import attempt, customer_or_404, version_read
from customers.views.record import status_choices

CHANGE = "customers.change_customer"


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def create(request: HttpRequest) -> HttpResponse:
    """Add a customer; one that looks like a known one is added only when the user says so."""
    user = person(request)
    initial = {
        "kind": "company",
        "segment": "regular",
        "currency": "CNY",
        "unit": current_unit(request),
    }
    form = CustomerForm(request.POST or None, user=user, initial=initial)
    similar: list[selectors.Similar] = []
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        if "another_company" not in request.POST:
            similar = selectors.find_similar(user=user, name=values["name"], code=values["uscc"])
        if not similar:
            made = attempt(form, lambda: customers.create(actor=user, **values))
            if made is not None:
                messages.success(request, _("%(name)s was added.") % {"name": made.name})
                return redirect("customers:detail", pk=made.pk)
    context = {"form": form, "similar": similar, "must_decide": bool(similar)}
    return render(request, "customers/form.html", context, status=_status(form, similar))


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a customer's master data."""
    user, customer = person(request), customer_or_404(request, pk)
    form = CustomerForm(
        request.POST or None, user=user, customer=customer, initial=_initial(customer)
    )
    if request.method == "POST" and form.is_valid():
        changed = attempt(
            form,
            lambda: customers.update(
                customer=customer,
                actor=user,
                expected_version=version_read(request),
                **form.cleaned_data,
            ),
        )
        if changed is not None:
            messages.success(request, _("The changes were saved."))
            return redirect("customers:detail", pk=pk)
    version = version_read(request) if request.method == "POST" else customer.version
    context = {"form": form, "customer": customer, "version": version}
    return render(request, "customers/form.html", context, status=_status(form))


@require_POST
@requires(CHANGE)
def change_status(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a customer active, dormant or closed."""
    customer = customer_or_404(request, pk)
    form = StatusForm(request.POST, choices=list(Customer.Status.choices))
    if form.is_valid():
        changed = attempt(
            form,
            lambda: customers.change_status(
                customer=customer,
                actor=person(request),
                expected_version=version_read(request),
                **form.cleaned_data,
            ),
        )
        if changed is not None:
            text = _("%(name)s is now “%(status)s”.")
            messages.success(
                request, text % {"name": changed.name, "status": changed.get_status_display()}
            )
            return redirect("customers:detail", pk=pk)
    form.fields["status"].choices = status_choices(customer)  # type: ignore[attr-defined]
    context = {"customer": customer, "form": form, "version": version_read(request)}
    return render(request, "customers/status.html", context, status=422)


@require_GET
@requires(CHANGE)
def hints(request: HttpRequest) -> HttpResponse:
    """Say what is to be said of a name and a code while they are typed."""
    user = person(request)
    name, typed = request.GET.get("name", "")[:200], request.GET.get("uscc", "")[:40]
    text = request.GET.get("customer", "")
    own = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    code = uscc.normalise(typed)
    problem = _problem(code)
    known = "" if problem else code
    similar = selectors.find_similar(user=user, name=name, code=known, except_id=own)
    context = {
        "code": code,
        "problem": problem,
        "is_odd": bool(known) and not uscc.organisation_code_agrees(known),
        "similar": similar,
    }
    return render(request, "customers/_hints.html", context)


def _unit(request: HttpRequest) -> BusinessUnit | None:
    """Return the unit the frame is limited to, or the only one there is."""
    units = units_of(request)
    return current_unit(request) or (units[0] if len(units) == 1 else None)


def _problem(code: str) -> str:
    try:
        customers.check_uscc(code)
    except FieldRefused as refusal:
        return str(refusal)
    return ""


def _initial(customer: Customer) -> dict[str, Any]:
    names = customers.EDITABLE
    relations = {"parent", "payment_terms", "sales_owner", "collector"}
    return {name: getattr(customer, f"{name}_id" if name in relations else name) for name in names}


def _status(form: CustomerForm, similar: object = None) -> int:
    return 422 if form.errors or similar else 200
