"""The pages of the receivables app; each module lists its own."""

from __future__ import annotations

from django.urls import URLPattern, path

from receivables.views import (
    aging,
    alerts,
    customer_panels,
    documents,
    imports,
    items,
    proof,
    receipts,
    reviews,
    schemes,
)

app_name = "receivables"

urlpatterns: list[URLPattern] = [
    path("aging/", aging.aging_page, name="aging"),
    path("aging/tie-out/", aging.tie_out, name="tie_out"),
    path("figures/", aging.metrics_page, name="metrics"),
    *alerts.urlpatterns,
    *reviews.urlpatterns,
    *items.urlpatterns,
    *documents.urlpatterns,
    *receipts.urlpatterns,
    *customer_panels.urlpatterns,
    *schemes.urlpatterns,
    *proof.urlpatterns,
    *imports.urlpatterns,
]
