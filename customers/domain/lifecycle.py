"""Which status a customer may go to from which. Pure."""

from __future__ import annotations

from collections.abc import Mapping

# Nobody becomes a prospect again; a closed customer may be taken up again.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "prospect": frozenset({"active", "closed"}),
    "active": frozenset({"dormant", "closed"}),
    "dormant": frozenset({"active", "closed"}),
    "closed": frozenset({"active"}),
}


def may_become(status: str, wanted: str) -> bool:
    """This function will return whether a customer of `status` may go to `wanted`.

    >>> may_become("active", "closed"), may_become("active", "prospect")
    (True, False)
    """
    return wanted in TRANSITIONS.get(status, frozenset())
