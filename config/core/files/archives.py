"""A workbook is a zip of XML parts; this refuses the ones that are weapons, before they are parsed.

Members, sizes and ratios are read from the directory; then every part is unpacked once, a block at
a time, so that a directory that lies is found out. Parts may not declare entities or a DTD.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO
from xml.sax import SAXException  # noqa: S406 - the exception only; parsing is defusedxml's
from xml.sax.handler import ContentHandler  # noqa: S406

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser
from django.utils.translation import gettext_lazy as _

from config.core.files.refusals import FileRefused

MAX_MEMBERS = 2_000
MAX_DIRECTORY = 1 << 20
MAX_UNPACKED = 512 << 20
MAX_RATIO = 200
RATIO_COUNTS_FROM = 8 << 20
BLOCK = 1 << 18
PROLOG_LIMIT = 1 << 16
END_RECORD = b"PK\x05\x06"
END_RECORD_64 = b"PK\x06\x06"
READ_PARTS = (".xml", ".rels")


def check(path: Path) -> None:
    """This function will refuse an archive that is no workbook or would do harm when opened.

    :raises FileRefused: with the reason
    """
    _check_directory_size(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_members(members)
            for member in members:
                if member.filename.lower().endswith(READ_PARTS):
                    _check_part(archive, member)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
    ) as error:
        raise FileRefused(
            _("The workbook is damaged. Open it in Excel, save it and send it again."),
            code="file_damaged",
        ) from error


def _bomb() -> FileRefused:
    return FileRefused(
        _(
            "The workbook unpacks to far more than a table needs. Save the table alone as CSV UTF-8 and send that."
        ),
        code="file_bomb",
    )


def _check_directory_size(path: Path) -> None:
    """Refuse a million members before the directory is read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 70_000))
        tail = file.read()
    at = tail.rfind(END_RECORD)
    if at < 0 or len(tail) < at + 22:
        raise FileRefused(
            _("The workbook is damaged. Open it in Excel, save it and send it again."),
            code="file_damaged",
        )
    members, directory = struct.unpack("<HI", tail[at + 10 : at + 16])
    at64 = tail.rfind(END_RECORD_64)
    if at64 >= 0 and len(tail) >= at64 + 48:
        members, directory = struct.unpack("<QQ", tail[at64 + 32 : at64 + 48])
    if members > MAX_MEMBERS or directory > MAX_DIRECTORY:
        raise _bomb()


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    names = {member.filename for member in members}
    if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED:
        raise _bomb()
    if any(
        m.file_size > RATIO_COUNTS_FROM and m.file_size > MAX_RATIO * max(1, m.compress_size)
        for m in members
    ):
        raise _bomb()
    if any(m.flag_bits & 1 for m in members):
        raise FileRefused(
            _(
                "The workbook is protected by a password. Save it without the password and send it again."
            ),
            code="file_password",
        )
    if "[Content_Types].xml" not in names or not any(n.startswith("xl/workbook") for n in names):
        raise FileRefused(
            _("The file is named .xlsx but is not an Excel workbook."), code="file_content"
        )
    if "xl/workbook.xml" not in names:
        raise FileRefused(
            _("The workbook is in the binary format (.xlsb). Save it as Excel workbook (.xlsx)."),
            code="file_kind",
        )


def _check_part(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Unpack one part to the end (size and checksum must be true), its prolog through defusedxml."""
    with archive.open(member) as part:
        _check_prolog(part)
        while part.read(BLOCK):
            pass


class _RootReached(Exception):  # noqa: N818 - no error: the prolog is over
    pass


class _UntilRoot(ContentHandler):
    def startElement(self, name: str, attrs: object) -> None:  # noqa: N802 - SAX names it
        raise _RootReached


def _check_prolog(part: IO[bytes]) -> None:
    """Refuse a DTD or entities: they can only stand before the root element."""
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(_UntilRoot())
    read = 0
    try:
        while block := part.read(4096):
            read += len(block)
            if block[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in block or read > PROLOG_LIMIT:
                raise _unusual()
            parser.feed(block)
    except _RootReached:
        return
    except (DefusedXmlException, SAXException) as error:
        raise _unusual() from error


def _unusual() -> FileRefused:
    return FileRefused(
        _(
            "The workbook has parts that no spreadsheet program writes (a document type or entities), "
            "so it was not opened. Save the table as a new workbook and send that."
        ),
        code="file_xml",
    )


def letters_to_index(letters: str) -> int:
    """This function will return the zero-based column of its letters: A is 0, XFD is 16383."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
