"""What a person was told, in the language of whoever reads it now."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext

from config.core.models import Notification, User


def of(*, user: User, unread_only: bool = False) -> QuerySet[Notification]:
    """This function will return the person's notifications, newest first."""
    rows = Notification.objects.filter(user=user).order_by("-id")
    return rows.filter(read_at=None) if unread_only else rows


def unread_count(*, user: User) -> int:
    """This function will return how many notifications are unread, counted up to 100."""
    return Notification.objects.filter(user=user, read_at=None)[:100].count()


def sentence(notification: Notification) -> str:
    """This function will return the message with its values, translated."""
    text = gettext(notification.message)
    try:
        return text % notification.context if notification.context else text
    except (KeyError, ValueError, TypeError):
        # A catalogue or a caller that does not fit must not take the page away.
        return text
