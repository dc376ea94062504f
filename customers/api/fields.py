"""References in bodies: by natural keys, through query sets that are limited to the user's scope."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.core.models import BusinessUnit
from config.core.permissions import person
from customers.models import Customer, PaymentTerms
from customers.selectors import people


class Reference(serializers.SlugRelatedField[Any]):
    """A row of the user's scope; what is out of it is as if it did not exist."""

    default_error_messages = {
        "does_not_exist": _("There is no such {slug_name}: {value}"),
        "invalid": _("Not a valid reference."),
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or "\x00" in data or len(data) > 200:
            self.fail("invalid")
        return super().to_internal_value(data)

    def get_queryset(self) -> QuerySet[Any]:
        raise NotImplementedError


@extend_schema_field(OpenApiTypes.STR)
class UnitField(Reference):
    """A business unit by its code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="code", queryset=BusinessUnit.objects.none(), **kwargs)

    def get_queryset(self) -> QuerySet[Any]:
        return BusinessUnit.objects.visible_to(person(self.context["request"]))


@extend_schema_field(OpenApiTypes.STR)
class PersonField(Reference):
    """A colleague by user name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="username", queryset=BusinessUnit.objects.none(), **kwargs)

    def get_queryset(self) -> QuerySet[Any]:
        return people.colleagues(user=person(self.context["request"]))


@extend_schema_field(OpenApiTypes.STR)
class TermsField(Reference):
    """Payment terms by their code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="code", queryset=PaymentTerms.objects.all(), **kwargs)

    def get_queryset(self) -> QuerySet[Any]:
        return PaymentTerms.objects.all()


@extend_schema_field(OpenApiTypes.INT64)
class CustomerField(serializers.PrimaryKeyRelatedField[Customer]):
    """Another customer by its id (codes are unique within a unit only)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Customer.objects.none(), **kwargs)

    def get_queryset(self) -> QuerySet[Customer]:
        return Customer.objects.visible_to(person(self.context["request"]))

    def to_internal_value(self, data: Any) -> Customer:
        if not isinstance(data, int) or isinstance(data, bool) or not 0 < data < 2**63:
            self.fail("incorrect_type", data_type=type(data).__name__)
        return super().to_internal_value(data)  # type: ignore[arg-type]
