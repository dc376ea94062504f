"""Signing in and out, and the password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, password_validation, update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from config.core import clock, middleware, request_context
from config.core.permissions import SIGNED_IN, person, requires
from config.core.services import login as login_service
from config.core.services import users
from config.core.views.forms import CleanForm

DEVICE_COOKIE = "zq_device"
DEVICE_AGE = 365 * 86400


class LoginForm(CleanForm):
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(CleanForm):
    old_password = forms.CharField(
        label=_("Present password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    new_password = forms.CharField(
        label=_("New password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validation.password_validators_help_text_html,
    )
    repeated = forms.CharField(
        label=_("New password again"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    revoke_tokens = forms.BooleanField(label=_("Also revoke my API tokens"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "new_password" in cleaned and cleaned["new_password"] != cleaned.get("repeated"):
            self.add_error("repeated", _("The two passwords are not the same."))
        return cleaned


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the login page, or let in who knows the password."""
    target = _next(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = LoginForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _login_page(request, form, status=200 if request.method != "POST" else 422)
    try:
        user = login_service.sign_in(
            request=request,
            address=request_context.current().address,
            device=request.COOKIES.get(DEVICE_COOKIE, ""),
            now=clock.now(),
            **form.cleaned_data,
        )
    except login_service.LoginRefused as refusal:
        form.add_error(None, str(refusal))
        return _login_page(request, form, status=refusal.status)
    login(request, user)
    middleware.start_session(request, now=clock.now())
    response = redirect(target)
    _remember_device(response, user.username, request)
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    if request.user.is_authenticated:
        login_service.note_sign_out(user=person(request))
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@require_POST
@requires(SIGNED_IN)
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session of the person, this one too."""
    users.end_sessions(user=person(request), actor=person(request))
    logout(request)
    messages.success(request, _("You were signed out in every browser."))
    return redirect(settings.LOGOUT_REDIRECT_URL)


@sensitive_post_parameters("old_password", "new_password", "repeated")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(SIGNED_IN)
def change_password(request: HttpRequest) -> HttpResponse:
    """Let the person choose another password; other sessions end."""
    form = PasswordForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _password_page(request, form, status=422 if request.method == "POST" else 200)
    try:
        user = users.change_password(
            user=person(request),
            old=form.cleaned_data["old_password"],
            new=form.cleaned_data["new_password"],
            revoke_tokens=form.cleaned_data["revoke_tokens"],
            now=clock.now(),
        )
    except users.WrongPassword as refusal:
        form.add_error("old_password", str(refusal))
        return _password_page(request, form, status=422)
    except ValidationError as error:
        form.add_error("new_password", error)
        return _password_page(request, form, status=422)
    update_session_auth_hash(request, user)
    request.user = user
    middleware.start_session(request, now=clock.now())
    messages.success(request, _("Your password was changed. Your other sessions have ended."))
    return redirect(resolve_url(settings.LOGIN_REDIRECT_URL))


def _login_page(request: HttpRequest, form: LoginForm, *, status: int) -> HttpResponse:
    return render(
        request,
        "core/login.html",
        {"form": form, "next": request.POST.get("next") or request.GET.get("next", "")},
        status=status,
    )


def _password_page(request: HttpRequest, form: PasswordForm, *, status: int) -> HttpResponse:
    return render(request, "core/password_change.html", {"form": form}, status=status)


def _next(request: HttpRequest) -> str:
    asked = request.POST.get("next") or request.GET.get("next") or ""
    return asked if is_ours(request, asked) else resolve_url(settings.LOGIN_REDIRECT_URL)


def is_ours(request: HttpRequest, address: str) -> bool:
    """Return whether `address` is a page of this site, so that we may send a person there."""
    return address.startswith("/") and url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


def _remember_device(response: HttpResponse, username: str, request: HttpRequest) -> None:
    response.set_cookie(
        DEVICE_COOKIE,
        login_service.device_cookie(username=username),
        max_age=DEVICE_AGE,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
