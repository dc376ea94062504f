"""API tokens: shown once, kept as digests, revoked at once."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from config.core import clock
from config.core.errors import InvalidInput
from config.core.models import ApiToken, AuditEvent, User
from config.core.services import tokens, users
from tests import factories

pytestmark = pytest.mark.django_db


def call(text: str, scheme: str = "Token"):
    return APIClient().get("/api/v1/me/", HTTP_AUTHORIZATION=f"{scheme} {text}")


def make(user: User, **extra) -> tuple[ApiToken, str]:
    return tokens.create(user=user, name="ERP", actor=user, now=clock.now(), **extra)


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "token"])
def test_a_token_lets_its_user_in(scheme: str) -> None:
    _token, text = make(factories.bob())
    answer = call(text, scheme)
    assert answer.status_code == 200
    assert answer.json()["username"] == "bob"


def test_only_a_digest_is_kept_and_the_trail_holds_no_secret() -> None:
    token, text = make(factories.bob())
    secret = text.split("_", 2)[2]
    stored = ApiToken.objects.values().get(pk=token.pk)
    event = AuditEvent.objects.get(action="api_token.created")
    assert secret not in str(stored)
    assert secret not in str([event.before, event.after, event.target_label])


@pytest.mark.parametrize(
    "text", ["", "zq", "zq__", "zq_abcdefgh_wrong", "x" * 5000, "zq_é_ß", "zq_a b_c"]
)
def test_nonsense_is_refused_as_401(text: str) -> None:
    factories.bob()
    answer = call(text)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Token")
    assert answer.json()["code"] in {"authentication_failed", "not_authenticated"}


def test_a_right_prefix_with_a_wrong_secret_is_refused() -> None:
    _token, text = make(factories.bob())
    assert call(text[:-1] + ("a" if text[-1] != "a" else "b")).status_code == 401


def test_a_revoked_token_is_refused_on_the_next_request() -> None:
    user = factories.bob()
    token, text = make(user)
    assert call(text).status_code == 200
    tokens.revoke(token=token, actor=user, now=clock.now())
    tokens.revoke(token=token, actor=user, now=clock.now())
    assert call(text).status_code == 401
    assert AuditEvent.objects.filter(action="api_token.revoked").count() == 1


def test_an_expired_token_is_refused(stop_clock) -> None:
    stop_clock("2026-03-31 10:00")
    _token, text = make(factories.bob(), expires_at=clock.now() + timedelta(days=1))
    assert call(text).status_code == 200
    stop_clock("2026-04-01 10:00")
    assert call(text).status_code == 401


@pytest.mark.parametrize("days", [0, -1, 4 * 366])
def test_an_end_out_of_range_is_refused(days: int) -> None:
    user = factories.bob()
    with pytest.raises(InvalidInput, match="at most three years"):
        make(user, expires_at=clock.now() + timedelta(days=days))
    assert not ApiToken.objects.exists()


def test_disabling_the_user_or_taking_the_role_ends_the_right_at_once() -> None:
    user = factories.bob()
    _token, text = make(user)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {text}")
    assert client.get("/api/v1/exchange-rates/").status_code == 200
    user.groups.clear()
    assert client.get("/api/v1/exchange-rates/").status_code == 403
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get("/api/v1/me/").status_code == 401


def test_a_password_reset_revokes_all_tokens() -> None:
    user, admin = factories.bob(), factories.UserFactory(username="root", roles=["administrator"])
    _token, text = make(user)
    users.reset_password(user=user, actor=admin, now=clock.now())
    assert call(text).status_code == 401


def test_use_is_noted_at_most_once_a_minute(stop_clock, django_assert_num_queries) -> None:
    stop_clock("2026-03-31 10:00")
    token, text = make(factories.bob())
    tokens.find(text=text, now=clock.now())
    with django_assert_num_queries(1):
        tokens.find(text=text, now=clock.now() + timedelta(seconds=30))
    tokens.find(text=text, now=clock.now() + timedelta(seconds=61))
    token.refresh_from_db()
    assert token.last_used_at == clock.now() + timedelta(seconds=61)


def test_the_page_shows_a_new_token_once_and_revokes_only_own_ones(client_for) -> None:
    alice, charlie = factories.alice(), factories.charlie()
    client = client_for(user=alice)
    answer = client.post("/profile/tokens/", {"name": "BI", "days": "90"})
    token = ApiToken.objects.get(user=alice)
    assert f"zq_{token.prefix}_" in answer.content.decode()
    secret_line = [
        line for line in answer.content.decode().splitlines() if 'id="new-token"' in line
    ]
    assert secret_line
    assert 'id="new-token"' not in client.get("/profile/tokens/").content.decode()
    assert client_for(user=charlie).post(f"/profile/tokens/{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None
    client.post(f"/profile/tokens/{token.pk}/revoke/")
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_the_api_makes_lists_and_revokes_own_tokens(api_client) -> None:
    bob, charlie = factories.bob(), factories.charlie()
    made = api_client(bob).post("/api/v1/tokens/", {"name": "ERP"})
    assert made.status_code == 201
    assert call(made.json()["token"]).json()["username"] == "bob"
    assert "token" not in api_client(bob).get("/api/v1/tokens/").json()["results"][0]
    key = made.json()["id"]
    assert api_client(charlie).post(f"/api/v1/tokens/{key}/revoke/").status_code == 404
    assert api_client(bob).post(f"/api/v1/tokens/{key}/revoke/").json()["revoked_at"]


def test_the_command_prints_the_token_last() -> None:
    factories.bob()
    out, err = StringIO(), StringIO()
    call_command("create_token", "bob", "--days", "7", stdout=out, stderr=err)
    text = out.getvalue().strip().splitlines()[-1]
    assert call(text).json()["username"] == "bob"


def test_the_command_refuses_a_stranger() -> None:
    with pytest.raises(CommandError, match="no active user"):
        call_command("create_token", "nobody")


def test_the_commands_explain_themselves() -> None:
    for command in ["create_token", "create_admin", "verify_audit"]:
        done = subprocess.run(
            [sys.executable, "manage.py", command, "--help"], capture_output=True, text=True
        )
        assert done.returncode == 0
        assert "usage" in done.stdout
