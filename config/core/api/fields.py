"""References in bodies: always through what the person may see."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.core.models import BusinessUnit
from config.core.permissions import person


@extend_schema_field(
    {"type": "string", "description": "Code of a business unit", "example": "EAST"}
)
class UnitField(serializers.Field[BusinessUnit, Any, str, Any]):
    """A business unit by its code; one out of scope is as if it did not exist."""

    default_error_messages = {"unknown": _("There is no such business unit.")}

    def to_internal_value(self, data: Any) -> BusinessUnit:
        if not isinstance(data, str) or "\x00" in data:
            self.fail("unknown")
        visible = BusinessUnit.objects.visible_to(person(self.context["request"]))
        unit = visible.filter(code=data).first()
        if unit is None:
            self.fail("unknown")
        return unit

    def to_representation(self, value: BusinessUnit) -> str:
        return value.code
