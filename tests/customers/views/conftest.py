"""People who read English, so that the tests can quote the pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.test import Client


@pytest.fixture
def client_for(client_for: Callable[..., Client]) -> Callable[..., Client]:
    return partial(client_for, language="en")
