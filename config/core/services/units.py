"""Business units: the legal entities that own customers and ledgers."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.core import currencies
from config.core.errors import InvalidInput
from config.core.models import BusinessUnit, User
from config.core.services import audit
from config.core.versions import refuse_stale

SHOWN = ("code", "name", "name_en", "base_currency", "time_zone", "is_active")
CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,19}", re.ASCII)
CHANGED = _("Somebody else changed this unit in the meantime. Look again and repeat your change.")


@transaction.atomic
def create(
    *, code: str, name: str, name_en: str, base_currency: str, time_zone: str, actor: User | None
) -> BusinessUnit:
    """This function will add a business unit.

    :raises InvalidInput: if the code is malformed or taken, the currency or the time zone unknown
    """
    code = code.strip().upper()
    if not CODE.fullmatch(code):
        raise InvalidInput(
            _("A unit's code has 1 to 20 capital letters, digits, hyphens or underscores."),
            code="unit_code",
        )
    if BusinessUnit.objects.filter(code=code).exists():
        raise InvalidInput(
            _("There already is a unit with the code %(given)s."), code="unit_exists", given=code
        )
    _check(name=name, base_currency=base_currency, time_zone=time_zone)
    unit = BusinessUnit.objects.create(
        code=code,
        name=name.strip(),
        name_en=name_en.strip(),
        base_currency=base_currency,
        time_zone=time_zone,
    )
    audit.record(
        actor=actor, action="unit.created", target=unit, after=audit.snapshot(unit, fields=SHOWN)
    )
    return unit


@transaction.atomic
def change(
    *,
    unit: BusinessUnit,
    name: str,
    name_en: str,
    time_zone: str,
    is_active: bool,
    actor: User,
    expected_version: int | None = None,
) -> BusinessUnit:
    """This function will rename a unit or switch it off; its code and base currency stay.

    :raises StaleVersion: if somebody changed it in the meantime
    """
    locked = BusinessUnit.objects.select_for_update().get(pk=unit.pk)
    refuse_stale(locked, expected=expected_version, message=CHANGED)
    _check(name=name, base_currency=locked.base_currency, time_zone=time_zone)
    before = audit.snapshot(locked, fields=SHOWN)
    locked.name, locked.name_en = name.strip(), name_en.strip()
    locked.time_zone, locked.is_active = time_zone, is_active
    locked.version += 1
    locked.save()
    old, new = audit.changes(before, audit.snapshot(locked, fields=SHOWN))
    audit.record(actor=actor, action="unit.changed", target=locked, before=old, after=new)
    return locked


def _check(*, name: str, base_currency: str, time_zone: str) -> None:
    if not name.strip():
        raise InvalidInput(_("Give the unit a name."), code="unit_name")
    if not currencies.is_currency(base_currency):
        raise InvalidInput(
            _("“%(given)s” is not an ISO 4217 currency with at most two decimals."),
            code="currency",
            given=base_currency,
        )
    if time_zone not in available_timezones():
        raise InvalidInput(
            _("“%(given)s” is not a time zone such as Asia/Shanghai."),
            code="time_zone",
            given=time_zone,
        )
