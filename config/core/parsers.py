"""JSON, read strictly: UTF-8, no duplicate members, no NaN, bounded size and depth."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_DEPTH = 32
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
BRACKET = re.compile(r"[\[\]{}]")
SUSPECT_ESCAPE = re.compile(r"\\u(0000|[dD][89a-fA-F])")


class StrictJSONParser(JSONParser):
    """Refuse with a sentence what another parser would guess."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise ParseError(_("The request is too large."))
        return loads(raw)


def loads(raw: bytes) -> Any:
    """Return the value of a JSON text.

    :raises ParseError: naming what is wrong
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(
            _("The JSON is not UTF-8 at byte %(place)s.") % {"place": error.start}
        ) from error
    _refuse_depth(text)
    try:
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ParseError(_("The JSON is nested too deeply.")) from error
    except ValueError as error:
        raise ParseError(_("This is not JSON: %(reason)s") % {"reason": error}) from error
    if SUSPECT_ESCAPE.search(text):
        _refuse_unstorable(value)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ParseError(_("The member “%(name)s” stands twice.") % {"name": twice[:80]})
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(_("%(name)s is not a number in JSON.") % {"name": name})


def _refuse_depth(text: str) -> None:
    depth = 0
    for bracket in BRACKET.finditer(STRING.sub('""', text)):
        depth += 1 if bracket.group() in "[{" else -1
        if depth > MAX_DEPTH:
            raise ParseError(_("The JSON is nested too deeply."))


def _refuse_unstorable(value: Any) -> None:
    written = json.dumps(value, ensure_ascii=False)
    try:
        written.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ParseError(_("The JSON holds half a character (a lone surrogate).")) from error
    if "\\u0000" in json.dumps(value).replace("\\\\", ""):
        raise ParseError(_("The JSON holds a NUL character."))
