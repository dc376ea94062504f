"""Reads of the customer master that have a shape of their own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Case, Q, When

from config.core.models import User
from customers.domain import pinyin, uscc
from customers.models import Customer, CustomerQuerySet

SIMILAR_LIMIT = 5
SUGGESTION_LIMIT = 10


class Likeness(StrEnum):
    """Why two customers may be one company."""

    SAME_USCC = "same_uscc"
    SAME_NAME = "same_name"


@dataclass(frozen=True, slots=True)
class Similar:
    customer: Customer
    likeness: Likeness


def find_similar(
    *, user: User | None, name: str, code: str = "", except_id: int | None = None
) -> list[Similar]:
    """This function will return customers that may be the same company, at most five.

    `code` is a USCC. They are alike by it, or by the name without legal form, brackets and width.
    Only customers that `user` may see are told (None is the system, which sees all).
    """
    wanted_code, wanted_name = uscc.normalise(code), pinyin.name_key(name)
    likely = pinyin.likely_key(name)
    if not likely and not wanted_code:
        return []
    candidates = visible(user=user).select_related("unit").order_by("pk")
    if except_id is not None:
        candidates = candidates.exclude(pk=except_id)
    same = Q(pk__in=[])
    if likely:
        # The first search key of equal names is equal; the names themselves decide below.
        same |= Q(search_keys=likely) | Q(search_keys__startswith=f"{likely} ")
    if wanted_code:
        same |= Q(uscc=wanted_code)
    found = []
    for customer in candidates.filter(same)[:50]:
        if wanted_code and customer.uscc == wanted_code:
            found.append(Similar(customer, Likeness.SAME_USCC))
        elif wanted_name and pinyin.name_key(customer.name) == wanted_name:
            found.append(Similar(customer, Likeness.SAME_NAME))
    found.sort(key=lambda similar: similar.likeness != Likeness.SAME_USCC)
    return found[:SIMILAR_LIMIT]


def visible(*, user: User | None) -> CustomerQuerySet:
    """This function will return the customers of `user`'s scope; None is the system."""
    return Customer.objects.all() if user is None else Customer.objects.visible_to(user)


def suggest(*, user: User, text: str, limit: int = SUGGESTION_LIMIT) -> list[Customer]:
    """This function will return the customers somebody means by `text`, the closest first.

    Closed customers come last; an exact code or USCC comes first.
    """
    needle = text.strip()
    if not needle:
        return []
    exactly = Q(code__iexact=needle) | Q(uscc__iexact=needle) | Q(name=needle)
    found = visible(user=user).matching(needle).select_related("unit").defer("note", "address")
    # An exact hit comes along even where hundreds contain the same.
    found = found.annotate(is_exact=Case(When(exactly, then=True), default=False))
    rows: list[Customer] = [*found.order_by("-is_exact", "sort_key", "pk")[: limit * 5]]
    key = needle.casefold()
    rows.sort(key=lambda c: (_distance(c, key), c.status == Customer.Status.CLOSED, c.sort_key))
    return rows[:limit]


def _distance(customer: Customer, key: str) -> int:
    exact = {customer.code.casefold(), customer.uscc.casefold(), customer.name.casefold()}
    if key in exact:
        return 0
    heads = (customer.code, customer.name, customer.short_name, customer.search_keys)
    return 1 if any(head.casefold().startswith(key) for head in heads) else 2


def facet_values(*, user: User, field: str) -> list[str]:
    """This function will return the values of industry or region in use, for a filter's choices."""
    if field not in {"industry", "region"}:
        raise ValueError(f"There is no facet {field}.")
    used = visible(user=user).exclude(**{field: ""}).values_list(field, flat=True)
    return [str(value) for value in used.distinct().order_by(field)[:200]]
