"""One search for everything: upper apps register what they can find in their `ready()`.

    search.register(key="customers", label=_("Customers"), find=find_customers, permission="customers.view_customer")

`find(user=…, query=…, limit=…)` returns at most `limit` hits that the user may see, best first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from django.utils.functional import Promise

if TYPE_CHECKING:  # apps register before the models can be loaded
    from config.core.models import User

MIN_LENGTH, MAX_LENGTH = 1, 100


@dataclass(frozen=True, kw_only=True)
class Hit:
    """Something found: its name, what tells it from others, where it is."""

    label: str
    url: str
    note: str = ""


class Finder(Protocol):
    def __call__(self, *, user: User, query: str, limit: int) -> list[Hit]: ...


@dataclass(frozen=True, kw_only=True)
class Provider:
    key: str
    label: str | Promise
    find: Finder
    permission: str


@dataclass(frozen=True, kw_only=True)
class Group:
    key: str
    label: str | Promise
    hits: list[Hit]


_providers: dict[str, Provider] = {}


def register(*, key: str, label: str | Promise, find: Finder, permission: str) -> None:
    """This function will add a kind of thing to the search; a second call with the key replaces it."""
    _providers[key] = Provider(key=key, label=label, find=find, permission=permission)


def run(*, user: User, query: str, limit: int) -> list[Group]:
    """This function will ask every provider the user has the right for; groups without hits are left out."""
    text = " ".join(query.replace("\x00", "").split())[:MAX_LENGTH]
    if len(text) < MIN_LENGTH:
        return []
    groups = (
        Group(key=p.key, label=p.label, hits=p.find(user=user, query=text, limit=limit))
        for p in _providers.values()
        if user.has_perm(p.permission)
    )
    return [group for group in groups if group.hits]
