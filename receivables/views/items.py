"""The ledger (应收台账) as a list, and one item with all that was applied to it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Case, F, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.core import clock, formats
from config.core.context import current_unit
from config.core.errors import DomainError
from config.core.lists import BulkAction, Column, Empty, ListDefinition, list_response
from config.core.permissions import person, requires
from config.core.templatetags.zq import url_or_none
from config.core.views.forms import attempt
from config.core.views.session import is_ours
from receivables.domain.aging import days_overdue
from receivables.models import Allocation, OpenItem
from receivables.selectors import item_events, items, schemes
from receivables.services import allocations, ledger
from receivables.views.item_filters import ItemListForm
from receivables.views.item_forms import CauseForm, DateOnlyForm, ReversalForm
from receivables.views.item_words import bucket_of, kind_word, state_badge

VIEW = "receivables.view_openitem"
MOST_SELECTED = 500


def _link(row: dict[str, Any]) -> str:
    return reverse("receivables:item", args=[row["id"]])


def _number(row: dict[str, Any]) -> str:
    if row["instalment"] == 1:
        return str(row["number"])
    return format_html('{} <span class="zq-faint">/{}</span>', row["number"], row["instalment"])


def definition(as_of: date, *, only_open: bool = True) -> ListDefinition:
    """Return the columns; the days overdue are those on `as_of`.

    What is open comes oldest due first, everything newest first: both as an index has them.
    """

    def overdue(row: dict[str, Any]) -> int | None:
        days = days_overdue(row["due_date"], as_of=as_of)
        return days if row["direction"] == "debit" and row["open_as_of"] and days > 0 else None

    def overdue_cell(row: dict[str, Any]) -> str:
        days = overdue(row)
        if days is None:
            return format_html('<span class="zq-muted">{}</span>', formats.DASH)
        shade = formats.age_colour(days)
        return format_html(
            '<span class="zq-age age-{}" aria-hidden="true"></span> {}', shade, formats.number(days)
        )

    return ListDefinition(
        page="receivables:items",
        order="due_date" if only_open else "-posting_date",
        currency="currency",
        columns=(
            Column(key="number", label=gettext_lazy("Document"), kind="code", sort="number_key", link=_link,
                   html=_number, is_fixed=True),
            Column(key="customer__name", label=gettext_lazy("Customer"), sort="customer__sort_key",
                   link=lambda row: reverse("customers:detail", args=[row["customer_id"]])),
            Column(key="kind", label=gettext_lazy("Kind"), choices=dict(OpenItem.Kind.choices), is_shown=False),
            Column(key="document_date", label=gettext_lazy("Document date"), kind="date", sort="document_date",
                   descends_first=True),
            Column(key="due_date", label=gettext_lazy("Due date"), kind="date", sort="due_date"),
            Column(key="days_overdue", label=gettext_lazy("Days overdue"), kind="number", value=overdue, html=overdue_cell),
            Column(key="currency", label=gettext_lazy("Currency"), kind="code"),
            Column(key="signed_amount", label=gettext_lazy("Amount"), kind="money", sort="signed_amount",
                   total="signed_amount", descends_first=True),
            Column(key="signed_open", label=gettext_lazy("Open amount"), kind="money", sort="signed_open",
                   total="signed_open", descends_first=True, is_fixed=True),
            Column(key="cause", label=gettext_lazy("Arrears type"), value=lambda row: _cause(row["cause"])),
            Column(key="posting_date", label=gettext_lazy("Posting date"), kind="date", sort="posting_date",
                   descends_first=True, is_shown=False),
            Column(key="customer__code", label=gettext_lazy("Customer code"), kind="code", is_shown=False),
            Column(key="order_reference", label=gettext_lazy("Order"), is_shown=False),
            Column(key="contract_reference", label=gettext_lazy("Contract"), is_shown=False),
            Column(key="text", label=gettext_lazy("Text"), kind="wrap", is_shown=False),
            Column(key="source", label=gettext_lazy("Source"), is_shown=False),
            Column(key="unit__code", label=gettext_lazy("Business unit"), is_shown=False),
        ),
    )  # fmt: skip


def _cause(code: str) -> str:
    return str(OpenItem.Cause(code).label) if code else ""


def signed(found: Any) -> Any:
    """Return rows of a search with amounts as they count: what is owed to customers is negative."""
    is_credit = When(direction=OpenItem.Direction.CREDIT, then=-F("amount"))
    open_credit = When(direction=OpenItem.Direction.CREDIT, then=-F("open_as_of"))
    return found.annotate(
        signed_amount=Case(is_credit, default=F("amount")),
        signed_open=Case(open_credit, default=F("open_as_of")),
    )


@require_GET
@requires(VIEW)
def ledger_page(request: HttpRequest) -> HttpResponseBase:
    """The ledger: what is open, or was on any day, filtered, totalled, exported."""
    user, unit = person(request), current_unit(request)
    today = clock.today(unit.time_zone if unit else None)
    form = ItemListForm(request.GET, user=user)
    wanted = form.wanted(today=today, unit_ids=(unit.pk,) if unit else None)
    found = signed(items.search(user=user, wanted=wanted))
    may_classify = user.has_perm("receivables.classify_openitem")
    classify = BulkAction(
        label=_("Set arrears type"), url=reverse("receivables:items_classify"), icon="tag"
    )
    return list_response(
        request,
        definition=definition(wanted.as_of, only_open=wanted.state == items.OPEN),
        rows=found.values(*items.ROW, "open_as_of", "signed_amount", "signed_open"),
        template="receivables/items/list.html",
        form=form,
        bulk=[classify] if may_classify else (),
        context={
            "as_of": wanted.as_of, "is_past": wanted.as_of != today, "causes": OpenItem.Cause.choices,
            "may_post": user.has_perm("receivables.post_openitem"),
            "may_post_receipt": user.has_perm("receivables.post_receipt"),
            "may_import": user.has_perm("receivables.import_data"),
            "may_verify": user.has_perm("receivables.verify_ledger"),
            "bulk_template": "receivables/items/_classify.html",
        },
        empty=_empty(user),
        filename=f"open-items-{wanted.as_of.isoformat()}",
    )  # fmt: skip


def _empty(user: Any) -> Empty:
    if user.has_perm("receivables.import_data"):
        return Empty(
            title=_("Nothing is open."), text=_("Import a ledger from Excel or CSV, or post a document."),
            url=url_or_none("receivables:imports"), action=_("Import a ledger"), icon="receipt-2",
        )  # fmt: skip
    text = _("Invoices and receipts appear here as soon as they are posted.")
    return Empty(title=_("Nothing is open."), text=text, icon="receipt-2")


@require_POST
@requires("receivables.classify_openitem")
def classify_many(request: HttpRequest) -> HttpResponse:
    """Set the arrears type of the items chosen in the list."""
    user, back = person(request), request.POST.get("next", "")
    chosen = [int(pk) for pk in request.POST.getlist("selected")[:MOST_SELECTED] if pk.isdecimal() and len(pk) < 19]  # fmt: skip
    cause = request.POST.get("cause", "")
    found = OpenItem.objects.visible_to(user).filter(pk__in=chosen)
    try:
        done = ledger.classify_many(items=found, cause=cause, actor=user)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        text = ngettext("%(count)s item: %(cause)s", "%(count)s items: %(cause)s", len(done))
        messages.success(request, text % {"count": len(done), "cause": OpenItem.Cause(cause).label})
    return redirect(back if is_ours(request, back) else "receivables:items")


# One item ----------------------------------------------------------------------------------------


def item_or_404(request: HttpRequest, pk: int) -> OpenItem:
    """Return an item of the user's scope with what its page names."""
    item = items.get(user=person(request), pk=pk)
    if item is None:
        raise Http404
    return item


@require_GET
@requires(VIEW)
def item_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One item: its state and figures, what was applied, what happened."""
    return _item(request, item_or_404(request, pk))


def _item(
    request: HttpRequest, item: OpenItem, *, reversal: ReversalForm | None = None
) -> HttpResponse:
    user, today = person(request), clock.today(item.unit.time_zone)
    moves = items.movements(item=item)
    opposite = getattr(item, "reversed_by", None)
    may_reverse = user.has_perm("receivables.reverse_openitem")
    can_apply = not item.is_debit and item.is_open and item.kind != OpenItem.Kind.REVERSAL
    context = {
        "item": item,
        "kind": kind_word(item),
        "state": state_badge(item, is_reversed=opposite is not None, today=today),
        "figures": _figures(item, today),
        "movements": moves,
        "opposite": opposite,
        "today": today,
        "can_reverse": may_reverse and opposite is None and item.kind != OpenItem.Kind.REVERSAL,
        "is_reversible": item.open_amount == item.amount,
        "can_apply": can_apply and user.has_perm("receivables.allocate_openitem"),
        "can_take_back": user.has_perm("receivables.allocate_openitem"),
        "can_classify": user.has_perm("receivables.classify_openitem") and item.is_debit,
        "cause_form": CauseForm(initial={"cause": item.cause}, auto_id="cause_%s"),
        "reversal_form": reversal or ReversalForm(initial={"effective_date": today}, auto_id="reverse_%s"),
        "take_back_form": DateOnlyForm(initial={"effective_date": today}, auto_id="back_%s"),
        "parts": _parts(item),
        "events": item_events.of_item(item=item, allocations=[m.allocation for m in moves]),
    }  # fmt: skip
    status = 422 if reversal is not None else 200
    return render(request, "receivables/items/item.html", context, status=status)


def _parts(item: OpenItem) -> list[OpenItem]:
    """Return the other instalments of the same document."""
    same = OpenItem.objects.filter(unit=item.unit, source=item.source, number_key=item.number_key)
    return list(same.exclude(pk=item.pk).order_by("instalment"))


def _figures(item: OpenItem, today: date) -> list[dict[str, Any]]:
    bucket = bucket_of(item, scheme=schemes.get(), today=today)
    days = days_overdue(item.due_date, as_of=today)
    is_overdue = item.is_debit and item.is_open and days > 0
    return [
        {"label": _("Amount"), "value": formats.money(item.amount), "unit": item.currency,
         "note": kind_word(item)},
        {"label": _("Open amount") if item.is_debit else _("Not applied"), "value": formats.money(item.open_amount), "unit": item.currency,
         "note": _("%(amount)s applied") % {"amount": formats.money(item.amount - item.open_amount)}},
        {"label": _("Due date"), "value": formats.day(item.due_date, language=get_language()),
         "note": _days_note(item, days)},
        {"label": _("Days overdue"), "value": formats.number(days) if is_overdue else formats.DASH,
         "unit": pgettext("unit", "days") if is_overdue else "", "tone": "danger" if is_overdue else "",
         "note": _("an item due today is not overdue") if item.is_open and days == 0 else ""},
        {"label": _("Age"), "value": bucket, "note": _("by due date, today")},
    ]  # fmt: skip


def _days_note(item: OpenItem, days: int) -> str:
    if not item.is_open:
        return str(_("settled"))
    if days > 0:
        return ngettext("%(count)s day ago", "%(count)s days ago", days) % {"count": formats.number(days)}  # fmt: skip
    if days == 0:
        return _("today")
    return ngettext("in %(count)s day", "in %(count)s days", -days) % {"count": formats.number(-days)}  # fmt: skip


@require_POST
@requires("receivables.reverse_openitem")
def reverse_item(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel an item by an opposite one."""
    item = item_or_404(request, pk)
    form = ReversalForm(request.POST, auto_id="reverse_%s")
    if form.is_valid():
        values = form.cleaned_data
        made = attempt(form, lambda: ledger.reverse(item=item, actor=person(request), **values))
        if made is not None:
            messages.success(request, _("%(number)s was reversed.") % {"number": item.number})
            return redirect("receivables:item", pk=pk)
    return _item(request, item_or_404(request, pk), reversal=form)


@require_POST
@requires("receivables.classify_openitem")
def classify_item(request: HttpRequest, pk: int) -> HttpResponse:
    """Set the arrears type of one item."""
    item = item_or_404(request, pk)
    form = CauseForm(request.POST)
    if form.is_valid():
        ledger.classify(item=item, cause=form.cleaned_data["cause"], actor=person(request))
        messages.success(request, _("The arrears type was set."))
    else:
        messages.error(request, _("There is no such arrears type."))
    return redirect("receivables:item", pk=pk)


@require_POST
@requires("receivables.allocate_openitem")
def take_back(request: HttpRequest, pk: int, allocation_pk: int) -> HttpResponse:
    """Take an allocation of this item back as of a date."""
    item = item_or_404(request, pk)
    row = items.visible_allocations(user=person(request)).filter(pk=allocation_pk).first()
    if row is None or item.pk not in {row.credit_item_id, row.debit_item_id}:
        raise Http404
    _take_back(request, row)
    return redirect("receivables:item", pk=pk)


def _take_back(request: HttpRequest, row: Allocation) -> None:
    form = DateOnlyForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the date from which both items are open again."))
        return
    day = form.cleaned_data["effective_date"]
    try:
        allocations.take_back(allocation=row, effective_date=day, actor=person(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        amount = formats.money(Decimal(row.amount))
        text = _("%(amount)s %(currency)s were taken back; both items are open again.")
        messages.success(request, text % {"amount": amount, "currency": row.currency})


urlpatterns: list[URLPattern] = [
    path("items/", ledger_page, name="items"),
    path("items/classify/", classify_many, name="items_classify"),
    path("items/<int:pk>/", item_page, name="item"),
    path("items/<int:pk>/reverse/", reverse_item, name="item_reverse"),
    path("items/<int:pk>/classify/", classify_item, name="item_classify"),
    path("items/<int:pk>/allocations/<int:allocation_pk>/take-back/", take_back, name="item_take_back"),
]  # fmt: skip
