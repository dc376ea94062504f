"""Signing in: one sentence whatever was wrong, a limit on tries, sessions that end."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client

from config.core import clock, middleware
from config.core.models import AuditEvent, LoginFailure, User
from config.core.services import login, users
from tests import factories

pytestmark = pytest.mark.django_db
GENERIC = "The user name or the password is wrong."


def attempt(username: str, password: str = "wrong", **extra: str) -> str:
    """Return "in", "wrong" or "locked"."""
    try:
        login.sign_in(
            request=None, username=username, password=password, address=extra.get("address", "203.0.113.9"),
            device=extra.get("device", ""), now=clock.now(),
        )  # fmt: skip
    except login.LockedOut:
        return "locked"
    except login.LoginRefused:
        return "wrong"
    return "in"


def test_the_right_password_lets_in_and_cycles_the_session() -> None:
    factories.alice()
    client = Client()
    client.get("/login/")
    client.session["kept"] = 1
    before = client.session.session_key
    answer = client.post(
        "/login/?next=/profile/",
        {"username": "alice", "password": factories.PASSWORD, "next": "/profile/"},
    )
    assert answer.status_code == 302
    assert answer["Location"] == "/profile/"
    assert client.session.session_key not in {None, before}
    assert (
        AuditEvent.objects.filter(action="security.signed_in", actor__username="alice").count() == 1
    )


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil"]
)
def test_login_leads_to_no_foreign_page(target: str) -> None:
    factories.alice()
    answer = Client().post(
        "/login/", {"username": "alice", "password": factories.PASSWORD, "next": target}
    )
    assert answer["Location"] == "/"


def test_unknown_wrong_and_disabled_look_the_same() -> None:
    factories.alice()
    factories.UserFactory(username="gone", is_active=False)
    answers = [
        Client(headers={"accept-language": "en"}).post(
            "/login/", {"username": name, "password": word}
        )
        for name, word in [("nobody", "x"), ("alice", "x"), ("gone", factories.PASSWORD)]
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert all(GENERIC in answer.content.decode() for answer in answers)


def test_ten_tries_lock_the_name_in_all_its_spellings() -> None:
    factories.alice()
    spellings = ["alice", "ALICE", "ａｌｉｃｅ", " alice"]
    results = [attempt(spellings[n % 4], address=f"203.0.113.{n}") for n in range(12)]
    assert results == ["wrong"] * 10 + ["locked"] * 2
    assert attempt("alice", factories.PASSWORD, address="198.51.100.1") == "locked"


def test_the_lock_ends_after_the_window(stop_clock) -> None:
    factories.alice()
    stop_clock("2026-03-31 10:00")
    for _n in range(10):
        attempt("alice")
    assert attempt("alice", factories.PASSWORD) == "locked"
    stop_clock("2026-03-31 10:15:01")
    assert attempt("alice", factories.PASSWORD) == "in"


def test_thirty_tries_lock_the_address_and_forged_headers_gain_nothing() -> None:
    for n in range(33):
        answer = Client().post(
            "/login/",
            {"username": f"guess{n}", "password": "x"},
            HTTP_X_FORWARDED_FOR=f"198.51.100.{n}",
        )
    assert answer.status_code == 429
    assert LoginFailure.objects.count() == settings.LOGIN_FAILURES_PER_ADDRESS


def test_the_owner_enters_from_a_known_browser_while_the_name_is_locked() -> None:
    factories.alice()
    device = login.device_cookie(username="alice")
    for n in range(11):
        attempt("alice", address=f"203.0.113.{n}")
    assert attempt("alice", factories.PASSWORD) == "locked"
    assert attempt("alice", factories.PASSWORD, device=device) == "in"
    assert attempt("bob", device=device) == "wrong"


def test_a_device_cookie_does_not_make_tries_endless() -> None:
    factories.alice()
    device = login.device_cookie(username="alice")
    results = [attempt("alice", device=device, address=f"203.0.113.{n}") for n in range(12)]
    assert results.count("locked") == 2
    assert attempt("alice", device=device + "x", address="198.51.100.7") == "wrong"


@pytest.mark.django_db(transaction=True)
def test_a_burst_of_tries_can_not_outrun_the_count() -> None:
    factories.alice()
    barrier = threading.Barrier(16)
    results: list[str] = []

    def guess(n: int) -> None:
        barrier.wait()
        results.append(attempt("alice", address=f"203.0.113.{n}"))
        connections.close_all()

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count("wrong") == 10
    assert results.count("locked") == 6


def test_the_trail_never_holds_a_password_typed_into_the_wrong_field() -> None:
    attempt("MySecret-Passphrase-1")
    event = AuditEvent.objects.get(action="security.login_failed")
    assert "MySecret" not in str([event.target_label, event.target_id, event.before, event.after])


def test_nul_in_the_name_is_refused_without_error() -> None:
    assert Client().post("/login/", {"username": "a\x00b", "password": "x"}).status_code == 422
    assert attempt("a\x00b") == "wrong"


@pytest.mark.parametrize(
    ("idle", "expected"), [(timedelta(minutes=29), 200), (timedelta(minutes=30, seconds=1), 302)]
)
def test_an_idle_session_ends(stop_clock, client_for, idle: timedelta, expected: int) -> None:
    start = clock.now()
    stop_clock(start)
    client = client_for(user=factories.alice())
    assert client.get("/profile/").status_code == 200
    stop_clock(start + idle)
    assert client.get("/profile/").status_code == expected


def test_a_session_ends_after_twelve_hours_of_use(stop_clock, client_for) -> None:
    start = clock.now()
    stop_clock(start)
    client = client_for(user=factories.alice())
    for minutes in range(0, 12 * 60 + 1, 20):
        stop_clock(start + timedelta(minutes=minutes))
        assert client.get("/profile/").status_code == 200
    stop_clock(start + timedelta(hours=12, seconds=1))
    assert client.get("/profile/").status_code == 302


def test_a_badge_that_refreshes_itself_keeps_no_session_alive(stop_clock, client_for) -> None:
    start = clock.now()
    stop_clock(start)
    client = client_for(user=factories.alice())
    client.get("/profile/")
    for minutes in range(1, 30, 5):
        stop_clock(start + timedelta(minutes=minutes))
        assert client.get("/notifications/badge/", HTTP_X_BACKGROUND="1").status_code == 200
    stop_clock(start + timedelta(minutes=30, seconds=1))
    assert client.get("/profile/").status_code == 302


def test_signing_out_everywhere_ends_the_other_session(client_for) -> None:
    user = factories.alice()
    here, there = client_for(user=user), client_for(user=user)
    assert there.get("/profile/").status_code == 200
    assert here.post("/logout/everywhere/").status_code == 302
    assert there.get("/profile/").status_code == 302
    assert here.get("/profile/").status_code == 302


def test_a_password_change_ends_other_sessions_and_keeps_this_one(client_for) -> None:
    user = factories.alice()
    here, there = client_for(user=user), client_for(user=user)
    there.get("/profile/")
    new = "another long passphrase"
    words = {"old_password": factories.PASSWORD, "new_password": new, "repeated": new}
    assert here.post("/password/", words).status_code == 302
    assert here.get("/profile/").status_code == 200
    assert there.get("/profile/").status_code == 302
    assert User.objects.get(username="alice").check_password(new)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"old_password": "wrong"}, "The present password is wrong."),
        ({"repeated": "different words here"}, "The two passwords are not the same."),
        ({"new_password": "short", "repeated": "short"}, "at least 10 characters"),
        ({"new_password": factories.PASSWORD, "repeated": factories.PASSWORD}, "Choose another"),
    ],
)
def test_a_bad_password_change_is_refused_on_the_form(
    client_for, words: dict[str, str], sentence: str
) -> None:
    user = factories.alice()
    good = {
        "old_password": factories.PASSWORD,
        "new_password": "another long one",
        "repeated": "another long one",
    }
    answer = client_for(user=user).post("/password/", good | words, HTTP_ACCEPT_LANGUAGE="en")
    assert answer.status_code in {409, 422}
    assert sentence in answer.content.decode()
    assert User.objects.get(pk=user.pk).check_password(factories.PASSWORD)


def test_a_given_password_must_be_changed_before_anything_else(client_for) -> None:
    admin, alice = (
        factories.UserFactory(username="root", roles=["administrator"]),
        factories.alice(),
    )
    users.reset_password(user=alice, actor=admin, now=clock.now())
    client = client_for(user=User.objects.get(pk=alice.pk))
    assert client.get("/profile/")["Location"] == "/password/"
    assert client.get("/api/v1/me/").json()["code"] == "must_change_password"
    assert client.get("/password/").status_code == 200


def test_signing_out_needs_a_post(client_for) -> None:
    client = client_for(user=factories.alice())
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").status_code == 302
    assert client.get("/profile/").status_code == 302


def test_a_post_without_csrf_token_is_refused() -> None:
    factories.alice()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="alice"))
    assert strict.post("/logout/everywhere/").status_code == 403
    assert (
        strict.post("/api/v1/tokens/", {"name": "x"}, content_type="application/json").status_code
        == 403
    )


def test_every_answer_carries_the_security_headers(client_for) -> None:
    client = client_for(user=factories.alice())
    for path in [
        "/login/",
        "/profile/",
        "/nowhere/",
        "/settings/users/",
        "/api/v1/me/",
        "/api/v1/nowhere/",
    ]:
        answer = client.get(path)
        policy = answer["Content-Security-Policy"]
        assert "object-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert "script-src 'self'" in policy, path
        assert "unsafe-inline' " not in policy.split("script-src")[1].split(";")[0], path
        assert answer["X-Content-Type-Options"] == "nosniff", path
        assert answer["Referrer-Policy"] == "same-origin", path
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert "no-store" in answer["Cache-Control"], path
        assert answer["X-Request-ID"], path


def test_a_request_id_is_taken_over_only_if_it_is_sane(client_for) -> None:
    client = Client()
    assert client.get("/login/", HTTP_X_REQUEST_ID="abc-12345678")["X-Request-ID"] == "abc-12345678"
    for bad in ["short", "x" * 41, "abc def 12345", "abc\x1b[31m12345"]:
        assert client.get("/login/", HTTP_X_REQUEST_ID=bad)["X-Request-ID"] != bad


@pytest.mark.parametrize(
    ("browser", "expected"),
    [("", "zh-hans"), ("en-GB,en;q=0.8", "en"), ("zh-CN", "zh-hans"), ("fr", "zh-hans")],
)
def test_chinese_comes_first_when_the_browser_says_nothing(browser: str, expected: str) -> None:
    headers = {"HTTP_ACCEPT_LANGUAGE": browser} if browser else {}
    assert Client().get("/login/", **headers)["Content-Language"] == expected


def test_the_chosen_language_wins_and_is_remembered(client_for) -> None:
    client = client_for(user=factories.alice())
    client.post("/language/", {"language": "en", "next": "/profile/"})
    assert client.get("/profile/", HTTP_ACCEPT_LANGUAGE="zh-CN")["Content-Language"] == "en"
    assert User.objects.get(username="alice").language == "en"
    client.post("/logout/")
    assert client.get("/login/", HTTP_ACCEPT_LANGUAGE="zh-CN")["Content-Language"] == "en"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "198.51.100.9", "192.0.2.1"),
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "6.6.6.6, 198.51.100.9", "198.51.100.9"),
        (2, "6.6.6.6, 198.51.100.9, 10.0.0.1", "198.51.100.9"),
        (2, "198.51.100.9", "198.51.100.9"),
        (1, "", "192.0.2.1"),
        (1, "not an address", ""),
        (1, "2001:db8::0001", "2001:db8::1"),
    ],
)
def test_the_address_is_read_only_through_our_own_proxies(
    rf, settings, proxies: int, forwarded: str, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert middleware.client_address(request) == expected
