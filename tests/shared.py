"""Where real data lies that is not shipped; tests that need it are skipped where it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("ZQ_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def shared_data(name: str) -> Path:
    """Return a folder or file of the shared data, or skip the test and say what is missing."""
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip(f"The shared data {name!r} is not here (ZQ_SHARED names its folder).")
    return path
