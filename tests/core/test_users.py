"""Users and roles, units, profile, search: who may what, kept apart, seen in the trail."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config.core import search
from config.core.errors import InvalidInput
from config.core.models import AuditEvent, BusinessUnit, User
from config.core.roles import Role
from config.core.services import units, users
from config.core.versions import StaleVersion
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return factories.UserFactory(username="root", roles=[Role.ADMINISTRATOR])


def create(admin: User, **changes) -> tuple[User, str]:
    values = {
        "username": "dora", "display_name": "Dora", "email": "", "roles": [Role.COLLECTOR], "units": [factories.unit_a()],
        "all_units": False, "manager": None, "language": "",
    }  # fmt: skip
    return users.create(actor=admin, **values | changes)


def update(user: User, actor: User, **changes) -> User:
    values = {
        "display_name": user.display_name, "email": user.email, "roles": [Role(n) for n in user.role_names],
        "units": list(user.units.all()), "all_units": user.all_units, "is_active": True, "manager": None,
    }  # fmt: skip
    return users.update(user=user, actor=actor, **values | changes)


def test_a_new_user_gets_a_password_to_be_changed(admin: User) -> None:
    user, password = create(admin)
    assert user.check_password(password)
    assert user.must_change_password
    assert user.role_names == {"collector"}
    event = AuditEvent.objects.get(action="user.created")
    assert (event.actor, event.after["roles"], event.after["units"]) == (
        admin,
        ["collector"],
        ["A"],
    )
    assert password not in str(event.after)


@pytest.mark.parametrize("username", ["alice", "ALICE"])
def test_a_user_name_is_taken_in_any_case(admin: User, username: str) -> None:
    factories.alice()
    with pytest.raises(InvalidInput, match="already is a user"):
        create(admin, username=username)


@pytest.mark.parametrize(
    "roles", [[Role.SALESPERSON, Role.CREDIT_MANAGER], [Role.CASHIER, Role.AR_ACCOUNTANT], [Role.AUDITOR, Role.COLLECTOR],
              [Role.ADMINISTRATOR, Role.FINANCE_MANAGER], [Role.COLLECTOR, Role.CASHIER]]
)  # fmt: skip
def test_conflicting_roles_are_refused_and_nothing_changes(admin: User, roles: list[Role]) -> None:
    with pytest.raises(users.ConflictingRoles, match="One person may not be .* at once"):
        create(admin, roles=roles)
    assert not User.objects.filter(username="dora").exists()
    bob = factories.bob()
    with pytest.raises(users.ConflictingRoles):
        update(bob, admin, roles=roles)
    assert User.objects.get(pk=bob.pk).role_names == {"ar_accountant"}


def test_nobody_changes_the_own_rights(admin: User) -> None:
    for changes in [
        {"roles": [Role.COLLECTOR]},
        {"all_units": True},
        {"units": [factories.unit_a()]},
        {"is_active": False},
    ]:
        with pytest.raises(users.NotOnOneself):
            update(User.objects.get(pk=admin.pk), admin, **changes)
    assert update(User.objects.get(pk=admin.pk), admin, display_name="Root").display_name == "Root"
    with pytest.raises(users.NotOnOneself):
        users.reset_password(user=admin, actor=admin, now=None)  # type: ignore[arg-type]


def test_a_change_shows_before_and_after_and_refuses_a_stale_one(admin: User) -> None:
    user, _password = create(admin)
    update(user, admin, roles=[Role.CREDIT_ANALYST], expected_version=1)
    event = AuditEvent.objects.get(action="user.changed")
    assert (event.before, event.after) == ({"roles": ["collector"]}, {"roles": ["credit_analyst"]})
    with pytest.raises(StaleVersion):
        update(user, admin, expected_version=1)


def test_a_disabled_user_is_out_at_once(admin: User, client_for) -> None:
    bob = factories.bob()
    client = client_for(user=bob)
    assert client.get("/profile/").status_code == 200
    update(bob, admin, is_active=False)
    assert client.get("/profile/").status_code == 302


def test_a_role_taken_away_ends_the_right_on_the_next_request(admin: User, client_for) -> None:
    bob = factories.bob()
    client = client_for(user=bob)
    unit = factories.unit_a()
    assert client.get("/settings/rates/").status_code == 200
    update(bob, admin, roles=[])
    assert client.get("/settings/rates/").status_code == 403
    assert client.post(f"/settings/periods/{unit.pk}/2026-01/close/").status_code == 403


def test_nobody_is_the_own_manager(admin: User) -> None:
    bob = factories.bob()
    with pytest.raises(InvalidInput, match="own manager"):
        update(bob, admin, manager=bob)


def test_the_journey_on_the_pages(admin: User, client_for) -> None:
    client = client_for(user=admin)
    unit = factories.unit_a()
    words = {"username": "dora", "display_name": "朵拉", "roles": ["collector"], "units": [unit.pk]}
    made = client.post("/settings/users/new/", words)
    dora = User.objects.get(username="dora")
    assert 'id="first-password"' in made.content.decode()
    assert "朵拉" in client.get("/settings/users/?q=dora").content.decode()
    bad = client.post(
        f"/settings/users/{dora.pk}/",
        {"roles": ["collector", "cashier"], "version": 1, "is_active": "on"},
        HTTP_ACCEPT_LANGUAGE="en",
    )
    assert bad.status_code == 422
    assert "segregation of duties" in bad.content.decode()
    good = {
        "display_name": "Dora",
        "roles": ["credit_analyst"],
        "version": 1,
        "is_active": "on",
        "manager": admin.pk,
    }
    assert client.post(f"/settings/users/{dora.pk}/", good).status_code == 302
    assert User.objects.get(pk=dora.pk).role_names == {"credit_analyst"}
    reset = client.post(f"/settings/users/{dora.pk}/reset-password/")
    assert 'id="first-password"' in reset.content.decode()
    assert client.post(f"/settings/users/{dora.pk}/end-sessions/").status_code == 302
    assert client.post(f"/settings/users/{admin.pk}/reset-password/").status_code == 409


def test_the_list_of_users_has_a_constant_number_of_queries(
    admin: User, client_for, django_assert_max_num_queries
) -> None:
    client = client_for(user=admin)
    client.get("/settings/users/")
    for _n in range(30):
        factories.UserFactory(roles=[Role.COLLECTOR], units=[factories.unit_a()])
    with django_assert_max_num_queries(14):
        assert client.get("/settings/users/").status_code == 200


def test_an_auditor_sees_users_but_changes_nothing(client_for) -> None:
    client = client_for("auditor", units=[factories.unit_a()])
    bob = factories.bob()
    assert client.get("/settings/users/").status_code == 200
    client.post(f"/settings/users/{bob.pk}/", {"roles": [], "version": 1})
    assert User.objects.get(pk=bob.pk).role_names == {"ar_accountant"}


def test_the_profile_keeps_name_language_and_colours(client_for) -> None:
    client = client_for(user=factories.alice())
    assert (
        client.post(
            "/profile/", {"display_name": "爱丽丝", "language": "en", "theme": "dark"}
        ).status_code
        == 302
    )
    alice = User.objects.get(username="alice")
    assert (alice.display_name, alice.language, alice.theme) == ("爱丽丝", "en", "dark")
    assert client.post("/profile/", {"display_name": "x" * 61, "theme": "dark"}).status_code == 422
    assert (
        client.post("/profile/", {"display_name": "a\u202eb", "theme": "dark"}).status_code == 422
    )
    client.post("/theme/", {"theme": "light"})
    assert User.objects.get(username="alice").theme == "light"
    client.post("/theme/", {"theme": "pink"})
    assert User.objects.get(username="alice").theme == "light"


def test_a_unit_is_chosen_among_ones_own(client_for) -> None:
    client = client_for(user=factories.alice())
    mine, foreign = factories.unit_a(), factories.unit_b()
    client.post("/unit/", {"unit": str(mine.pk), "next": "/profile/"})
    assert client.session["unit"] == str(mine.pk)
    client.post("/unit/", {"unit": str(foreign.pk)})
    assert "unit" not in client.session


def test_units_are_created_and_changed(admin: User, client_for) -> None:
    client = client_for(user=admin)
    words = {"code": "east", "name": "华东", "base_currency": "CNY", "time_zone": "Asia/Shanghai"}
    assert client.post("/settings/units/new/", words).status_code == 302
    unit = BusinessUnit.objects.get(code="EAST")
    assert client.post("/settings/units/new/", words).status_code == 422
    changed = {
        "name": "华东公司",
        "name_en": "East",
        "time_zone": "Asia/Shanghai",
        "version": 1,
        "is_active": "on",
    }
    assert client.post(f"/settings/units/{unit.pk}/", changed).status_code == 302
    assert client.post(f"/settings/units/{unit.pk}/", changed).status_code == 422
    event = AuditEvent.objects.get(action="unit.changed")
    assert event.after == {"name": "华东公司", "name_en": "East"}


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "has space"},
        {"code": ""},
        {"name": " "},
        {"base_currency": "BHD"},
        {"time_zone": "Mars/Olympus"},
    ],
)
def test_a_wrong_unit_is_refused(changes: dict[str, str]) -> None:
    good = {
        "code": "E",
        "name": "x",
        "name_en": "",
        "base_currency": "CNY",
        "time_zone": "Asia/Shanghai",
    }
    with pytest.raises(InvalidInput):
        units.create(actor=None, **good | changes)
    assert not BusinessUnit.objects.filter(name="x").exists()


def test_the_api_shows_only_own_units_and_edits_with_etag(api_client, admin: User) -> None:
    mine, foreign = factories.unit_a(), factories.unit_b()
    bob = api_client(factories.bob())
    assert [row["code"] for row in bob.get("/api/v1/units/").json()["results"]] == ["A"]
    assert bob.get(f"/api/v1/units/{foreign.pk}/").status_code == 404
    assert (
        bob.patch(
            f"/api/v1/units/{mine.pk}/", {"name": "x"}, headers={"If-Match": '"1"'}
        ).status_code
        == 403
    )
    root = api_client(admin)
    done = root.patch(f"/api/v1/units/{foreign.pk}/", {"name": "乙"}, headers={"If-Match": '"1"'})
    assert (done.status_code, done.json()["name"]) == (200, "乙")
    assert (
        root.patch(
            f"/api/v1/units/{foreign.pk}/", {"code": "X"}, headers={"If-Match": '"2"'}
        ).status_code
        == 400
    )


def test_me_says_who_and_what(api_client) -> None:
    body = api_client(factories.bob()).get("/api/v1/me/").json()
    assert (body["username"], body["roles"], body["units"]) == ("bob", ["ar_accountant"], ["A"])
    assert "receivables.post_openitem" in body["permissions"]


def test_search_asks_only_providers_one_has_the_right_for(monkeypatch, client_for) -> None:
    monkeypatch.setattr(search, "_providers", {})
    seen: list[tuple[str, str, int]] = []

    def find(*, user: User, query: str, limit: int) -> list[search.Hit]:
        seen.append((user.username, query, limit))
        return [search.Hit(label=f"<b>{query}</b>", url="/customers/1/", note="C001")]

    search.register(key="a", label="Customers", find=find, permission="customers.view_customer")
    search.register(key="b", label="Users", find=find, permission="core.view_user")
    client = client_for(user=factories.alice())
    page = client.get("/search/", {"q": "  华\x00东 "}).content.decode()
    assert seen == [("alice", "华东", 50)]
    assert "&lt;b&gt;华东&lt;/b&gt;" in page
    fragment = client.get("/search/", {"q": "华"}, HTTP_HX_REQUEST="true").content.decode()
    assert "zq-search-hit" in fragment
    assert "<html" not in fragment
    assert client.get("/search/").status_code == 200


def test_settings_show_only_what_one_may_open(client_for) -> None:
    page = client_for("collector", units=[factories.unit_a()]).get("/settings/").content.decode()
    assert "/settings/rates/" in page
    assert "/settings/users/" not in page
    assert "/settings/audit/" not in page


def test_create_admin_makes_one_administrator(monkeypatch) -> None:
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    out = StringIO()
    call_command("create_admin", "root", stdout=out, stderr=StringIO())
    root = User.objects.get(username="root")
    assert root.check_password(out.getvalue().strip())
    assert root.must_change_password
    assert root.role_names == {"administrator"}
    with pytest.raises(CommandError, match="already is a user"):
        call_command("create_admin", "root", stderr=StringIO())


def test_create_admin_refuses_a_weak_password(monkeypatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "admin")
    with pytest.raises(CommandError, match="too short"):
        call_command("create_admin")
    assert not User.objects.filter(username="admin").exists()
