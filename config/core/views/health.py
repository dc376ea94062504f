"""For load balancers and monitors: no login, no session, no details."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.core import clock
from config.core.selectors import health


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Say that this process is up; asks nobody else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether the parts that people need are there: 200, or 503 and which one is missing."""
    checks = health.readiness(now=clock.now())
    is_ready = set(checks.values()) == {health.OK}
    body = {"status": "ready" if is_ready else "not ready", "checks": checks}
    return JsonResponse(body, status=200 if is_ready else 503)
