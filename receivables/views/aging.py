"""Aging analysis: any date, any grouping; every amount opens its items. Also the proof beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.core.errors import DomainError
from config.core.list_columns import Column, Segment
from config.core.lists import Empty, ListDefinition, list_response
from config.core.money import ZERO
from config.core.permissions import requires
from receivables.domain.aging import Basis, Scheme
from receivables.selectors import metrics, sales
from receivables.selectors.aging import AgingReport, AgingRow, GroupBy, aging
from receivables.selectors.aging_page import CustomerAging
from receivables.views.dashboard import carried, colour, items_url
from receivables.views.metric_words import inputs_of
from receivables.views.questions import AgingForm, DashboardForm, Question, ask

# How a group's key is called on the page of items.
ITEM_FILTER = {
    GroupBy.CUSTOMER: "customer",
    GroupBy.GROUP: "group",
    GroupBy.SEGMENT: "segment",
    GroupBy.INDUSTRY: "industry",
    GroupBy.REGION: "region",
    GroupBy.OWNER: "owner",
    GroupBy.COLLECTOR: "collector",
    GroupBy.UNIT: "unit",
    GroupBy.CAUSE: "cause",
}
NOBODY = "none"


@require_safe
@requires("receivables.view_aging")
def aging_page(request: HttpRequest) -> HttpResponseBase:
    form, question = ask(request, AgingForm)
    scheme = question.scheme.for_basis(question.basis)
    rows = CustomerAging(
        question.scope, question.as_of, scheme, question.basis, question.convert_to
    )
    by_customer = question.group_by is GroupBy.CUSTOMER and not question.netted
    context: dict[str, Any] = {"form": form, "question": question, "legend": _legend(scheme)}
    try:
        report = None if by_customer else _report(question)
        return list_response(
            request,
            definition=definition(question, scheme),
            rows=rows if report is None else report.rows,
            template="receivables/aging.html",
            # Read when the page is: a report that pages itself knows its totals only then.
            context={**context, "totals": lambda: rows.totals if report is None else report.totals},
            empty=Empty(
                title=_("Nothing was open on this day."),
                text=_("Choose another date, or import a ledger."),
                icon="calendar-off", url=reverse("receivables:imports"), action=_("Import a ledger"),
            ),
            filename=f"aging-{question.as_of.isoformat()}",
        )  # fmt: skip
    except DomainError as refusal:
        context["refusal"] = str(refusal)
        return render(request, "receivables/aging.html", context, status=refusal.status)


def _report(question: Question) -> AgingReport:
    return aging(
        scope=question.scope, as_of=question.as_of, scheme=question.scheme, basis=question.basis,
        group_by=question.group_by, convert_to=question.convert_to, netted=question.netted,
    )  # fmt: skip


def _legend(scheme: Scheme) -> list[dict[str, Any]]:
    return [
        {"label": b.label, "colour": colour(i, scheme), "amount": None}
        for i, b in enumerate(scheme.buckets)
    ]


def definition(question: Question, scheme: Scheme) -> ListDefinition:
    """Return the table: the group, its age bar and total, a column a bucket, and what stands apart."""
    by_customer = question.group_by is GroupBy.CUSTOMER
    several = not question.convert_to
    columns = [
        Column(key="label", label=_group_label(question.group_by), sort=True, is_fixed=True, link=_group_link(question)),
        *([Column(key="code", label=_("Code"), kind="code", sort=True)] if by_customer else []),
        *([Column(key="currency", label=_("Currency"), kind="code", sort=True, is_fixed=True)] if several else []),
        Column(key="ages", label=_("Age"), kind="age", value=_segments(scheme), in_export=False),
        Column(key="total", label=_("Total"), kind="money", sort=True, total=True, descends_first=True, is_fixed=True,
               link=_items_link(question, "total", "")),
        *(_bucket_column(question, scheme, position) for position in range(len(scheme.buckets))),
        Column(key="retention", label=_("Retention"), kind="money", sort=True, total=True, descends_first=True,
               help=_("Retention money that is not yet due"), link=_items_link(question, "retention", "retention")),
        Column(key="unapplied", label=_("Unapplied"), kind="money", sort=True, total=True,
               help=_("Receipts and credit notes that are not applied yet"),
               link=_items_link(question, "unapplied", "unapplied")),
    ]  # fmt: skip
    return ListDefinition(
        page="receivables:aging", columns=tuple(columns), order="-total", currency="currency", size=50,
        row_key=lambda row: row.key,
    )  # fmt: skip


def _group_label(group_by: GroupBy) -> str:
    return dict(AgingForm.base_fields["group_by"].choices)[group_by.value]  # type: ignore[attr-defined]


def _bucket_column(question: Question, scheme: Scheme, position: int) -> Column:
    bucket = scheme.buckets[position]

    def amount(row: AgingRow) -> Decimal | None:
        # A dash reads better than a column of zeros; the total row keeps its zeros.
        return row.amounts[position] or None

    return Column(
        key=f"b_{bucket.code}", label=bucket.label, kind="money", value=amount, sort=True, total=True,
        descends_first=True, link=_items_link(question, f"b{position}", bucket.code),
    )  # fmt: skip


def _segments(scheme: Scheme) -> Any:
    shades = [colour(i, scheme) for i in range(len(scheme.buckets))]

    def of_row(row: AgingRow) -> list[Segment]:
        pairs = zip(scheme.buckets, row.amounts, shades, strict=True)
        return [Segment(b.label, amount, shade) for b, amount, shade in pairs]

    return of_row


def _group_link(question: Question) -> Any:
    def link(row: AgingRow) -> str | None:
        if question.group_by is GroupBy.CUSTOMER:
            return reverse("customers:detail", args=[row.key])
        return items_url(question, **_of_group(question, row))

    return link


def _of_group(question: Question, row: AgingRow) -> dict[str, object]:
    # Side by side, a row's items are those of its currency; converted, those of every currency.
    currency = {} if question.convert_to else {"currency": row.currency}
    return {
        ITEM_FILTER[question.group_by]: NOBODY if row.key in (None, "") else row.key,
        **currency,
    }


def _items_link(question: Question, column: str, bucket: str) -> Any:
    basis = "" if question.basis is Basis.DUE else question.basis.value
    extra: dict[str, object] = {"bucket": bucket, "basis": basis}
    if question.given.get("scheme"):
        extra["scheme"] = question.scheme.code

    def link(row: AgingRow) -> str | None:
        position = column[1:] if column[:1] == "b" else ""
        held = row.amounts[int(position)] if position else getattr(row, column)
        return items_url(question, **extra, **_of_group(question, row)) if held else None

    return link


@require_safe
@requires("receivables.view_aging")
def tie_out(request: HttpRequest) -> HttpResponse:
    """Return the mark that says whether Σ buckets = Σ open = Σ debit − Σ credit, per currency."""
    _form, question = ask(request, AgingForm)
    report = aging(
        scope=question.scope, as_of=question.as_of, scheme=question.scheme, basis=question.basis,
        group_by=GroupBy.UNIT, netted=question.netted,
    )  # fmt: skip
    aged = {row.currency: row.total for row in report.totals}
    booked = sales.ledger_balance(question.scope, as_of=question.as_of)
    lines = [(c, aged.get(c, ZERO), booked.get(c, ZERO)) for c in sorted({*aged, *booked})]
    differences = [aged_total - booked_total for _currency, aged_total, booked_total in lines]
    worst = max(differences, key=lambda d: d.copy_abs(), default=ZERO)
    context = {"lines": lines, "difference": worst, "question": question}
    return render(request, "receivables/_tie_out.html", context)


@require_safe
@requires("receivables.view_aging")
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Show every figure of the period with its formula, its inputs and what it was a year of months ago."""
    form, question = ask(request, DashboardForm)
    context: dict[str, Any] = {"form": form, "question": question, "carried": carried(question)}
    try:
        context["metrics"] = metrics.metrics(
            scope=question.scope, as_of=question.as_of, period=question.period, scheme=question.scheme,
            convert_to=question.convert_to,
        )  # fmt: skip
    except DomainError as refusal:
        context["refusal"] = str(refusal)
        return render(request, "receivables/metrics.html", context, status=refusal.status)
    context["rows"] = [
        {"metric": metric, "inputs": inputs_of(metric), "url": _behind(metric, question)}
        for metric in context["metrics"]
    ]
    context["period_start"] = metrics.period_start(question.as_of, question.period)
    return render(request, "receivables/metrics.html", context)


def _behind(metric: metrics.Metric, question: Question) -> str:
    """Return the address of the items that a balance adds up; other figures have none of their own."""
    limits: dict[str, dict[str, object]] = {
        "receivables": {"direction": "debit"},
        "not_due": {"bucket": question.scheme.buckets[0].code},
        "overdue": {"bucket": "overdue"},
        "unapplied": {"direction": "credit"},
    }
    return items_url(question, **limits[metric.code]) if metric.code in limits else ""
