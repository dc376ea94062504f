"""Which encoding a text file has, by rule and never by guess.

A byte order mark decides; without one the file is UTF-8 if all of it is, else GB18030 if all of it
is (Chinese accounting programs and banks write it). Anything else is refused with the place.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from config.core.files.refusals import FileRefused

BLOCK = 1 << 20
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# So many characters of two and three bytes do not come about by chance in a GB18030 text.
WIDE = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xc2-\xdf][\x80-\xbf]")
SURELY_UTF8 = 4


@dataclass(frozen=True, slots=True)
class _Fault:
    position: int
    wide_before: int


def detect(path: Path) -> str:
    """This function will return the name of the encoding in which the whole file can be read.

    :raises FileRefused: if there is none, or the text has a NUL
    """
    with path.open("rb") as file:
        head = file.read(4)
    for mark, encoding in MARKS:
        if head.startswith(mark):
            fault = _fault(path, encoding)
            if fault is None:
                return encoding
            raise _broken(encoding, fault.position)
    utf8 = _fault(path, "utf-8")
    if utf8 is None:
        return "utf-8"
    if utf8.wide_before >= SURELY_UTF8:
        raise _broken("utf-8", utf8.position)
    chinese = _fault(path, "gb18030")
    if chinese is None:
        return "gb18030"
    raise _broken("GB18030", chinese.position)


def _broken(encoding: str, position: int) -> FileRefused:
    return FileRefused(
        _(
            "Byte %(position)s of the file is not valid %(encoding)s text. "
            "Save the file again as CSV UTF-8 and send it once more."
        ),
        code="file_encoding",
        position=position + 1,
        encoding=encoding.upper(),
    )


def _nul(position: int) -> FileRefused:
    return FileRefused(
        _(
            "Byte %(position)s of the file is a NUL, so it is not plain text (UTF-16 needs a byte "
            "order mark). Save the file again as CSV UTF-8 and send it once more."
        ),
        code="file_nul",
        position=position + 1,
    )


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    position = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield position, block
            position += len(block)


def _fault(path: Path, encoding: str) -> _Fault | None:
    """Return the first byte that is not of `encoding`, or None.

    :raises FileRefused: if the text has a NUL
    """
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    is_utf8, wide = encoding == "utf-8", 0
    for start, block in _blocks(path):
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            good = block[: max(0, error.start - pending)]
            if is_utf8 and wide < SURELY_UTF8:
                wide += len(WIDE.findall(good))
            return _Fault(start - pending + error.start, wide)
        if "\0" in text:
            raise _nul(
                start + (block.index(b"\0") if encoding[:5] != "utf-16" else 2 * text.index("\0"))
            )
        if is_utf8 and wide < SURELY_UTF8 and not text.isascii():
            wide += len(WIDE.findall(block))
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _Fault(path.stat().st_size - 1, wide)
    return None
