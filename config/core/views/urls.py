"""Pages of core: who one is, what one set, what happened."""

from __future__ import annotations

from django.urls import path

from config.core.views import preferences, session

app_name = "core"
urlpatterns = [
    path("login/", session.sign_in, name="login"),
    path("logout/", session.sign_out, name="logout"),
    path("logout/everywhere/", session.sign_out_everywhere, name="logout_everywhere"),
    path("password/", session.change_password, name="password_change"),
    path("language/", preferences.set_language, name="set_language"),
    path("theme/", preferences.set_theme, name="set_theme"),
    path("unit/", preferences.set_unit, name="set_unit"),
]
