"""One's own page: name, language, colours, and where one is known."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from config.core.models import User
from config.core.permissions import SIGNED_IN, person, requires
from config.core.roles import LABELS, Role
from config.core.services import users
from config.core.views.forms import CleanForm

ROLE_NAMES = {role.value for role in Role}


class ProfileForm(CleanForm):
    display_name = forms.CharField(label=_("Display name"), max_length=60, required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("", _("As the browser")), *settings.LANGUAGES],
        required=False,
    )
    theme = forms.ChoiceField(label=_("Colours"), choices=User.Theme.choices)


@requires(SIGNED_IN)
def show(request: HttpRequest) -> HttpResponse:
    """Show the profile, or keep what was changed."""
    user = person(request)
    shown = {"display_name": user.display_name, "language": user.language, "theme": user.theme}
    form = ProfileForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid():
        users.set_preferences(user=user, **form.cleaned_data)
        if user.language:
            translation.activate(user.language)
        messages.success(request, _("Your profile was saved."))
        return redirect("core:profile")
    context = {
        "form": form,
        "roles": [LABELS[Role(name)] for name in sorted(user.role_names) if name in ROLE_NAMES],
        "units": user.units.order_by("code"),
    }
    return render(request, "core/profile.html", context, status=422 if form.errors else 200)
