"""The REST API of the receivables app; each module lists its own routes."""

from __future__ import annotations

from django.urls import URLPattern

from receivables.api import alerts, allocations, imports, items, proof, reports, reviews, schemes

urlpatterns: list[URLPattern] = [
    *reports.urlpatterns,
    *items.urlpatterns,
    *allocations.urlpatterns,
    *schemes.urlpatterns,
    *proof.urlpatterns,
    *alerts.urlpatterns,
    *reviews.urlpatterns,
    *imports.urlpatterns,
]
