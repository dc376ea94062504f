"""Forms of the customer pages: they check shape and never save."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.core import currencies
from config.core.models import BusinessUnit, User
from config.core.views.forms import CleanForm, DateField
from customers.models import Contact, Customer, PaymentTerms
from customers.selectors import people

NOBODY = "none"


def choices_with_empty(choices: Any, empty: Any) -> list[tuple[str, Any]]:
    return [("", empty), *choices]


class TextInput(forms.CharField):
    """A line of text."""

    def __init__(self, *, max_length: int, label: Any, required: bool = False, **kw: Any) -> None:
        super().__init__(max_length=max_length, label=label, required=required, **kw)


class CustomerChoice(forms.ModelChoiceField):
    """A customer found by typing; the page carries only the chosen one, not thousands."""

    def show(self, customer: Customer | None) -> None:
        chosen = [] if customer is None else [(customer.pk, customer.name)]
        self.widget.choices = [("", ""), *chosen]


class CustomerForm(CleanForm):
    """The customer master. The unit can be chosen for a new customer only."""

    SECTIONS = (
        (_("Customer"), ("unit", "code", "name", "short_name", "name_en", "uscc", "tax_number", "kind", "segment", "size_class")),
        (_("Responsibility and terms"), ("sales_owner", "collector", "payment_terms", "currency", "parent", "customer_since")),
        (_("Company facts"), ("industry", "region", "address", "legal_representative", "actual_controller", "established_on", "registered_capital", "paid_in_capital")),
        (_("Other"), ("sort_key", "note")),
    )  # fmt: skip

    unit = forms.ModelChoiceField(label=_("Business unit"), queryset=BusinessUnit.objects.none())
    code = TextInput(label=_("Code"), max_length=40, required=True)
    name = TextInput(label=_("Name"), max_length=200, required=True)
    short_name = TextInput(label=_("Short name"), max_length=60)
    name_en = TextInput(label=_("English name"), max_length=200)
    uscc = TextInput(label=_("Unified social credit code"), max_length=40)
    tax_number = TextInput(
        label=_("Foreign registration number"),
        max_length=40,
        help_text=_("For customers abroad, in place of the credit code."),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Customer.Kind.choices)
    segment = forms.ChoiceField(label=_("Segment"), choices=Customer.Segment.choices)
    size_class = forms.ChoiceField(
        label=_("Size class"),
        choices=choices_with_empty(Customer.SizeClass.choices, _("Not known")),
        required=False,
    )
    sales_owner = forms.ModelChoiceField(
        label=_("Sales owner"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Nobody"),
    )
    collector = forms.ModelChoiceField(
        label=_("Collector"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )
    payment_terms = forms.ModelChoiceField(
        label=_("Payment terms"),
        queryset=PaymentTerms.objects.none(),
        required=False,
        empty_label=_("None"),
    )
    currency = TextInput(label=_("Currency"), max_length=3, required=True)
    parent = CustomerChoice(
        label=_("Group parent"), queryset=Customer.objects.none(), required=False
    )
    customer_since = DateField(label=_("Customer since"), required=False)
    industry = TextInput(label=_("Industry"), max_length=60)
    region = TextInput(label=_("Region"), max_length=60)
    address = TextInput(label=_("Address"), max_length=300)
    legal_representative = TextInput(label=_("Legal representative"), max_length=60)
    actual_controller = TextInput(label=_("Actual controller"), max_length=100)
    established_on = DateField(label=_("Established on"), required=False)
    registered_capital = forms.DecimalField(
        label=_("Registered capital"),
        max_digits=18,
        decimal_places=2,
        min_value=Decimal(0),
        required=False,
    )
    paid_in_capital = forms.DecimalField(
        label=_("Paid-in capital"),
        max_digits=18,
        decimal_places=2,
        min_value=Decimal(0),
        required=False,
    )
    sort_key = TextInput(
        label=_("Sort key (pinyin)"),
        max_length=200,
        help_text=_(
            "Made from the name when empty; correct it where a character is read differently."
        ),
    )
    note = forms.CharField(
        label=_("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, user: User, customer: Customer | None = None, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.user, self.customer = user, customer
        units = BusinessUnit.objects.visible_to(user).filter(is_active=True).order_by("code")
        if customer is None:
            self._set("unit", units)
        else:
            del self.fields["unit"]
        self._offer(customer)
        self._check_while_typing()

    def _offer(self, customer: Customer | None) -> None:
        units = [customer.unit_id] if customer else []
        colleagues = (
            people.assignable(units=units) if customer else people.colleagues(user=self.user)
        )
        self._set("sales_owner", colleagues)
        self._set("collector", colleagues)
        terms = PaymentTerms.objects.filter(is_active=True)
        if customer is not None and customer.payment_terms_id:
            terms = terms | PaymentTerms.objects.filter(pk=customer.payment_terms_id)
        self._set("payment_terms", terms.order_by("code"))
        self._set("parent", Customer.objects.visible_to(self.user))
        parent = self.fields["parent"]
        assert isinstance(parent, CustomerChoice)
        parent.show(self._parent(customer))
        parent.widget.attrs["data-customer-search"] = reverse("customers:options")
        parent.widget.attrs["data-query-parameter"] = "q"

    def _parent(self, customer: Customer | None) -> Customer | None:
        chosen = self.data.get("parent", "") if self.is_bound else self.initial.get("parent", "")
        visible = Customer.objects.visible_to(self.user)
        return visible.filter(pk=chosen).first() if str(chosen).isdecimal() else None

    def _check_while_typing(self) -> None:
        place = reverse("customers:hints")
        if self.customer is not None:
            place = f"{place}?customer={self.customer.pk}"
        for name in ("uscc", "name"):
            self.fields[name].widget.attrs |= {
                "hx-get": place,
                "hx-trigger": "input changed delay:350ms, change",
                "hx-target": "#customer-hints",
                "hx-include": "#customer-form [name=uscc], #customer-form [name=name]",
                "hx-sync": "#customer-form:replace",
                "autocomplete": "off",
            }

    def _set(self, name: str, queryset: Any) -> None:
        self.fields[name].queryset = queryset  # type: ignore[attr-defined]

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).upper()
        if not currencies.is_currency(currency):
            raise forms.ValidationError(_("Not a currency with at most two decimals, such as CNY."))
        return currency

    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Return the fields in groups, as the page shows them."""
        return [
            (title, [self[name] for name in names if name in self.fields])
            for title, names in self.SECTIONS
        ]


class StatusForm(CleanForm):
    status = forms.ChoiceField(label=_("New status"))
    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, choices: list[tuple[str, Any]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["status"].choices = choices  # type: ignore[attr-defined]


class ContactForm(CleanForm):
    name = TextInput(label=_("Name"), max_length=80, required=True)
    role = forms.ChoiceField(label=_("Role"), choices=Contact.Role.choices)
    title = TextInput(label=_("Job title"), max_length=80)
    phone = TextInput(label=_("Telephone"), max_length=40)
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    is_primary = forms.BooleanField(label=_("Main contact"), required=False)
    note = TextInput(label=_("Note"), max_length=300)


class AssignForm(CleanForm):
    """Who gets the chosen customers: empty keeps, "none" takes away."""

    sales_owner = forms.ChoiceField(label=_("Sales owner"), required=False)
    collector = forms.ChoiceField(label=_("Collector"), required=False)

    def __init__(self, *args: Any, user: User, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.people = {str(row.pk): row for row in people.colleagues(user=user)}
        offered = [(key, str(row)) for key, row in self.people.items()]
        for name in ("sales_owner", "collector"):
            self.fields[name].choices = [("", _("Keep")), (NOBODY, _("Nobody")), *offered]  # type: ignore[attr-defined]

    def assignment(self) -> dict[str, User | None]:
        """Return what changes: the field and the person, None for nobody."""
        return {name: self.people.get(value) for name, value in self.cleaned_data.items() if value}
