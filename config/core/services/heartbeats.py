"""When each part of the system was last seen alive."""

from __future__ import annotations

from datetime import datetime

from config.core.models import Heartbeat


def record(*, name: str, now: datetime) -> None:
    """Note that a part of the system is alive."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now})
