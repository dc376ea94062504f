"""Refusals as values: every rule that says no raises a `DomainError` whose text is a sentence.

The sentence says what was wrong, where, and what to do. It is given as a translatable template and
its values, so that the same refusal reads right in the language of whoever sees it, even later.
Pure: no framework; interfaces turn it into problem+json or a message on the form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

_translate: Callable[[str], str] = str


def gettext_noop(message: str) -> str:
    """Mark a sentence of a pure module for the catalogue; it is translated when it is shown."""
    return message


def set_translator(translate: Callable[[str], str]) -> None:
    """Say how sentences of pure modules are translated; the core app does so when it starts."""
    global _translate
    _translate = translate


class DomainError(Exception):
    """A rule refused; nothing was changed.

    `code` is stable for programs, `status` is the HTTP status an interface answers with: 409 when
    the state of the data forbids it, 422 when the request itself can never be right.
    """

    code = "refused"
    status = 409

    def __init__(
        self,
        message: object,
        *,
        code: str | None = None,
        status: int | None = None,
        **context: object,
    ) -> None:
        self.message = message
        self.context: Mapping[str, object] = context
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status
        super().__init__(message)

    def __str__(self) -> str:
        """Return the sentence in the language that is active now."""
        text = _translate(self.message) if isinstance(self.message, str) else str(self.message)
        return text % dict(self.context) if self.context else text


class InvalidInput(DomainError):
    """The request can never be right, whatever the state of the data."""

    code = "invalid"
    status = 422


class NotAllowed(DomainError):
    """The person may not do this, though another might."""

    code = "not_allowed"
    status = 403
