"""No write reaches another unit: not by a key in a body, not in bulk, not by a form (reliability E3, E4)."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from config.core.models import AccountingPeriod, AuditEvent
from customers.models import Customer
from receivables.models import AgingReview, Allocation, ImportBatch, OpenItem
from receivables.selectors import proof
from tests.security.test_scope import facts, signed_in
from tests.security.two_units import LEDGER, MARK, NOWHERE, World

OF_A_LEDGER = (Customer, OpenItem, Allocation, AccountingPeriod, AgingReview, ImportBatch)


def rows() -> list[int]:
    return [model.objects.count() for model in OF_A_LEDGER]


def post(client: Client, path: str, body: dict[str, Any], method: str = "POST") -> Any:
    headers = {
        "If-Match": '"1"',
        "Idempotency-Key": f"k-{hash(path + json.dumps(body, sort_keys=True))}",
    }
    return client.generic(
        method, path, json.dumps(body), content_type="application/json", headers=headers
    )


def bodies(
    world: World, customer: int, unit: str, item: int, person: str
) -> list[tuple[str, str, dict[str, Any]]]:
    """Return requests that are right but for whom they name."""
    b = world.b
    money = {"amount": "10.00", "currency": "CNY"}
    invoice = {
        "kind": "invoice",
        "number": "X1",
        "document_date": "2026-04-01",
        "due_date": "2026-05-01",
        **money,
    }
    receipt = {"number": "X2", "receipt_date": "2026-04-01", **money}
    return [
        ("POST", "/api/v1/open-items/", invoice | {"customer": customer}),
        ("POST", "/api/v1/open-items/", invoice | {"customer_code": f"{MARK}-1", "unit": unit}),
        ("POST", "/api/v1/open-items/", invoice | {"customer": b.customer.pk, "unit": unit}),
        ("POST", "/api/v1/receipts/", receipt | {"customer": customer}),
        ("POST", "/api/v1/receipts/", receipt | {"customer_code": f"{MARK}-1", "unit": unit}),
        (
            "POST", f"/api/v1/receipts/{b.receipt.pk}/allocations/",
            {"allocations": [{"item": item, "amount": "1.00"}], "effective_date": "2026-04-01"},
        ),
        ("POST", "/api/v1/customers/", {"unit": unit, "code": "X3", "name": "X3"}),
        ("POST", "/api/v1/customers/", {"unit": b.unit.code, "code": "X4", "name": "X4", "parent": customer}),
        ("POST", "/api/v1/customers/", {"unit": b.unit.code, "code": "X5", "name": "X5", "sales_owner": person}),
        ("PATCH", f"/api/v1/customers/{b.customer.pk}/", {"parent": customer}),
        ("PATCH", f"/api/v1/customers/{b.customer.pk}/", {"sales_owner": person}),
        ("PATCH", f"/api/v1/customers/{b.customer.pk}/", {"collector": person}),
        ("POST", "/api/v1/customers/assignments/", {"customers": [b.customer.pk, customer], "collector": None}),
        ("POST", "/api/v1/customers/assignments/", {"customers": [b.customer.pk], "collector": person}),
        ("POST", "/api/v1/accounting-periods/close/", {"unit": unit, "month": "2025-07"}),
        ("POST", "/api/v1/reviews/", {"unit": unit, "date": "2026-04-18"}),
    ]  # fmt: skip


def said(answer: Any, *words: str) -> str:
    """Return what an answer says, without the numbers and names that were asked for."""
    text = answer.content.decode()
    for word in words:
        text = text.replace(word, "#")
    return re.sub(r"[0-9]+", "#", text)


def test_a_key_of_another_unit_in_a_body_is_as_unknown_as_a_made_up_one(world: World) -> None:
    client = signed_in(world.stranger)
    a = world.a
    theirs = bodies(world, a.customer.pk, a.unit.code, a.invoice.pk, f"{MARK}-seller")
    nobodys = bodies(world, NOWHERE, "NOWHERE", NOWHERE, "nobody-here")
    before, count = (facts(a), facts(world.b)), rows()
    for (method, path, body), (_method, _path, other) in zip(theirs, nobodys, strict=True):
        answer, nothing = post(client, path, body, method), post(client, path, other, method)
        assert answer.status_code in {400, 404, 409, 422}, (method, path, body)
        assert answer.status_code == nothing.status_code, (path, body)
        found, missed = (
            said(answer, a.unit.code, f"{MARK}-seller"),
            said(nothing, "NOWHERE", "nobody-here"),
        )
        assert found == missed, (path, body)
    assert (facts(a), facts(world.b)) == before
    assert rows() == count
    assert proof.verify() == []


def test_a_file_can_not_be_imported_into_another_unit(world: World) -> None:
    client = signed_in(world.stranger)
    before = rows()
    statuses = set()
    for unit in (world.a.unit.code, "NOWHERE"):
        file = io.BytesIO(LEDGER.encode())
        file.name = "ledger.csv"
        answer = client.post("/api/v1/imports/", {"file": file, "kind": "open-items", "unit": unit})
        statuses.add((answer.status_code, answer.content))
    assert len(statuses) == 1
    assert statuses.pop()[0] == 404
    assert rows() == before


def test_forms_and_bulk_actions_leave_another_unit_alone(world: World) -> None:
    client = signed_in(world.stranger)
    a, b = world.a, world.b
    before, count = facts(a), rows()
    many = {
        "selected": [a.customer.pk, a.invoice.pk, a.alert.pk],
        "note": "all mine",
        "cause": "dispute",
    }
    posts: list[tuple[str, dict[str, Any]]] = [
        ("/customers/assign/", many | {"collector": world.stranger.pk, "sales_owner": world.stranger.pk}),
        ("/receivables/items/classify/", many),
        ("/receivables/alerts/acknowledge/", many),
        ("/unit/", {"unit": a.unit.pk}),
        (f"/customers/{b.customer.pk}/group/", {"parent": a.customer.pk, "version": 1}),
        ("/customers/new/", {"unit": a.unit.pk, "code": "X1", "name": "X1", "kind": "enterprise", "segment": "regular"}),
        (
            "/receivables/items/new/",
            {"customer": a.customer.pk, "kind": "invoice", "number": "X2", "document_date": "2026-04-01",
             "due_date": "2026-05-01", "amount": "1.00", "currency": "CNY"},
        ),
        (
            "/receivables/receipts/new/",
            {"customer": a.customer.pk, "number": "X3", "receipt_date": "2026-04-01", "amount": "1.00", "currency": "CNY"},
        ),
        (f"/receivables/receipts/{b.receipt.pk}/", {f"amount_{a.invoice.pk}": "1.00", "effective_date": "2026-04-01"}),
        ("/receivables/reviews/run/", {"unit": a.unit.pk, "date": "2026-04-18"}),
        (f"/settings/periods/{a.unit.pk}/2025-07/close/", {}),
        (f"/receivables/items/{b.invoice.pk}/allocations/{a.allocation.pk}/take-back/", {"effective_date": "2026-04-02"}),
    ]  # fmt: skip
    for path, body in posts:
        answer = client.post(path, body)
        assert answer.status_code in {302, 400, 404, 409, 422}, (path, answer.status_code)
    assert facts(a) == before
    assert rows() == count
    b.customer.refresh_from_db()
    assert b.customer.parent is None
    assert f"{MARK}-1".encode() not in client.get("/customers/").content
    assert proof.verify() == []


# Mass assignment ---------------------------------------------------------------------------------


def field_names() -> list[str]:
    """Return every column and relation name of every model of ours."""
    ours = [
        m
        for app in ("core", "customers", "receivables")
        for m in apps.get_app_config(app).get_models()
    ]
    names = {field.name for model in ours for field in model._meta.get_fields()}
    names |= {field.attname for model in ours for field in model._meta.concrete_fields}
    return sorted(names | {"is_superuser", "is_staff", "password", "__class__", "pk"})


def writable_operations() -> list[tuple[str, str, set[str]]]:
    """Return (method, path, members) of every operation that reads a JSON body."""
    document = SchemaGenerator().get_schema(public=True)
    schemas = document["components"]["schemas"]
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content:
                name = content["schema"]["$ref"].rsplit("/", 1)[-1]
                found.append((method.upper(), path, set(schemas[name]["properties"])))
    return found


def test_a_member_that_is_not_offered_is_refused_by_name_and_changes_nothing(world: World) -> None:
    world.stranger.user_permissions.set(apps.get_model("auth", "Permission").objects.all())
    client = signed_in(world.stranger)
    b = world.b
    ids = {
        "accounting-periods": b.period.pk, "period-reopenings": b.reopening.pk, "customers": b.customer.pk,
        "open-items": b.invoice.pk, "receipts": b.receipt.pk, "allocations": b.allocation.pk, "alerts": b.alert.pk,
        "units": b.unit.pk, "alert-rules": b.alert.rule_id, "payment-terms": 1,
    }  # fmt: skip
    operations = writable_operations()
    assert len(operations) > 25
    before, count, events = facts(b), rows(), AuditEvent.objects.count()
    for method, path, members in operations:
        first = path.split("/")[3]
        if first == "exchange-rates" and "{" in path:
            continue
        place = path.replace("{customer_pk}", str(b.customer.pk)).replace("{code}", "international")
        place = place.replace(
            "{id}", str(b.contact.pk if "contacts" in path else ids.get(first, 1))
        )
        extra = [name for name in field_names() if name not in members]
        with transaction.atomic():
            answer = post(client, place, dict.fromkeys(extra, "1"), method)
            assert answer.status_code == 400, (method, place, answer.content[:300])
            named = {error["field"] for error in answer.json()["errors"]}
            assert named >= set(extra), (method, place, set(extra) - named)
    assert (facts(b), rows(), AuditEvent.objects.count()) == (before, count, events)


@pytest.mark.parametrize(
    "field", ["is_superuser", "all_units", "is_staff", "username", "roles", "user_permissions"]
)
def test_nobody_raises_oneself_by_the_own_profile(world: World, field: str) -> None:
    client = signed_in(world.stranger)
    fields = {
        "display_name": "Someone",
        "language": "en",
        "theme": "auto",
        "email": "a@example.com",
        field: "1",
    }
    assert client.post("/profile/", fields).status_code in {200, 302, 422}
    world.stranger.refresh_from_db()
    assert not world.stranger.is_superuser
    assert not world.stranger.all_units
    assert not world.stranger.is_staff
    assert world.stranger.username == "stranger"
    assert world.stranger.groups.count() == 0
