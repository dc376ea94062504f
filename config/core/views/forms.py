"""Bases of the forms: they check shape and never save."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from config.core.errors import DomainError
from config.core.serializers import FIRST_YEAR, LAST_YEAR

NO_CONTROL = RegexValidator(
    re.compile(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"
    ),
    _("The text holds a character that can not be shown."),
    inverse_match=True,
)


class CleanForm(forms.Form):
    """A form whose texts hold nothing that can not be shown."""

    # As the filters of a page: what one asks seldom, kept behind “More”.
    folded: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.CharField):
                field.validators.append(NO_CONTROL)


class DateField(forms.DateField):
    """`YYYY-MM-DD` from the browser's date picker, and only that."""

    widget = forms.DateInput(
        format="%Y-%m-%d", attrs={"type": "date", "max": "2199-12-31", "min": "1900-01-01"}
    )

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("input_formats", ["%Y-%m-%d"])
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        if (
            isinstance(value, str)
            and value
            and not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII)
        ):
            raise ValidationError(_("Write the date as YYYY-MM-DD."))
        day = super().to_python(value)
        # As in the API: arithmetic with months and years needs room on both sides.
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError(_("The year must lie between 1900 and 2199."))
        return day


Result = TypeVar("Result")


def attempt(form: forms.Form, action: Callable[[], Result]) -> Result | None:
    """Call a service and return its answer; a refusal becomes an error of the form, and None."""
    try:
        return action()
    except DomainError as refusal:
        form.add_error(None, str(refusal))
    except ValidationError as error:
        form.add_error(None, error)
    return None


def succeeds(form: forms.Form, action: Callable[[], object]) -> bool:
    """Call a service and return whether it did its work; a refusal becomes an error of the form."""
    attempt(form, action)
    return not form.errors
