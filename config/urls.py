"""All routes. Pages per app, the REST API below /api/v1/."""

from django.urls import include, path

from config.core.views import health

handler400 = "config.core.views.errors.bad_request"
handler403 = "config.core.views.errors.permission_denied"
handler404 = "config.core.views.errors.not_found"
handler500 = "config.core.views.errors.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("config.core.views.urls")),
    path("api/v1/", include("config.core.api.urls")),
]
