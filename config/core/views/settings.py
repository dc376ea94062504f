"""The index of what can be set, limited to what the person may open."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config.core.permissions import SIGNED_IN, requires


@dataclass(frozen=True)
class Tile:
    label: str | Promise
    text: str | Promise
    icon: str
    url_name: str
    permission: str | None = None


@dataclass(frozen=True)
class TileGroup:
    label: str | Promise
    tiles: tuple[Tile, ...]


GROUPS = (
    TileGroup(
        _("Yourself"),
        (
            Tile(_("Profile"), _("Your name, language and colours."), "user-circle", "core:profile"),
            Tile(_("Password"), _("Choose another password; other sessions end."), "lock", "core:password_change"),
            Tile(_("API tokens"), _("Keys for programs that work in your name."), "key", "core:tokens"),
        ),
    ),
    TileGroup(
        _("People"),
        (
            Tile(_("Users and roles"), _("Who may do what, and in which units."), "users", "core:users", "core.view_user"),
            Tile(_("Business units"), _("The legal entities that own customers and ledgers."), "building-bank", "core:units", "core.view_businessunit"),
        ),
    ),
    TileGroup(
        _("Books and calendar"),
        (
            Tile(_("Accounting periods"), _("Close months, and open them again with a second person."), "calendar-dollar", "core:periods", "core.view_accountingperiod"),
            Tile(_("Exchange rates"), _("Rates by date, used by every converted figure."), "coins", "core:rates", "core.view_exchangerate"),
            Tile(_("Working calendar"), _("Public holidays, make-up days and your own exceptions."), "calendar", "core:calendar", "core.view_calendarday"),
            Tile(_("Payment terms"), _("How due dates follow from invoice dates."), "file-text", "customers:terms", "customers.view_paymentterms"),
            Tile(_("Aging schemes"), _("The buckets of every aging."), "chart-bar", "receivables:schemes", "receivables.view_agingscheme"),
            Tile(_("Alert rules"), _("When the nightly review raises an alert."), "bell", "receivables:alert_rules", "receivables.change_alertrule"),
        ),
    ),
    TileGroup(
        _("Evidence and operation"),
        (
            Tile(_("Audit trail"), _("Who did what, when, before and after."), "history", "core:audit", "core.view_auditevent"),
            Tile(_("Proof of the ledger"), _("Recompute every figure from the events."), "checks", "receivables:verify", "receivables.verify_ledger"),
            Tile(_("Background jobs"), _("What runs, what waits, what failed."), "list-check", "core:job_list", "core.view_job"),
            Tile(_("Mail"), _("Messages that wait, failed, or need a decision."), "mail", "core:mail", "core.view_outboxmessage"),
            Tile(_("REST API"), _("The documented interface for other programs."), "world", "api-docs"),
        ),
    ),
)  # fmt: skip


@require_safe
@requires(SIGNED_IN)
def index(request: HttpRequest) -> HttpResponse:
    """Show the groups that have something for this person."""
    groups = [{"label": group.label, "tiles": _open_tiles(group, request)} for group in GROUPS]
    return render(
        request, "core/settings.html", {"groups": [group for group in groups if group["tiles"]]}
    )


def _open_tiles(group: TileGroup, request: HttpRequest) -> list[dict[str, object]]:
    tiles: list[dict[str, object]] = []
    for tile in group.tiles:
        url = _address(tile.url_name)
        if url and (tile.permission is None or request.user.has_perm(tile.permission)):
            tiles.append({"label": tile.label, "text": tile.text, "icon": tile.icon, "url": url})
    return tiles


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
