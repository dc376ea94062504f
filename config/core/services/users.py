"""People: who they are, what they may do, and their passwords."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from config.core.errors import DomainError, InvalidInput
from config.core.models import BusinessUnit, User
from config.core.roles import Role, conflict_of, label_of
from config.core.services import audit, tokens
from config.core.versions import refuse_stale

SHOWN = ("username", "display_name", "email", "is_active", "all_units", "manager_id", "language")
# No letters that look like others: the password is read to somebody once.
PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"  # noqa: S105
CHANGED = _("Somebody else changed this user in the meantime. Look again and repeat your change.")


class WrongPassword(DomainError):
    """The present password was not given rightly."""

    code = "wrong_password"
    status = 422


class ConflictingRoles(DomainError):
    """One person may not hold both roles (segregation of duties)."""

    code = "conflicting_roles"
    status = 422


class NotOnOneself(DomainError):
    """Nobody changes the own rights."""

    code = "not_on_oneself"
    status = 409


@transaction.atomic
def change_password(*, user: User, old: str, new: str, revoke_tokens: bool, now: datetime) -> User:
    """This function will set a new password and end the person's other sessions.

    :raises WrongPassword: if `old` is not the present one
    :raises django.core.exceptions.ValidationError: if `new` is too weak
    """
    locked = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if not locked.check_password(old):
        audit.record(actor=locked, action="security.password_refused", target=locked)
        raise WrongPassword(_("The present password is wrong."))
    if locked.check_password(new):
        raise InvalidInput(
            _("The new password is the present one. Choose another."), code="same_password"
        )
    validate_password(new, locked)
    locked.set_password(new)
    locked.must_change_password = False
    locked.session_epoch += 1
    locked.save(update_fields=["password", "must_change_password", "session_epoch"])
    if revoke_tokens:
        tokens.revoke_all(user=locked, actor=locked, now=now)
    audit.record(
        actor=locked,
        action="security.password_changed",
        target=locked,
        after={"tokens_revoked": revoke_tokens},
    )
    return locked


@transaction.atomic
def end_sessions(*, user: User, actor: User | None) -> None:
    """This function will end every session of a person ("sign out everywhere")."""
    locked = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    locked.session_epoch += 1
    locked.save(update_fields=["session_epoch"])
    audit.record(actor=actor, action="security.sessions_ended", target=locked)


@transaction.atomic
def reset_password(*, user: User, actor: User | None, now: datetime) -> str:
    """This function will give a person a new password, to be changed at the next sign-in.

    It ends the person's sessions and tokens and returns the password, which is shown only now.

    :raises NotOnOneself: if the actor is the person
    """
    _refuse_self(user, actor)
    locked = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    password = get_random_string(14, PASSWORD_LETTERS)
    locked.set_password(password)
    locked.must_change_password = True
    locked.session_epoch += 1
    locked.version += 1
    locked.save(update_fields=["password", "must_change_password", "session_epoch", "version"])
    tokens.revoke_all(user=locked, actor=actor, now=now)
    audit.record(actor=actor, action="user.password_reset", target=locked)
    return password


@transaction.atomic
def create(
    *,
    username: str,
    display_name: str,
    email: str,
    roles: Collection[Role],
    units: Collection[BusinessUnit],
    all_units: bool,
    manager: User | None,
    language: str,
    actor: User | None,
    password: str | None = None,
) -> tuple[User, str]:
    """This function will add a person and return the user with a first password, shown only now.

    With `password` None one is made up and must be changed at the first sign-in.

    :raises InvalidInput: if the user name is taken, in whatever case
    :raises ConflictingRoles: if two of the roles may not be held together
    """
    _refuse_conflicts(roles)
    if User.objects.filter(username__iexact=username).exists():
        raise InvalidInput(
            _("There already is a user “%(name)s”."), code="username_taken", name=username
        )
    first = password or get_random_string(14, PASSWORD_LETTERS)
    user = User(
        username=username,
        display_name=display_name,
        email=email,
        all_units=all_units,
        manager=manager,
        language=language,
        must_change_password=password is None,
    )
    user.set_password(first)
    user.save()
    user.groups.set(Group.objects.filter(name__in=[role.value for role in roles]))
    user.units.set(units)
    audit.record(actor=actor, action="user.created", target=user, after=describe(user))
    return user, first


@transaction.atomic
def update(
    *,
    user: User,
    display_name: str,
    email: str,
    roles: Collection[Role],
    units: Collection[BusinessUnit],
    all_units: bool,
    is_active: bool,
    manager: User | None,
    actor: User,
    expected_version: int | None = None,
) -> User:
    """This function will change who a person is and what the person may do, at once.

    :raises NotOnOneself: if the actor would change the own roles, units or activity
    :raises ConflictingRoles: if two of the roles may not be held together
    :raises StaleVersion: if somebody changed the user in the meantime
    """
    _refuse_conflicts(roles)
    locked = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    refuse_stale(locked, expected=expected_version, message=CHANGED)
    before = describe(locked)
    _refuse_own_rights(
        locked, actor, roles=roles, units=units, all_units=all_units, is_active=is_active
    )
    if manager is not None and manager.pk == locked.pk:
        raise InvalidInput(
            _("Nobody is the own manager. Choose another person."), code="own_manager"
        )
    locked.display_name, locked.email, locked.manager = display_name, email, manager
    locked.all_units, locked.is_active = all_units, is_active
    locked.version += 1
    if not is_active:
        locked.session_epoch += 1
    locked.save()
    locked.groups.set(Group.objects.filter(name__in=[role.value for role in roles]))
    locked.units.set(units)
    old, new = audit.changes(before, describe(User.objects.get(pk=locked.pk)))
    audit.record(actor=actor, action="user.changed", target=locked, before=old, after=new)
    return locked


@transaction.atomic
def set_preferences(
    *,
    user: User,
    display_name: str | None = None,
    language: str | None = None,
    theme: str | None = None,
) -> User:
    """This function will keep how a person wants to see the application; None leaves it as it is."""
    wanted = {"display_name": display_name, "language": language, "theme": theme}
    given = {name: value for name, value in wanted.items() if value is not None}
    User.objects.filter(pk=user.pk).update(**given)
    for name, value in given.items():
        setattr(user, name, value)
    if display_name is not None:
        audit.record(
            actor=user,
            action="user.profile_changed",
            target=user,
            after={"display_name": display_name},
        )
    return user


def describe(user: User) -> dict[str, object]:
    """This function will return what the trail says about a user."""
    shown = audit.snapshot(user, fields=SHOWN)
    shown["roles"] = sorted(user.groups.values_list("name", flat=True))
    shown["units"] = sorted(user.units.values_list("code", flat=True))
    return shown


def _refuse_conflicts(roles: Collection[Role]) -> None:
    pair = conflict_of(roles)
    if pair is not None:
        raise ConflictingRoles(
            _(
                "One person may not be %(first)s and %(second)s at once (segregation of duties). Give one of the roles to somebody else."
            ),
            first=label_of(pair[0]),
            second=label_of(pair[1]),
        )


def _refuse_self(user: User, actor: User | None) -> None:
    if actor is not None and user.pk == actor.pk:
        raise NotOnOneself(
            _("Change your own password on your profile; nobody resets it for themselves.")
        )


def _refuse_own_rights(
    user: User,
    actor: User,
    *,
    roles: Collection[Role],
    units: Collection[BusinessUnit],
    all_units: bool,
    is_active: bool,
) -> None:
    if user.pk != actor.pk:
        return
    same_roles = set(user.groups.values_list("name", flat=True)) == {role.value for role in roles}
    same_units = set(user.units.values_list("pk", flat=True)) == {unit.pk for unit in units}
    if not (same_roles and same_units and user.all_units == all_units and is_active):
        raise NotOnOneself(_("Nobody changes the own rights. Ask another administrator."))
