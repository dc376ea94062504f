"""Entering and correcting exchange rates; a correction is seen in the trail."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.core import currencies
from config.core.errors import InvalidInput
from config.core.models import ExchangeRate, User
from config.core.services import audit
from config.core.versions import refuse_stale

SHOWN = ("currency", "base", "date", "rate", "source")
CHANGED = _("Somebody else changed this rate in the meantime. Look again and repeat your change.")


@transaction.atomic
def add(
    *, currency: str, base: str, on: date, rate: Decimal, source: str, actor: User | None
) -> ExchangeRate:
    """This function will enter the rate of a pair from a day on.

    :raises InvalidInput: if the pair is no pair, the rate not positive, or the day already has one
    """
    _check(currency, base, rate)
    if ExchangeRate.objects.filter(currency=currency, base=base, date=on).exists():
        raise InvalidInput(
            _("%(currency)s to %(base)s already has a rate from %(date)s. Change that one."),
            code="rate_exists",
            currency=currency,
            base=base,
            date=on.isoformat(),
        )
    row = ExchangeRate.objects.create(
        currency=currency, base=base, date=on, rate=rate, source=source
    )
    audit.record(
        actor=actor,
        action="exchange_rate.added",
        target=row,
        after=audit.snapshot(row, fields=SHOWN),
    )
    return row


@transaction.atomic
def change(
    *,
    row: ExchangeRate,
    rate: Decimal,
    source: str,
    actor: User,
    expected_version: int | None = None,
) -> ExchangeRate:
    """This function will correct a rate; the pair and the day stay.

    :raises StaleVersion: if somebody changed it in the meantime
    """
    locked = ExchangeRate.objects.select_for_update().get(pk=row.pk)
    refuse_stale(locked, expected=expected_version, message=CHANGED)
    _check(locked.currency, locked.base, rate)
    before = audit.snapshot(locked, fields=SHOWN)
    locked.rate, locked.source = rate, source
    locked.version += 1
    locked.save()
    old, new = audit.changes(before, audit.snapshot(locked, fields=SHOWN))
    audit.record(actor=actor, action="exchange_rate.changed", target=locked, before=old, after=new)
    return locked


@transaction.atomic
def remove(*, row: ExchangeRate, actor: User) -> None:
    """This function will take away a rate that was entered by mistake."""
    locked = ExchangeRate.objects.select_for_update().get(pk=row.pk)
    audit.record(
        actor=actor,
        action="exchange_rate.removed",
        target=locked,
        before=audit.snapshot(locked, fields=SHOWN),
    )
    locked.delete()


def _check(currency: str, base: str, rate: Decimal) -> None:
    for code in (currency, base):
        if not currencies.is_currency(code):
            raise InvalidInput(
                _("“%(given)s” is not an ISO 4217 currency with at most two decimals."),
                code="currency",
                given=code,
            )
    if currency == base:
        raise InvalidInput(
            _("A rate stands between two different currencies."), code="same_currency"
        )
    if not 0 < rate < 10**9:
        raise InvalidInput(
            _("The rate must be more than zero and less than a thousand million."),
            code="rate_range",
        )
