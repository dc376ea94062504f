"""One log line per event, whatever a stranger put into it.

    2026-11-23T10:15:02+0800 WARNING zhangqi.jobs [r-5f2c] Job 12 failed

Line breaks, escape codes and other control characters are written as `\\n`, `\\x1b`, so that no
logged value can forge a line; long values are cut; what looks like a secret is masked.
"""

from __future__ import annotations

import logging
import re

from config.core import request_context

MAX_LENGTH = 2000
MAX_TRACEBACK = 6000
# C0, DEL and C1 controls, the line and paragraph separators, and the marks that turn text around.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SECRET = re.compile(
    r"(?i)((?:password|passwd|secret|token|authorization|api[_-]?key|cookie|sessionid|csrf\w*)"
    r"[\"']?\s*[=:]\s*)(?:(?:token|bearer|basic)\s+)?(\"[^\"]*\"|'[^']*'|[^\s,;&}\])]+)"
)
URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")
LONG_NUMBER = re.compile(r"(?<![\w.-])\d{12,19}(?![\w.-])")


def escape(text: str) -> str:
    """Return `text` on one line, with every control character made visible."""
    return UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def mask(text: str) -> str:
    """Return `text` without passwords, tokens and whole account numbers."""
    text = SECRET.sub(r"\1***", text)
    text = URL_PASSWORD.sub(r"\1:***@", text)
    return LONG_NUMBER.sub(lambda match: "*" * (len(match[0]) - 4) + match[0][-4:], text)


def cut(text: str, length: int) -> str:
    """Return at most `length` characters, saying how many were left out."""
    if len(text) <= length:
        return text
    return f"{text[:length]}… ({len(text) - length} more)"


class OneLineFormatter(logging.Formatter):
    """Format a record, its traceback included, as one line."""

    default_time_format = "%Y-%m-%dT%H:%M:%S%z"

    def __init__(self) -> None:
        super().__init__(datefmt=self.default_time_format)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. A message whose arguments do not fit is logged as it stands."""
        try:
            message = record.getMessage()
        except Exception:  # a faulty log call must not hide the event
            message = f"{record.msg!r} {record.args!r}"
        request = request_context.current().request_id
        where = f"{record.name} [{request}]" if request else record.name
        parts = [
            self.formatTime(record, self.datefmt),
            record.levelname,
            where,
            self._clean(message, MAX_LENGTH),
        ]
        if record.exc_info:
            # The end of a traceback says what happened.
            trace = self.formatException(record.exc_info)
            parts.append("| " + self._clean(trace[-MAX_TRACEBACK:], MAX_TRACEBACK))
        return " ".join(parts)

    def _clean(self, text: str, length: int) -> str:
        return escape(mask(cut(text, length)))
