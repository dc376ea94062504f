"""What surrounds every request: its id and address, headers, session age, language, refusals."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from config.core import clock, problems, request_context
from config.core.errors import DomainError

Next = Callable[[HttpRequest], HttpResponse]
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,40}", re.ASCII)
SESSION_STARTED, SESSION_SEEN, SESSION_EPOCH = "zq_started", "zq_seen", "zq_epoch"
SEEN_EVERY_SECONDS = 60
# A page that refreshes a badge or a progress bar by itself says so, and keeps no session alive.
PASSIVE_HEADER = "X-Background"
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class RequestContextMiddleware:
    """Give the request an id (the caller's, if it is a sane one) and note where it came from."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.headers.get("X-Request-ID", "")
        request_id = asked if REQUEST_ID.fullmatch(asked) else secrets.token_hex(8)
        request_context.set_current(
            request_context.RequestContext(
                request_id=request_id,
                address=client_address(request),
                idempotency_key=printable(request.headers.get("Idempotency-Key", ""), limit=255),
            )
        )
        try:
            response = self.get_response(request)
        finally:
            request_context.set_current(request_context.RequestContext())
        response["X-Request-ID"] = request_id
        return response


def client_address(request: HttpRequest) -> str:
    """Return the address of the client; forwarded headers count only behind our own proxies."""
    hops = [request.META.get("REMOTE_ADDR", "")]
    if settings.TRUSTED_PROXIES:
        hops = [
            hop.strip()
            for hop in request.headers.get("X-Forwarded-For", "").split(",")
            if hop.strip()
        ] + hops
        hops = hops[-(settings.TRUSTED_PROXIES + 1) :]
    try:
        return str(ipaddress.ip_address(hops[0]))
    except ValueError:
        return ""


def printable(text: str, *, limit: int) -> str:
    """Return `text` without control characters, cut."""
    return "".join(c for c in text[:limit] if c.isprintable())


class SecurityHeadersMiddleware:
    """Set what browsers are told; static files pass WhiteNoise before this."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = getattr(response, "content_security_policy", settings.CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        if request.method == "HEAD":
            _take_body_away(response)
        return response


def _take_body_away(response: HttpResponseBase) -> None:
    """Leave the headers of an answer to HEAD; a body would be read as the next answer's beginning.

    Not every server drops it (waitress does not).
    """
    if isinstance(response, StreamingHttpResponse):
        response.close()
        response.streaming_content = iter(())
    elif isinstance(response, HttpResponse):
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""


class SessionLifetimeMiddleware:
    """End sessions that are idle, too old, or older than the last "sign out everywhere"."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = clock.now()
            if _is_over(request, now):
                # Every view guards itself, so the person is sent to the login from here on.
                logout(request)
            else:
                _touch(request, now)
                if request.user.must_change_password and not _allowed_before_change(request):
                    return _to_password_change(request)
        return self.get_response(request)


def start_session(request: HttpRequest, *, now: datetime) -> None:
    """Note in the session when it began and which epoch of its user it belongs to."""
    request.session[SESSION_STARTED] = request.session[SESSION_SEEN] = int(now.timestamp())
    request.session[SESSION_EPOCH] = request.user.session_epoch  # type: ignore[union-attr]


def _is_over(request: HttpRequest, now: datetime) -> bool:
    session, moment = request.session, int(now.timestamp())
    if SESSION_STARTED not in session:
        return False
    return (
        session.get(SESSION_EPOCH) != request.user.session_epoch  # type: ignore[union-attr]
        or moment - session[SESSION_STARTED] > settings.SESSION_ABSOLUTE.total_seconds()
        or moment - session[SESSION_SEEN] > settings.SESSION_IDLE.total_seconds()
    )


def _touch(request: HttpRequest, now: datetime) -> None:
    if SESSION_STARTED not in request.session:
        start_session(request, now=now)
    elif (
        request.headers.get(PASSIVE_HEADER) is None
        and int(now.timestamp()) - request.session[SESSION_SEEN] >= SEEN_EVERY_SECONDS
    ):
        request.session[SESSION_SEEN] = int(now.timestamp())


def _allowed_before_change(request: HttpRequest) -> bool:
    return request.path in {
        reverse("core:password_change"), reverse("core:logout"), reverse("core:set_language"), reverse("core:set_theme"),
    } or request.path in {"/healthz", "/readyz"}  # fmt: skip


def _to_password_change(request: HttpRequest) -> HttpResponse:
    if problems.is_api(request):
        sentence = translation.gettext("Change your password first.")
        return problems.json_answer(status=403, code="must_change_password", detail=sentence)
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=401)
        response["HX-Redirect"] = reverse("core:password_change")
        return response
    return redirect("core:password_change")


class UserLanguageMiddleware:
    """The user's choice, then the cookie, then the browser's wish, then Chinese."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = getattr(request.user, "language", "")
        if chosen not in dict(settings.LANGUAGES):
            chosen = translation.get_language_from_request(request)
        translation.activate(chosen)
        request.LANGUAGE_CODE = chosen
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language() or chosen)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


class RefusalMiddleware:
    """A rule that says no becomes its sentence: on a page, or as a message beside the fragment."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        if problems.wants_problem(request):
            # 422 would be swapped into the page (see components/head.html); a refusal is a message.
            status = 409 if error.status == 422 and not problems.is_api(request) else error.status
            return problems.json_answer(status=status, code=error.code, detail=str(error))
        context = {"sentence": str(error), "code": error.code, "back": safe_back(request)}
        return render(request, "core/refusal.html", context, status=error.status)


def safe_back(request: HttpRequest) -> str:
    """Return the path of the page the person came from, if it was one of ours."""
    referer = request.headers.get("Referer", "")
    prefix = f"{request.scheme}://{request.get_host()}/"
    return "/" + referer[len(prefix) :] if referer.startswith(prefix) else "/"
