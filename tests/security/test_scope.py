"""Nobody reads or changes another unit's rows, or another's portfolio, by any path (reliability E3)."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from receivables.models import OpenItem
from tests.security.matrix import ADMINISTER, MATRIX
from tests.security.two_units import MARK, NOWHERE, Books, World, body_of

# Routes whose records belong to a unit, a customer or a person, and which record to ask for.
OWNED: dict[str, str] = {
    r"views/<pk>": "view",
    r"profile/tokens/<pk>": "token",
    r"api/v1/tokens/<pk>": "token",
    r"(api/v1/)?notifications/<pk>": "notification",
    r"settings/audit/<pk>|api/v1/audit-events/<pk>": "event",
    r"settings/periods/<unit>": "unit",
    r"settings/periods/<pk>|api/v1/accounting-periods/<pk>": "period",
    r"settings/reopenings/<pk>|api/v1/period-reopenings/<pk>": "reopening",
    r"api/v1/units/<pk>": "unit",
    r"(api/v1/)?jobs/<pk>": "job",
    r"api/v1/customers/<customer_pk>/contacts/<pk>": "contact",
    r"(receivables/|api/v1/)?customers/<(customer_)?pk>": "customer",
    r"receivables/alerts/<pk>|api/v1/alerts/<pk>": "alert",
    r"receivables/items/<pk>|api/v1/open-items/<pk>": "invoice",
    r"receivables/receipts/<pk>|api/v1/receipts/<pk>": "receipt",
    r"api/v1/allocations/<pk>": "allocation",
    r"(receivables|api/v1)/imports/<pk>": "batch",
}
# Shared by all units, or open only to who administers all of them.
SHARED = re.compile(
    r"settings/(users|units|rates|calendar|mail)/<|api/v1/(users|exchange-rates|calendar-days|payment-terms|alert-rules|aging-schemes)/<"
    r"|customers/terms/<|receivables/alerts/rules/<|receivables/aging-schemes/<|receivables/imports/template/<"
)
WITH_RECORD = sorted(route for route in MATRIX if "<" in route)
PLAIN = sorted(route for route in MATRIX if "<" not in route and "GET" in MATRIX[route])


# Answers the same whatever the id is.
ALIKE = {"views/<pk>/delete/", "notifications/<pk>/open/"}


def address(route: str, of: Books | None) -> str:
    """Return an address with the ids of somebody's records, or with ids that nobody has."""
    kind = next(kind for pattern, kind in OWNED.items() if re.match(pattern, route))
    found = getattr(of, kind).pk if of else NOWHERE
    values: dict[str, object] = {
        "pk": found,
        "unit": found,
        "month": "2026-02",
        "contact_pk": NOWHERE,
    }
    values["customer_pk"] = values["allocation_pk"] = NOWHERE
    if of:
        values |= {
            "contact_pk": of.contact.pk,
            "customer_pk": of.customer.pk,
            "allocation_pk": of.allocation.pk,
        }
    return "/" + re.sub(r"<(\w+)>", lambda name: str(values[name.group(1)]), route)


def send(client: Any, method: str, path: str, body: object = None) -> Any:
    headers = {"If-Match": '"1"', "Idempotency-Key": f"key-{path[:80]}-{method}"}
    if path.startswith("/api/"):
        return client.generic(
            method, path, json.dumps(body or {}), content_type="application/json", headers=headers
        )
    return client.generic(method, path, "", content_type="application/x-www-form-urlencoded")


def signed_in(user: Any) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def facts(of: Books) -> list[Any]:
    """Return what must not have changed of a unit's books."""
    records = [
        of.customer,
        of.contact,
        of.invoice,
        of.receipt,
        of.allocation,
        of.alert,
        of.period,
        of.reopening,
    ]
    records += [of.batch, of.job, of.token, of.notification, of.view, of.unit]
    return [type(record).objects.filter(pk=record.pk).values().get() for record in records] + [
        OpenItem.objects.filter(unit=of.unit).count(), of.customer.contacts.count(),
    ]  # fmt: skip


def test_every_route_with_a_record_is_owned_or_shared() -> None:
    for route in WITH_RECORD:
        owned = any(re.match(pattern, route) for pattern in OWNED)
        assert owned != bool(SHARED.match(route)), route


@pytest.mark.parametrize("who", ["stranger", "seller"])
def test_a_record_of_others_is_not_there_to_any_method(world: World, who: str) -> None:
    client = signed_in(getattr(world, who))
    before = facts(world.a)
    for route in WITH_RECORD:
        if SHARED.match(route) or (who == "seller" and OF_THE_UNIT.match(route)):
            continue
        for method, roles in MATRIX[route].items():
            if roles == ADMINISTER:
                continue
            theirs, nobodys = address(route, world.a), address(route, None)
            answer, nothing = send(client, method, theirs), send(client, method, nobodys)
            assert answer.status_code == nothing.status_code, (method, theirs, answer.status_code)
            assert answer.status_code in {400, 404, 422} | ({302} if route in ALIKE else set()), (
                method,
                theirs,
            )
            assert body_of(answer, theirs) == body_of(nothing, nobodys), (method, theirs)
    assert facts(world.a) == before


# What belongs to a unit and not to a customer: a salesperson with the right would see it.
OF_THE_UNIT = re.compile(
    r"settings/(audit|periods|reopenings)/<|api/v1/(units|accounting-periods|period-reopenings|jobs|imports|audit-events)/<"
    r"|jobs/<|receivables/imports/<"
)


def questions(world: World) -> list[str]:
    """Return every way to ask a list for something of unit A."""
    a = world.a
    asked = {
        "unit": [a.unit.code, a.unit.pk], "customer": [a.customer.pk, a.customer.code], "parent": [a.customer.pk],
        "group": [a.customer.pk], "sales_owner": [f"{MARK}-seller", a.customer.sales_owner_id],
        "owner": [f"{MARK}-seller", a.customer.sales_owner_id], "collector": [f"{MARK}-clerk"], "q": [MARK],
        "number": [a.invoice.number], "code": [a.customer.code], "industry": [f"{MARK} industry"],
        "region": [f"{MARK} region"], "batch": [a.batch.pk], "who": [a.clerk.pk], "actor": [f"{MARK}-clerk"],
        "record": [f"customers.customer:{a.customer.pk}"], "credit_item": [a.receipt.pk], "debit_item": [a.invoice.pk],
        "name": [f"{MARK} 公司"], "id": [a.customer.pk],
    }  # fmt: skip
    plain = [
        "",
        "export=csv",
        "export=xlsx",
        "group_by=region",
        "group_by=industry",
        "group_by=owner",
        "ordering=name",
        "ordering=-note",
    ]
    return plain + [f"{name}={value}" for name, values in asked.items() for value in values]


@pytest.mark.parametrize("who", ["stranger", "seller"])
def test_no_list_no_search_and_no_export_tells_of_others(world: World, who: str) -> None:
    client = signed_in(getattr(world, who))
    for route in PLAIN:
        if who == "seller" and route.startswith(UNIT_LISTS):
            continue
        for query in questions(world) if LISTS.fullmatch(route) else [""]:
            answer = client.get(
                f"/{route}", query_params=dict([query.split("=", 1)] if query else [])
            )
            assert answer.status_code < 500 or route == "readyz", (route, query)
            told = body_of(answer)
            asked = query.split("=", 1)[-1].encode()
            # A page may repeat what was asked for, and nothing more of it.
            assert told_more(told, asked, who=who, route=route) == [], (route, query)


UNIT_LISTS = ("settings/", "api/v1/units", "api/v1/accounting", "api/v1/period", "jobs/", "api/v1/jobs", "api/v1/audit", "receivables/imports", "api/v1/imports", "receivables/proof", "api/v1/ledger-proof", "receivables/reviews", "api/v1/reviews", "profile", "api/v1/me", "api/v1/users")  # fmt: skip


def told_more(told: bytes, asked: bytes, *, who: str, route: str) -> list[bytes]:
    """Return what an answer holds of unit A, apart from the words of the question."""
    for form in {asked, quote(asked).encode(), asked.replace(b" ", b"+")}:
        if MARK.encode() in form:
            told = told.replace(form, b"")
    # A salesperson knows the colleagues of the own unit; the trail names people, who belong to no unit.
    if who == "seller" or "audit" in route:
        told = PEOPLE.sub(b"", told)
    return [told[max(0, at.start() - 60) : at.end() + 30] for at in SIGNS.finditer(told)]


# Where a question can be asked; the other pages are opened once.
LISTS = re.compile(
    r"|search/|customers/|customers/options/|receivables/(aging|alerts|items|receipts|worklist|reviews)/|settings/audit/"
    r"|api/v1/(customers|open-items|receipts|allocations|alerts|aging|metrics|audit-events|jobs|imports|reviews)/"
)
PEOPLE = re.compile(rf"{MARK}-(clerk|boss|seller)|{MARK}\"".encode())
SIGNS = re.compile(rf"{MARK}[- ]|4,?321\.09|3,?321\.09|1,?234\.56|3,?086\.53".encode())
