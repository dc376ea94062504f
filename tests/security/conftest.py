"""The worlds of these tests, for all of them."""

from __future__ import annotations

from tests.security.test_matrix import company  # noqa: F401
from tests.security.two_units import world  # noqa: F401
