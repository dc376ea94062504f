"""The sidebar shows what one may open; the unit of a page is one of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from config.core.context import Shell, current_unit
from config.core.models import BusinessUnit, User
from config.core.navigation import Entry, navigation_for
from config.core.roles import Role

ENTRIES = (
    Entry(label="Nowhere", url_name="core:nowhere"),
    Entry(label="Search", url_name="core:search"),
    Entry(
        label="Group",
        children=(
            Entry(label="Rates", url_name="core:rates", permissions=("core.view_exchangerate",)),
            Entry(label="Users", url_name="core:users", permissions=("core.view_user",)),
            Entry(label="Either", url_name="core:settings", permissions=("core.no", "core.view_user")),
        ),
    ),
)  # fmt: skip


def shown(entries: tuple[Entry, ...]) -> list[str]:
    return [str(e.label) for entry in entries for e in (entry, *entry.children)]


def request_of(user: Any, path: str = "/", session: Any = None, **query: str) -> HttpRequest:
    request = RequestFactory().get(path, query)
    request.user = user
    request.session = session if session is not None else {}
    return request


def test_only_pages_that_exist_and_may_be_opened_are_shown(
    make_user: Callable[..., User],
) -> None:
    cashier = make_user(Role.CASHIER)
    assert shown(navigation_for(user=cashier, path="/", entries=ENTRIES)) == [
        "Search",
        "Group",
        "Rates",
    ]
    administrator = make_user(Role.ADMINISTRATOR)
    assert shown(navigation_for(user=administrator, path="/", entries=ENTRIES)) == [
        "Search",
        "Group",
        "Rates",
        "Users",
        "Either",
    ]


def test_a_group_without_an_open_page_is_not_shown() -> None:
    found = navigation_for(user=AnonymousUser(), path="/", entries=ENTRIES)
    assert shown(found) == ["Search"]


def test_the_entry_with_the_longest_fitting_address_is_marked(
    make_user: Callable[..., User],
) -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    found = navigation_for(user=administrator, path="/settings/users/7/", entries=ENTRIES)
    active = [str(e.label) for entry in found for e in (entry, *entry.children) if e.is_active]
    assert active == ["Group", "Users"]


@pytest.mark.parametrize("by", ["code", "pk"])
def test_the_address_names_the_unit_before_the_session_does(
    make_user: Callable[..., User], unit: BusinessUnit, by: str
) -> None:
    other = BusinessUnit.objects.create(code="OTHER", name="华南公司")
    user = make_user(Role.AUDITOR, units=[unit, other])
    session = {"unit": str(other.pk)}
    assert current_unit(request_of(user, session=session)) == other
    asked = str(getattr(unit, by))
    assert current_unit(request_of(user, session=session, unit=asked)) == unit
    assert current_unit(request_of(user, session=session, unit="all")) is None
    assert current_unit(request_of(user)) is None


def test_a_unit_out_of_scope_is_as_if_not_asked_for(
    make_user: Callable[..., User], unit: BusinessUnit
) -> None:
    stranger = BusinessUnit.objects.create(code="STRANGE", name="别的公司")
    user = make_user(Role.AUDITOR, units=[unit])
    assert current_unit(request_of(user, unit="STRANGE")) is None
    assert current_unit(request_of(user, session={"unit": str(stranger.pk)})) is None
    assert Shell(request_of(user)).units == [unit]


def test_the_frame_asks_for_the_units_once(
    make_user: Callable[..., User],
    unit: BusinessUnit,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    user = make_user(Role.FINANCE_MANAGER, all_units=True)
    request = request_of(user)
    with django_assert_num_queries(1):
        frame = Shell(request)
        assert frame.units
        assert frame.unit is None
        assert frame.units


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ("<x>", "auto"), (None, "auto")]
)
def test_the_theme_before_the_sign_in_is_the_browsers(cookie: str | None, theme: str) -> None:
    request = request_of(AnonymousUser())
    if cookie:
        request.COOKIES["theme"] = cookie
    assert Shell(request).theme == theme
    assert Shell(request).template == "base_plain.html"
