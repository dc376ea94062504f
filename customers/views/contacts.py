"""Contacts, edited in place on the customer's page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.core.permissions import person, requires
from customers.models import Contact, Customer
from customers.services import contacts
from customers.views.forms import ContactForm
from customers.views.posting import attempt, customer_or_404, version_read

VIEW, CHANGE = "customers.view_customer", "customers.change_customer"


@require_POST
@requires(CHANGE)
def create(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a contact and show the list again, with the form where something is wrong."""
    customer = customer_or_404(request, pk)
    form = ContactForm(request.POST, auto_id="contact_%s")
    if form.is_valid():
        values = form.cleaned_data
        made = attempt(
            form, lambda: contacts.create(customer=customer, actor=person(request), **values)
        )
        if made is not None:
            return _list(request, customer, ContactForm(auto_id="contact_%s"))
    return _list(request, customer, form, status=422)


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def edit(request: HttpRequest, pk: int, contact_pk: int) -> HttpResponse:
    """Show one contact as a form in its place, and take it back when it is saved."""
    customer = customer_or_404(request, pk)
    contact = get_object_or_404(customer.contacts, pk=contact_pk)
    initial = {name: getattr(contact, name) for name in ContactForm.base_fields}
    form = ContactForm(request.POST or None, initial=initial, auto_id=f"contact{contact.pk}_%s")
    version = contact.version
    if request.method == "POST":
        version = version_read(request)
        if form.is_valid() and _save(request, form, contact):
            return _list(request, customer, ContactForm(auto_id="contact_%s"))
    context = {"customer": customer, "contact": contact, "form": form, "version": version}
    return render(
        request, "customers/_contact_form.html", context, status=422 if form.errors else 200
    )


@require_POST
@requires(CHANGE)
def remove(request: HttpRequest, pk: int, contact_pk: int) -> HttpResponse:
    """Delete a contact and its personal data."""
    customer = customer_or_404(request, pk)
    contact = get_object_or_404(customer.contacts, pk=contact_pk)
    contacts.remove(contact=contact, actor=person(request), expected_version=version_read(request))
    return _list(request, customer, ContactForm(auto_id="contact_%s"))


@require_GET
@requires(VIEW)
def index(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the contacts alone, e.g. when an edit is given up."""
    return _list(request, customer_or_404(request, pk), ContactForm(auto_id="contact_%s"))


def _save(request: HttpRequest, form: ContactForm, contact: Contact) -> bool:
    changed = attempt(
        form,
        lambda: contacts.update(
            contact=contact,
            actor=person(request),
            expected_version=version_read(request),
            **form.cleaned_data,
        ),
    )
    return changed is not None


def _list(
    request: HttpRequest, customer: Customer, form: ContactForm, status: int = 200
) -> HttpResponse:
    context = {
        "customer": customer,
        "contacts": customer.contacts.order_by("-is_primary", "pk"),
        "contact_form": form,
        "may_change": person(request).has_perm(CHANGE),
    }
    response = render(request, "customers/_contacts.html", context, status=status)
    # An edit in place asked for its own row; the answer is the whole list.
    response["HX-Retarget"], response["HX-Reswap"] = "#contacts", "outerHTML"
    return response
