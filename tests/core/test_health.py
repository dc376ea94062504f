"""/healthz says that the process is up, /readyz that people may come in; both without a login."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from config.core import clock
from config.core.models import Heartbeat
from config.core.selectors import health


@pytest.fixture
def beating(db):
    return Heartbeat.objects.create(name="beat", at=clock.now())


def test_healthz_asks_nobody(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_ready(client, beating):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "checks": {"database": "ok", "migrations": "ok", "broker": "ok", "beat": "ok"},
    }


@pytest.mark.parametrize(("ago", "said"), [(89, "ok"), (91, "silent")])
def test_a_silent_beat_is_told(client, beating, ago, said, stop_clock):
    stop_clock(clock.now())
    Heartbeat.objects.update(at=clock.now() - timedelta(seconds=ago))

    response = client.get("/readyz")

    assert response.json()["checks"]["beat"] == said
    assert response.status_code == (200 if said == "ok" else 503)


def test_a_beat_that_was_never_seen_is_told(client, db):
    response = client.get("/readyz")

    assert (response.status_code, response.json()["checks"]["beat"]) == (503, "never seen")


def test_pending_migrations_are_told(client, beating, monkeypatch):
    monkeypatch.setattr(health, "_migrations_known_applied", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'core'")

    response = client.get("/readyz")

    assert (response.status_code, response.json()["checks"]["migrations"]) == (503, "pending")


def test_a_broker_out_of_reach_is_told_without_its_address(client, beating, settings, caplog):
    settings.REDIS_URL = "redis://:hunter2@127.0.0.1:1/0"

    response = client.get("/readyz")

    assert (response.status_code, response.json()["checks"]["broker"]) == (503, "unreachable")
    assert "127.0.0.1" not in response.content.decode()
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_nothing_is_changed_by_asking(client, db, path):
    assert client.post(path).status_code == 405
