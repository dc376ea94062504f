"""What the customer's page shows of the ledger, fetched part by part: figures, items, ledger, aging."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from config.core import clock, dates, formats
from config.core.exports import ExportColumn, file_response
from config.core.list_columns import Segment
from config.core.lists import EXPORTS
from config.core.permissions import person, requires
from config.core.views.forms import CleanForm, DateField
from customers.models import Customer
from receivables.domain.aging import days_overdue
from receivables.models import OpenItem
from receivables.selectors import customer_events, items, ledger, schemes
from receivables.selectors.items import OPEN, OVERDUE, ItemFilter
from receivables.selectors.ledger import CustomerLedger, LedgerLine, Standing
from receivables.selectors.open_amounts import RETENTION, UNAPPLIED
from receivables.views.dashboard import RETENTION_COLOUR, colour

VIEW = "receivables.view_openitem"
ITEMS_SHOWN, LINES_SHOWN, EVENTS_SHOWN, EXPORT_CHUNK = 100, 200, 20, 2000


def customer_or_404(request: HttpRequest, pk: int) -> Customer:
    """Return a customer of the user's scope."""
    known = Customer.objects.visible_to(person(request)).select_related("unit", "payment_terms")
    found = known.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def items_url(customer: Customer, **limits: object) -> str:
    """Return the address of the customer's items in the ledger."""
    query = {"customer": customer.pk, **{k: v for k, v in limits.items() if v not in (None, "")}}
    return f"{reverse('receivables:items')}?{urlencode(query)}"


# Figures -----------------------------------------------------------------------------------------


@require_GET
@requires(VIEW)
def figures(request: HttpRequest, pk: int) -> HttpResponse:
    """The strip: owed, overdue, not due, unapplied, last receipt."""
    customer = customer_or_404(request, pk)
    today = clock.today(customer.unit.time_zone)
    standing = ledger.standing(customer=customer, as_of=today, scheme=schemes.get())
    strips = [_strip(customer, found, today) for found in standing]
    if not strips:
        strips = [_nothing_owed(customer)]
    strips[0].append(_last_receipt(customer, today))
    return render(request, "receivables/panels/figures.html", {"strips": strips})


def _strip(customer: Customer, found: Standing, today: date) -> list[dict[str, Any]]:
    only = {"currency": found.currency}
    days = days_overdue(found.oldest_due, as_of=today) if found.oldest_due else 0
    late = ngettext("longest %(count)s day", "longest %(count)s days", days) % {"count": formats.number(days)}  # fmt: skip
    return [
        _figure(_("Receivables"), found.receivable, found.currency, items_url(customer, direction="debit", **only)),
        _figure(_("Overdue"), found.overdue, found.currency, items_url(customer, bucket=OVERDUE, **only),
                note=late if found.overdue else _("nothing is overdue"), tone="danger" if found.overdue else ""),
        _figure(_("Not due"), found.not_due, found.currency, items_url(customer, bucket=found.scheme.buckets[0].code, **only),
                note=_("%(amount)s retention") % {"amount": formats.money(found.row.retention)} if found.row.retention else ""),
        _figure(_("Unapplied credit"), -found.row.unapplied, found.currency, items_url(customer, direction="credit", **only),
                note=_("balance %(amount)s") % {"amount": formats.money(found.row.total)}),
    ]  # fmt: skip


def _figure(
    label: str, amount: Any, currency: str, url: str, *, note: str = "", tone: str = ""
) -> dict[str, Any]:
    figure = formats.compact_money(amount, language=get_language(), currency=currency)
    return {
        "label": label, "value": figure.number, "unit": figure.unit, "note": note, "url": url, "tone": tone,
        "help": f"{currency} {formats.money(amount)}",
    }  # fmt: skip


def _nothing_owed(customer: Customer) -> list[dict[str, Any]]:
    note = _("nothing is open")
    return [_figure(_("Receivables"), 0, customer.currency, items_url(customer, state="all"), note=note)]  # fmt: skip


def _last_receipt(customer: Customer, today: date) -> dict[str, Any]:
    newest = next(iter(ledger.last_receipts(customer=customer, limit=1)), None)
    if newest is None:
        return {"label": _("Last receipt"), "value": formats.DASH, "note": _("never paid yet")}
    figure = formats.compact_money(newest.amount, language=get_language(), currency=newest.currency)
    return {
        "label": _("Last receipt"), "value": figure.number, "unit": figure.unit,
        "note": formats.day(newest.posting_date, language=get_language()),
        "url": reverse("receivables:receipt", args=[newest.pk]),
    }  # fmt: skip


# Open items --------------------------------------------------------------------------------------


@require_GET
@requires(VIEW)
def open_items(request: HttpRequest, pk: int) -> HttpResponse:
    """What is open today, oldest due first."""
    user, customer = person(request), customer_or_404(request, pk)
    today = clock.today(customer.unit.time_zone)
    wanted = ItemFilter(
        as_of=today, state=OPEN, customer_id=customer.pk, unit_ids=(customer.unit_id,)
    )
    found = items.search(user=user, wanted=wanted)
    rows = found.order_by("due_date", "id").values(*items.ROW, "open_as_of")
    standing = ledger.standing(customer=customer, as_of=today, scheme=schemes.get())
    context = {
        "customer": customer,
        "rows": [_open_row(row, today) for row in rows[:ITEMS_SHOWN]],
        "count": found.count(),
        "standing": standing,
        "all_url": items_url(customer),
        "settled_url": items_url(customer, state="all"),
        "may_post": user.has_perm("receivables.post_openitem"),
        "may_post_receipt": user.has_perm("receivables.post_receipt"),
    }
    return render(request, "receivables/panels/items.html", context)


def _open_row(row: dict[str, Any], today: date) -> dict[str, Any]:
    is_debit = row["direction"] == "debit"
    days = days_overdue(row["due_date"], as_of=today)
    sign = 1 if is_debit else -1
    return row | {
        "is_debit": is_debit,
        "days": days if is_debit else None,
        "colour": formats.age_colour(days),
        "kind": OpenItem.Kind(row["kind"]).label,
        "cause": OpenItem.Cause(row["cause"]).label if row["cause"] else "",
        "amount": sign * row["amount"],
        "open": sign * row["open_as_of"],
    }


# Ledger (台账) ------------------------------------------------------------------------------------


class LedgerForm(CleanForm):
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), required=False)
    date_from = DateField(label=gettext_lazy("From"), required=False)
    date_to = DateField(label=gettext_lazy("To"), required=False)

    def __init__(self, *args: Any, codes: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(code, code) for code in codes]  # type: ignore[attr-defined]
        if len(codes) == 1:
            self.fields["currency"].widget = forms.HiddenInput()


COLUMNS = (
    ExportColumn(label=gettext_lazy("Posting date"), kind="date"),
    ExportColumn(label=gettext_lazy("Document"), kind="text"),
    ExportColumn(label=gettext_lazy("Kind"), kind="text"),
    ExportColumn(label=gettext_lazy("Due date"), kind="date"),
    ExportColumn(label=gettext_lazy("Text"), kind="text", width=30),
    ExportColumn(label=gettext_lazy("Debit"), kind="money"),
    ExportColumn(label=gettext_lazy("Credit"), kind="money"),
    ExportColumn(label=gettext_lazy("Balance"), kind="money"),
)


@require_GET
@requires(VIEW)
def customer_ledger(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Every posting of a period with the balance after it; as a file with `export`."""
    customer = customer_or_404(request, pk)
    today = clock.today(customer.unit.time_zone)
    codes = ledger.currencies_of(customer=customer)
    form = LedgerForm(request.GET, codes=codes, auto_id="ledger_%s")
    form.is_valid()
    date_to = form.cleaned_data.get("date_to") or today
    question: dict[str, Any] = {
        "customer": customer,
        "currency": form.cleaned_data.get("currency") or codes[0],
        "date_from": form.cleaned_data.get("date_from") or dates.add_years(date_to, -1),
        "date_to": date_to,
    }
    if request.GET.get("export") in EXPORTS:
        return _export(request.GET["export"], question)
    found = ledger.customer_ledger(**question, after=_after(request), limit=LINES_SHOWN)
    shown = {k: question[k] for k in ("currency", "date_from", "date_to")}
    form = LedgerForm(shown, codes=codes, auto_id="ledger_%s")
    context = {
        "customer": customer, "form": form, "ledger": found, "lines": [_line(line) for line in found.lines],
        "is_first": _after(request) is None, "query": urlencode(shown), "errors": form.errors,
        "next": urlencode({**shown, "after": "{}_{}".format(*found.next_after)}) if found.next_after else "",
    }  # fmt: skip
    template = "ledger.html" if context["is_first"] else "_ledger_rows.html"
    return render(request, f"receivables/panels/{template}", context)


def _after(request: HttpRequest) -> ledger.Place | None:
    day, _mark, number = request.GET.get("after", "").partition("_")
    try:
        return (date.fromisoformat(day), int(number)) if number.isdecimal() and len(number) < 19 else None  # fmt: skip
    except ValueError:
        return None


def _line(line: LedgerLine) -> dict[str, Any]:
    kind = OpenItem.Kind(line.kind).label
    return line._asdict() | {"kind_label": kind}


def _export(form: str, question: dict[str, Any]) -> HttpResponseBase:
    whole = ledger.customer_ledger(**question, limit=1)
    total = ["", _("Closing balance"), "", None, "", whole.debit, whole.credit, whole.closing_balance]  # fmt: skip
    code = question["customer"].code
    return file_response(
        form=form,
        filename=f"ledger-{code}-{whole.currency}-{whole.date_to.isoformat()}",
        columns=COLUMNS,
        rows=_rows(question, whole),
        totals=[total],
    )


def _rows(question: dict[str, Any], whole: CustomerLedger) -> Iterator[list[Any]]:
    yield [whole.date_from, str(_("Opening balance")), "", None, "", None, None, whole.opening_balance]  # fmt: skip
    after: ledger.Place | None = None
    while True:
        page = ledger.customer_ledger(**question, after=after, limit=EXPORT_CHUNK)
        for line in page.lines:
            kind = str(OpenItem.Kind(line.kind).label)
            yield [line.posting_date, line.number, kind, line.due_date, line.text, line.debit, line.credit, line.balance]  # fmt: skip
        after = page.next_after
        if after is None:
            return


# Aging -------------------------------------------------------------------------------------------


class AgingPanelForm(CleanForm):
    as_of = DateField(label=gettext_lazy("As of"), required=False)
    scheme = forms.ChoiceField(label=gettext_lazy("Buckets"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scheme"].choices = schemes.choices()  # type: ignore[attr-defined]


@require_GET
@requires(VIEW)
def customer_aging(request: HttpRequest, pk: int) -> HttpResponse:
    """What the customer owed on a day, by bucket; every amount opens its items."""
    customer = customer_or_404(request, pk)
    form = AgingPanelForm(request.GET, auto_id="aging_%s")
    form.is_valid()
    as_of = form.cleaned_data.get("as_of") or clock.today(customer.unit.time_zone)
    code = form.cleaned_data.get("scheme", "")
    standing = ledger.standing(customer=customer, as_of=as_of, scheme=schemes.get(code))
    context = {
        "customer": customer,
        "as_of": as_of,
        "form": AgingPanelForm({"as_of": as_of, "scheme": code}, auto_id="aging_%s"),
        "bars": [_bar(customer, found, as_of, code) for found in standing],
    }
    return render(request, "receivables/panels/aging.html", context)


def _bar(customer: Customer, found: Standing, as_of: date, scheme: str) -> dict[str, Any]:
    def address(bucket: str) -> str:
        return items_url(customer, currency=found.currency, bucket=bucket, as_of=as_of.isoformat(), scheme=scheme)  # fmt: skip

    pairs = zip(found.scheme.buckets, found.row.amounts, strict=True)
    segments = [
        Segment(bucket.label, amount, colour(position, found.scheme), address(bucket.code))
        for position, (bucket, amount) in enumerate(pairs)
    ]
    if found.row.retention:
        kept = Segment(_("Retention, not due"), found.row.retention, RETENTION_COLOUR, address(RETENTION))  # fmt: skip
        segments.insert(1, kept)
    return {
        "currency": found.currency,
        "segments": segments,
        "receivable": found.receivable,
        "unapplied": found.row.unapplied,
        "unapplied_url": address(UNAPPLIED),
        "total": found.row.total,
    }


# Timeline ----------------------------------------------------------------------------------------


@require_GET
@requires(VIEW)
def customer_timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """The latest documents, receipts, alerts, imports and changes of the record, each a link."""
    customer = customer_or_404(request, pk)
    events = customer_events.of_customer(
        customer=customer, user=person(request), limit=EVENTS_SHOWN
    )
    context = {"events": events, "url": reverse("customers:history", args=[customer.pk])}
    return render(request, "components/timeline.html", context)


urlpatterns: list[URLPattern] = [
    path("customers/<int:pk>/figures/", figures, name="customer_figures"),
    path("customers/<int:pk>/items/", open_items, name="customer_items"),
    path("customers/<int:pk>/ledger/", customer_ledger, name="customer_ledger"),
    path("customers/<int:pk>/timeline/", customer_timeline, name="customer_timeline"),
    path("customers/<int:pk>/aging/", customer_aging, name="customer_aging"),
]
