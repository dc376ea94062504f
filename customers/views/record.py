"""One customer's page: figures and tabs of the upper apps by route name, own tabs, the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from config.core import clock
from config.core.models import User
from config.core.permissions import person, requires
from customers.domain import lifecycle
from customers.models import Customer
from customers.selectors import groups, timeline
from customers.views import facts
from customers.views.forms import ContactForm, StatusForm
from customers.views.listing import segment_badge, status_badge
from customers.views.posting import customer_or_404

TIMELINE, HISTORY = 12, 50
LEDGER = "receivables.view_openitem"
# Tab → the route of the upper app's panel, loaded by htmx when that app has it.
PANELS = {
    "items": "receivables:customer_items",
    "ledger": "receivables:customer_ledger",
    "aging": "receivables:customer_aging",
}


@dataclass(frozen=True, slots=True)
class Tab:
    key: str
    label: str
    url: str
    is_active: bool = False
    count: int | None = None
    panel: str = ""


@require_GET
@requires("customers.view_customer")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a customer of the user's scope."""
    user = person(request)
    customer = customer_or_404(request, pk)
    today = clock.today(customer.unit.time_zone)
    group = groups.group_of(customer=customer, user=user)
    contacts = list(customer.contacts.order_by("-is_primary", "pk"))
    tabs = _tabs(request, customer, contacts=len(contacts), members=group.size if group else None)
    may_change = user.has_perm("customers.change_customer")
    told = panel_url("receivables:customer_timeline", customer, user)
    context = {
        "customer": customer,
        "status": status_badge(customer),
        "segment": segment_badge(customer),
        "group": group,
        "years": years_since(customer.customer_since, today),
        "tabs": tabs,
        "tab": next(tab for tab in tabs if tab.is_active),
        "figures_url": panel_url("receivables:customer_figures", customer, user),
        "contacts": contacts,
        "facts": facts.of(customer),
        "next_step": _next_step(customer, contacts) if may_change else "",
        "status_form": StatusForm(choices=status_choices(customer), auto_id="status_%s"),
        "contact_form": ContactForm(auto_id="contact_%s"),
        "may_change": may_change,
        "timeline_url": told,
        "timeline": None if told else timeline.of_customer(customer=customer, user=user, limit=TIMELINE),
    }  # fmt: skip
    return render(request, "customers/detail.html", context)


@require_GET
@requires("customers.view_customer")
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """Show everything that happened to a customer, page by page."""
    customer = customer_or_404(request, pk)
    text = request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    found = timeline.of_customer(
        customer=customer, user=person(request), limit=HISTORY, before=before
    )
    context = {"customer": customer, "timeline": found, "before": before}
    return render(request, "customers/history.html", context)


def status_choices(customer: Customer) -> list[tuple[str, Any]]:
    """Return the statuses that may follow the present one, with their words."""
    allowed = lifecycle.TRANSITIONS.get(customer.status, frozenset())
    return [(value, word) for value, word in Customer.Status.choices if value in allowed]


def years_since(day: date | None, today: date) -> int | None:
    """Return the whole years from `day` to `today`, None where there is no past day."""
    if day is None or day > today:
        return None
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))


def panel_url(route: str, customer: Customer, user: User) -> str:
    """Return the address of an upper app's panel, or nothing where there is none for this user."""
    if not user.has_perm(LEDGER):
        return ""
    try:
        return reverse(route, args=[customer.pk])
    except NoReverseMatch:
        return ""


def _tabs(
    request: HttpRequest, customer: Customer, *, contacts: int, members: int | None
) -> list[Tab]:
    words = {"items": _("Open items"), "ledger": _("Ledger"), "aging": _("Aging")}
    panels = {key: panel_url(route, customer, person(request)) for key, route in PANELS.items()}
    found: list[tuple[str, str, int | None, str]] = [
        (key, words[key], None, url) for key, url in panels.items() if url
    ]
    found += [
        ("data", _("Master data"), None, ""),
        ("contacts", _("Contacts"), contacts, ""),
        ("group", _("Group"), members, ""),
    ]
    keys = [key for key, _label, _count, _url in found]
    asked = request.GET.get("tab", "")
    active = asked if asked in keys else keys[0]
    return [
        Tab(key, label, f"?tab={key}", is_active=key == active, count=count, panel=url)
        for key, label, count, url in found
    ]


def _next_step(customer: Customer, contacts: list[Any]) -> str:
    """Return what the record lacks that other work waits for, the most pressing only."""
    if customer.status == Customer.Status.CLOSED:
        return ""
    lacks = (
        (customer.payment_terms_id is None, _("Give the customer payment terms, so that due dates follow from documents.")),
        (customer.sales_owner_id is None, _("Name a sales owner, so that alerts reach somebody.")),
        (customer.collector_id is None, _("Name a collector, so that overdue items are followed up.")),
        (not contacts, _("Add a contact in their finance department, so that collectors know whom to call.")),
        (not customer.uscc and customer.kind != Customer.Kind.FOREIGN, _("Enter the unified social credit code from the business licence.")),
    )  # fmt: skip
    return next((sentence for is_lacking, sentence in lacks if is_lacking), "")
