"""Groups: who belongs together, and joining or leaving."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from config.core.errors import DomainError
from config.core.permissions import person, requires
from config.core.views.forms import CleanForm
from customers.models import Customer
from customers.selectors import groups as selectors
from customers.services import groups
from customers.views.forms import CustomerChoice
from customers.views.posting import customer_or_404, version_read


class ParentForm(CleanForm):
    parent = CustomerChoice(
        label=gettext_lazy("Group parent"), queryset=Customer.objects.none(), required=False
    )


@require_GET
@requires("customers.view_customer")
def index(request: HttpRequest) -> HttpResponse:
    """List the groups that the user sees, each as a tree."""
    found = selectors.groups(user=person(request))
    return render(request, "customers/groups.html", {"groups": found})


@require_POST
@requires("customers.change_customer")
def set_parent(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a customer under a parent, or take it out of its group where none is given."""
    customer = customer_or_404(request, pk)
    form = ParentForm(request.POST)
    field = form.fields["parent"]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = Customer.objects.visible_to(person(request))
    if not form.is_valid():
        messages.error(request, _("There is no such group parent."))
    else:
        _set(request, customer, form.cleaned_data["parent"])
    return redirect(f"{request.path.removesuffix('group/')}?tab=group")


def _set(request: HttpRequest, customer: Customer, parent: Customer | None) -> None:
    try:
        groups.set_parent(
            customer=customer,
            parent=parent,
            actor=person(request),
            expected_version=version_read(request),
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The group was changed."))
