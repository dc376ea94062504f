"""The list of customers, handing many over at once, and the choices of a search box."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from config.core.context import current_unit
from config.core.errors import DomainError
from config.core.list_columns import Badge
from config.core.lists import BulkAction, Column, Empty, ListDefinition, list_response
from config.core.models import User
from config.core.permissions import person, requires
from config.core.views.forms import CleanForm
from config.core.views.session import is_ours
from customers.models import Customer, CustomerQuerySet, PaymentTerms
from customers.selectors import customers as selectors
from customers.selectors import people
from customers.services import customers
from customers.views.forms import AssignForm

STATUS_LEVELS = {"prospect": "info", "active": "success", "dormant": "notice", "closed": "neutral"}
SEGMENT_LEVELS = {"key": "info", "watch": "warning", "exit": "danger"}
MAX_OPTIONS = 20


def status_badge(customer: Customer) -> Badge:
    level = STATUS_LEVELS.get(customer.status, "neutral")
    return Badge(customer.get_status_display(), level)


def segment_badge(customer: Customer) -> Badge:
    level = SEGMENT_LEVELS.get(customer.segment, "neutral")
    return Badge(customer.get_segment_display(), level)


def _link(customer: Customer) -> str:
    return reverse("customers:detail", args=[customer.pk])


CUSTOMERS = ListDefinition(
    page="customers:list",
    order="name",
    columns=(
        Column(key="code", label=gettext_lazy("Code"), kind="code", sort="code_key", link=_link),
        Column(key="name", label=gettext_lazy("Name"), sort="sort_key", link=_link, is_fixed=True),
        Column(
            key="status", label=gettext_lazy("Status"), kind="badge", value=status_badge, sort="status"
        ),
        Column(
            key="segment", label=gettext_lazy("Segment"), kind="badge", value=segment_badge, sort="segment"
        ),
        Column(key="region", label=gettext_lazy("Region"), sort="region"),
        Column(key="industry", label=gettext_lazy("Industry"), sort="industry", is_shown=False),
        Column(key="sales_owner", label=gettext_lazy("Sales owner"), sort="sales_owner__display_name"),
        Column(key="collector", label=gettext_lazy("Collector"), sort="collector__display_name"),
        Column(key="payment_terms", label=gettext_lazy("Payment terms"), sort="payment_terms__code"),
        Column(key="uscc", label=gettext_lazy("Credit code"), kind="code", sort="uscc", is_shown=False),
        Column(key="name_en", label=gettext_lazy("English name"), sort="name_en", is_shown=False),
        Column(key="short_name", label=gettext_lazy("Short name"), sort="short_name", is_shown=False),
        Column(key="unit", label=gettext_lazy("Business unit"), sort="unit__code", is_shown=False),
        Column(key="parent", label=gettext_lazy("Group parent"), sort="parent__sort_key", is_shown=False),
        Column(
            key="kind", label=gettext_lazy("Kind"), value=lambda c: c.get_kind_display(), sort="kind", is_shown=False
        ),
        Column(
            key="size_class", label=gettext_lazy("Size class"), value=lambda c: c.get_size_class_display(),
            sort="size_class", is_shown=False,
        ),
        Column(key="currency", label=gettext_lazy("Currency"), sort="currency", is_shown=False),
        Column(
            key="registered_capital", label=gettext_lazy("Registered capital"), kind="money",
            sort="registered_capital", descends_first=True, is_shown=False,
        ),
        Column(
            key="customer_since", label=gettext_lazy("Customer since"), kind="date", sort="customer_since",
            is_shown=False,
        ),
        Column(
            key="updated_at", label=gettext_lazy("Changed"), kind="moment", sort="updated_at",
            descends_first=True, is_shown=False,
        ),
    ),
)  # fmt: skip


class CustomerListForm(CleanForm):
    folded = ("region", "industry", "collector")


class CustomerListFilter(django_filters.FilterSet):
    """Filters of the page; empty choices are left out of the address."""

    q = django_filters.CharFilter(
        label=gettext_lazy("Search"),
        max_length=100,
        method="filter_q",
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": gettext_lazy("Code, name, pinyin, credit code")}
        ),
    )
    status = django_filters.ChoiceFilter(
        label=gettext_lazy("Status"),
        choices=Customer.Status.choices,
        empty_label=gettext_lazy("All"),
    )
    segment = django_filters.ChoiceFilter(
        label=gettext_lazy("Segment"),
        choices=Customer.Segment.choices,
        empty_label=gettext_lazy("All"),
    )
    region = django_filters.ChoiceFilter(
        label=gettext_lazy("Region"), empty_label=gettext_lazy("All")
    )
    industry = django_filters.ChoiceFilter(
        label=gettext_lazy("Industry"), empty_label=gettext_lazy("All")
    )
    sales_owner = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Sales owner"), queryset=User.objects.none(), empty_label=gettext_lazy("All"),
        null_label=gettext_lazy("Nobody"),
    )  # fmt: skip
    collector = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Collector"), queryset=User.objects.none(), empty_label=gettext_lazy("All"),
        null_label=gettext_lazy("Nobody"),
    )  # fmt: skip
    payment_terms = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Payment terms"), queryset=PaymentTerms.objects.order_by("code"),
        empty_label=gettext_lazy("All"), null_label=gettext_lazy("None"),
    )  # fmt: skip

    class Meta:
        model = Customer
        form = CustomerListForm
        fields: list[str] = []

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("sales_owner", "collector"):
            self.filters[name].queryset = people.colleagues(user=user)
        if "payment_terms" not in self.data:
            # Asked for from the page of the terms; a filter less on the line of those who do not.
            del self.filters["payment_terms"]
        for name in ("region", "industry"):
            used = selectors.facet_values(user=user, field=name)
            self.filters[name].extra["choices"] = [(value, value) for value in used]

    def filter_q(self, queryset: CustomerQuerySet, name: str, value: str) -> CustomerQuerySet:
        return queryset.matching(value)


@require_GET
@requires("customers.view_customer")
def index(request: HttpRequest) -> HttpResponseBase:
    """List the customers of the user's scope."""
    user = person(request)
    scope = Customer.objects.visible_to(user)
    unit = current_unit(request)
    if unit is not None:
        scope = scope.filter(unit=unit)
    # What a row refers to is read for the page alone: sorting would carry joined columns along.
    related = scope.prefetch_related(
        "unit", "sales_owner", "collector", "payment_terms", "parent"
    ).defer("search_keys", "note", "address")
    chosen = CustomerListFilter(request.GET, queryset=related, user=user)
    may_change = user.has_perm("customers.change_customer")
    return list_response(
        request,
        definition=CUSTOMERS,
        rows=chosen.qs if chosen.form.is_valid() else related.none(),
        template="customers/list.html",
        form=chosen.form,
        bulk=[_hand_over()] if may_change else [],
        empty=_empty(may_change),
        filename=_("customers"),
        context={"assign_form": AssignForm(user=user) if may_change else None},
    )


def _hand_over() -> BulkAction:
    return BulkAction(label=_("Hand over"), url=reverse("customers:assign"), icon="user-check")


def _empty(may_change: bool) -> Empty:
    if not may_change:
        return Empty(
            title=_("There are no customers here."),
            text=_("You see the customers of your business units; salespeople see their own."),
            icon="building",
        )
    return Empty(
        title=_("There are no customers yet."),
        text=_("Add the first one, or import a list of them from Excel."),
        url=reverse("customers:create"),
        action=_("New customer"),
        icon="building",
    )


@require_POST
@requires("customers.change_customer")
def assign(request: HttpRequest) -> HttpResponse:
    """Hand the chosen customers over, all or none."""
    back = request.POST.get("next", "")
    target = back if is_ours(request, back) else reverse("customers:list")
    form = AssignForm(request.POST, user=person(request))
    ids = {int(text) for text in request.POST.getlist("selected") if _is_id(text)}
    if not form.is_valid() or not form.assignment() or not ids:
        messages.warning(request, _("Choose customers, and who gets them."))
        return redirect(target)
    try:
        changed = customers.assign(customer_ids=ids, actor=person(request), **form.assignment())
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect(target)
    text = ngettext(
        "%(count)s responsibility changed.", "%(count)s responsibilities changed.", changed
    )
    messages.success(request, text % {"count": changed})
    return redirect(target)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


@require_GET
@requires("customers.view_customer")
def options(request: HttpRequest) -> JsonResponse:
    """Return the customers meant by `q`, for search boxes."""
    text = request.GET.get("q", "")[:100].replace("\x00", "")
    found = selectors.suggest(user=person(request), text=text, limit=MAX_OPTIONS)
    rows = [{"id": c.pk, "name": c.name, "code": c.code} for c in found]
    return JsonResponse({"results": rows})
