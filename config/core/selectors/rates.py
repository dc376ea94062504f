"""Exchange rates in force on a day: the latest one dated on or before it.

A currency is converted directly, by the inverse, or over the base currency of the installation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.core import money
from config.core.errors import DomainError
from config.core.models import ExchangeRate

ONE = Decimal(1)
RATE_STEP = Decimal("1E-12")


class RateMissing(DomainError):
    """No rate is known for a currency on a day."""

    code = "rate_missing"
    status = 409


def rate(*, currency: str, base: str, on: date) -> Decimal:
    """This function will return how many units of `base` one unit of `currency` is worth on `on`.

    Over many rows use `rate_table`: one query for all currencies.

    :raises RateMissing: naming the currency and the date
    """
    return rate_table(base=base, on=on, currencies=[currency])[currency]


def rate_table(*, base: str, on: date, currencies: Collection[str]) -> dict[str, Decimal]:
    """This function will return the rate into `base` for each of `currencies`, with one query at most.

    :raises RateMissing: naming the first currency without a rate, and the date
    """
    wanted = dict.fromkeys(currencies)
    known = _pairs(in_force(on=on)) if any(code != base for code in wanted) else {}
    table: dict[str, Decimal] = {}
    for code in wanted:
        found = _through(known, code, base)
        if found is None:
            raise RateMissing(
                _(
                    "There is no exchange rate from %(currency)s to %(base)s on %(date)s. Enter one under Settings → Exchange rates."
                ),
                currency=code,
                base=base,
                date=on.isoformat(),
            )
        table[code] = found
    return table


def convert(*, amount: Decimal, currency: str, to: str, on: date) -> Decimal:
    """This function will return `amount` of `currency` in `to`, rounded half up to two decimals.

    :raises RateMissing: naming the currency and the date
    """
    return money.quantize(amount * rate(currency=currency, base=to, on=on))


def in_force(*, on: date) -> QuerySet[ExchangeRate]:
    """This function will return the rate of each pair that is in force on `on`."""
    newest_first = ExchangeRate.objects.filter(date__lte=on).order_by("currency", "base", "-date")
    return newest_first.distinct("currency", "base")


def _pairs(rates: Iterable[ExchangeRate]) -> dict[tuple[str, str], Decimal]:
    return {(row.currency, row.base): row.rate for row in rates}


def _through(known: dict[tuple[str, str], Decimal], code: str, base: str) -> Decimal | None:
    direct = _direct(known, code, base)
    if direct is not None:
        return direct
    pivot: str = settings.BASE_CURRENCY
    first, second = _direct(known, code, pivot), _direct(known, pivot, base)
    return None if first is None or second is None else first * second


def _direct(known: dict[tuple[str, str], Decimal], code: str, base: str) -> Decimal | None:
    if code == base:
        return ONE
    if (code, base) in known:
        return known[code, base]
    if (base, code) in known:
        return (ONE / known[base, code]).quantize(RATE_STEP)
    return None


def table(*, base: str, on: date) -> dict[str, Decimal]:
    """This function will return the rate into `base` of every currency that has one on `on`, for use in SQL.

    It holds exactly the currencies that `rate` does not refuse, at the same rates.
    """
    return _into(base, _pairs(in_force(on=on)))


def tables(*, base: str, days: Sequence[date]) -> dict[date, dict[str, Decimal]]:
    """This function will return the table of each day, with one query for all of them."""
    last = max(days, default=date.min)
    known = list(ExchangeRate.objects.filter(date__lte=last).order_by("date"))
    return {day: _into(base, _pairs(r for r in known if r.date <= day)) for day in days}


def _into(base: str, known: dict[tuple[str, str], Decimal]) -> dict[str, Decimal]:
    codes = {base} | {code for pair in known for code in pair}
    found = {code: _through(known, code, base) for code in sorted(codes)}
    return {code: rate for code, rate in found.items() if rate is not None}
