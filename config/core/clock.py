"""The only place that reads the clock; interfaces and tasks call it and pass the value on."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """Return the present moment, aware."""
    return timezone.now()


def today(zone: str | None = None) -> date:
    """Return today's business date, in the unit's time zone or Asia/Shanghai."""
    return timezone.now().astimezone(ZoneInfo(zone or settings.TIME_ZONE)).date()
