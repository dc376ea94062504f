"""Payment terms: the list with a live preview, and the form that shows what it will do."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.core import clock
from config.core.errors import DomainError
from config.core.permissions import person, requires
from config.core.selectors import calendar
from customers.domain import terms as engine
from customers.models import Customer, PaymentTerms
from customers.selectors import terms as selectors
from customers.services import terms
from customers.views import labels
from customers.views.posting import attempt, version_read
from customers.views.terms_forms import (
    InstalmentFormSet,
    PreviewForm,
    TermsForm,
    initial_of,
    rows_of,
)

VIEW, CHANGE = "customers.view_paymentterms", "customers.change_paymentterms"
EXAMPLE_AMOUNT = Decimal("100000.00")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the list: terms, their rule in words, and what they make of the example."""

    terms: PaymentTerms
    summary: str
    preview: selectors.Preview
    customers: int


@require_GET
@requires(VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """List the payment terms with the due dates of an example document."""
    form = PreviewForm(request.GET if request.GET.get("document_date") else _example())
    del form.fields["acceptance_date"]
    values = form.cleaned_data if form.is_valid() else _example()
    visible = Customer.objects.visible_to(person(request)).exclude(payment_terms=None)
    used = dict(visible.order_by().values_list("payment_terms").annotate(Count("pk")))
    is_working_day = calendar.load().is_working_day
    lines = []
    for row in selectors.all_terms().order_by("-is_active", "code"):
        rule = selectors.rule_of(terms=row)
        found = selectors.preview(
            rule=rule,
            document_date=values["document_date"],
            amount=values["amount"],
            is_working_day=is_working_day,
        )
        lines.append(Line(row, labels.summary(rule), found, used.get(row.pk, 0)))
    context = {"lines": lines, "form": form, "values": values}
    return render(request, "customers/terms.html", context)


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def create(request: HttpRequest) -> HttpResponse:
    """Add payment terms."""
    initial = {"base_event": "invoice", "holiday_rule": "unchanged", "is_active": True}
    form = TermsForm(request.POST or None, initial=initial)
    rows = InstalmentFormSet(request.POST or None, prefix="part")
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        values = form.cleaned_data
        made = attempt(
            form,
            lambda: terms.create(actor=person(request), instalments=rows.parts(), **values),  # type: ignore[attr-defined]
        )
        if made is not None:
            messages.success(request, _("%(name)s was added.") % {"name": made.get_name()})
            return redirect("customers:terms")
    return _form(request, form, rows, {})


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change payment terms; documents keep the due dates they were given."""
    found = get_object_or_404(selectors.all_terms(), pk=pk)
    rule = selectors.rule_of(terms=found)
    form = TermsForm(request.POST or None, initial=initial_of(found))
    rows = InstalmentFormSet(request.POST or None, prefix="part", initial=rows_of(rule))
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        changed = attempt(
            form,
            lambda: terms.update(
                terms=found,
                actor=person(request),
                expected_version=version_read(request),
                instalments=rows.parts(),  # type: ignore[attr-defined]
                **form.cleaned_data,
            ),
        )
        if changed is not None:
            messages.success(request, _("The changes were saved."))
            return redirect("customers:terms")
    version = version_read(request) if request.method == "POST" else found.version
    return _form(request, form, rows, {"terms": found, "version": version})


@require_POST
@requires(CHANGE)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete payment terms that nobody has."""
    found = get_object_or_404(PaymentTerms, pk=pk)
    try:
        terms.remove(terms=found, actor=person(request), expected_version=version_read(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("customers:terms_edit", pk=pk)
    messages.success(request, _("The payment terms were deleted."))
    return redirect("customers:terms")


@require_GET
@requires(VIEW)
def preview(request: HttpRequest) -> HttpResponse:
    """Say what the terms being edited make of a document; nothing is written."""
    context = _preview(request)
    return render(request, "customers/_terms_preview.html", context)


def _form(
    request: HttpRequest, form: TermsForm, rows: Any, context: dict[str, Any]
) -> HttpResponse:
    context |= {
        "form": form,
        "rows": rows,
        "preview_form": PreviewForm(initial=_example(), auto_id="preview_%s"),
    }
    status = 422 if form.errors or (request.method == "POST" and not rows.is_valid()) else 200
    return render(request, "customers/terms_form.html", context, status=status)


def _preview(request: HttpRequest) -> dict[str, Any]:
    # Names are not needed to say when something is due.
    data = request.GET.copy()
    data.setdefault("code", "")
    form = TermsForm(data)
    for name in ("code", "name"):
        form.fields[name].required = False
    rows, example = InstalmentFormSet(data, prefix="part"), PreviewForm(data)
    if not (form.is_valid() and rows.is_valid() and example.is_valid()):
        return {"is_incomplete": True}
    rule: engine.Rule = form.rule(rows.parts())  # type: ignore[attr-defined]
    try:
        terms.check_rule(rule)
    except DomainError as refusal:
        return {"problem": str(refusal)}
    values = example.cleaned_data
    found = selectors.preview(rule=rule, is_working_day=calendar.load().is_working_day, **values)
    return {"found": found, "kinds": labels.KINDS, "summary": labels.summary(rule)}


def _example() -> dict[str, Any]:
    return {"document_date": clock.today(), "amount": EXAMPLE_AMOUNT}
