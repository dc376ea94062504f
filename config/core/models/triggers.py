"""Triggers that append-only tables share."""

from __future__ import annotations

import pgtrigger


def no_truncate(name: str) -> pgtrigger.Trigger:
    """Return a trigger that refuses TRUNCATE, which row triggers cannot see."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'This table is append-only and cannot be truncated.';",
    )
