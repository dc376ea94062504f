"""What the OpenAPI document says of every operation alike: its refusals, as problem+json."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from config.core.pagination import MAX_PAGE_SIZE
from config.core.problems import CONTENT_TYPE

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `detail` is a sentence in the caller's language, `errors` name the places.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string"},
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
                "required": ["pointer", "field", "code", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}
ALWAYS = (400, 401, 403, 406, 429, 503)
WRITING = (404, 409, 413, 415, 422)
CONDITIONAL = (412, 428)
METHODS = ("get", "post", "put", "patch", "delete")


def describe_problems(
    result: dict[str, Any], generator: object, request: object, public: bool
) -> dict[str, Any]:
    """This function will add to each operation the refusals it may answer with."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    for path, method, operation in _operations(result):
        for status in _statuses(path, method, operation):
            operation["responses"].setdefault(str(status), {})
        for status, answer in operation["responses"].items():
            if status >= "400":
                answer["description"] = answer.get("description") or HTTPStatus(int(status)).phrase
                answer["content"] = {
                    CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
                }
        _bound_page_size(operation)
    return result


def _operations(result: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in result["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _statuses(path: str, method: str, operation: dict[str, Any]) -> list[int]:
    named = {parameter["name"] for parameter in operation.get("parameters", [])}
    found = [*ALWAYS]
    if "{" in path:
        found.append(404)
    if method != "get":
        found += WRITING
    if "If-Match" in named:
        found += CONDITIONAL
    return sorted(set(found))


def _bound_page_size(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "page_size":
            parameter["schema"] = {"minimum": 1, "maximum": MAX_PAGE_SIZE} | parameter["schema"]
