"""Makers of files that people and attackers send, for the corpus."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

import openpyxl
import xlsxwriter

HEAD = ["发票号", "客户编码", "开票日期", "到期日", "金额", "摘要"]
ROW = ["INV-1", "C1", "2026-01-05", "2026-02-04", "100.00", "货款"]


def text(
    *rows: Sequence[str], head: Sequence[str] = HEAD, mark: str = ",", end: str = "\r\n"
) -> str:
    return end.join(mark.join(row) for row in [head, *rows]) + end


def csv(*rows: Sequence[str], encoding: str = "utf-8", **options: Any) -> Callable[[], bytes]:
    return lambda: text(*rows, **options).encode(encoding)


def changed(**cells: str) -> list[str]:
    """Return the usual row with some cells changed, by the position a–f."""
    return [cells.get(letter, value) for letter, value in zip("abcdef", ROW, strict=True)]


def book(
    *rows: Sequence[Any], head: Sequence[str] = HEAD, work: Callable[[Any, Any], None] | None = None
) -> Callable[[], bytes]:
    """Return a workbook of real dates and numbers; `work` may do more to it."""

    def make() -> bytes:
        made = openpyxl.Workbook()
        sheet = made.active
        sheet.title = "应收"
        for row in [head, *rows]:
            sheet.append(list(row))
        if work:
            work(made, sheet)
        file = io.BytesIO()
        made.save(file)
        return file.getvalue()

    return make


def typed(**cells: Any) -> list[Any]:
    usual = ["INV-1", "C1", date(2026, 1, 5), date(2026, 2, 4), 100.0, "货款"]
    return [cells.get(letter, value) for letter, value in zip("abcdef", usual, strict=True)]


def written(
    *rows: Sequence[Any],
    options: dict[str, Any] | None = None,
    work: Callable[[Any, Any], None] | None = None,
) -> bytes:
    """Return a workbook by XlsxWriter, which can do what openpyxl cannot (cached values, 1904)."""
    file = io.BytesIO()
    made = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, **(options or {})}
    )
    sheet = made.add_worksheet("应收")
    day = made.add_format({"num_format": "yyyy-mm-dd"})
    for number, row in enumerate([HEAD, *rows]):
        for column, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(
                    number,
                    column,
                    datetime.combine(value, time()),
                    day,
                )
            else:
                sheet.write(number, column, value)
    if work:
        work(made, sheet)
    made.close()
    return file.getvalue()


def repacked(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """Return a workbook whose parts were changed."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for member in source.infolist():
            target.writestr(member.filename, change(member.filename, source.read(member.filename)))
    return out.getvalue()


def in_sheet(content: bytes, old: bytes, new: bytes) -> bytes:
    def change(name: str, part: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return part
        assert old in part, part[:2000]
        return part.replace(old, new, 1)

    return repacked(content, change)


def with_prolog(prolog: str, use: str = "") -> Callable[[], bytes]:
    """Return a workbook whose sheet begins with a document type."""

    def make() -> bytes:
        def change(name: str, part: bytes) -> bytes:
            if name != "xl/worksheets/sheet1.xml":
                return part
            body = part[part.index(b"<worksheet") :].replace(b"INV-1", use.encode() or b"INV-1")
            return b'<?xml version="1.0"?>' + prolog.encode() + body

        return repacked(book(typed())(), change)

    return make


def laughs() -> str:
    entities = ['<!ENTITY l0 "lol">']
    entities += [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)]
    return f"<!DOCTYPE worksheet [{''.join(entities)}]>"


def bomb() -> bytes:
    """Return a workbook of 400 kB with 400 MB of shared strings."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book(typed())())) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for member in source.infolist():
            target.writestr(member.filename, source.read(member.filename))
        with target.open("xl/bomb.xml", "w", force_zip64=True) as part:
            block = b"<si><t>" + b"A" * (1 << 20) + b"</t></si>"
            for _ in range(400):
                part.write(block)
    return out.getvalue()


def million_members() -> bytes:
    """Return an archive whose directory has a million entries."""
    entry = (
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
        + b"a"
    )
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    count = 1_000_000
    directory = entry * count
    start = len(local)
    end64 = struct.pack(
        "<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(directory), start
    )
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, start + len(directory), 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return local + directory + end64 + locator + end


def nested() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        target.writestr("inner.xlsx", book(typed())())
    return out.getvalue()


def lying() -> bytes:
    """Return a workbook whose directory says that the sheet is smaller than it is."""
    content = book(*[typed(a=f"INV-{n}") for n in range(2000)])()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    assert content.count(struct.pack("<I", size)) >= 1
    return content.replace(struct.pack("<I", size), struct.pack("<I", 1000))


def locked() -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(2048)
        + "EncryptedPackage".encode("utf-16-le")
        + bytes(2048)
    )


def merge(_book: Any, sheet: Any) -> None:
    sheet.merge_cells("B2:B3")


def hide_row(_book: Any, sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = True


def hidden_sheet(made: Any, _sheet: Any) -> None:
    other = made.create_sheet("底稿")
    other.append(HEAD)
    other.append(typed(a="INV-9"))
    other.sheet_state = "hidden"


def second_sheet(made: Any, _sheet: Any) -> None:
    other = made.create_sheet("二月")
    other.append(HEAD)
    other.append(typed(a="INV-2"))


def far_cell(_book: Any, sheet: Any) -> None:
    sheet["XFD1048576"] = "x"
