"""API tokens: `zq_<prefix>_<secret>`, shown once; only the digest of the secret is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from config.core.errors import InvalidInput
from config.core.models import ApiToken, User
from config.core.services import audit

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
USED_EVERY = timedelta(minutes=1)
MAX_LIFETIME = timedelta(days=3 * 366)


@transaction.atomic
def create(
    *, user: User, name: str, actor: User | None, now: datetime, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """This function will create a token and return it with its text, which is shown only now.

    :raises InvalidInput: if the name is empty or the end of validity is not within three years
    """
    name = name.strip()
    if not name:
        raise InvalidInput(
            _("Give the token a name that says which program uses it."), code="token_name"
        )
    if expires_at is not None and not now < expires_at <= now + MAX_LIFETIME:
        raise InvalidInput(
            _("A token ends in the future, at most three years from now."), code="token_expiry"
        )
    prefix = "".join(secrets.choice(ALPHABET) for _index in range(8))
    secret = secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user, name=name[:80], prefix=prefix, digest=_digest(secret), expires_at=expires_at
    )
    audit.record(
        actor=actor,
        action="api_token.created",
        target=token,
        after={"user": user.username, "name": token.name, "expires_at": expires_at},
    )
    return token, f"zq_{prefix}_{secret}"


@transaction.atomic
def revoke(*, token: ApiToken, actor: User | None, now: datetime) -> None:
    """This function will end a token; revoking it again changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        audit.record(
            actor=actor, action="api_token.revoked", target=token, after={"revoked_at": now}
        )


@transaction.atomic
def revoke_all(*, user: User, actor: User | None, now: datetime) -> int:
    """This function will end every token of a user and return how many there were."""
    tokens = list(
        ApiToken.objects.select_for_update().filter(user=user, revoked_at=None).order_by("pk")
    )
    for token in tokens:
        revoke(token=token, actor=actor, now=now)
    return len(tokens)


def find(*, text: str, now: datetime) -> ApiToken | None:
    """This function will return the valid token of an active user that `text` is, or None."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != "zq" or len(text) > 200:
        return None
    token = ApiToken.objects.select_related("user").filter(prefix=parts[1]).first()
    # Compare even where there is no such token, so that both take as long.
    matches = constant_time_compare(_digest(parts[2]), token.digest if token else "")
    if not token or not matches or token.revoked_at or not token.user.is_active:
        return None
    if token.expires_at and token.expires_at <= now:
        return None
    _note_use(token, now)
    return token


def _note_use(token: ApiToken, now: datetime) -> None:
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
