"""The form of payment terms with its instalments, and the rule it describes."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from config.core.views.forms import CleanForm, DateField
from customers.domain import terms as engine
from customers.models import PaymentTerms
from customers.views import labels
from customers.views.forms import TextInput

BLANK_ROWS = 3


class PayDaysField(forms.CharField):
    """Days of the month, e.g. "10, 25"."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        parts = [part for part in re.split(r"[\s,，、;；]+", text or "") if part]
        if not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in parts):
            raise ValidationError(_("Write days of the month with commas between, such as 10, 25."))
        return [int(part) for part in parts]

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(day) for day in value) if isinstance(value, list) else value


class Count(forms.IntegerField):
    """A number of days or months; nothing is 0."""

    def __init__(self, *, label: Any, most: int, **kwargs: Any) -> None:
        super().__init__(label=label, min_value=0, max_value=most, required=False, **kwargs)

    def clean(self, value: Any) -> int:
        return super().clean(value) or 0


class TermsForm(CleanForm):
    code = TextInput(label=_("Code"), max_length=30, required=True)
    name = TextInput(label=_("Name"), max_length=80, required=True)
    name_en = TextInput(label=_("English name"), max_length=80)
    base_event = forms.ChoiceField(
        label=_("Counted from"), choices=list(labels.BASE_EVENTS.items())
    )
    cut_off_day = forms.IntegerField(
        label=_("Cut-off day"), min_value=1, max_value=31, required=False,
        help_text=_("What comes after this day of the month counts for the next month."),
    )  # fmt: skip
    end_of_month = forms.BooleanField(label=_("From the end of the month"), required=False)
    months = Count(label=_("Months"), most=60)
    days = Count(label=_("Days"), most=1830)
    pay_days = PayDaysField(
        label=_("Fixed pay days"), max_length=120, required=False,
        help_text=_("Paid only on these days of the month, such as 10, 25; 31 is the last day."),
    )  # fmt: skip
    grace_days = Count(label=_("Days of grace"), most=365)
    holiday_rule = forms.ChoiceField(
        label=_("When it falls on a day off"), choices=list(labels.HOLIDAY_RULES.items())
    )
    discount_percent = forms.DecimalField(
        label=_("Cash discount, %"), max_digits=5, decimal_places=2, min_value=Decimal("0.01"),
        max_value=Decimal("99.99"), required=False,
    )  # fmt: skip
    discount_days = forms.IntegerField(
        label=_("Discount within days"), min_value=0, max_value=1830, required=False
    )
    is_active = forms.BooleanField(
        label=_("Offered for customers"), required=False, initial=True,
        help_text=_("Terms that are switched off stay with the customers that have them."),
    )  # fmt: skip

    RULE = ("base_event", "cut_off_day", "end_of_month", "months", "days", "pay_days", "grace_days", "holiday_rule")  # fmt: skip
    NAMES = ("code", "name", "name_en", "is_active")
    DISCOUNT = ("discount_percent", "discount_days")

    def rule(self, parts: list[engine.Part]) -> engine.Rule:
        """Return the rule that the valid fields describe."""
        values = self.cleaned_data
        return engine.Rule(
            base_event=engine.BaseEvent(values["base_event"]),
            cut_off_day=values["cut_off_day"],
            end_of_month=values["end_of_month"],
            months=values["months"],
            days=values["days"],
            pay_days=tuple(values["pay_days"]),
            grace_days=values["grace_days"],
            holiday_rule=engine.HolidayRule(values["holiday_rule"]),
            discount_percent=values["discount_percent"],
            discount_days=values["discount_days"],
            parts=tuple(parts),
        )

    def rule_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.RULE]

    def name_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.NAMES]

    def discount_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.DISCOUNT]


class InstalmentForm(CleanForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=list(labels.KINDS.items()), required=False)
    percent = forms.DecimalField(
        label=_("Share, %"), max_digits=7, decimal_places=4, min_value=Decimal("0.0001"), max_value=Decimal(100),
        required=False,
    )  # fmt: skip
    months = Count(label=_("Months"), most=600)
    days = Count(label=_("Days"), most=3660)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        counted = values.get("months") or values.get("days")
        if counted and values.get("percent") is None and "percent" not in self.errors:
            self.add_error("percent", _("Give this instalment a share, or clear its row."))
        return values


class InstalmentRows(forms.BaseFormSet):
    """Rows without a share are left out."""

    def parts(self) -> list[engine.Part]:
        """Return the valid rows as instalments, in order."""
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data.get("percent")]
        return [
            engine.Part(
                percent=row["percent"],
                months=row["months"],
                days=row["days"],
                kind=engine.InstalmentKind(row["kind"] or "regular"),
            )
            for row in rows
        ]


InstalmentFormSet = forms.formset_factory(
    InstalmentForm, formset=InstalmentRows, extra=BLANK_ROWS, max_num=36, absolute_max=36
)


class PreviewForm(CleanForm):
    document_date = DateField(label=_("Dated"))
    amount = forms.DecimalField(
        label=_("Amount"), max_digits=18, decimal_places=2, min_value=Decimal("0.01")
    )
    acceptance_date = DateField(label=_("Accepted on"), required=False)


def initial_of(terms: PaymentTerms) -> dict[str, Any]:
    """Return the values of stored terms for the form."""
    return {name: getattr(terms, name) for name in TermsForm.base_fields}


def rows_of(rule: engine.Rule) -> list[dict[str, Any]]:
    """Return the instalments of a rule for the rows of the form."""
    return [
        {
            "kind": part.kind.value,
            "percent": f"{part.percent.normalize():f}",
            "months": part.months or "",
            "days": part.days or "",
        }
        for part in rule.parts
    ]
