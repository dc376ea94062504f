"""Receipts, what is not applied first, and the page that applies one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from config.core import clock, formats, money
from config.core.context import current_unit
from config.core.errors import DomainError
from config.core.lists import Badge, Column, Empty, ListDefinition, list_response
from config.core.permissions import person, requires
from config.core.views.forms import CleanForm, DateField
from receivables.domain.aging import days_overdue
from receivables.domain.allocation import Claim, oldest_due_first
from receivables.models import Allocation, OpenItem
from receivables.selectors import currencies, items, ledger
from receivables.selectors.items import ALL, OPEN, ItemFilter
from receivables.services import allocations
from receivables.views.items import item_or_404

VIEW = "receivables.view_openitem"
# So many open items fit a page that a person ticks; the rest is for "oldest first" or the API.
MOST_SHOWN = 500


def _state(row: dict[str, Any]) -> Badge:
    if not row["open_as_of"]:
        return Badge(_("Applied"), "success")
    return Badge(_("Not applied") if row["open_as_of"] == row["amount"] else _("Partly applied"), "notice")  # fmt: skip


RECEIPTS = ListDefinition(
    page="receivables:receipts",
    order="-posting_date",
    currency="currency",
    columns=(
        Column(key="number", label=gettext_lazy("Bank reference"), kind="code", sort="number_key", is_fixed=True,
               link=lambda row: reverse("receivables:receipt", args=[row["id"]])),
        Column(key="customer__name", label=gettext_lazy("Customer"), sort="customer__sort_key",
               link=lambda row: reverse("customers:detail", args=[row["customer_id"]])),
        Column(key="document_date", label=gettext_lazy("Received on"), kind="date", sort="document_date", descends_first=True),
        Column(key="posting_date", label=gettext_lazy("Posting date"), kind="date", sort="posting_date",
               descends_first=True, is_shown=False),
        Column(key="state", label=gettext_lazy("State"), kind="badge", value=_state),
        Column(key="currency", label=gettext_lazy("Currency"), kind="code"),
        Column(key="amount", label=gettext_lazy("Amount"), kind="money", sort="amount", total="amount", descends_first=True),
        Column(key="open_as_of", label=gettext_lazy("Not applied"), kind="money", sort="open_as_of",
               total="open_as_of", descends_first=True, is_fixed=True),
        Column(key="text", label=gettext_lazy("Text"), kind="wrap"),
        Column(key="unit__code", label=gettext_lazy("Business unit"), is_shown=False),
    ),
)  # fmt: skip


class ReceiptListForm(CleanForm):
    folded = ("received_from", "received_to", "currency")

    q = forms.CharField(
        label=gettext_lazy("Search"), max_length=100, required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": gettext_lazy("Reference, order, customer")}),
    )  # fmt: skip
    state = forms.ChoiceField(
        label=gettext_lazy("State"), required=False,
        choices=[("", gettext_lazy("Not applied")), (ALL, gettext_lazy("All"))],
    )  # fmt: skip
    received_from = DateField(label=gettext_lazy("Received from"), required=False)
    received_to = DateField(label=gettext_lazy("Received to"), required=False)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), required=False)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = [(code, code) for code in currencies.in_use(user)]
        self.fields["currency"].choices = [("", _("All")), *codes]  # type: ignore[attr-defined]


@require_GET
@requires(VIEW)
def receipts_page(request: HttpRequest) -> HttpResponseBase:
    """Money received: first what is not applied yet."""
    user, unit = person(request), current_unit(request)
    form = ReceiptListForm(request.GET, user=user)
    form.is_valid()
    given = {k: v for k, v in form.cleaned_data.items() if v not in (None, "")}
    wanted = ItemFilter(
        as_of=clock.today(unit.time_zone if unit else None), state=given.get("state", OPEN),
        unit_ids=(unit.pk,) if unit else None, kinds=(OpenItem.Kind.RECEIPT,), text=given.get("q", ""),
        currency=given.get("currency", ""), document_from=given.get("received_from"),
        document_to=given.get("received_to"),
    )  # fmt: skip
    rows = items.search(user=user, wanted=wanted).values(*items.ROW, "open_as_of")
    all_url = f"{reverse('receivables:receipts')}?state={ALL}"
    return list_response(
        request, definition=RECEIPTS, rows=rows, template="receivables/receipts/list.html", form=form,
        context={"may_post": user.has_perm("receivables.post_receipt")},
        empty=Empty(
            title=_("Every receipt is applied."), text=_("New receipts wait here until somebody applies them."),
            url=all_url, action=_("Show all receipts"), icon="circle-check",
        ),
    )  # fmt: skip


# Applying one ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """An open item on the page, with the amount typed for it."""

    item: OpenItem
    days: int
    typed: str
    error: str = ""

    @property
    def colour(self) -> int:
        return formats.age_colour(self.days)


class Refused(Exception):
    """Some amounts can not be read; by item id."""

    def __init__(self, errors: dict[int, str]) -> None:
        self.errors = errors
        super().__init__(errors)


@require_http_methods(["GET", "POST"])
@requires(VIEW)
def receipt_page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One credit: what it is applied to, and what it may be applied to."""
    credit = item_or_404(request, pk)
    if credit.is_debit:
        raise Http404
    today = clock.today(credit.unit.time_zone)
    day = _day(request, credit, today)
    if request.method == "GET":
        typed = _oldest_first(credit, day, request) if request.GET.get("fill") == "fifo" else {}
        return _page(request, credit, day, today=today, typed=typed)
    return _apply(request, credit, day, today)


@requires("receivables.allocate_openitem")
def _apply(request: HttpRequest, credit: OpenItem, day: date, today: date) -> HttpResponse:
    typed = _typed(request)
    try:
        rows = allocations.allocate(
            credit_item=credit,
            amounts=_amounts(typed),
            effective_date=day,
            method=Allocation.Method.DESIGNATED,
            actor=person(request),
        )
    except Refused as refusal:
        return _page(request, credit, day, today=today, typed=typed, errors=refusal.errors)
    except DomainError as refusal:
        return _page(request, credit, day, today=today, typed=typed, refusal=str(refusal))
    text = ngettext("Applied to %(count)s item.", "Applied to %(count)s items.", len(rows))
    messages.success(request, text % {"count": len(rows)})
    return redirect("receivables:receipt", pk=credit.pk)


def _typed(request: HttpRequest) -> dict[int, str]:
    """Return what stands in the fields named amount_ID, empty ones left out."""
    found = {}
    for name in request.POST:
        kind, _mark, number = name.partition("_")
        text = request.POST.get(name, "").strip()
        if kind == "amount" and text and number.isdecimal() and len(number) < 19:
            found[int(number)] = text
    return found


def _amounts(typed: dict[int, str]) -> dict[int, Decimal]:
    """Return what was typed as amounts.

    :raises Refused: naming the items whose amount can not be read
    """
    plain = {pk: text.replace(",", "") for pk, text in typed.items()}
    sentence = _("Write the amount as 1234.50, with at most two decimals.")
    wrong = {pk: sentence for pk, text in plain.items() if not money.is_amount_text(text)}
    if wrong:
        raise Refused(wrong)
    return {pk: Decimal(text) for pk, text in plain.items()}


def _day(request: HttpRequest, credit: OpenItem, today: date) -> date:
    """Return the date asked for; else today, or the posting date where that is later."""
    asked = request.POST if request.method == "POST" else request.GET
    form = DayForm(asked)
    given = form.cleaned_data.get("effective_date") if form.is_valid() else None
    return given or max(today, credit.posting_date)


class DayForm(CleanForm):
    effective_date = DateField(required=False)


def _oldest_first(credit: OpenItem, day: date, request: HttpRequest) -> dict[int, str]:
    payable = ledger.open_debits(customer=credit.customer, currency=credit.currency, day=day, user=person(request))  # fmt: skip
    left = allocations.left_on([credit, *payable[:MOST_SHOWN]], day=day)
    claims = [Claim(i.pk, i.due_date, i.document_date, left[i.pk]) for i in payable[:MOST_SHOWN]]
    return {pk: money.to_text(part) for pk, part in oldest_due_first(claims, left[credit.pk]).items()}  # fmt: skip


def _page(
    request: HttpRequest,
    credit: OpenItem,
    day: date,
    *,
    today: date,
    typed: dict[int, str],
    errors: dict[int, str] | None = None,
    refusal: str = "",
) -> HttpResponse:
    user = person(request)
    may_apply = user.has_perm("receivables.allocate_openitem") and credit.is_open
    payable = ledger.open_debits(customer=credit.customer, currency=credit.currency, day=day, user=user) if may_apply else []  # fmt: skip
    wrong = errors or {}
    rows = [
        Row(item, days_overdue(item.due_date, as_of=today), typed.get(item.pk, ""), wrong.get(item.pk, ""))
        for item in payable[:MOST_SHOWN]
    ]  # fmt: skip
    context = {
        "item": credit, "rows": rows, "hidden": max(0, len(payable) - MOST_SHOWN), "day": day, "refusal": refusal,
        "may_apply": may_apply, "movements": items.movements(item=credit), "today": today,
        "may_take_back": user.has_perm("receivables.allocate_openitem"),
        "applied": credit.amount - credit.open_amount,
    }  # fmt: skip
    status = 422 if wrong or refusal else 200
    return render(request, "receivables/receipts/receipt.html", context, status=status)


urlpatterns: list[URLPattern] = [
    path("receipts/", receipts_page, name="receipts"),
    path("receipts/<int:pk>/", receipt_page, name="receipt"),
]
