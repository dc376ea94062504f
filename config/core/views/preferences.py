"""Language, colours and business unit: small posts from the frame of every page."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.views.decorators.http import require_POST

from config.core.models import BusinessUnit, User
from config.core.permissions import SIGNED_IN, requires
from config.core.services import users
from config.core.views.session import is_ours

THEME_COOKIE = "theme"
UNIT_SESSION_KEY = "unit"
YEAR = 365 * 86400


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language: on the user, and in a cookie for the login page."""
    wanted = request.POST.get("language", "")
    response = _back(request)
    if wanted in dict(settings.LANGUAGES):
        if isinstance(request.user, User):
            users.set_preferences(user=request.user, language=wanted)
        translation.activate(wanted)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            wanted,
            max_age=YEAR,
            samesite="Lax",
            secure=request.is_secure(),
        )
    return response


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or as the system; a script may ask without wanting a page back."""
    wanted = request.POST.get("theme", "")
    response = (
        HttpResponse(status=204) if request.headers.get("X-Requested-With") else _back(request)
    )
    if wanted in User.Theme.values:
        if isinstance(request.user, User):
            users.set_preferences(user=request.user, theme=wanted)
        response.set_cookie(
            THEME_COOKIE, wanted, max_age=YEAR, samesite="Lax", secure=request.is_secure()
        )
    return response


@require_POST
@requires(SIGNED_IN)
def set_unit(request: HttpRequest) -> HttpResponse:
    """Keep the business unit the person looks at, if it is one of the person's."""
    wanted = request.POST.get("unit", "")
    units = BusinessUnit.objects.visible_to(request.user).filter(is_active=True)  # type: ignore[arg-type]
    if wanted.isascii() and wanted.isdigit() and units.filter(pk=int(wanted[:9])).exists():
        request.session[UNIT_SESSION_KEY] = wanted
    else:
        request.session.pop(UNIT_SESSION_KEY, None)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    asked = request.POST.get("next", "")
    return redirect(asked if is_ours(request, asked) else "/")
