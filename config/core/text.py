"""How names and numbers are compared. Pure.

Two codes that a person cannot tell apart are the same code: full-width forms, case, surrounding
and invisible characters do not count.

>>> comparison_key("ｉｎｖ\u200b－００１ ")
'INV-001'
"""

from __future__ import annotations

import unicodedata

INVISIBLE_CATEGORIES = {"Cf", "Cc"}


def clean(text: str) -> str:
    """Return `text` without invisible characters and outer white space, otherwise as written."""
    kept = "".join(c for c in text if unicodedata.category(c) not in INVISIBLE_CATEGORIES)
    return kept.strip()


def comparison_key(text: str) -> str:
    """Return the form in which codes and document numbers are compared and kept unique."""
    return " ".join(clean(unicodedata.normalize("NFKC", text)).upper().split())
