"""What the overview and the aging page ask for in their address: date, unit, owner, currency, and how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.core import clock
from config.core.context import current_unit
from config.core.models import User
from config.core.permissions import person
from config.core.roles import Role
from config.core.views.forms import CleanForm, DateField
from customers.models import Customer
from receivables.domain.aging import Basis, Scheme
from receivables.selectors import currencies, schemes
from receivables.selectors.aging import GroupBy
from receivables.selectors.metrics import Period
from receivables.selectors.open_amounts import Scope, scope_for

SIDE_BY_SIDE = "each"


def owner_choices(user: User) -> list[tuple[str, str]]:
    """Return the people who own customers in the units that `user` sees."""
    owners = User.objects.filter(groups__name=Role.SALESPERSON.value).distinct()
    if not user.sees_all_units:
        owners = owners.filter(units__in=user.unit_ids())
    return [(str(o.pk), o.get_display_name()) for o in owners.order_by("display_name", "username")]


class QuestionForm(CleanForm):
    """The filters that both pages share."""

    as_of = DateField(label=_("As of"), required=False)
    owner = forms.ChoiceField(label=_("Owner"), required=False)
    currency = forms.ChoiceField(label=_("Currency"), required=False)

    def __init__(self, *args: Any, user: User, base_currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [("", _("All owners")), *owner_choices(user)]  # type: ignore[attr-defined]
        self.fields["currency"].choices = [  # type: ignore[attr-defined]
            ("", _("Converted into %(currency)s") % {"currency": base_currency}),
            *(
                (code, _("%(currency)s only") % {"currency": code})
                for code in currencies.in_use(user)
            ),
        ]
        if user.is_limited_to_portfolio:
            del self.fields["owner"]


class DashboardForm(QuestionForm):
    period = forms.ChoiceField(
        label=_("Period"),
        required=False,
        choices=[
            (Period.THREE_MONTHS.value, _("Three months")),
            (Period.MONTH.value, _("This month")),
            (Period.QUARTER.value, _("This quarter")),
            (Period.YEAR.value, _("This year")),
        ],
    )


class AgingForm(QuestionForm):
    folded = ("basis", "scheme", "unapplied", "segment")

    group_by = forms.ChoiceField(
        label=_("By"),
        required=False,
        choices=[
            (GroupBy.CUSTOMER.value, _("Customer")),
            (GroupBy.GROUP.value, _("Customer group")),
            (GroupBy.SEGMENT.value, _("Segment")),
            (GroupBy.INDUSTRY.value, _("Industry")),
            (GroupBy.REGION.value, _("Region")),
            (GroupBy.OWNER.value, _("Owner")),
            (GroupBy.COLLECTOR.value, _("Collector")),
            (GroupBy.UNIT.value, _("Business unit")),
            (GroupBy.CAUSE.value, _("Arrears type")),
        ],
    )
    basis = forms.ChoiceField(
        label=_("Age from"),
        required=False,
        choices=[(Basis.DUE.value, _("Due date")), (Basis.DOCUMENT.value, _("Document date"))],
    )
    scheme = forms.ChoiceField(label=_("Buckets"), required=False)
    unapplied = forms.ChoiceField(
        label=_("Unapplied credit"),
        required=False,
        choices=[("apart", _("Shown apart")), ("netted", _("Netted, oldest first"))],
    )
    segment = forms.ChoiceField(
        label=_("Segment"),
        required=False,
        choices=[("", _("All segments")), *Customer.Segment.choices],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = schemes.choices()
        self.fields["scheme"].choices = codes  # type: ignore[attr-defined]
        each = (SIDE_BY_SIDE, _("Each currency for itself"))
        self.fields["currency"].choices = [*self.fields["currency"].choices, each]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Question:
    """What was asked, with every default filled in."""

    user: User
    scope: Scope
    as_of: date
    today: date
    scheme: Scheme
    convert_to: str
    basis: Basis
    group_by: GroupBy
    period: Period
    netted: bool
    given: dict[str, str]


def ask(request: HttpRequest, form_class: type[QuestionForm]) -> tuple[QuestionForm, Question]:
    """Return the form and the question; what can not be read counts as not asked."""
    user = person(request)
    unit = current_unit(request)
    base_currency = unit.base_currency if unit else settings.BASE_CURRENCY
    asked = request.GET.copy()
    form = form_class(data=asked, user=user, base_currency=base_currency)
    form.is_valid()
    given: dict[str, Any] = {k: v for k, v in form.cleaned_data.items() if v}
    today = clock.today(unit.time_zone if unit else None)
    currency = given.get("currency", "")
    scope = scope_for(
        user,
        unit_ids=[unit.pk] if unit else None,
        sales_owner_id=int(given["owner"]) if given.get("owner") else None,
        segment=given.get("segment", ""),
        currency="" if currency == SIDE_BY_SIDE else currency,
    )
    question = Question(
        user=user, scope=scope, as_of=given.get("as_of") or today, today=today,
        scheme=schemes.get(given.get("scheme", "")),
        convert_to="" if currency == SIDE_BY_SIDE else currency or base_currency,
        basis=Basis(given.get("basis") or Basis.DUE), group_by=GroupBy(given.get("group_by") or GroupBy.CUSTOMER),
        period=Period(given.get("period") or Period.THREE_MONTHS), netted=given.get("unapplied") == "netted",
        given={k: v.isoformat() if isinstance(v, date) else str(v) for k, v in given.items()},
    )  # fmt: skip
    asked["as_of"] = question.as_of.isoformat()  # the date shown is the date meant
    return form, question
