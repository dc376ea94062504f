"""Telling people: in the reader's language, mail once, forgetting what is old."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import translation

from config.core.models import AuditEvent, IdempotencyKey, LoginFailure, Notification, OutboxMessage
from config.core.selectors import notifications
from config.core.services import housekeeping, notify, outbox
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 31, 2, 0, tzinfo=UTC)


def state(row: OutboxMessage) -> str:
    row.refresh_from_db()
    return row.state


def test_a_notification_is_read_in_the_language_of_the_reader(monkeypatch) -> None:
    row = notify.notify(
        user=factories.alice(), kind="x", message="%(count)s new alerts", context={"count": 3}
    )
    assert notifications.sentence(row) == "3 new alerts"
    with translation.override("zh-hans"):
        monkeypatch.setattr(
            "config.core.selectors.notifications.gettext", lambda text: "%(count)s 条新预警"
        )
        assert notifications.sentence(row) == "3 条新预警"


def test_a_message_that_does_not_fit_its_values_is_still_shown() -> None:
    row = notify.notify(
        user=factories.alice(), kind="x", message="100% of %(missing)s", context={"count": 3}
    )
    assert notifications.sentence(row) == "100% of %(missing)s"


def test_telling_many_takes_one_statement(django_assert_num_queries) -> None:
    people = [factories.alice(), factories.bob()]
    with django_assert_num_queries(1):
        notify.notify_many(users=people, kind="x", message="Hello")
    assert [notifications.unread_count(user=person) for person in people] == [1, 1]


def test_the_bell_the_page_and_marking_as_read(client_for) -> None:
    alice, bob = factories.alice(), factories.bob()
    for n in range(3):
        notify.notify(
            user=alice, kind="x", message="Message %(n)s", context={"n": n}, link="/profile/"
        )
    client = client_for(user=alice)
    assert client.get("/notifications/badge/").content == b"3"
    assert "Message 2" in client.get("/notifications/").content.decode()
    row = Notification.objects.filter(user=alice).latest("id")
    assert (
        client_for(user=bob).post(f"/notifications/{row.pk}/open/")["Location"] == "/notifications/"
    )
    assert client.post(f"/notifications/{row.pk}/open/")["Location"] == "/profile/"
    assert client.get("/notifications/badge/").content == b"2"
    assert "Message 2" not in client.get("/notifications/?unread=1").content.decode()
    client.post("/notifications/read/")
    assert client.get("/notifications/badge/").content == b""
    assert (
        "Message"
        not in client_for(user=bob)
        .get("/notifications/")
        .content.decode()
        .split("<main")[1]
        .split("<thead")[-1]
    )


def test_a_link_that_is_not_ours_is_not_followed(client_for) -> None:
    alice = factories.alice()
    row = factories.NotificationFactory(user=alice, link="https://evil.example/")
    assert (
        client_for(user=alice).post(f"/notifications/{row.pk}/open/")["Location"]
        == "/notifications/"
    )


def test_the_list_has_a_constant_number_of_queries(
    client_for, django_assert_max_num_queries
) -> None:
    alice = factories.alice()
    client = client_for(user=alice)
    client.get("/notifications/")
    notify.notify_many(users=[alice] * 120, kind="x", message="Hello")
    with django_assert_max_num_queries(12):
        assert client.get("/notifications/").status_code == 200


def test_the_api_lists_own_notifications(api_client) -> None:
    alice = factories.alice()
    notify.notify(user=alice, kind="x", message="Hello %(who)s", context={"who": "A"})
    client = api_client(alice)
    assert [
        row["sentence"]
        for row in client.get("/api/v1/notifications/?unread=true").json()["results"]
    ] == ["Hello A"]
    assert api_client(factories.bob()).get("/api/v1/notifications/").json()["results"] == []
    assert client.post("/api/v1/notifications/mark-read/").json() == {"marked": 1}
    assert client.get("/api/v1/notifications/?unread=true").json()["results"] == []


def test_a_mail_goes_out_once() -> None:
    row = outbox.enqueue(
        recipient="a@example.com",
        subject="One\r\nBcc: evil@example.com",
        body="Text",
        dedup_key="digest:1",
    )
    assert row is not None
    assert (
        outbox.enqueue(recipient="b@example.com", subject="Two", body="Other", dedup_key="digest:1")
        is None
    )
    assert outbox.send_due(now=NOW) == 1
    assert outbox.send_due(now=NOW) == 0
    assert [(m.to, m.subject) for m in mail.outbox] == [
        (["a@example.com"], "One Bcc: evil@example.com")
    ]
    assert state(row) == "sent"


def fail_with(monkeypatch, error: Exception) -> None:
    def send(self, fail_silently: bool = False) -> int:
        raise error

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)


def test_a_mail_refused_before_it_was_taken_is_tried_again_with_growing_pauses(monkeypatch) -> None:
    row = factories.OutboxMessageFactory()
    fail_with(monkeypatch, smtplib.SMTPConnectError(421, b"busy"))
    pauses, now = [], NOW
    for _n in range(outbox.MAX_ATTEMPTS):
        outbox.send_due(now=now)
        row.refresh_from_db()
        if row.next_attempt_at:
            pauses.append(row.next_attempt_at - now)
            assert outbox.send_due(now=row.next_attempt_at - timedelta(seconds=1)) == 0
            now = row.next_attempt_at
    assert pauses == sorted(pauses)
    assert (row.state, row.attempts) == ("failed", outbox.MAX_ATTEMPTS)


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPServerDisconnected("gone"),
        TimeoutError(),
        ConnectionResetError(),
        ValueError("x"),
    ],
)
def test_a_mail_of_unknown_outcome_waits_for_a_person(monkeypatch, error: Exception) -> None:
    row = factories.OutboxMessageFactory()
    fail_with(monkeypatch, error)
    outbox.send_due(now=NOW)
    assert state(row) == "unknown"
    assert outbox.send_due(now=NOW + timedelta(days=1)) == 0
    assert state(row) == "unknown"


def test_a_mail_whose_sender_died_becomes_unknown() -> None:
    row = factories.OutboxMessageFactory(state="sending", next_attempt_at=NOW)
    outbox.send_due(now=NOW + timedelta(minutes=5))
    assert state(row) == "sending"
    outbox.send_due(now=NOW + timedelta(minutes=11))
    assert state(row) == "unknown"


def test_the_administrator_decides(client_for) -> None:
    arrived, lost = (
        factories.OutboxMessageFactory(state="unknown"),
        factories.OutboxMessageFactory(state="unknown"),
    )
    client = client_for("administrator")
    assert client.get("/settings/mail/?state=unknown").status_code == 200
    client.post(f"/settings/mail/{arrived.pk}/decide/", {"was_sent": "1"})
    client.post(f"/settings/mail/{lost.pk}/decide/", {"was_sent": "0"})
    assert (state(arrived), state(lost)) == ("sent", "pending")
    assert AuditEvent.objects.filter(action="mail.decided").count() == 2
    client.post(f"/settings/mail/{arrived.pk}/decide/", {"was_sent": "0"})
    assert state(arrived) == "sent"


def test_housekeeping_forgets_only_what_is_old() -> None:
    alice = factories.alice()
    for age in (timedelta(days=6), timedelta(days=8)):
        key = IdempotencyKey.objects.create(
            user=alice, key=str(age), method="POST", path="/", body_digest=""
        )
        IdempotencyKey.objects.filter(pk=key.pk).update(created_at=NOW - age)
    for age in (timedelta(minutes=30), timedelta(hours=2)):
        LoginFailure.objects.create(username_key="alice", address="", at=NOW - age)
    factories.NotificationFactory(user=alice)
    factories.NotificationFactory(user=alice, read_at=NOW - timedelta(days=200))
    factories.OutboxMessageFactory(state="unknown")
    factories.OutboxMessageFactory(state="sent", sent_at=NOW - timedelta(days=400))
    events = AuditEvent.objects.count()
    counts = housekeeping.forget_old(now=NOW)
    assert {name: counts[name] for name in ("idempotency_keys", "login_failures", "notifications", "mail")} == {
        "idempotency_keys": 1, "login_failures": 1, "notifications": 1, "mail": 1,
    }  # fmt: skip
    assert (Notification.objects.count(), OutboxMessage.objects.get().state) == (1, "unknown")
    assert AuditEvent.objects.count() == events
