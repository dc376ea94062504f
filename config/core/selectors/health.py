"""Is the system ready for people? Each part answers in one word, and tells a stranger no more."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from config.core.models import Heartbeat

logger = logging.getLogger("zhangqi.health")

OK = "ok"
BEAT = "beat"
# Beat sends a task every 15 s, and a worker writes it down.
BEAT_MAY_BE_SILENT = timedelta(seconds=90)
BROKER_PATIENCE_SECONDS = 2

_migrations_known_applied = False


def readiness(*, now: datetime) -> dict[str, str]:
    """Return the state of each part; all of them "ok" means that people may come in."""
    checks: dict[str, Callable[[], str]] = {
        "database": _database,
        "migrations": _migrations,
        "broker": _broker,
        "beat": lambda: _beat(now),
    }
    return {name: _guarded(name, check) for name, check in checks.items()}


def _guarded(name: str, check: Callable[[], str]) -> str:
    try:
        return check()
    except (DatabaseError, redis.RedisError, OSError) as error:
        logger.warning("%s is not ready: %s", name, error)
        return "unreachable"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def _migrations() -> str:
    """Look until all are applied; code and database of a running process do not part again."""
    global _migrations_known_applied
    if not _migrations_known_applied:
        executor = MigrationExecutor(connection)
        _migrations_known_applied = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return OK if _migrations_known_applied else "pending"


def _broker() -> str:
    if not settings.REDIS_URL:
        return OK  # inside this process; whether it works is what the beat says
    # Celery writes redis+socket:///path where redis-py writes unix:///path.
    address = settings.REDIS_URL.replace("redis+socket://", "unix://", 1)
    client = redis.Redis.from_url(
        address,
        socket_timeout=BROKER_PATIENCE_SECONDS,
        socket_connect_timeout=BROKER_PATIENCE_SECONDS,
    )
    with client:
        client.ping()
    return OK


def _beat(now: datetime) -> str:
    last = Heartbeat.objects.filter(name=BEAT).values_list("at", flat=True).first()
    if last is None:
        return "never seen"
    return OK if now - last <= BEAT_MAY_BE_SILENT else "silent"
