"""The department of the stories."""

from __future__ import annotations

from tests.scenarios.people import department  # noqa: F401
