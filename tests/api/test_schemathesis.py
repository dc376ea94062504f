"""Whatever the OpenAPI document allows, or just does not: no server error, and only documented answers.

Each role calls every operation with data made up from our own document, as they should be and as
they should not be; half of the calls name records that exist. The seed is fixed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.core import clock
from config.core.models import AccountingPeriod, BusinessUnit, ExchangeRate, Job, User
from config.core.services import tokens
from config.wsgi import application
from customers.models import Contact, Customer, PaymentTerms
from receivables.models import AgingScheme, AlertRule, Allocation, OpenItem, OverdueAlert
from receivables.selectors import proof

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip
EXAMPLES = 25
ROLES = ["finance_manager", "ar_accountant", "sales"]
_keys = itertools.count(1)
# What lies behind an id in an address, so that half of the calls reach a record.
BEHIND: dict[str, Any] = {
    "accounting-periods": AccountingPeriod, "alerts": OverdueAlert, "alert-rules": AlertRule,
    "allocations": Allocation, "customers": Customer, "exchange-rates": ExchangeRate, "jobs": Job,
    "open-items": OpenItem, "payment-terms": PaymentTerms, "receipts": OpenItem, "units": BusinessUnit,
    "users": User,
}  # fmt: skip


def known_ids(path: str) -> dict[str, list[Any]]:
    """Return real values for the parameters of an address."""
    model = BEHIND.get(path.split("/")[3])
    found: dict[str, list[Any]] = {"code": list(AgingScheme.objects.values_list("code", flat=True))}
    if "contacts" in path:
        contact = Contact.objects.order_by("pk").first()
        found |= {
            "customer_pk": [contact.customer_id if contact else 1],
            "id": [contact.pk if contact else 1],
        }
    elif model is not None:
        rows = model.objects.order_by("pk")
        if "receipts" in path:
            rows = rows.filter(kind=OpenItem.Kind.RECEIPT)
        found["id"] = list(rows.values_list("pk", flat=True)[:20])
    return {name: values for name, values in found.items() if values}


def references() -> dict[str, list[Any]]:
    """Return real values for members of a body that name another record."""
    return {
        "customer": list(Customer.objects.values_list("pk", flat=True)[:10]),
        "unit": list(BusinessUnit.objects.values_list("code", flat=True)),
        "payment_terms": list(PaymentTerms.objects.values_list("code", flat=True)[:5]),
        "sales_owner": ["sales"], "collector": ["collector"], "currency": ["CNY", "USD"],
        "parent": list(Customer.objects.values_list("pk", flat=True)[:5]),
    }  # fmt: skip


def fill(
    case: Any, known: dict[str, list[Any]], bodies: dict[str, list[Any]], choose: Callable[..., Any]
) -> None:
    """Put records that exist in the place of made-up ones."""
    for name, values in known.items():
        if name in (case.path_parameters or {}):
            case.path_parameters[name] = choose(values)
    if isinstance(case.body, dict):
        for name, values in bodies.items():
            if name in case.body:
                case.body[name] = choose(values)
    if "If-Match" in (case.headers or {}):
        case.headers["If-Match"] = choose(['"1"', '"2"'])
    if "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = f"key-{next(_keys)}"


def exercise(operation: Any, token: str) -> None:
    """Call one operation with `EXAMPLES` made-up requests of each kind."""
    known, bodies = known_ids(operation.path), references()
    modes = [
        operation.as_strategy(generation_mode=mode)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    ]

    @seed(20260331)
    @settings(
        max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet,
    )  # fmt: skip
    @given(case=st.one_of(modes), is_real=st.booleans(), data=st.data())
    def call(case: Any, is_real: bool, data: Any) -> None:
        if is_real:
            fill(case, known, bodies, lambda values: data.draw(st.sampled_from(values)))
        with transaction.atomic():
            case.call_and_validate(headers={"Authorization": f"Token {token}"}, checks=CHECKS)

    call()


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Keep the test's transaction: a server closes the connection after each request."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.mark.parametrize("username", ROLES)
def test_every_operation_answers_as_documented(
    username: str, demo_company, one_connection: None, settings: Any
) -> None:
    settings.API_CALLS_PER_MINUTE = 1_000_000
    user = demo_company.user(username)
    _row, token = tokens.create(user=user, actor=user, name="made up", now=clock.now())
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/schema/?format=json", application, headers={"Authorization": f"Token {token}"}
    )
    failures: list[str] = []
    called = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        called += 1
        try:
            exercise(operation, token)
        except BaseExceptionGroup as failure:
            failures.append(f"{operation.label}\n{failure}")
    assert called > 80
    assert not failures, "\n\n".join(failures)
    assert [str(finding) for finding in proof.verify()] == []


@pytest.mark.parametrize(
    "header", ["Token zq_abcdefgh_nothing", "Bearer x", "Token", "Token zq_", "Basic YTpi"]
)
def test_no_operation_ignores_a_wrong_token(header: str, client: Any, db: None) -> None:
    document = SchemaGenerator().get_schema(public=True)
    for path, item in document["paths"].items():
        for method in item:
            address = re.sub(r"\{\w+\}", "1", path)
            answer = client.generic(method.upper(), address, headers={"Authorization": header})
            assert answer.status_code == 401, (method, path)
            assert answer["Content-Type"] == "application/problem+json"
