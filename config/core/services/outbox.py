"""Mail is a row of the business transaction and is sent afterwards, never twice by itself.

A row goes pending → sending (committed) → sent. A crash or a broken answer in between leaves
"unknown": nobody can know whether the mail went out, so a person decides.
"""

from __future__ import annotations

import smtplib
from datetime import datetime, timedelta

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q

from config.core.models import OutboxMessage, User
from config.core.services import audit

State = OutboxMessage.State
MAX_ATTEMPTS = 8
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=6)
# A row that stays in "sending" this long belongs to a process that died.
STUCK_AFTER = timedelta(minutes=10)
# The server said no before it took the mail: it is safe to try again.
REFUSED_BEFORE_TAKING = (
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPDataError,
)


def enqueue(*, recipient: str, subject: str, body: str, dedup_key: str) -> OutboxMessage | None:
    """This function will put a mail into the outbox, in the caller's transaction.

    The same `dedup_key` is only ever sent once; for the second time it returns None.
    """
    # A subject is one line, or it would be a header.
    content = {"recipient": recipient, "subject": " ".join(subject.split())[:200], "body": body}
    row, created = OutboxMessage.objects.get_or_create(dedup_key=dedup_key[:200], defaults=content)
    return row if created else None


def send_due(*, now: datetime, limit: int = 50) -> int:
    """This function will send what is due, one by one; it returns how many went out.

    It must not be called inside a transaction: what happened is committed before and after each mail.
    """
    mark_stuck(now=now)
    due = OutboxMessage.objects.filter(
        Q(next_attempt_at=None) | Q(next_attempt_at__lte=now), state=State.PENDING
    )
    ids = list(due.order_by("id").values_list("pk", flat=True)[:limit])
    if not ids:
        return 0
    connection = get_connection()
    return sum(_send_one(pk, connection, now) for pk in ids)


def mark_stuck(*, now: datetime) -> int:
    """This function will turn mails whose sender died into "unknown"; it returns how many."""
    stuck = OutboxMessage.objects.filter(state=State.SENDING, next_attempt_at__lt=now - STUCK_AFTER)
    return stuck.update(state=State.UNKNOWN, error="The process ended while sending.")


@transaction.atomic
def decide_unknown(*, message: OutboxMessage, was_sent: bool, actor: User, now: datetime) -> None:
    """This function will settle a mail of unknown outcome: it went out, or it is to be sent again."""
    locked = OutboxMessage.objects.select_for_update().get(pk=message.pk)
    if locked.state not in {State.UNKNOWN, State.FAILED}:
        return
    before = locked.state
    locked.state = State.SENT if was_sent else State.PENDING
    locked.sent_at = now if was_sent else None
    locked.attempts, locked.next_attempt_at = 0, None
    locked.save()
    audit.record(
        actor=actor,
        action="mail.decided",
        target=audit.Subject("core.outboxmessage", str(locked.pk), locked.subject),
        before={"state": before},
        after={"state": locked.state},
    )


def _send_one(pk: int, connection: BaseEmailBackend, now: datetime) -> bool:
    # Claimed by a conditional update: of two senders one sees a row changed.
    # next_attempt_at keeps the moment of the claim, for `mark_stuck`.
    claimed = OutboxMessage.objects.filter(pk=pk, state=State.PENDING).update(
        state=State.SENDING, next_attempt_at=now
    )
    if not claimed:
        return False
    row = OutboxMessage.objects.get(pk=pk)
    row.attempts += 1
    try:
        EmailMessage(row.subject, row.body, to=[row.recipient], connection=connection).send()
    except (*REFUSED_BEFORE_TAKING, ConnectionRefusedError) as error:
        _try_later(row, error, now)
        return False
    except Exception as error:  # noqa: BLE001 - whatever it was, the mail may have gone out
        row.state, row.error = State.UNKNOWN, f"{type(error).__name__}: {error}"[:2000]
        row.save()
        return False
    row.state, row.sent_at, row.error = State.SENT, now, ""
    row.save()
    return True


def _try_later(row: OutboxMessage, error: Exception, now: datetime) -> None:
    row.error = f"{type(error).__name__}: {error}"[:2000]
    if row.attempts >= MAX_ATTEMPTS:
        row.state, row.next_attempt_at = State.FAILED, None
    else:
        row.state = State.PENDING
        row.next_attempt_at = now + min(FIRST_DELAY * 2 ** (row.attempts - 1), LONGEST_DELAY)
    row.save()
