"""What people do with alerts: acknowledge with a note, close with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.core.errors import DomainError, InvalidInput
from config.core.models import User
from config.core.services import audit
from config.core.text import clean
from config.core.versions import refuse_stale
from receivables.models import OverdueAlert

NOTE_LENGTH = 1000
State = OverdueAlert.State
CHANGED = _("Somebody else handled this alert in the meantime. Look at it again.")


class AlertRefused(DomainError):
    """The alert's state does not allow what was asked."""

    code = "alert_refused"


class NoteRefused(InvalidInput):
    """The note is missing or too long."""

    code = "note_required"


class ReasonRefused(InvalidInput):
    """The reason is none of those there are."""

    code = "invalid_reason"


@transaction.atomic
def acknowledge(
    *,
    alert: OverdueAlert,
    note: str,
    actor: User,
    now: datetime,
    expected_version: int | None = None,
) -> OverdueAlert:
    """This function will take note of an alert: who looks after it, and what is being done.

    :raises NoteRefused: if the note is empty or longer than 1,000 characters
    :raises AlertRefused: if the alert is not open
    :raises config.core.versions.StaleVersion: if somebody else handled it since it was read
    """
    note = _checked_note(note)
    alert = _lock(alert.pk)
    refuse_stale(alert, expected=expected_version, message=CHANGED)
    _refuse_unless_possible(alert, State.ACKNOWLEDGED)
    _acknowledge(alert, note=note, actor=actor, now=now)
    return alert


@transaction.atomic
def acknowledge_many(*, ids: Iterable[int], note: str, actor: User, now: datetime) -> int:
    """This function will acknowledge the open ones among these alerts, and return their number.

    The caller limits `ids` to what `actor` may see. Alerts that are no longer open stay as they are.

    :raises NoteRefused: if the note is empty or longer than 1,000 characters
    """
    note = _checked_note(note)
    chosen = OverdueAlert.objects.filter(pk__in=list(ids), state=State.OPEN).order_by("pk")
    locked = list(chosen.select_for_update(of=("self",)))
    for alert in locked:
        alert.state, alert.note = State.ACKNOWLEDGED, note
        alert.acknowledged_by, alert.acknowledged_at = actor, now
        alert.version += 1
    fields = ["state", "note", "acknowledged_by", "acknowledged_at", "version"]
    OverdueAlert.objects.bulk_update(locked, fields, batch_size=500)
    changes = [
        audit.Change(
            alert, {"state": State.OPEN}, {"state": alert.state, "note": note}, alert.customer_id
        )
        for alert in locked
    ]
    audit.record_many(actor=actor, action="alert.acknowledged", changes=changes)
    return len(locked)


@transaction.atomic
def close(
    *,
    alert: OverdueAlert,
    reason: str,
    note: str,
    actor: User,
    now: datetime,
    expected_version: int | None = None,
) -> OverdueAlert:
    """This function will close an alert with a reason and a note.

    :raises ReasonRefused: if the reason is none of `OverdueAlert.CloseReason`
    :raises NoteRefused: if the note is empty or longer than 1,000 characters
    :raises AlertRefused: if the alert is closed already
    :raises config.core.versions.StaleVersion: if somebody else handled it since it was read
    """
    if reason not in OverdueAlert.CloseReason.values:
        raise ReasonRefused(
            _("“%(reason)s” is no reason to close an alert; choose one of: %(known)s."),
            reason=reason, known=", ".join(OverdueAlert.CloseReason.values),
        )  # fmt: skip
    note = _checked_note(note)
    alert = _lock(alert.pk)
    refuse_stale(alert, expected=expected_version, message=CHANGED)
    _refuse_unless_possible(alert, State.CLOSED)
    before = {"state": alert.state}
    alert.state, alert.close_reason, alert.close_note = State.CLOSED, reason, note
    alert.closed_by, alert.closed_at = actor, now
    alert.version += 1
    alert.save()
    after = {"state": alert.state, "reason": reason, "note": note}
    audit.record(actor=actor, action="alert.closed", target=alert, before=before, after=after)
    return alert


def _lock(pk: int) -> OverdueAlert:
    alerts = OverdueAlert.objects.select_related("rule", "customer", "unit")
    return alerts.select_for_update(of=("self",)).get(pk=pk)


def _checked_note(note: str) -> str:
    note = clean(note)
    if not note:
        raise NoteRefused(_("Write a note: what is being done, or why nothing is."))
    if len(note) > NOTE_LENGTH:
        raise NoteRefused(
            _("The note is longer than %(limit)s characters; shorten it."), limit=NOTE_LENGTH
        )
    return note


def _refuse_unless_possible(alert: OverdueAlert, state: str) -> None:
    if state not in OverdueAlert.TRANSITIONS[alert.state]:
        raise AlertRefused(
            _("The alert is %(state)s already; it can not be changed in this way."),
            state=State(alert.state).label,
        )


def _acknowledge(alert: OverdueAlert, *, note: str, actor: User, now: datetime) -> None:
    alert.state, alert.note = State.ACKNOWLEDGED, note
    alert.acknowledged_by, alert.acknowledged_at = actor, now
    alert.version += 1
    alert.save(update_fields=["state", "note", "acknowledged_by", "acknowledged_at", "version"])
    audit.record(
        actor=actor, action="alert.acknowledged", target=alert,
        before={"state": State.OPEN}, after={"state": alert.state, "note": note},
    )  # fmt: skip
