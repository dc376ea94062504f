"""The REST API of core: units, rates, calendar, periods, trail, people, and the document."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from config.core.api import audit, calendar, people, periods, rates, schema, units

router = SimpleRouter()
router.register("units", units.UnitViewSet, basename="unit")
router.register("exchange-rates", rates.RateViewSet, basename="exchange-rate")
router.register("calendar-days", calendar.CalendarDayViewSet, basename="calendar-day")
router.register("accounting-periods", periods.PeriodViewSet, basename="accounting-period")
router.register("period-reopenings", periods.ReopeningViewSet, basename="period-reopening")
router.register("audit-events", audit.AuditEventViewSet, basename="audit-event")
router.register("users", people.UserViewSet, basename="user")
router.register("tokens", people.TokenViewSet, basename="token")
router.register("notifications", people.NotificationViewSet, basename="notification")

urlpatterns = [
    path("schema/", schema.SchemaView.as_view(), name="api-schema"),
    path("docs/", schema.DocsView.as_view(), name="api-docs"),
    path("me/", people.MeView.as_view(), name="me"),
    *router.urls,
]
