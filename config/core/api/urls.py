"""The REST API of core: units, rates, calendar, periods, trail, notifications, users."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
