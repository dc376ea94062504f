"""The currencies a user's figures are in."""

from __future__ import annotations

from config.core.models import BusinessUnit, ExchangeRate, User
from receivables.models import AgingSummary


def in_use(user: User) -> list[str]:
    """Return the currencies of the user's units, of their summaries and of the rates entered."""
    units = BusinessUnit.objects.visible_to(user)
    found = set(units.values_list("base_currency", flat=True).distinct())
    found |= set(
        AgingSummary.objects.filter(unit__in=user.unit_ids())
        .values_list("currency", flat=True)
        .distinct()
    )
    return sorted(found | set(ExchangeRate.objects.values_list("currency", flat=True).distinct()))
