"""Pages of core: who one is, what one set, what happened."""

from __future__ import annotations

from django.urls import path

from config.core.views import (
    audit,
    calendar,
    mail,
    notifications,
    periods,
    preferences,
    profile,
    rates,
    saved_views,
    search,
    session,
    settings,
    tokens,
    units,
    users,
)

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
    path("profile/", profile.show, name="profile"),
    path("profile/tokens/", tokens.index, name="tokens"),
    path("profile/tokens/<int:pk>/revoke/", tokens.revoke, name="token_revoke"),
    path("notifications/", notifications.index, name="notifications"),
    path("notifications/badge/", notifications.badge, name="notification_badge"),
    path("notifications/read/", notifications.mark_all_read, name="notifications_read"),
    path("notifications/<int:pk>/open/", notifications.open_one, name="notification_open"),
    path("search/", search.find, name="search"),
    path("settings/", settings.index, name="settings"),
    path("settings/users/", users.index, name="users"),
    path("settings/users/new/", users.create, name="user_new"),
    path("settings/users/<int:pk>/", users.show, name="user"),
    path(
        "settings/users/<int:pk>/reset-password/", users.reset_password, name="user_reset_password"
    ),
    path("settings/users/<int:pk>/end-sessions/", users.end_sessions, name="user_end_sessions"),
    path("settings/units/", units.index, name="units"),
    path("settings/units/new/", units.create, name="unit_new"),
    path("settings/units/<int:pk>/", units.change, name="unit"),
    path("settings/rates/", rates.index, name="rates"),
    path("settings/rates/<int:pk>/", rates.change, name="rate"),
    path("settings/rates/<int:pk>/remove/", rates.remove, name="rate_remove"),
    path("settings/calendar/", calendar.index, name="calendar"),
    path("settings/calendar/<int:pk>/forget/", calendar.forget, name="calendar_forget"),
    path("settings/periods/", periods.index, name="periods"),
    path("settings/periods/<int:unit>/<str:month>/close/", periods.close, name="period_close"),
    path("settings/periods/<int:pk>/reopen/", periods.ask, name="period_ask"),
    path("settings/reopenings/<int:pk>/decide/", periods.decide, name="period_decide"),
    path("settings/audit/", audit.index, name="audit"),
    path("settings/audit/<int:pk>/", audit.show, name="audit_event"),
    path("settings/mail/", mail.index, name="mail"),
    path("settings/mail/<int:pk>/decide/", mail.decide, name="mail_decide"),
]
