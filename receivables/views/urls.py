"""The pages of the receivables app; each module lists its own."""

from __future__ import annotations

from django.urls import URLPattern, path

from receivables.views import aging, alerts, reviews

app_name = "receivables"

urlpatterns: list[URLPattern] = [
    path("aging/", aging.aging_page, name="aging"),
    path("aging/tie-out/", aging.tie_out, name="tie_out"),
    path("figures/", aging.metrics_page, name="metrics"),
    *alerts.urlpatterns,
    *reviews.urlpatterns,
]
