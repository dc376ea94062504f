"""Telling people: a row in the application, written in the business transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from config.core.models import Notification, User
from config.core.services.audit import safe

Level = Notification.Level


def notify(
    *,
    user: User,
    kind: str,
    message: str,
    context: Mapping[str, object] | None = None,
    level: str = Level.INFO,
    link: str = "",
) -> Notification:
    """This function will tell one person; see `notify_many`."""
    return notify_many(
        users=[user], kind=kind, message=message, context=context, level=level, link=link
    )[0]


def notify_many(
    *,
    users: Iterable[User],
    kind: str,
    message: str,
    context: Mapping[str, object] | None = None,
    level: str = Level.INFO,
    link: str = "",
) -> list[Notification]:
    """This function will tell people something, in the transaction of the caller.

    `message` is an English message id with `%(named)s` places, marked with `gettext_noop` where it
    is written, so that each reader sees it in the own language; `link` is a path of ours.
    """
    values = safe(dict(context or {}))
    rows = [
        Notification(
            user=user,
            kind=kind,
            level=level,
            message=message[:300],
            context=values,
            link=link[:300],
        )
        for user in users
    ]
    return Notification.objects.bulk_create(rows, batch_size=1000)


def mark_read(*, user: User, now: datetime, ids: Collection[int] | None = None) -> int:
    """This function will mark the person's notifications as read, all or the named; it returns how many."""
    unread = Notification.objects.filter(user=user, read_at=None)
    if ids is not None:
        unread = unread.filter(pk__in=list(ids))
    return unread.update(read_at=now)
