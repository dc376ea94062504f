"""Forgetting what has no use any more: keys of old requests, login failures, read notifications."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction

from config.core.models import IdempotencyKey, LoginFailure, Notification, OutboxMessage

KEEP_KEYS = timedelta(days=7)  # promised: at least 72 hours
KEEP_NOTIFICATIONS = timedelta(days=180)
KEEP_MAIL = timedelta(days=365)


@transaction.atomic
def forget_old(*, now: datetime) -> dict[str, int]:
    """This function will delete what is older than its use and return the numbers of rows.

    The trail, the ledger and jobs are never touched.
    """
    window: timedelta = settings.LOGIN_FAILURE_WINDOW
    return {
        "idempotency_keys": IdempotencyKey.objects.filter(created_at__lt=now - KEEP_KEYS).delete()[
            0
        ],
        "login_failures": LoginFailure.objects.filter(at__lt=now - 4 * window).delete()[0],
        "notifications": Notification.objects.filter(read_at__lt=now - KEEP_NOTIFICATIONS).delete()[
            0
        ],
        "mail": OutboxMessage.objects.filter(
            state=OutboxMessage.State.SENT, sent_at__lt=now - KEEP_MAIL
        ).delete()[0],
        "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
    }
