"""Lost updates are refused: who edits says which version was read. Pure."""

from __future__ import annotations

from typing import Protocol

from config.core.errors import DomainError


class Versioned(Protocol):
    version: int


class StaleVersion(DomainError):
    """Somebody else changed the record since it was read."""

    code = "stale"
    status = 412


def refuse_stale(record: Versioned, *, expected: int | None, message: object) -> None:
    """This function will refuse an edit of a version that is no longer the current one.

    Call it after the row was locked; `expected` None means that the caller did not read one.

    :raises StaleVersion: if the record moved on
    """
    if expected is not None and record.version != expected:
        raise StaleVersion(message, version=record.version)
