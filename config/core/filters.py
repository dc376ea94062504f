"""Only declared filters work; an unknown or malformed query parameter is refused by name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

PAGING = frozenset({"cursor", "page_size"})


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter, and `ordering` by one of the view's `ordering_fields`."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        filterset = self.get_filterset(request, queryset, view)
        allowed = set(PAGING) | set(getattr(view, "extra_query_parameters", ()))
        if filterset is not None:
            allowed |= set(filterset.form.fields)
        orders = tuple(getattr(view, "ordering_fields", ()))
        if orders:
            allowed.add("ordering")
        refuse_unknown_parameters(request, allowed=allowed)
        _refuse_order(request, orders)
        return super().filter_queryset(request, queryset, view)


class StrictFilterExtension(DjangoFilterExtension):
    """Describe `ordering` in the OpenAPI document."""

    target_class = "config.core.filters.StrictFilterBackend"
    priority = 1

    def get_schema_operation_parameters(
        self, auto_schema: Any, *args: Any, **kwargs: Any
    ) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(
            auto_schema, *args, **kwargs
        )
        orders = [
            sign + name
            for name in getattr(auto_schema.view, "ordering_fields", ())
            for sign in ("", "-")
        ]
        if orders:
            parameters.append(
                {
                    "name": "ordering",
                    "in": "query",
                    "required": False,
                    "description": "Order of the rows; a minus turns it round.",
                    "schema": {"type": "string", "enum": orders},
                }
            )
        return parameters


def refuse_unknown_parameters(request: Request, *, allowed: Collection[str]) -> None:
    """Refuse a query parameter that the resource does not know, or one that holds a NUL.

    :raises ValidationError: naming every such parameter
    """
    errors = {
        name: [_("Unknown query parameter.")]
        for name in request.query_params
        if name not in allowed
    }
    for name, values in request.query_params.lists():
        if any("\x00" in value for value in values):
            errors[name] = [_("A NUL character is not allowed.")]
    if errors:
        raise ValidationError(errors)


def _refuse_order(request: Request, orders: tuple[str, ...]) -> None:
    asked = request.query_params.get("ordering")
    if orders and asked is not None and asked.removeprefix("-") not in orders:
        sentence = _("Order by one of: %(names)s.") % {"names": ", ".join(orders)}
        raise ValidationError({"ordering": [sentence]})
