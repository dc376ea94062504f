"""The sidebar as data: what there is, by job. A page is shown when its route exists and one may open it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.contrib.auth.models import AnonymousUser
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.core.models import User


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the sidebar; `permissions` are alternatives, any of them opens it."""

    label: str | Promise
    icon: str = ""
    url_name: str = ""
    permissions: tuple[str, ...] = ()
    children: tuple[Entry, ...] = ()
    url: str = ""
    is_active: bool = False


NAVIGATION: tuple[Entry, ...] = (
    Entry(
        label=_("Work queue"),
        icon="inbox",
        url_name="receivables:worklist",
        permissions=("receivables.view_overduealert",),
    ),
    Entry(
        label=_("Customers"),
        icon="building",
        children=(
            Entry(
                label=_("All customers"),
                url_name="customers:list",
                permissions=("customers.view_customer",),
            ),
            Entry(
                label=_("Groups"),
                url_name="customers:groups",
                permissions=("customers.view_customer",),
            ),
            Entry(
                label=_("Payment terms"),
                url_name="customers:terms",
                permissions=("customers.view_paymentterms",),
            ),
        ),
    ),
    Entry(
        label=_("Receivables"),
        icon="receipt-2",
        children=(
            Entry(label=_("Overview"), url_name="home", permissions=("receivables.view_aging",)),
            Entry(
                label=_("Ledger"),
                url_name="receivables:items",
                permissions=("receivables.view_openitem",),
            ),
            Entry(
                label=_("Aging"),
                url_name="receivables:aging",
                permissions=("receivables.view_aging",),
            ),
            Entry(
                label=_("Receipts"),
                url_name="receivables:receipts",
                permissions=("receivables.view_openitem",),
            ),
            Entry(
                label=_("Imports"),
                url_name="receivables:imports",
                permissions=("receivables.view_importbatch",),
            ),
            Entry(
                label=_("Alerts"),
                url_name="receivables:alerts",
                permissions=("receivables.view_overduealert",),
            ),
            Entry(
                label=_("Turnover figures"),
                url_name="receivables:metrics",
                permissions=("receivables.view_aging",),
            ),
        ),
    ),
    Entry(label=_("Settings"), icon="settings", url_name="core:settings"),
)


def _address(entry: Entry) -> str:
    try:
        return reverse(entry.url_name) if entry.url_name else ""
    except NoReverseMatch:
        return ""


def _openable(entry: Entry, user: User | AnonymousUser) -> Entry | None:
    """Return the entry with its address and open children, or None if there is nothing to open."""
    children = tuple(c for c in (_openable(child, user) for child in entry.children) if c)
    allowed = not entry.permissions or any(user.has_perm(name) for name in entry.permissions)
    url = _address(entry) if allowed else ""
    if not url and not children:
        return None
    return replace(entry, url=url or children[0].url, children=children)


def _addresses(entries: tuple[Entry, ...]) -> list[str]:
    return [e.url for entry in entries for e in (entry, *entry.children)]


def _mark(entry: Entry, active: str) -> Entry:
    children = tuple(_mark(child, active) for child in entry.children)
    here = entry.url == active if not children else any(child.is_active for child in children)
    return replace(entry, children=children, is_active=bool(active) and here)


def navigation_for(
    *, user: User | AnonymousUser, path: str, entries: tuple[Entry, ...] = NAVIGATION
) -> tuple[Entry, ...]:
    """Return the entries `user` may open, the one that `path` belongs to marked active.

    A path belongs to the longest address it begins with; the root belongs to itself only.
    """
    shown = tuple(e for e in (_openable(entry, user) for entry in entries) if e)
    fits = [
        url for url in _addresses(shown) if path == url or (url != "/" and path.startswith(url))
    ]
    active = max(fits, key=len, default="")
    return tuple(_mark(entry, active) for entry in shown)
