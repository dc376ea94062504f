"""Signing in: the same sentence whatever was wrong, and a limit on tries that holds under attack."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import datetime

from django.conf import settings
from django.contrib.auth import authenticate
from django.core import signing
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from config.core.errors import DomainError
from config.core.models import LoginFailure, User
from config.core.services import audit

DEVICE_SALT = "zhangqi.device"
LOCK_SPACE = 0x5A51  # keeps our advisory locks apart from those of other parts


class LoginRefused(DomainError):
    """Wrong name or password, or a disabled user: one sentence for all."""

    code = "login_refused"
    status = 401


class LockedOut(LoginRefused):
    """Too many wrong tries for the name or from the address."""

    code = "locked_out"
    status = 429


def sign_in(
    *,
    request: HttpRequest | None,
    username: str,
    password: str,
    address: str,
    device: str,
    now: datetime,
) -> User:
    """This function will return the user whose name and password these are.

    `device` is the signed cookie of a browser the user entered from before (`device_cookie`): its
    tries are counted apart, so that an attacker can not lock the owner out.

    :raises LockedOut: after LOGIN_FAILURES_PER_USER or LOGIN_FAILURES_PER_ADDRESS within the window
    :raises LoginRefused: if they are wrong
    """
    name_key = username_key(username)
    key = _counter_key(name_key, device)
    try_id = _take_a_try(key=key, address=address, now=now)
    if try_id is None:
        _record(action="security.locked_out", username=username)
        raise LockedOut(
            _(
                "Too many wrong tries. Wait a quarter of an hour, or ask an administrator to reset your password."
            )
        )
    user = (
        authenticate(request, username=username, password=password)
        if "\x00" not in username
        else None
    )
    if not isinstance(user, User):
        _record(action="security.login_failed", username=username)
        raise LoginRefused(_("The user name or the password is wrong."))
    LoginFailure.objects.filter(username_key=key).delete()
    audit.record(actor=user, action="security.signed_in", target=user)
    return user


def username_key(username: str) -> str:
    """This function will return the form in which tries are counted: ＡＬＩＣＥ, Alice and alice are one."""
    return unicodedata.normalize("NFKC", username).casefold().strip().replace("\x00", "")[:120]


def device_cookie(*, username: str) -> str:
    """This function will return a signed cookie that says "this browser knows this user"."""
    return signing.dumps([username_key(username), get_random_string(16)], salt=DEVICE_SALT)


def _counter_key(name_key: str, device: str) -> str:
    try:
        known, device_id = signing.loads(device, salt=DEVICE_SALT, max_age=365 * 86400)
    except (signing.BadSignature, ValueError, TypeError):
        return name_key
    return f"device:{device_id}"[:150] if known == name_key else name_key


@transaction.atomic
def _take_a_try(*, key: str, address: str, now: datetime) -> int | None:
    """Book a failure before the password is looked at, so that a burst can not outrun the count."""
    with connection.cursor() as cursor:
        for lock in sorted({_lock_number("u" + key), _lock_number("a" + address)}):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, lock])
    recent = LoginFailure.objects.filter(at__gt=now - settings.LOGIN_FAILURE_WINDOW)
    if recent.filter(username_key=key).count() >= settings.LOGIN_FAILURES_PER_USER:
        return None
    if recent.filter(address=address).count() >= settings.LOGIN_FAILURES_PER_ADDRESS:
        return None
    return int(LoginFailure.objects.create(username_key=key, address=address, at=now).pk)


def _lock_number(text: str) -> int:
    return int.from_bytes(
        hashlib.sha256(text.encode("utf-8", "replace")).digest()[:4], "big", signed=True
    )


def _record(*, action: str, username: str) -> None:
    # What is not a user's name may be a password typed into the wrong field: never written down.
    user = User.objects.filter(username=username.replace("\x00", "")[:150]).first()
    target = user or audit.Subject("core.user", "", "?")
    audit.record(actor=None, action=action, target=target)


def note_sign_out(*, user: User) -> None:
    """This function will write to the trail that the person signed out."""
    audit.record(actor=user, action="security.signed_out", target=user)
