"""Exceptions of the working calendar: make-up days, company holidays."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from config.core.models import CalendarDay, User
from config.core.services import audit


@transaction.atomic
def set_day(*, day: date, is_working: bool, note: str, actor: User) -> CalendarDay:
    """This function will say whether people work on `day`, against the public calendar."""
    row = CalendarDay.objects.select_for_update().filter(date=day).first()
    before = None if row is None else audit.snapshot(row, fields=("date", "is_working", "note"))
    if row is None:
        row = CalendarDay(date=day)
    row.is_working, row.note = is_working, note
    row.save()
    after = audit.snapshot(row, fields=("date", "is_working", "note"))
    audit.record(actor=actor, action="calendar.day_set", target=row, before=before, after=after)
    return row


@transaction.atomic
def forget_day(*, row: CalendarDay, actor: User) -> None:
    """This function will take an exception away; the public calendar holds again."""
    before = audit.snapshot(row, fields=("date", "is_working", "note"))
    audit.record(actor=actor, action="calendar.day_forgotten", target=row, before=before)
    row.delete()
