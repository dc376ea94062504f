"""May they press the button? Deny by default: a view that declares no permission is refused.

Declare `required_permissions` on an API view ({"GET": "app.codename", …}, by method or by
action), or put `@requires("app.codename")` on an HTML view. `SIGNED_IN` asks for a login only:
for what is a person's own (profile, notifications).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect, resolve_url
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from config.core.models import User
from config.core.services import audit

SIGNED_IN = "signed_in"
# A browser sends no other to a page; a view that takes fewer says so itself.
PAGE_METHODS = ("GET", "HEAD", "POST")
Codes = str | tuple[str, ...]
Declaration = Codes | Mapping[str, Codes]


def codes_for(
    declared: Declaration | None, *, method: str, action: str | None = None
) -> tuple[str, ...] | None:
    """Return the codes that are needed, all of them, or None where nothing was declared."""
    if declared is None:
        return None
    if isinstance(declared, Mapping):
        method = "GET" if method == "HEAD" else method
        found = declared.get(action) if action else None
        found = found if found is not None else declared.get(method)
        if found is None:
            return None
        declared = found
    return (declared,) if isinstance(declared, str) else tuple(declared)


def holds(user: Any, codes: tuple[str, ...]) -> bool:
    """Return whether an active, signed-in user has every one of `codes`."""
    if not user.is_authenticated or not user.is_active or not codes:
        return False
    return all(code == SIGNED_IN or user.has_perm(code) for code in codes)


def note_refusal(request: HttpRequest | Request, codes: tuple[str, ...] | None) -> None:
    """Write a refused right to the trail."""
    path = request.path
    audit.record(
        actor=request.user,  # type: ignore[arg-type]
        action="security.refused",
        target=audit.Subject("page", path[:40], path),
        after={"method": request.method, "needed": list(codes or ())},
    )


class DeclaredPermission(BasePermission):
    """Ask for what the view declares; refuse a view that declares nothing."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        codes = self.codes(request, view)
        if codes is not None and holds(request.user, codes):
            return True
        note_refusal(request, codes)
        return False

    def codes(self, request: Request, view: Any) -> tuple[str, ...] | None:
        declared = getattr(view, "required_permissions", None)
        if request.method == "OPTIONS" and isinstance(declared, Mapping) and declared:
            return codes_for(next(iter(declared.values())), method="OPTIONS")
        return codes_for(
            declared, method=request.method or "", action=getattr(view, "action", None)
        )


def requires(
    *codes: str,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Guard an HTML view: sign in first, then hold every one of `codes`, else 403."""
    if not codes:
        raise ValueError("Name a permission, or SIGNED_IN.")

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in PAGE_METHODS:
                return HttpResponseNotAllowed(PAGE_METHODS)
            return guard(request, codes) or view(request, *args, **kwargs)

        guarded.required_permissions = codes  # type: ignore[attr-defined]
        return guarded

    return decorate


def person(request: HttpRequest | Request) -> User:
    """Return who is signed in; only behind `requires` or a declared permission."""
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    return user


def guard(request: HttpRequest, codes: tuple[str, ...] | None) -> HttpResponseBase | None:
    """Return a redirect to the login, or None to go on.

    :raises PermissionDenied: if the user lacks a right or the view declared none
    """
    if not request.user.is_authenticated:
        return to_login(request)
    if codes is None or not holds(request.user, codes):
        note_refusal(request, codes)
        raise PermissionDenied
    return None


def to_login(request: HttpRequest) -> HttpResponse:
    """Send to the login page and back; a fragment makes the whole page go there."""
    is_fragment = bool(request.headers.get("HX-Request"))
    back = request.headers.get("HX-Current-URL", "") if is_fragment else request.get_full_path()
    if is_fragment:
        back = "/" + back.split("/", 3)[3] if back.count("/") >= 3 else "/"
    target = f"{resolve_url(settings.LOGIN_URL)}?next={quote(back)}"
    if not is_fragment:
        return redirect(target)
    response = HttpResponse(status=401)
    response["HX-Redirect"] = target
    return response
