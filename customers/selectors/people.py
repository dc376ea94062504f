"""Who may look after customers, and whom one may know of."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from config.core.models import BusinessUnit, User


def assignable(*, units: Iterable[BusinessUnit | int]) -> QuerySet[User]:
    """This function will return the active people who see every one of `units`, by name."""
    people = User.objects.filter(is_active=True)
    for unit in units:
        people = people.filter(Q(all_units=True) | Q(is_superuser=True) | Q(units=unit))
    return people.distinct().order_by("display_name", "username")


def colleagues(*, user: User) -> QuerySet[User]:
    """This function will return the active people of any unit that `user` sees, by name."""
    shared = Q(all_units=True) | Q(is_superuser=True) | Q(units__in=user.unit_ids())
    people = User.objects.filter(shared, is_active=True)
    return people.distinct().order_by("display_name", "username")
