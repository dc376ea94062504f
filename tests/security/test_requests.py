"""How a request is made changes nothing about the decision: methods, addresses, tokens of forms, headers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from config.core.models import ExchangeRate
from tests import factories
from tests.security.matrix import MATRIX, OPEN
from tests.security.test_matrix import Visitor
from tests.security.two_units import NOWHERE

pytestmark = pytest.mark.django_db
HIDDEN = sorted(
    route
    for route, entry in MATRIX.items()
    if "<" not in route and entry.get("GET") not in {None, OPEN}
)
# Forbidden to a salesperson, whatever the costume.
FORBIDDEN = [route for route in HIDDEN if "salesperson" not in MATRIX[route]["GET"]]
NO_DATA = {301, 302, 400, 401, 403, 404, 405, 406}


def costumes(route: str) -> list[str]:
    """Return other ways to write an address."""
    bare = route.rstrip("/")
    return [
        f"/{bare}", f"//{route}", f"/{route}/", f"/{bare}.json", f"/{bare}.json/", f"/{route}?format=json", f"/{route.upper()}",
        f"/{bare}//", f"/./{route}", f"/%2e/{route}", f"/x/../{route}", f"/{bare}%2f", f"/{bare};a=b/", f"/{bare}%00", f"/{bare}/%20",
    ]  # fmt: skip


def test_no_other_spelling_of_an_address_lets_a_stranger_in() -> None:
    client = Client(raise_request_exception=False)
    for route in HIDDEN:
        for address in costumes(route):
            assert client.get(address).status_code in NO_DATA, address


def test_no_other_spelling_of_an_address_gives_more_rights(client_for: Any) -> None:
    client = client_for("salesperson", units=[factories.unit_a()])
    client.raise_request_exception = False
    assert len(FORBIDDEN) > 10
    for route in FORBIDDEN:
        for address in costumes(route):
            assert client.get(address).status_code in NO_DATA, address


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"])
def test_no_other_method_gives_more_rights(method: str, client_for: Any) -> None:
    client = client_for("salesperson", units=[factories.unit_a()])
    stranger = Client()
    for route in FORBIDDEN:
        assert client.generic(method, f"/{route}").status_code in {403, 405}, (method, route)
    for route in HIDDEN:
        assert stranger.generic(method, f"/{route}").status_code in {302, 401, 403, 405}, (
            method,
            route,
        )


def test_an_overridden_method_is_not_heard(client_for: Any) -> None:
    client = client_for("finance_manager", units=[factories.unit_a()])
    rate = factories.ExchangeRateFactory()
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        answer = client.post(
            f"/api/v1/exchange-rates/{rate.pk}/",
            {},
            content_type="application/json",
            headers={name: "DELETE"},
        )
        assert answer.status_code in {403, 405}, name
        answer = client.get(f"/api/v1/exchange-rates/{rate.pk}/", headers={name: "DELETE"})
        assert answer.status_code == 200
    client.post(f"/api/v1/exchange-rates/{rate.pk}/?_method=DELETE", {"_method": "DELETE"})
    assert ExchangeRate.objects.filter(pk=rate.pk).exists()


# CSRF (H5) ---------------------------------------------------------------------------------------


def posts() -> list[str]:
    return sorted(route for route, entry in MATRIX.items() if "POST" in entry)


def concrete(route: str) -> str:
    return "/" + re.sub(
        r"<\w+>",
        lambda m: {"<month>": "2026-01", "<code>": "x"}.get(m.group(), str(NOWHERE)),
        route,
    )


@pytest.mark.parametrize("origin", [None, "https://evil.example"])
def test_every_post_of_a_session_needs_the_token_of_its_own_page(
    origin: str | None, make_user: Any
) -> None:
    client = Client(enforce_csrf_checks=True)
    user = make_user(*[], username="root", is_superuser=True)
    client.force_login(user)
    client.get("/profile/")
    headers = {"Origin": origin, "X-CSRFToken": client.cookies["csrftoken"].value} if origin else {}
    for route in posts():
        kind = (
            "application/json" if route.startswith("api/") else "application/x-www-form-urlencoded"
        )
        if route == "api/v1/imports/":
            kind = "multipart/form-data; boundary=x"
        for method in [m for m in MATRIX[route] if m != "GET"]:
            answer = client.generic(
                method, concrete(route), "{}", content_type=kind, headers=headers
            )
            assert answer.status_code == 403, (method, route)


def test_a_token_needs_no_cookie_and_a_cookie_gives_no_token(make_user: Any) -> None:
    user = make_user("finance_manager")
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    answer = client.post("/api/v1/tokens/", {"name": "x"}, content_type="application/json")
    assert answer.status_code == 403
    assert user.api_tokens.count() == 0


# Headers (H6) ------------------------------------------------------------------------------------


def faults_of_headers(answer: Any, where: str) -> list[str]:
    policy = answer.headers.get("Content-Security-Policy", "")
    wanted = {
        "policy": all(
            part in policy
            for part in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'")
        ),
        "scripts": "script-src 'self'" in policy
        and "'unsafe-inline'" not in policy.split("style-src")[0],
        "nosniff": answer.headers.get("X-Content-Type-Options") == "nosniff",
        "referrer": answer.headers.get("Referrer-Policy") == "same-origin",
        "opener": answer.headers.get("Cross-Origin-Opener-Policy") == "same-origin",
        "frame": answer.headers.get("X-Frame-Options") == "DENY",
        "resource": answer.headers.get("Cross-Origin-Resource-Policy") == "same-origin",
        "cache": any(
            word in answer.headers.get("Cache-Control", "") for word in ("no-store", "private")
        ),
        "request": bool(answer.headers.get("X-Request-ID")),
    }
    return [f"{where}: {name}" for name, fine in wanted.items() if not fine]


@pytest.mark.parametrize("role", [None, "finance_manager", "cashier"], ids=str)
def test_every_answer_carries_the_headers(role: str | None, company: Any) -> None:
    visitor = Visitor(company, role)
    faults: list[str] = []
    for route, entry in MATRIX.items():
        for method in {*entry, "DELETE"}:
            if (
                (role is None or method == "DELETE")
                or method == "GET"
                or visitor.role not in entry[method]
            ):
                faults += faults_of_headers(visitor.send(method, route), f"{method} {route}")
    for address in (
        "/nowhere/",
        "/api/v1/nowhere/",
        "/receivables/items/?export=csv",
        "/receivables/items/?export=xlsx",
        "/api/v1/aging/?x=1",
    ):
        faults += faults_of_headers(visitor.client.get(address), address)
    assert faults == []


@pytest.mark.urls("tests.core.urls_for_tests")
def test_an_answer_about_our_own_fault_carries_the_headers_too(client_for: Any) -> None:
    client = client_for("cashier")
    client.raise_request_exception = False
    answer = client.get("/page/bug/")
    assert answer.status_code == 500
    assert faults_of_headers(answer, "500") == []


def test_a_static_file_is_not_guessed_at() -> None:
    answer = Client().get("/static/favicon.svg")
    assert answer.status_code == 200
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


def test_in_production_browsers_are_told_to_come_by_tls_only(settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    answer = Client().get("/login/", secure=True)
    assert "max-age=31536000" in answer["Strict-Transport-Security"]
