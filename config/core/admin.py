"""Django's admin has no models of ours: every change goes through a service. It signs in where all do."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse

from config.core.permissions import to_login


def sign_in(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """Send to the one login page, whose lock-out holds here too."""
    return to_login(request)


admin.site.login = sign_in  # type: ignore[assignment, method-assign]
admin.site.unregister(Group)
