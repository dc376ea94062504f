"""Reading the trail: who did what to which record, between which moments."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet

from config.core.models import AuditEvent, User


def visible_to(user: User) -> QuerySet[AuditEvent]:
    """This function will return the events of the units a person sees, and those of no unit."""
    events = AuditEvent.objects.select_related("actor", "unit")
    if user.sees_all_units:
        return events
    return events.filter(Q(unit=None) | Q(unit__in=user.unit_ids()))


def between(
    events: QuerySet[AuditEvent], *, first: date | None, last: date | None
) -> QuerySet[AuditEvent]:
    """This function will keep the events of the business days from `first` to `last`, both included."""
    if first is not None:
        events = events.filter(recorded_at__gte=_midnight(first))
    if last is not None:
        events = events.filter(recorded_at__lt=_midnight(last + timedelta(days=1)))
    return events


def of_customer(*, user: User, customer_key: int, limit: int = 50) -> list[AuditEvent]:
    """This function will return the latest events of a customer, for the customer's timeline."""
    return list(visible_to(user).filter(customer_key=customer_key).order_by("-id")[:limit])


def of_record(*, user: User, target_type: str, target_id: str, limit: int = 50) -> list[AuditEvent]:
    """This function will return the latest events of one record, e.g. of "customers.customer" 7."""
    found = visible_to(user).filter(target_type=target_type, target_id=target_id)
    return list(found.order_by("-id")[:limit])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(settings.TIME_ZONE))
