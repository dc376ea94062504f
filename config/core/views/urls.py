"""Pages of core: who one is, what one set, what happened."""

from __future__ import annotations

from django.urls import path

from config.core.views import preferences, saved_views, session

app_name = "core"
urlpatterns = [
    path("login/", session.sign_in, name="login"),
    path("logout/", session.sign_out, name="logout"),
    path("logout/everywhere/", session.sign_out_everywhere, name="logout_everywhere"),
    path("password/", session.change_password, name="password_change"),
    path("language/", preferences.set_language, name="set_language"),
    path("theme/", preferences.set_theme, name="set_theme"),
    path("unit/", preferences.set_unit, name="set_unit"),
    path("views/save/", saved_views.save_view, name="save_view"),
    path("views/<int:pk>/delete/", saved_views.delete_view, name="delete_view"),
    path("views/columns/", saved_views.save_columns, name="save_columns"),
]
