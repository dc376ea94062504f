"""One search for everything, as suggestions while typing and as a page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from config.core import search
from config.core.permissions import SIGNED_IN, person, requires

SUGGESTIONS, FULL = 6, 50


@require_GET
@requires(SIGNED_IN)
def find(request: HttpRequest) -> HttpResponse:
    """Return what was found, grouped by kind."""
    query = request.GET.get("q", "").strip()[: search.MAX_LENGTH]
    is_fragment = bool(request.headers.get("HX-Request"))
    groups = search.run(
        user=person(request), query=query, limit=SUGGESTIONS if is_fragment else FULL
    )
    template = "core/_search_results.html" if is_fragment else "core/search.html"
    return render(request, template, {"groups": groups, "query": query, "limit": FULL})
