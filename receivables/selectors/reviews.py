"""Reviews that were done, as people may see them."""

from __future__ import annotations

from django.db.models import QuerySet

from config.core.models import User
from receivables.models import AgingReview


def visible(user: User) -> QuerySet[AgingReview]:
    """This function will return the reviews of the person's units.

    A review holds the figures of a whole unit: who sees own customers only sees none.
    """
    found = AgingReview.objects.select_related("unit", "scheme", "job")
    if user.is_limited_to_portfolio:
        return found.none()
    return found if user.sees_all_units else found.filter(unit__in=user.unit_ids())
