"""Text tables (CSV): delimiter by rule, rows in chunks, memory flat whatever the size."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _

from config.core.files import encodings
from config.core.files.cells import Chunk, Row
from config.core.files.refusals import FileRefused

DELIMITERS = (",", ";", "\t", "|")
LONGEST_LINE = 1 << 20
HEAD_ROWS = 30
CHUNK = 20_000
# What the first line may say about itself in files made by spreadsheets: "sep=;".
DECLARED = "sep="


class DelimitedFile:
    """One text table. `encoding` and `delimiter` are found when it is opened, unless given."""

    sheet = ""

    def __init__(self, path: Path, *, delimiter: str | None = None) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.encoding = encodings.detect(path)
        # Known at once for most files, so that one that is too long is refused before it is read.
        self.lines = _look_through(path)
        self.delimiter = delimiter or self._sniff()
        self._raw: BinaryIO | None = None

    def head(self, rows: int = HEAD_ROWS, *, delimiter: str | None = None) -> list[Row]:
        """This function will return the first rows, read with this or another delimiter."""
        found: list[Row] = []
        with self._open() as text:
            reader = csv.reader(text, delimiter=delimiter or self.delimiter, strict=True)
            # A fault is told, with its place, when the file is read in earnest.
            with suppress(csv.Error):
                found.extend(islice(reader, rows))
        return found

    def chunks(self, size: int = CHUNK) -> Iterator[Chunk]:
        """This function will yield all rows in order, `size` at a time.

        :raises FileRefused: where the text is not a table (quotes, over-long cells and lines)
        """
        row = 1
        with self._open() as text:
            reader = csv.reader(text, delimiter=self.delimiter, strict=True)
            while True:
                rows: list[Row] = []
                try:
                    rows.extend(islice(reader, size))
                except csv.Error as error:
                    raise _malformed(row + len(rows), error) from error
                if not rows:
                    return
                yield Chunk(row, rows)
                row += len(rows)

    @property
    def share_read(self) -> float:
        """How much of the file was read so far, from 0 to 1."""
        if self._raw is None or self._raw.closed or not self.size:
            return 1.0
        return min(1.0, self._raw.tell() / self.size)

    def _open(self) -> io.TextIOWrapper:
        raw = self.path.open("rb", buffering=BUFFER)
        self._raw = raw
        return io.TextIOWrapper(raw, encoding=self.encoding, newline="")

    def _sniff(self) -> str:
        """Return the delimiter that gives the widest rows of equal width, commas first."""
        with self._open() as text:
            first = text.readline(LONGEST_LINE).strip().lower()
        if first.startswith(DECLARED) and first[len(DECLARED) :] in DELIMITERS:
            return first[len(DECLARED) :]
        return max(DELIMITERS, key=self._fit)

    def _fit(self, delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in self.head(delimiter=delimiter) if any(row)]
        if not widths:
            return (0, 0)
        commonest = max(set(widths), key=lambda width: (widths.count(width), width))
        if commonest == 1:
            # A title line or two above the table must not hide it.
            commonest = max(widths) if widths.count(max(widths)) * 3 >= len(widths) else 1
        return (0, 0) if commonest == 1 else (widths.count(commonest), commonest)


BUFFER = 1 << 18


def _look_through(path: Path) -> int | None:
    """Return how many lines the file has if each is a row (no quotation marks), else None.

    :raises FileRefused: for a line that would fill the memory: a whole block without a line end
    """
    lines, quoted, last = 0, False, b""
    with path.open("rb") as file:
        while block := file.read(LONGEST_LINE):
            breaks = block.count(b"\n")
            if not breaks and len(block) == LONGEST_LINE and b"\r" not in block:
                raise FileRefused(
                    _(
                        "A line of the file has more than a million characters. Check whether a quotation "
                        "mark or the line ends are missing."
                    ),
                    code="line_too_long",
                )
            quoted = quoted or b'"' in block
            lines, last = lines + breaks, block[-1:]
    return None if quoted else lines + (last != b"\n")


def _malformed(row: int, error: csv.Error) -> FileRefused:
    if "field larger" in str(error):
        return FileRefused(
            _(
                "A cell after row %(row)s has more than 131,072 characters. Check whether a "
                "quotation mark is not closed."
            ),
            code="cell_too_long",
            row=row,
        )
    return FileRefused(
        _(
            "The quotation marks do not match after row %(row)s. Correct that row and send the file once more."
        ),
        code="quotes",
        row=row,
    )
