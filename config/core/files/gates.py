"""What is looked at before a sent file is read: name, size, first bytes, and a workbook's archive."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from config.core.files import archives
from config.core.files.refusals import FileRefused

DELIMITED = "delimited"
WORKBOOK = "workbook"
KINDS = {".csv": DELIMITED, ".txt": DELIMITED, ".tsv": DELIMITED, ".xlsx": WORKBOOK}
ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A file of these kinds begins with these bytes, and a table of text never does.
FOREIGN = (
    ZIP, b"PK\x05\x06", OLE, b"MZ", b"\x7fELF", b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff",
    b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"{\\rtf", b"#!",
)  # fmt: skip
MARKUP = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|table|head|script|svg|div)", re.IGNORECASE
)
NAME_LIMIT = 200


def shown_name(name: str) -> str:
    """This function will return the file's name fit to be shown: no path, no invisible characters."""
    last = re.split(r"[\\/]", name)[-1]
    kept = "".join(
        c for c in last if unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs"}
    ).strip()
    if len(kept) > NAME_LIMIT:
        stem, dot, suffix = kept.rpartition(".")
        kept = f"{stem[: NAME_LIMIT - 12]}…{dot}{suffix[:10]}"
    return kept or "file"


def check(path: Path, *, name: str, max_bytes: int) -> str:
    """This function will return what kind of table the file is, by its name and by its content.

    Sizes are in bytes. It takes less than a second for anything that is to be refused.

    :raises FileRefused: if name and content do not agree, or the file must not be opened
    """
    kind = KINDS.get(Path(name.lower().strip()).suffix)
    if kind is None:
        raise _unknown_kind(name)
    size = path.stat().st_size
    if size == 0:
        raise FileRefused(_("The file is empty."), code="file_empty")
    if size > max_bytes:
        raise FileRefused(
            _("The file has %(size)s MB; at most %(limit)s MB are accepted. Send it in parts."),
            code="file_size",
            status=413,
            size=size // (1024 * 1024) + 1,
            limit=max_bytes // (1024 * 1024),
        )
    with path.open("rb") as file:
        head = file.read(4096)
    if kind == DELIMITED:
        _check_text(head)
    else:
        _check_workbook(path, head)
    return kind


def _unknown_kind(name: str) -> FileRefused:
    suffix = Path(name.lower().strip()).suffix
    if suffix in {".xls", ".xlsb", ".xlsm", ".ods", ".et"}:
        return FileRefused(
            _(
                "Files of the kind %(suffix)s are not read. Open the file and save it as Excel "
                "workbook (.xlsx) or CSV UTF-8."
            ),
            code="file_kind",
            suffix=suffix,
        )
    return FileRefused(
        _("Send a CSV file (.csv, .txt, .tsv) or an Excel workbook (.xlsx)."), code="file_kind"
    )


def _check_text(head: bytes) -> None:
    if head.startswith((ZIP, OLE)):
        raise FileRefused(
            _(
                "The file is named as text but is a workbook or an archive. Give it its right ending and send it again."
            ),
            code="file_content",
        )
    if head.startswith(FOREIGN):
        raise FileRefused(_("The file is named as text but is none."), code="file_content")
    if MARKUP.match(head):
        raise _web_page()


def _web_page() -> FileRefused:
    return FileRefused(
        _(
            "The file is a web page, as some programs export under another name. Open it in Excel "
            "and save it as Excel workbook (.xlsx)."
        ),
        code="file_content",
    )


def _check_workbook(path: Path, head: bytes) -> None:
    if head.startswith(OLE):
        raise _old_or_locked(path)
    if MARKUP.match(head):
        raise _web_page()
    if not head.startswith(ZIP):
        raise FileRefused(
            _("The file is named .xlsx but is not an Excel workbook."), code="file_content"
        )
    archives.check(path)


def _old_or_locked(path: Path) -> FileRefused:
    """Return the refusal of an OLE container: a password, or the format of before 2007."""
    with path.open("rb") as file:
        content = file.read(4 << 20)
    if "EncryptedPackage".encode("utf-16-le") in content:
        return FileRefused(
            _(
                "The workbook is protected by a password. Save it without the password and send it again."
            ),
            code="file_password",
        )
    return FileRefused(
        _("The workbook is in the old .xls format. Open it and save it as Excel workbook (.xlsx)."),
        code="file_kind",
    )
