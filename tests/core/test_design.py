"""The design system keeps its word: text is readable in both themes, age colours mean age only."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

STATIC = settings.BASE_DIR / "config" / "static"
TOKENS = (STATIC / "css" / "tokens.css").read_text()
THEMES = {"light": '[data-bs-theme="light"] {', "dark": '[data-bs-theme="dark"] {'}
TONES = ("danger", "warning", "notice", "info", "success", "neutral", "purple")
PAIRS = [
    *((text, ground) for text in ("text", "soft", "faint") for ground in ("page", "surface", "hover")),
    *((tone, f"{tone}-soft") for tone in TONES),
    *((tone, "surface") for tone in TONES),
    ("text", "active"),
]  # fmt: skip


def colours(theme: str) -> dict[str, str]:
    block = TOKENS.split(THEMES[theme], 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--(?:zq-)?([a-z0-9-]+): (#[0-9a-f]{3,6});", block))


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_is_readable(theme: str, text: str, ground: str) -> None:
    """Source: WCAG 2.1, success criterion 1.4.3 (level AA, 4.5 : 1)."""
    known = colours(theme)
    assert contrast(known[text], known[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_links_are_readable(theme: str) -> None:
    known = colours(theme)
    for ground in ("page", "surface", "active", "hover"):
        assert contrast(known["tblr-link-color"], known[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_the_nine_ages_are_told_apart(theme: str) -> None:
    known = colours(theme)
    assert len({known[f"age-{n}"] for n in range(9)}) == 9


def test_age_colours_mean_age_and_nothing_else() -> None:
    """They are used by the classes age-0 … age-8 and by the charts of age; see --age- in tokens.css."""
    users = {
        str(path.relative_to(STATIC))
        for path in STATIC.rglob("*")
        if path.suffix in {".css", ".js"} and "vendor" not in path.parts
        if "--age-" in path.read_text()
    }
    assert users == {"css/tokens.css", "css/components.css", "js/charts.js"}
    for line in (STATIC / "css" / "components.css").read_text().splitlines():
        assert "--age-" not in line or line.startswith(".age-")
