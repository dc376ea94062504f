"""The unified social credit code (统一社会信用代码, GB 32100-2015). Pure.

18 characters: 1 registering authority, 2 entity class, 3-8 administrative division, 9-17
organisation code with its own check character, 18 check character.

>>> problem_of("91110000600037341L") is None
True
>>> problem_of("91310115MA1G4L1WXK")
<Problem.CHECK_CHARACTER: 'check_character'>
"""

from __future__ import annotations

from enum import StrEnum

from stdnum.cn import uscc as stdnum_uscc

from config.core.text import clean

LENGTH = 18
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# Rural collectives (N), others (Y) and the armed forces (A) register under a letter, which the
# library refuses; so only its check character is used.
AUTHORITY_LETTERS = "NYA"
ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
SEPARATORS = " -\u3000\u00a0"


class Problem(StrEnum):
    """What is wrong with a code; each is one sentence on the screen."""

    LENGTH = "length"
    CHARACTER = "character"
    DIVISION = "division"
    CHECK_CHARACTER = "check_character"


def normalise(text: str) -> str:
    """This function will return the code as it is kept: no spaces or hyphens, half-width, capitals.

    >>> normalise(" 9133 0100-799655058ｂ　")
    '91330100799655058B'
    """
    narrow = "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in clean(text))
    return "".join(c for c in narrow if c not in SEPARATORS).upper()


def problem_of(code: str) -> Problem | None:
    """This function will return what is wrong with a normalised code, or None."""
    if len(code) != LENGTH:
        return Problem.LENGTH
    authority, rest = code[0], code[1:]
    known = authority.isascii() and (authority.isdigit() or authority in AUTHORITY_LETTERS)
    if not known or any(c not in ALPHABET for c in rest):
        return Problem.CHARACTER
    if not (code[2:8].isascii() and code[2:8].isdigit()):
        return Problem.DIVISION
    return None if code[-1] == check_character(code[:17]) else Problem.CHECK_CHARACTER


def is_valid(code: str) -> bool:
    """This function will return whether a normalised code is well formed; it may still not exist."""
    return problem_of(code) is None


def check_character(first_17: str) -> str:
    """This function will return the 18th character that belongs to the first 17.

    >>> check_character("91440300123450108")
    '0'
    """
    return str(stdnum_uscc.calc_check_digit(first_17))


def organisation_check_character(organisation_8: str) -> str:
    """This function will return the check character of an organisation code (GB 11714).

    >>> organisation_check_character("60003734")
    '1'
    """
    total = sum(
        ORGANISATION_ALPHABET.index(c) * weight
        for c, weight in zip(organisation_8, ORGANISATION_WEIGHTS, strict=True)
    )
    rest = 11 - total % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def organisation_code_agrees(code: str) -> bool:
    """This function will return whether positions 9-17 of a valid code carry their own check.

    Some genuine old codes do not, so it is a warning and never a refusal.
    """
    return code[16] == organisation_check_character(code[8:16])


def make_uscc(division: str, org8: str, *, authority: str = "9", entity: str = "1") -> str:
    """This function will return a well-formed, made-up code for demo companies and tests.

    :raises ValueError: if the parts do not fit the format

    >>> make_uscc("110108", "MA01DEM0")
    '91110108MA01DEM07K'
    """
    if len(org8) != 8 or any(c not in ALPHABET for c in org8):
        raise ValueError("An organisation code has eight characters of the alphabet.")
    if not (len(division) == 6 and division.isascii() and division.isdigit()):
        raise ValueError("An administrative division code has six digits.")
    body = f"{authority}{entity}{division}{org8}{organisation_check_character(org8)}"
    code = body + check_character(body)
    if not is_valid(code):
        raise ValueError("There is no such authority or entity in a code.")
    return code
