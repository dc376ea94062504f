"""Checks and writes that all services of this app share: shape of values, uniqueness, versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from customers.services.refusals import FieldRefused

CHANGED = _(
    "Somebody else changed this record in the meantime. Read it again and repeat your change."
)


def refuse_misfits(record: models.Model) -> None:
    """This function will refuse values that do not fit their columns: too long, no such choice.

    :raises FieldRefused: for the first field that does not fit
    """
    relations = [f.name for f in record._meta.get_fields() if f.is_relation]
    try:
        record.clean_fields(exclude=relations)
    except ValidationError as error:
        column, messages = next(iter(error.message_dict.items()))
        field = column.removesuffix("_key") if column == "code_key" else column
        label = record._meta.get_field(field).verbose_name  # type: ignore[union-attr]
        raise FieldRefused(
            _("%(label)s: %(reason)s"), field=field, label=label, reason=messages[0]
        ) from error


def save(record: models.Model, *, taken: Mapping[str, FieldRefused]) -> None:
    """This function will save a record; a broken uniqueness rule becomes its own sentence.

    `taken` maps the name of a database constraint to the refusal it stands for.

    :raises FieldRefused: the one of the constraint that was broken
    """
    try:
        with transaction.atomic():
            record.save()
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        refusal = taken.get(getattr(diagnosis, "constraint_name", None) or "")
        if refusal is None:
            raise
        raise refusal from error


def assign(record: models.Model, values: Mapping[str, object], *, allowed: Iterable[str]) -> None:
    """This function will set the given fields of a record that is not saved yet.

    :raises TypeError: if a field is not one of `allowed` (a mistake of the caller)
    """
    unknown = set(values) - set(allowed)
    if unknown:
        raise TypeError(f"No such fields: {', '.join(sorted(unknown))}")
    for name, value in values.items():
        setattr(record, name, value)
