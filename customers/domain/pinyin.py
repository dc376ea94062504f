"""How customers' names are found, sorted and compared. Pure.

Names are searched by pinyin, in full and by initials. One character may be read in several ways
and dictionaries take the wrong one for surnames and places, so the readings of the first
characters are all kept, and people may correct the sort key.

>>> sort_key("曾氏(无锡)机械有限公司")
'zeng shi wu xi ji xie'
>>> search_keys("单县农业有限公司").split()[:2]
['shanxiannongye', 'sxny']
"""

from __future__ import annotations

import re
import unicodedata
from itertools import product

from pypinyin import Style, lazy_pinyin, pinyin

KEYS_LIMIT = 600
SORT_LIMIT = 200
# So many characters at the start are kept with all their readings, so many combinations at most.
HEAD = 4
COMBINATIONS = 24
LEGAL_FORMS = (
    "股份有限责任公司", "有限责任公司", "股份有限公司", "有限公司", "股份公司", "有限合伙", "普通合伙",
    "公司",
)  # fmt: skip
LATIN_FORMS = re.compile(
    r"[\s,.]+(co|company|corp|corporation|inc|ltd|limited|llc|gmbh|plc|ag|sa|bv|kg|pty|pte)\.?$"
)
# Surnames and places at the start of a name that the dictionary reads wrongly.
HEAD_READINGS: dict[str, tuple[str, ...]] = {
    "曾氏": ("zeng", "shi"), "单县": ("shan", "xian"), "单氏": ("shan", "shi"), "朝阳": ("chao", "yang"),
    "解氏": ("xie", "shi"), "仇氏": ("qiu", "shi"), "查氏": ("zha", "shi"), "尉氏": ("wei", "shi"),
    "盖州": ("gai", "zhou"), "蔚县": ("yu", "xian"), "蚌埠": ("beng", "bu"), "六安": ("lu", "an"),
    "乐清": ("yue", "qing"), "乐亭": ("lao", "ting"), "东阿": ("dong", "e"), "台州": ("tai", "zhou"),
    "铅山": ("yan", "shan"), "洪洞": ("hong", "tong"), "浚县": ("xun", "xian"), "莘县": ("shen", "xian"),
    "任县": ("ren", "xian"), "厦门": ("xia", "men"), "重庆": ("chong", "qing"), "长沙": ("chang", "sha"),
}  # fmt: skip


def core_name(name: str) -> str:
    """This function will return a name without its legal form, brackets and punctuation.

    >>> core_name("杭州新禾（集团）有限责任公司"), core_name("Acme Trading Co., Ltd.")
    ('杭州新禾集团', 'acme trading')
    """
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    kept = "".join(c if c.isalnum() or c in " .,&-" else " " for c in text)
    shorter = _without_latin_forms(" ".join(kept.split()).strip(" .,"))
    for form in LEGAL_FORMS:
        if shorter.endswith(form) and len(shorter) > len(form):
            shorter = shorter.removesuffix(form)
            break
    words = "".join(c if c.isalnum() else " " for c in shorter).split()
    return _join(words)


def name_key(name: str) -> str:
    """This function will return what two spellings of the same company's name have in common."""
    return core_name(name).replace(" ", "")


def sort_key(name: str) -> str:
    """This function will return the pinyin by which a name is sorted, at most 200 characters."""
    return " ".join(_syllables(core_name(name)))[:SORT_LIMIT]


def search_keys(name: str, *, corrected: str = "") -> str:
    """This function will return all spellings under which a name is found, at most 600 characters.

    The first is always the most likely full pinyin; `likely_key` finds the same again. `corrected`
    is the sort key of a person who knows better; its reading is kept too.
    """
    likely, *others = _readings(core_name(name))
    found: list[str] = []
    length = 0
    for syllables in (likely, corrected.split(), *others):
        for spelling in ("".join(syllables), "".join(s[0] for s in syllables)):
            if spelling and spelling not in found and length + len(spelling) < KEYS_LIMIT:
                found.append(spelling)
                length += len(spelling) + 1
    return " ".join(found)


def likely_key(name: str) -> str:
    """This function will return the first of a name's search keys; equal names have equal ones."""
    return search_keys(name).partition(" ")[0]


def _without_latin_forms(text: str) -> str:
    shorter = LATIN_FORMS.sub("", text)
    return shorter if shorter == text else _without_latin_forms(shorter.strip(" .,&"))


def _join(words: list[str]) -> str:
    """Join words with a space only between Latin ones."""
    text = ""
    for word in words:
        latin = bool(text) and text[-1].isascii() and word[0].isascii()
        text += f" {word}" if latin else word
    return text


def _readings(core: str) -> list[list[str]]:
    """Return the syllables of a name in its likely readings, the likeliest first."""
    likely = _syllables(core)
    head = core[:HEAD]
    if not all(_is_chinese(c) for c in head) or len(likely) < len(head):
        return [likely]
    choices = [_with_first(likely[i], _all_readings(c)) for i, c in enumerate(head)]
    combinations = list(product(*choices))
    # Fewer departures from the likely reading first: those are the names people mean.
    combinations.sort(key=lambda heads: sum(a != b for a, b in zip(heads, likely, strict=False)))
    return [[*heads, *likely[len(head) :]] for heads in combinations[:COMBINATIONS]]


def _syllables(core: str) -> list[str]:
    head = next((start for start in HEAD_READINGS if core.startswith(start)), "")
    read: list[str] = [*HEAD_READINGS.get(head, ())]
    rest = " ".join(lazy_pinyin(core[len(head) :])).split()
    return read + [part for part in (_plain(s) for s in rest) if part]


def _all_readings(character: str) -> list[str]:
    readings = pinyin(character, style=Style.NORMAL, heteronym=True)[0]
    return [part for part in (_plain(r) for r in readings) if part]


def _with_first(first: str, others: list[str]) -> list[str]:
    return [first, *(o for o in others if o != first)]


def _plain(syllable: str) -> str:
    return "".join(c for c in syllable.lower() if c.isalnum())


def _is_chinese(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"
