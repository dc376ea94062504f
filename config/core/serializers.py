"""Fields and bases of the API: unknown members, floats, full-width digits and NULs are refused.

A serializer checks shape only; it never saves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.core import currencies, money

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
FIRST_YEAR, LAST_YEAR = 1900, 2199


class RefuseUnknownMembers:
    """Mixin: a member that the serializer does not know, or may not write, is an error."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            writable = {name for name, field in self.fields.items() if not field.read_only}  # type: ignore[attr-defined]
            unknown = {str(name): [_("Unknown member.")] for name in data if name not in writable}
            if unknown:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)  # type: ignore[misc]


class StrictSerializer(RefuseUnknownMembers, serializers.Serializer[Any]):
    """Base of every input."""


class StrictModelSerializer(RefuseUnknownMembers, serializers.ModelSerializer[Any]):
    """Base of outputs that follow a model; `fields` are always named."""


@extend_schema_field(
    {"type": "string", "pattern": r"^-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,2})?$", "example": "1234.50"}
)
class AmountField(serializers.Field[Decimal, Any, str, Any]):
    """Money: a string with at most two decimals in, exactly two out.

    `minimum` is inclusive; `positive=True` asks for more than zero.
    """

    default_error_messages = {
        "form": _('Write the amount as a string such as "1234.50", with at most two decimals.'),
        "positive": _("The amount must be more than zero."),
        "minimum": _("The amount must be at least %(minimum)s."),
    }

    def __init__(
        self, *, positive: bool = False, minimum: Decimal | None = None, **kwargs: Any
    ) -> None:
        self.positive, self.minimum = positive, minimum
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not money.is_amount_text(data):
            self.fail("form")
        amount = money.quantize(Decimal(data))
        if self.positive and amount <= 0:
            self.fail("positive")
        if self.minimum is not None and amount < self.minimum:
            raise serializers.ValidationError(
                self.error_messages["minimum"] % {"minimum": money.to_text(self.minimum)}
            )
        return amount

    def to_representation(self, value: Decimal) -> str:
        return money.to_text(value)


@extend_schema_field(
    {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,8})?$", "example": "7.12340000"}
)
class RateField(serializers.Field[Decimal, Any, str, Any]):
    """An exchange rate: a positive decimal string with at most eight decimals."""

    default_error_messages = {"form": _('Write the rate as a positive number such as "7.1234".')}

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not re.fullmatch(
            r"[0-9]{1,9}(\.[0-9]{1,8})?", data, re.ASCII
        ):
            self.fail("form")
        rate = Decimal(data)
        if rate <= 0:
            self.fail("form")
        return rate

    def to_representation(self, value: Decimal) -> str:
        return f"{value:.8f}"


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{3}$", "example": "CNY"})
class CurrencyField(serializers.Field[str, Any, str, Any]):
    default_error_messages = {
        "form": _("Not an ISO 4217 currency with at most two decimals, such as CNY.")
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not currencies.is_currency(data):
            self.fail("form")
        return data

    def to_representation(self, value: str) -> str:
        return value


@extend_schema_field(OpenApiTypes.DATE)
class IsoDateField(serializers.Field[date, Any, str, Any]):
    """A calendar date `YYYY-MM-DD` and nothing else (no week dates, no full-width digits)."""

    default_error_messages = {
        "form": _("Write the date as YYYY-MM-DD."),
        "year": _("The year must lie between 1900 and 2199."),
    }

    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str) or not DATE.fullmatch(data):
            self.fail("form")
        try:
            day = date.fromisoformat(data)
        except ValueError:
            self.fail("form")
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail("year")
        return day

    def to_representation(self, value: date) -> str:
        return value.isoformat()


class TextField(serializers.CharField):
    """Text without control, direction-changing or invisible characters; trimmed.

    `multiline=True` lets line breaks pass.
    """

    default_error_messages = {"control": _("The text holds a character that can not be shown.")}

    def __init__(self, *, multiline: bool = False, **kwargs: Any) -> None:
        self.multiline = multiline
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        value = str(super().to_internal_value(data)).replace("\r\n", "\n")
        if CONTROL.search(value) or (not self.multiline and ("\n" in value or "\t" in value)):
            self.fail("control")
        return value


class StrictIntegerField(serializers.IntegerField):
    """A JSON number without fraction; strings and booleans are refused."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class StrictBooleanField(serializers.BooleanField):
    """true or false, not "yes" or 1."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457, for the OpenAPI document."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.ListField(  # type: ignore[assignment]
        child=serializers.DictField(child=serializers.CharField()), required=False
    )
