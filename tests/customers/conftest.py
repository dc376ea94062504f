"""Customers as the tests of this app need them, made by the service itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from config.core.models import AuditEvent, BusinessUnit
from customers.models import Customer
from customers.services import customers

_numbers = itertools.count(1)


@pytest.fixture
def other_unit(db: None) -> BusinessUnit:
    return BusinessUnit.objects.create(
        code=f"O{next(_numbers)}", name="华南公司", name_en="South Company"
    )


@pytest.fixture
def make_customer(unit: BusinessUnit) -> Callable[..., Customer]:
    """Return a function that adds a customer: `make_customer("新禾电子有限公司", uscc=…)`."""

    def make(name: str = "新禾电子有限公司", **details: Any) -> Customer:
        details.setdefault("unit", unit)
        details.setdefault("code", f"C-{next(_numbers):05}")
        details.setdefault("actor", None)
        return customers.create(name=name, **details)

    return make


@pytest.fixture
def trail() -> Callable[[], list[str]]:
    """Return a function that gives the actions of the trail in order."""
    return lambda: list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
