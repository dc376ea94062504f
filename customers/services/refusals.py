"""Refusals of customers' data that belong to one field, so that a form can show them in place."""

from __future__ import annotations

from config.core.errors import InvalidInput


class FieldRefused(InvalidInput):
    """A value of one field can not be taken; `errors` is what the API shows of it."""

    code = "invalid"

    def __init__(
        self,
        message: object,
        *,
        field: str,
        code: str | None = None,
        status: int | None = None,
        **context: object,
    ) -> None:
        super().__init__(message, code=code, status=status, **context)
        self.field = field

    @property
    def errors(self) -> list[dict[str, str]]:
        """Return the refusal as an entry of problem+json."""
        return [
            {
                "pointer": f"/{self.field}",
                "field": self.field,
                "code": self.code,
                "message": str(self),
            }
        ]
