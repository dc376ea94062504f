"""Every route × method × role against the table in `matrix.py`: who is let in, who is refused, and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

from config.core.models import (
    AccountingPeriod,
    AuditEvent,
    CalendarDay,
    ExchangeRate,
    Job,
    Notification,
    OutboxMessage,
    PeriodReopening,
    SavedView,
    User,
)  # fmt: skip
from config.core.services import notify, tokens
from customers.models import Contact, Customer, PaymentTerms
from receivables.models import AlertRule, Allocation, ImportBatch, OpenItem
from receivables.selectors import alerts, items
from receivables.services import reviews
from receivables.services.imports import uploads
from tests.demo_data import DemoCompany
from tests.security.matrix import AUD, EVERY, MATRIX, OPEN, OWN

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# The demo people of each role.
USERNAME = {"salesperson": "sales", "administrator": "admin"}
# What a page needs to have something to show.
QUERIES = {
    "customers/hints/": "?name=x",
    "customers/options/": "?q=a",
    "receivables/items/due-dates/": "?document_date=2026-01-05&amount=100.00",
    "customers/terms/preview/": "",
}
LEDGER = "customer,number,document_date,due_date,amount\nX1,N1,2026-01-05,2026-02-04,100.00\n"
# Anything but a server error and a refusal of the right: an empty body is no order.
HEARD = {200, 201, 202, 204, 302, 400, 404, 409, 412, 415, 422, 428}


def normalised(route: str) -> str:
    """Return a route as the matrix writes it: `customers/<pk>/`."""
    plain = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route)
    return re.sub(r"<\w+:(\w+)>", r"<\1>", plain).replace("^", "").replace("$", "")


def routes(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            yield normalised(path)


KNOWN = sorted(set(routes(get_resolver().url_patterns)))


def nameless(path: str) -> str:
    return re.sub(r"<\w+>|\{\w+\}", "<>", path)


def test_every_route_is_in_the_matrix_and_nothing_else() -> None:
    assert sorted(MATRIX) == KNOWN


@pytest.mark.django_db
def test_every_documented_operation_is_in_the_matrix_and_the_other_way_round() -> None:
    documented = {
        (method.upper(), nameless(path.lstrip("/")))
        for path, item in SchemaGenerator().get_schema(public=True)["paths"].items()
        for method in item
    }
    written = {
        (method, nameless(path))
        for path, entry in MATRIX.items()
        if path.startswith("api/") and path not in {"api/v1/schema/", "api/v1/docs/"}
        for method in entry
    }
    assert documented == written


def test_the_auditor_changes_nothing() -> None:
    open_to_auditor = {
        path
        for path, entry in MATRIX.items()
        for method, roles in entry.items()
        if method != "GET" and (roles == OPEN or AUD in roles)
    }
    assert open_to_auditor == OWN


@dataclass
class Visitor:
    """Somebody with a role, and where the records lie that the role may see."""

    company: DemoCompany
    role: str | None

    def __post_init__(self) -> None:
        self.user: User | None = None
        self.client = Client(raise_request_exception=False)
        if self.role:
            self.user = self.company.user(USERNAME.get(self.role, self.role))
            self.client.force_login(self.user)
        self.places = {route: self._place(route) for route in MATRIX}

    def send(self, method: str, route: str) -> HttpResponse:
        """Call a route with an empty body, and undo what it did."""
        with transaction.atomic():
            if route in {"logout/", "logout/everywhere/"} and self.user:
                self.client.force_login(self.user)
            data = {} if method == "GET" else {"data": b"{}" if "api/" in route else b""}
            content = "application/json" if "api/" in route else "application/x-www-form-urlencoded"
            answer = self.client.generic(method, self.places[route], content_type=content, **data)
            if method == "GET" and answer.streaming:
                b"".join(answer.streaming_content)
            transaction.set_rollback(True)
        if route.startswith("logout/") and self.user:
            self.client.force_login(self.user)
        return answer

    def _place(self, route: str) -> str:
        """Return an address of a route whose records exist and are the visitor's to see."""
        path = route
        for name, value in self._records(route).items():
            path = path.replace(f"<{name}>", str(value))
        assert "<" not in path, route
        return f"/{path}{QUERIES.get(route, '')}"

    def _records(self, route: str) -> dict[str, object]:
        user = self.user or self.company.user("finance_manager")
        customers = Customer.objects.visible_to(user)
        contact = Contact.objects.filter(customer__in=customers).order_by("pk").first()
        if "contacts" in route:
            assert contact is not None or user.has_role("administrator")
            pk = contact.pk if contact else 1
            customer = contact.customer_id if contact else 1
            is_api = route.startswith("api/")
            return {"pk": pk if is_api else customer, "contact_pk": pk, "customer_pk": customer}
        kind = next((k for k in self._finders() if re.match(k, route)), None)
        values: dict[str, object] = {
            "code": "international",
            "unit": self.company.east.pk,
            "month": "2020-01",
            "kind": "open-items",
        }
        if "allocations/<allocation_pk>" in route:
            made = Allocation.objects.first()
            return {"pk": made.credit_item_id, "allocation_pk": made.pk}
        if kind:
            found = self._finders()[kind](user)
            values["pk"] = found.pk if found else 1
        return values

    def _finders(self) -> dict[str, Callable[[User], Any]]:
        return {
            r"views/": lambda u: SavedView.objects.filter(user=u).first(),
            r"profile/tokens|api/v1/tokens": lambda u: u.api_tokens.first(),
            r"(api/v1/)?notifications/": lambda u: Notification.objects.filter(user=u).first(),
            r"(settings|api/v1)/users/": lambda u: User.objects.get(username="cashier"),
            r"(settings|api/v1)/units/": lambda u: self.company.east,
            r"settings/rates/|api/v1/exchange-rates/": lambda u: ExchangeRate.objects.first(),
            r"settings/calendar/|api/v1/calendar-days/": lambda u: CalendarDay.objects.first(),
            r"settings/periods/|api/v1/accounting-periods/": lambda u: AccountingPeriod.objects.filter(unit=self.company.east).first(),
            r"settings/reopenings/|api/v1/period-reopenings/": lambda u: PeriodReopening.objects.first(),
            r"settings/audit/|api/v1/audit-events/": lambda u: AuditEvent.objects.first(),
            r"settings/mail/": lambda u: OutboxMessage.objects.first(),
            r"(api/v1/)?jobs/": lambda u: Job.objects.filter(created_by=u).first(),
            r"customers/terms/|api/v1/payment-terms/": lambda u: PaymentTerms.objects.first(),
            r"(api/v1/|receivables/)?customers/": lambda u: Customer.objects.visible_to(u).order_by("pk").first(),
            r"receivables/alerts/rules/|api/v1/alert-rules/": lambda u: AlertRule.objects.first(),
            r"receivables/alerts/|api/v1/alerts/": lambda u: alerts.visible(u).first(),
            r"(receivables|api/v1)/receipts/": lambda u: OpenItem.objects.visible_to(u).filter(kind="receipt").first(),
            r"receivables/items/|api/v1/open-items/": lambda u: OpenItem.objects.visible_to(u).filter(kind="invoice").first(),
            r"(receivables|api/v1)/imports/": lambda u: ImportBatch.objects.filter(kind=uploads.kinds_for(actor=u)[0]).first(),
            r"api/v1/allocations/": lambda u: items.visible_allocations(user=u).first(),
        }  # fmt: skip


@pytest.fixture
def company(demo_company: DemoCompany) -> DemoCompany:
    """The demo company with one record of each kind that a role could ask for."""
    manager, now = demo_company.user("finance_manager"), datetime(2026, 11, 24, tzinfo=UTC)
    for user in User.objects.all():
        notify.notify(user=user, kind="test", message="Test", link="/profile/")
        tokens.create(user=user, actor=user, name="t", now=now)
        SavedView.objects.create(user=user, page="/customers/", name="v", query="")
        Job.objects.create(
            kind="test", dedup_key=f"test:{user.pk}", created_by=user, unit=demo_company.east
        )
    CalendarDay.objects.get_or_create(date="2030-01-02", defaults={"is_working": True})
    OutboxMessage.objects.create(dedup_key="m", recipient="a@example.com", subject="s", body="b")
    period, _made = AccountingPeriod.objects.get_or_create(
        unit=demo_company.east, first_day="2019-01-01",
        defaults={"state": "closed", "closed_by": manager, "closed_at": now},
    )  # fmt: skip
    for unit in (demo_company.east, demo_company.south):
        reviews.run(unit=unit, as_of=demo_company.yesterday, actor=None, now=now)
    for kind in ("customers", "receipts"):  # cash and ledger are imported by different people
        uploads.take(
            unit=demo_company.east, kind=kind, file_name=f"{kind}.csv", content=[LEDGER.encode()], mapping="",
            options={}, actor=manager,
        )  # fmt: skip
    PeriodReopening.objects.create(
        period=period, requested_by=demo_company.user("ar_accountant"), reason="r"
    )
    return demo_company


def judge(visitor: Visitor, method: str, route: str) -> str:
    """Call a route and return what is wrong about the answer, or nothing."""
    answer = visitor.send(method, route)
    status, roles = answer.status_code, MATRIX[route].get(method)
    if roles is None:
        expected = {401, 403, 405} if route.startswith("api/") else {302, 403, 405}
        fine = status in expected and (status != 302 or answer["Location"].startswith("/login/"))
    elif roles == OPEN:
        fine = status in HEARD or (route == "readyz" and status == 503)
    elif visitor.role is None:
        fine = status == 401 if route.startswith("api/") else _to_login(answer)
    elif visitor.role not in roles:
        fine = status == 403
    elif method == "GET" and route == "" and visitor.role == "administrator":
        fine = status == 302 and answer["Location"] == "/settings/"
    elif method == "GET":
        fine = status == 200
    else:
        fine = status in HEARD and not _to_login(answer, unless=route)
    return "" if fine else f"{visitor.role}: {method} {visitor.places[route]} answered {status}"


def _to_login(answer: HttpResponse, unless: str = "") -> bool:
    return (
        answer.status_code == 302
        and answer["Location"].startswith("/login/")
        and not unless.startswith("logout")
    )


@pytest.mark.parametrize("role", [None, *sorted(EVERY)], ids=lambda role: role or "anonymous")
def test_each_role_is_let_in_and_refused_exactly_as_the_matrix_says(
    role: str | None, company: DemoCompany
) -> None:
    visitor = Visitor(company, role)
    asked = [(method, route) for route, entry in MATRIX.items() for method in entry]
    wrong = [fault for method, route in asked if (fault := judge(visitor, method, route))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "role", [None, "finance_manager", "auditor"], ids=lambda role: role or "anonymous"
)
def test_a_method_that_a_route_does_not_offer_does_nothing(
    role: str | None, company: DemoCompany
) -> None:
    visitor = Visitor(company, role)
    asked = [(m, route) for route, entry in MATRIX.items() for m in METHODS if m not in entry]
    wrong = [fault for method, route in asked if (fault := judge(visitor, method, route))]
    assert not wrong, "\n".join(wrong)


def test_the_auditor_can_not_stop_the_work_of_others(company: DemoCompany) -> None:
    visitor = Visitor(company, AUD)
    job = Job.objects.get(created_by=company.user("ar_accountant"))
    for address in (
        f"/jobs/{job.pk}/cancel/",
        f"/jobs/{job.pk}/retry/",
        f"/api/v1/jobs/{job.pk}/cancel/",
        f"/api/v1/jobs/{job.pk}/retry/",
    ):
        assert visitor.client.get(f"/jobs/{job.pk}/").status_code == 200
        assert (
            visitor.client.post(address, {}, content_type="application/json").status_code == 403
        ), address
