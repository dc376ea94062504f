"""Deny by default: every route names its right, every role has exactly its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import AllowAny
from rest_framework.test import APIClient
from rest_framework.views import APIView

from config.core.models import AuditEvent
from config.core.permissions import SIGNED_IN, DeclaredPermission, codes_for
from config.core.roles import ROLE_CONFLICTS, ROLE_PERMISSIONS, Role, conflict_of
from config.core.services.roles import seed_roles
from tests import factories

# What must work before the sign-in.
OPEN = {"core:login", "core:logout", "core:set_language", "core:set_theme", "healthz", "readyz"}
READ_ONLY = {"GET", "HEAD", "OPTIONS"}


def routes(
    patterns: list[Any] | None = None, prefix: str = "", space: str = ""
) -> Iterator[tuple[str, str, Any]]:
    """Yield (path, name, view) of every route there is."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(
                entry.url_patterns, path, f"{entry.namespace}:" if entry.namespace else space
            )
        elif isinstance(entry, URLPattern):
            yield path, space + (entry.name or ""), entry.callback


ROUTES = list(routes())
PAGES = [route for route in ROUTES if not route[0].startswith("api/")]
API = [route for route in ROUTES if route[0].startswith("api/")]


def view_class(callback: Any) -> type[APIView]:
    return getattr(callback, "cls", None) or callback.view_class


def methods_of(callback: Any) -> dict[str, str | None]:
    """Return the methods an API route offers, with the action of a view set."""
    actions = getattr(callback, "actions", None)
    if actions:
        return {method.upper(): action for method, action in actions.items() if method != "head"}
    cls = view_class(callback)
    return {
        m.upper(): None
        for m in cls.http_method_names
        if hasattr(cls, m) and m not in {"options", "head"}
    }


def test_there_are_routes_to_check() -> None:
    assert len(PAGES) > 30
    assert len(API) > 20


@pytest.mark.parametrize(("path", "name", "view"), PAGES, ids=[route[0] or "/" for route in PAGES])
def test_every_page_names_a_right(path: str, name: str, view: Any) -> None:
    if name in OPEN:
        return
    declared = getattr(view, "required_permissions", None) or getattr(
        getattr(view, "view_class", None), "required_permissions", None
    )
    assert declared, f"{path} names no permission"


@pytest.mark.parametrize(("path", "name", "view"), API, ids=[route[0] for route in API])
def test_every_api_method_names_a_right(path: str, name: str, view: Any) -> None:
    cls = view_class(view)
    assert AllowAny not in cls.permission_classes
    assert DeclaredPermission in cls.permission_classes
    for method, action in methods_of(view).items():
        codes = codes_for(cls.required_permissions, method=method, action=action)
        assert codes, f"{method} {path} names no permission"


@pytest.mark.django_db
def test_every_named_right_exists() -> None:
    known = {
        f"{p.content_type.app_label}.{p.codename}"
        for p in Permission.objects.select_related("content_type")
    }
    named: set[str] = set()
    for _path, _name, view in PAGES:
        declared = getattr(view, "required_permissions", ())
        named |= set(declared) if isinstance(declared, tuple) else set()
    for _path, _name, view in API:
        for method, action in methods_of(view).items():
            named |= set(
                codes_for(view_class(view).required_permissions, method=method, action=action) or ()
            )
    assert named - known - {SIGNED_IN} == set()


@pytest.mark.django_db
def test_the_groups_hold_exactly_the_rights_of_the_roles() -> None:
    for role, codes in ROLE_PERMISSIONS.items():
        group = Group.objects.get(name=role.value)
        held = {
            f"{p.content_type.app_label}.{p.codename}"
            for p in group.permissions.select_related("content_type")
        }
        assert held == set(codes), role


@pytest.mark.django_db
def test_seeding_again_changes_nothing_and_a_misspelled_right_is_an_error(monkeypatch) -> None:
    def count() -> int:
        return Group.permissions.through.objects.count()

    before = count()
    seed_roles(groups=Group.objects, permissions=Permission.objects, strict=True)
    assert count() == before
    monkeypatch.setitem(ROLE_PERMISSIONS, Role.CASHIER, ("core.fly",))
    with pytest.raises(KeyError, match=r"core\.fly"):
        seed_roles(groups=Group.objects, permissions=Permission.objects, strict=True)


def test_the_auditor_and_the_administrator_can_not_touch_the_books() -> None:
    changing = (
        "add_",
        "change_",
        "delete_",
        "post_",
        "reverse_",
        "allocate_",
        "import_",
        "close_",
        "handle_",
        "decide_",
        "request_",
        "run_",
    )
    for code in ROLE_PERMISSIONS[Role.AUDITOR]:
        assert not code.split(".")[1].startswith(changing), code
    for code in ROLE_PERMISSIONS[Role.ADMINISTRATOR]:
        assert code.startswith("core."), code
    # Who sells neither books nor approves; who takes the money keeps no ledger.
    assert not {"receivables.post_openitem", "receivables.allocate_openitem"} & set(
        ROLE_PERMISSIONS[Role.CASHIER]
    )
    assert not {"receivables.post_receipt", "receivables.post_openitem"} & set(
        ROLE_PERMISSIONS[Role.SALESPERSON]
    )


@pytest.mark.parametrize("pair", ROLE_CONFLICTS, ids=lambda pair: f"{pair[0]}+{pair[1]}")
def test_conflicting_roles_are_found_in_any_company(pair: tuple[Role, Role]) -> None:
    assert conflict_of([pair[1], pair[0]]) is not None
    assert conflict_of([pair[0]]) is None


@pytest.mark.django_db
@pytest.mark.urls("tests.core.urls_for_tests")
def test_a_view_that_declares_nothing_is_refused_even_to_a_superuser(api_client) -> None:
    root = factories.UserFactory(username="root", is_superuser=True)
    assert api_client(root).get("/api/v1/undeclared/").status_code == 403


def by_path(path: str) -> str:
    """Return a concrete address of a route with parameters."""
    concrete = path
    for part, value in {
        "<int:pk>": "999999", "<int:unit>": "999999", "<str:month>": "2026-01", "<slug:code>": "none",
        "(?P<pk>[0-9]{1,18})": "999999", "^": "", "/$": "/", "$": "",
    }.items():  # fmt: skip
        concrete = concrete.replace(part, value)
    return "/" + concrete


CORE_PAGES = [route for route in PAGES if route[1].startswith("core:") and route[1] not in OPEN]
CORE_API = [route for route in API if "format" not in route[0]]


@pytest.mark.django_db
def test_a_stranger_reaches_no_page_and_no_api() -> None:
    for path, _name, _view in CORE_PAGES:
        for method in ("get", "post"):
            answer = getattr(Client(), method)(by_path(path))
            assert answer.status_code in {302, 405}, (method, path)
            assert answer.status_code == 405 or answer["Location"].startswith("/login/"), path
    for path, _name, view in CORE_API:
        if "<" in by_path(path) or "(?P" in by_path(path):
            continue
        for method in methods_of(view):
            answer = APIClient().generic(
                method, by_path(path), "{}", content_type="application/json"
            )
            assert answer.status_code == 401, (method, path)


@pytest.mark.django_db
@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_exactly_the_pages_it_has_the_right_for(role: Role, client_for) -> None:
    client = client_for(role, units=[factories.unit_a()])
    client.raise_request_exception = True
    for path, _name, view in CORE_PAGES:
        allowed = all(
            code == SIGNED_IN or code in ROLE_PERMISSIONS[role]
            for code in view.required_permissions
        )
        client.force_login(client.user)  # one of the pages ends all sessions
        answer = client.get(by_path(path))
        if answer.status_code == 405:  # posted only; the right is asked for below
            answer = client.post(by_path(path))
        assert (answer.status_code != 403) == allowed, (role, path, answer.status_code)
        assert answer.status_code < 500, (role, path)


@pytest.mark.django_db
@pytest.mark.parametrize("role", list(Role))
def test_each_role_calls_exactly_the_api_methods_it_has_the_right_for(
    role: Role, api_client
) -> None:
    user = factories.UserFactory(roles=[role], units=[factories.unit_a()])
    client = api_client(user)
    for path, _name, view in CORE_API:
        address = by_path(path)
        if "<" in address or "(?P" in address:
            continue
        for method, action in methods_of(view).items():
            codes = (
                codes_for(view_class(view).required_permissions, method=method, action=action) or ()
            )
            allowed = all(code == SIGNED_IN or code in ROLE_PERMISSIONS[role] for code in codes)
            answer = client.generic(method, address, "{}", content_type="application/json")
            assert (answer.status_code != 403) == allowed, (
                role,
                method,
                address,
                answer.status_code,
            )
            assert answer.status_code < 500, (role, method, address)


@pytest.mark.django_db
def test_a_refused_right_is_a_security_event(client_for, api_client) -> None:
    bob = factories.bob()
    client_for(user=bob).get("/settings/users/")
    api_client(bob).get("/api/v1/users/")
    events = AuditEvent.objects.filter(action="security.refused", actor=bob).order_by("id")
    assert [event.target_label for event in events] == ["/settings/users/", "/api/v1/users/"]
    assert events[0].after == {"method": "GET", "needed": ["core.view_user"]}


@pytest.mark.django_db
def test_the_right_is_asked_for_whatever_the_method(api_client) -> None:
    client = api_client(factories.charlie())
    for method in ("GET", "HEAD", "OPTIONS"):
        assert client.generic(method, "/api/v1/users/").status_code == 403, method
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE"):
        assert client.generic(
            method, "/api/v1/users/", HTTP_X_HTTP_METHOD_OVERRIDE="GET"
        ).status_code in {403, 405}, method
