"""All routes: pages app by app, the REST API below /api/v1/."""

from __future__ import annotations

from django.urls import include, path

from config.core.views import errors, health, job_urls
from config.core.views import urls as core_urls
from receivables.views import dashboard

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error

urlpatterns = [
    path("", dashboard.home, name="home"),
    path("", include(([*core_urls.urlpatterns, *job_urls.urlpatterns], "core"))),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("customers/", include("customers.views.urls")),
    path("receivables/", include("receivables.views.urls")),
    path("api/v1/", include("config.core.api.job_urls")),
    path("api/v1/", include("config.core.api.urls")),
    path("api/v1/", include("customers.api.urls")),
    path("api/v1/", include("receivables.api.urls")),
]
