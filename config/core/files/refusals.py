"""A file that is refused as a whole, before or while it is read."""

from __future__ import annotations

from config.core.errors import InvalidInput


class FileRefused(InvalidInput):
    """The file cannot be read, or must not be: the sentence says why and what to send instead."""

    code = "file_refused"
