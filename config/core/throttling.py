"""A ceiling on calls per person or token and minute, so that one program can not starve the rest."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from config.core import request_context

WINDOW_SECONDS = 60


class PrincipalThrottle(BaseThrottle):
    """Count in the cache, in windows of a minute; the address stands in for who is not signed in."""

    def allow_request(self, request: Request, view: Any) -> bool:
        limit = settings.API_CALLS_PER_MINUTE
        window = int(time.time()) // WINDOW_SECONDS
        who = (
            request.user.pk if request.user.is_authenticated else request_context.current().address
        )
        key = f"calls:{who}:{window}"
        cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
        try:
            return cache.incr(key) <= limit
        except ValueError:
            # The entry was evicted between the two calls: count this one and go on.
            return limit > 0

    def wait(self) -> float:
        return WINDOW_SECONDS - time.time() % WINDOW_SECONDS
