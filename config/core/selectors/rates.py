"""Exchange rates as of a date: the latest entered on or before it, directly or the other way round."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from config.core.errors import DomainError
from config.core.models import ExchangeRate


class RateMissing(DomainError):
    """No rate between two currencies was entered for that day or earlier."""

    code = "rate_missing"
    status = 422


def rate(*, currency: str, base: str, on: date) -> Decimal:
    """Return how many units of `base` one unit of `currency` was worth on a day.

    :raises RateMissing: naming the currencies and the day
    """
    if currency == base:
        return Decimal(1)
    known = ExchangeRate.objects.filter(date__lte=on).order_by("-date")
    direct = known.filter(currency=currency, base=base).first()
    if direct is not None:
        return direct.rate
    inverse = known.filter(currency=base, base=currency).first()
    if inverse is not None:
        return 1 / inverse.rate
    raise RateMissing(
        _("There is no exchange rate from %(currency)s into %(base)s on or before %(on)s. Enter one under Settings › Exchange rates."),
        currency=currency, base=base, on=on.isoformat(),
    )  # fmt: skip
