"""What is asked for when a file is sent, and how its columns are to be read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from config.core import currencies
from config.core.context import current_unit, units_of
from config.core.models import BusinessUnit
from config.core.views.forms import CleanForm
from receivables.domain.importing.fields import FIELDS, OPEN_ITEMS
from receivables.domain.importing.mappings import DELIVERED
from receivables.models.imports import ImportKind

COMMON_CURRENCIES = ("CNY", "USD", "EUR", "HKD", "JPY", "GBP")


class UploadForm(CleanForm):
    """A file, its kind and its unit."""

    unit = forms.ModelChoiceField(
        label=_("Business unit"), queryset=BusinessUnit.objects.none(), empty_label=None
    )
    kind = forms.ChoiceField(
        label=_("What is in the file"), choices=ImportKind.choices, initial=OPEN_ITEMS
    )
    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        max_length=500,
        help_text=_(
            "CSV or Excel workbook (.xlsx), up to 200,000 rows in a workbook and 2,000,000 in CSV."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx", "data-drop": ""}),
    )

    def __init__(
        self, *args: Any, request: Any, kinds: list[tuple[str, Any]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["kind"], kinds)
        known = units_of(request)
        field = self.fields["unit"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = BusinessUnit.objects.filter(pk__in=[unit.pk for unit in known]).order_by(
            "code"
        )
        here = known[0] if len(known) == 1 else current_unit(request)
        if here is not None:
            self.initial.setdefault("unit", here.pk)
        else:
            field.empty_label = str(_("Choose a unit"))


class ReadingForm(CleanForm):
    """The choices beside the columns."""

    date_order = forms.ChoiceField(
        label=_("Order of day and month"),
        required=False,
        choices=[
            ("", _("as the file proves it")),
            ("DMY", _("day, month, year (31/01/2026)")),
            ("MDY", _("month, day, year (01/31/2026)")),
        ],
    )
    currency = forms.ChoiceField(label=_("Currency of rows without one"))
    negative = forms.ChoiceField(
        label=_("Negative amounts"),
        required=False,
        choices=[("", _("refuse them")), ("credit_note", _("read them as credit notes"))],
    )
    round_amounts = forms.BooleanField(label=_("Round amounts to two decimals"), required=False)
    create_customers = forms.BooleanField(
        label=_("Create customers that do not exist"), required=False
    )
    good_rows_only = forms.BooleanField(
        label=_("Take the good rows, leave out the refused"),
        required=False,
        help_text=_("Otherwise one refused row refuses the file, and nothing is written."),
    )
    sheet = forms.ChoiceField(label=_("Sheet"), required=False)

    def __init__(self, *args: Any, sheets: list[str], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first = [currency, *COMMON_CURRENCIES]
        codes = list(dict.fromkeys([*first, *sorted(currencies.CODES)]))
        _offer(self.fields["currency"], [(code, code) for code in codes])
        if len(sheets) > 1:
            first_fitting = ("", _("the first with the columns"))
            _offer(self.fields["sheet"], [first_fitting, *((name, name) for name in sheets)])
        else:
            del self.fields["sheet"]


def _offer(field: forms.Field, choices: list[tuple[str, Any]]) -> None:
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


def columns_of(kind: str, data: QueryDict, headings: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return field → heading as chosen on the page, and the fields that were chosen twice."""
    names = {field.name for field in FIELDS[kind]}
    chosen: dict[str, str] = {}
    twice: list[str] = []
    for position, heading in enumerate(headings):
        name = data.get(f"column-{position}", "")
        if name not in names or not heading:
            continue
        if name in chosen:
            twice.append(name)
        chosen[name] = heading
    return chosen, twice


def delivered(kind: str) -> list[str]:
    """Return the names of the mappings delivered for a kind."""
    return [name for name, kinds in DELIVERED.items() if kind in kinds]
