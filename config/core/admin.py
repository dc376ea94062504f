"""The admin signs in where all do, and rights are not given there."""

from __future__ import annotations

# Importing it registers Group, so that it can be taken away whatever the order of the apps.
import django.contrib.auth.admin  # noqa: F401
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse

from config.core.permissions import to_login


def sign_in(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """Send to the one login page: its lock-out holds here too."""
    return to_login(request)


admin.site.login = sign_in  # type: ignore[method-assign]
admin.site.unregister(Group)
