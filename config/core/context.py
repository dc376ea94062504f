"""What every page's frame needs: sidebar, business units, language, theme. Computed when asked for."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language

from config.core.formats import is_chinese
from config.core.models import BusinessUnit, User
from config.core.navigation import Entry, navigation_for

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"
UNIT_SESSION_KEY = "unit"
ALL_UNITS = "all"


def units_of(request: HttpRequest) -> list[BusinessUnit]:
    """Return the active units the signed-in user may see, by code; one query a request."""
    known: list[BusinessUnit] | None = getattr(request, "_shell_units", None)
    if known is None:
        known = []
        if isinstance(request.user, User):
            known = list(
                BusinessUnit.objects.visible_to(request.user)
                .filter(is_active=True)
                .order_by("code")
            )
        request._shell_units = known  # type: ignore[attr-defined]
    return known


def current_unit(request: HttpRequest) -> BusinessUnit | None:
    """Return the unit the page is limited to, or None for all units of the user.

    `?unit=` (a code or an id, or "all") wins over the choice kept in the session. A unit out of
    the user's scope is as if it were not asked for.
    """
    asked = request.GET.get("unit", "")
    if not asked:
        asked = str(request.session.get(UNIT_SESSION_KEY) or "")
    if asked == ALL_UNITS:
        return None
    return next((u for u in units_of(request) if asked in {u.code, str(u.pk)}), None)


def current_theme(request: HttpRequest) -> str:
    """Return auto, light or dark: the user's setting, else the browser's cookie."""
    user = getattr(request, "user", None)
    chosen = user.theme if isinstance(user, User) else request.COOKIES.get(THEME_COOKIE, "auto")
    return chosen if chosen in THEMES else "auto"


class Shell:
    """The frame of one request's page; every property costs at most one query, when first used."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.languages = settings.LANGUAGES

    @property
    def is_signed_in(self) -> bool:
        user = getattr(self.request, "user", None)
        return bool(user and user.is_authenticated)

    @cached_property
    def template(self) -> str:
        """Return the frame for pages that are shown with or without a sign-in (errors)."""
        return "base.html" if self.is_signed_in else "base_plain.html"

    @cached_property
    def navigation(self) -> tuple[Entry, ...]:
        return navigation_for(user=self.request.user, path=self.request.path)

    @cached_property
    def units(self) -> list[BusinessUnit]:
        return units_of(self.request)

    @cached_property
    def unit(self) -> BusinessUnit | None:
        return current_unit(self.request)

    @cached_property
    def theme(self) -> str:
        return current_theme(self.request)

    @property
    def is_chinese(self) -> bool:
        return is_chinese(get_language())

    @cached_property
    def login_url(self) -> str:
        try:
            return reverse(settings.LOGIN_URL)
        except NoReverseMatch:
            return ""


def shell(request: HttpRequest) -> dict[str, object]:
    """Put the frame into every template's context."""
    return {"shell": Shell(request)}
