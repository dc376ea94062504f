"""What people call the actions of the trail; upper apps add theirs in `ready()`."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_labels: dict[str, str | Promise] = {
    "security.signed_in": _("signed in"),
    "security.signed_out": _("signed out"),
    "security.login_failed": _("wrong password at sign-in"),
    "security.locked_out": _("locked out after too many tries"),
    "security.refused": _("tried without the right"),
    "security.password_changed": _("changed the password"),
    "security.password_refused": _("gave a wrong present password"),
    "security.sessions_ended": _("ended all sessions"),
    "user.created": _("created the user"),
    "user.changed": _("changed the user"),
    "user.profile_changed": _("changed the profile"),
    "user.password_reset": _("reset the password"),
    "api_token.created": _("created an API token"),
    "api_token.revoked": _("revoked an API token"),
    "unit.created": _("created the unit"),
    "unit.changed": _("changed the unit"),
    "exchange_rate.added": _("entered an exchange rate"),
    "exchange_rate.changed": _("corrected an exchange rate"),
    "exchange_rate.removed": _("removed an exchange rate"),
    "calendar.day_set": _("set a calendar day"),
    "calendar.day_forgotten": _("removed a calendar exception"),
    "period.closed": _("closed the month"),
    "period.reopening_requested": _("asked to open the month again"),
    "period.reopened": _("opened the month again"),
    "period.reopening_rejected": _("refused to open the month again"),
    "mail.decided": _("decided on a mail"),
}


def register(labels: Mapping[str, str | Promise]) -> None:
    """This function will add labels, e.g. {"receipt.allocated": _("applied a receipt")}."""
    _labels.update(labels)


def label_of(action: str) -> str:
    """This function will return the label of an action, or its code in words."""
    found = _labels.get(action)
    return str(found) if found is not None else action.replace(".", ": ").replace("_", " ")


def known() -> list[tuple[str, str]]:
    """This function will return every action that has a label, with it, by label."""
    return sorted(((code, str(label)) for code, label in _labels.items()), key=lambda pair: pair[1])
