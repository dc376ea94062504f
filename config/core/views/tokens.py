"""One's API tokens: make (shown once), see, revoke."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from config.core import clock
from config.core.models import ApiToken
from config.core.permissions import SIGNED_IN, person, requires
from config.core.services import tokens
from config.core.views.forms import CleanForm, attempt


class TokenForm(CleanForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("Which program will use it, e.g. “ERP, nightly invoices”."),
    )
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        choices=[
            (30, _("30 days")),
            (90, _("90 days")),
            (365, _("One year")),
            (0, _("Until it is revoked")),
        ],
        initial=90,
    )


@requires(SIGNED_IN)
def index(request: HttpRequest) -> HttpResponse:
    """Show the person's tokens; a new one's text is on this one answer only."""
    user = person(request)
    now = clock.now()
    form = TokenForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["days"]
        expires = now + timedelta(days=days) if days else None
        name = form.cleaned_data["name"]
        made = attempt(
            form,
            lambda: tokens.create(user=user, name=name, actor=user, now=now, expires_at=expires),
        )
    context = {
        "form": TokenForm() if made else form,
        "made": made,
        "tokens": user.api_tokens.order_by("-id"),
        "now": now,
    }
    return render(request, "core/tokens.html", context, status=422 if form.errors else 200)


@require_POST
@requires(SIGNED_IN)
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of the person's tokens."""
    token = get_object_or_404(ApiToken, pk=pk, user=person(request))
    tokens.revoke(token=token, actor=person(request), now=clock.now())
    messages.success(
        request, _("The token was revoked. Programs that use it are refused from now on.")
    )
    return redirect("core:tokens")
