"""Which row is the heading, and what its columns mean. Pure.

A heading is recognised by its words, in Chinese or English, however they are spaced and marked:

>>> fold("* Invoice_No. ") == fold("invoice no")
True
>>> fold("价税合计（元）")
'价税合计'
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence

from config.core.files.cells import Row, shown
from receivables.domain.importing.fields import FIELDS, Field

SEARCHED_ROWS = 30
IN_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
TOTAL_WORDS = frozenset(
    {
        "合计",
        "总计",
        "小计",
        "本页小计",
        "本页合计",
        "累计",
        "共计",
        "total",
        "totals",
        "grandtotal",
        "subtotal",
        "sum",
    }
)


def fold(heading: str) -> str:
    """Return the form in which headings and choice words are compared."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    text = IN_BRACKETS.sub("", text) or text
    return "".join(c for c in text if c.isalnum() or c in "√×")


def is_total_word(text: str) -> bool:
    """Return whether a cell says that its row is a total."""
    return fold(text) in TOTAL_WORDS


def headings_of(row: Row) -> list[str]:
    """Return the headings of a row as text; columns with one heading are told apart by their number."""
    names = [shown(cell).strip() for cell in row]
    while names and not names[-1]:
        names.pop()
    return names


def digest(headings: Sequence[str]) -> str:
    """Return what a file's heading is remembered by; order does not count, spelling hardly."""
    folded = sorted({fold(h) for h in headings if fold(h)})
    return hashlib.sha256("\n".join(folded).encode()).hexdigest()


def _words(field: Field) -> list[str]:
    """Return the headings of a field, best first."""
    return [fold(w) for w in (field.label_zh, field.label, field.name, *field.synonyms)]


def match(kind: str, headings: Sequence[str]) -> dict[str, int]:
    """Return which column each field is, for the fields whose words are found; a column means one thing.

    A better word wins: the field's own name before its synonyms, and an exact word is needed.
    """
    folded = [fold(h) for h in headings]
    candidates = [
        (rank, order, field.name, column)
        for order, field in enumerate(FIELDS[kind])
        for rank, word in enumerate(_words(field))
        for column, heading in enumerate(folded)
        if heading and heading == word
    ]
    found: dict[str, int] = {}
    for _rank, _order, name, column in sorted(candidates):
        if name not in found and column not in found.values():
            found[name] = column
    return found


def match_named(columns: Mapping[str, Sequence[str]], headings: Sequence[str]) -> dict[str, int]:
    """Return which column each field is, by the heading (or one of the headings) it is mapped to."""
    exact = {h: i for i, h in reversed(list(enumerate(headings)))}
    folded = {fold(h): i for i, h in reversed(list(enumerate(headings))) if fold(h)}
    found: dict[str, int] = {}
    for name, alternatives in columns.items():
        for alternative in alternatives:
            column = exact.get(alternative, folded.get(fold(alternative)))
            if column is not None:
                found[name] = column
                break
    return found


def missing(kind: str, found: Mapping[str, int]) -> list[Field]:
    """Return the required fields that no column was found for."""
    return [field for field in FIELDS[kind] if field.required and field.name not in found]


def find(kind: str, head: Sequence[Row], columns: Mapping[str, Sequence[str]] | None) -> int | None:
    """Return the position of the heading among the first rows, or None.

    It is the first row in which every required field is found; what stands above it is a title.
    """
    for position, row in enumerate(head[:SEARCHED_ROWS]):
        names = headings_of(row)
        found = match_named(columns, names) if columns else match(kind, names)
        if not missing(kind, found):
            return position
    return None


def likely(kind: str, head: Sequence[Row]) -> int | None:
    """Return the position of the row that looks most like a heading, for the user to map by hand."""
    best, best_score = None, 0
    for position, row in enumerate(head[:SEARCHED_ROWS]):
        names = headings_of(row)
        texts = sum(bool(name) and not name[:1].isdigit() for name in names)
        score = 10 * len(match(kind, names)) + texts
        if score > best_score and texts >= 2:
            best, best_score = position, score
    return best
