"""What the ledger's list is limited to: the filters of its bar, and those a drill brings along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.core.models import User
from config.core.views.forms import CleanForm, DateField
from customers.models import Customer
from receivables.domain.aging import Basis
from receivables.models import ImportBatch, OpenItem
from receivables.selectors import currencies, schemes
from receivables.selectors.items import ALL, NOBODY, OPEN, OVERDUE, ItemFilter
from receivables.selectors.open_amounts import RETENTION, UNAPPLIED

NONE = "none"


def _customer(user: User, value: str) -> str | None:
    known = Customer.objects.visible_to(user).filter(pk=int(value)) if value.isdecimal() else None
    return known.values_list("name", flat=True).first() if known is not None else None


def _person(user: User, value: str) -> str | None:
    if value == NONE:
        return _("Not assigned")
    if not value.isdecimal():
        return None
    people = User.objects.filter(pk=int(value))
    if not user.sees_all_units:
        people = people.filter(units__in=user.unit_ids()).distinct()
    found = people.first()
    return found.get_display_name() if found else None


def _stated(user: User, value: str) -> str | None:
    return _("Not stated") if value == NONE else value


def _segment(user: User, value: str) -> str | None:
    found = dict(Customer.Segment.choices).get(value)
    return str(found) if found is not None else None


def _batch(user: User, value: str) -> str | None:
    known = (
        ImportBatch.objects.visible_to(user).filter(pk=int(value)) if value.isdecimal() else None
    )
    return known.values_list("file_name", flat=True).first() if known is not None else None


def _basis(user: User, value: str) -> str | None:
    words = {"due": _("Due date"), "document": _("Document date")}
    return words.get(value)


def _scheme(user: User, value: str) -> str | None:
    return dict(schemes.choices()).get(value)


def _direction(user: User, value: str) -> str | None:
    found = dict(OpenItem.Direction.choices).get(value)
    return str(found) if found is not None else None


# Filters that are shown only where the address brings them: name → label and how to name the value.
BROUGHT: dict[str, tuple[Any, Callable[[User, str], str | None]]] = {
    "customer": (gettext_lazy("Customer"), _customer),
    "group": (gettext_lazy("Customer group"), _customer),
    "owner": (gettext_lazy("Owner"), _person),
    "collector": (gettext_lazy("Collector"), _person),
    "segment": (gettext_lazy("Segment"), _segment),
    "industry": (gettext_lazy("Industry"), _stated),
    "region": (gettext_lazy("Region"), _stated),
    "direction": (gettext_lazy("Side"), _direction),
    "scheme": (gettext_lazy("Buckets"), _scheme),
    "basis": (gettext_lazy("Age from"), _basis),
    "batch": (gettext_lazy("Import"), _batch),
}


class ItemListForm(CleanForm):
    folded = ("kind", "currency", "cause", "due_from", "due_to")

    q = forms.CharField(
        label=gettext_lazy("Search"), max_length=100, required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": gettext_lazy("Number, order, customer")}),
    )  # fmt: skip
    state = forms.ChoiceField(
        label=gettext_lazy("State"), required=False,
        choices=[("", gettext_lazy("Still open")), (ALL, gettext_lazy("Open and settled"))],
    )  # fmt: skip
    as_of = DateField(label=gettext_lazy("As of"), required=False)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, choices=[("", gettext_lazy("All")), *OpenItem.Kind.choices]
    )  # fmt: skip
    bucket = forms.ChoiceField(label=gettext_lazy("Age"), required=False)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), required=False)
    cause = forms.ChoiceField(label=gettext_lazy("Arrears type"), required=False)
    due_from = DateField(label=gettext_lazy("Due from"), required=False)
    due_to = DateField(label=gettext_lazy("Due to"), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.data.get("state") == OPEN:  # said by links, though it is the usual
            self.data = {name: value for name, value in self.data.items() if name != "state"}
        scheme = schemes.get(self._known_scheme()).for_basis(self._basis())
        self._choose("bucket", [
            *((b.code, b.label) for b in scheme.buckets), (OVERDUE, _("Overdue")),
            (RETENTION, _("Retention, not due")), (UNAPPLIED, _("Unapplied credit")),
        ])  # fmt: skip
        self._choose("currency", [(code, code) for code in currencies.in_use(user)])
        causes = [(code, label) for code, label in OpenItem.Cause.choices if code]
        self._choose("cause", [*causes, (NONE, OpenItem.Cause.NONE.label)])
        for name, (label, name_of) in BROUGHT.items():
            self._bring(name, label, name_of, user)

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        self.fields[name].choices = [("", _("All")), *choices]  # type: ignore[attr-defined]

    def _bring(
        self, name: str, label: Any, name_of: Callable[[User, str], str | None], user: User
    ) -> None:
        value = self.data.get(name, "")
        known = name_of(user, value) if value and len(value) < 80 else None
        if known is not None:
            choices = [("", _("All")), (value, known)]
            self.fields[name] = forms.ChoiceField(label=label, required=False, choices=choices)

    def _known_scheme(self) -> str:
        asked = self.data.get("scheme", "")
        return asked if asked in dict(schemes.choices()) else ""

    def _basis(self) -> Basis:
        return Basis.DOCUMENT if self.data.get("basis") == "document" else Basis.DUE

    def wanted(self, *, today: date, unit_ids: tuple[int, ...] | None) -> ItemFilter:
        """Return the filter; what can not be read counts as not asked."""
        self.is_valid()
        given: dict[str, Any] = {k: v for k, v in self.cleaned_data.items() if v not in (None, "")}
        return ItemFilter(
            as_of=given.get("as_of", today),
            state=given.get("state", OPEN),
            unit_ids=unit_ids,
            kinds=(given["kind"],) if "kind" in given else (),
            text=given.get("q", ""),
            bucket=given.get("bucket", ""),
            scheme=given.get("scheme", ""),
            basis=Basis(given.get("basis", "due")),
            currency=given.get("currency", ""),
            cause=_or_none(given.get("cause")),
            due_from=given.get("due_from"),
            due_to=given.get("due_to"),
            customer_id=_id(given.get("customer")),
            group_id=_id(given.get("group")),
            sales_owner_id=_id(given.get("owner")),
            collector_id=_id(given.get("collector")),
            segment=given.get("segment", ""),
            industry=_or_none(given.get("industry")),
            region=_or_none(given.get("region")),
            direction=given.get("direction", ""),
            batch_id=_id(given.get("batch")),
        )


def _id(value: str | None) -> int | None:
    if value is None:
        return None
    return NOBODY if value == NONE else int(value)


def _or_none(value: str | None) -> str | None:
    return "" if value == NONE else value
