"""No dead ends: every address that a page names is there, and opens for whom the page was made."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import NoReverseMatch, get_resolver, reverse

from tests.demo_data import DemoCompany
from tests.security.matrix import EVERY, MATRIX
from tests.security.test_matrix import Visitor

NAMED = re.compile(r"""\{%\s*url(?:_or_none)?\s+["']([\w:-]+)["']""")
LINK = re.compile(r"""(?:href|hx-get|action|src)="(/[^"#]*)""")
# What a page posts to; and what ends the visit.
NOT_OPENED = re.compile(r"^/(logout|language|theme|unit|views|static)/")


def names_in_templates() -> set[tuple[str, str]]:
    folder = Path(settings.BASE_DIR) / "templates"
    return {
        (name, str(path.relative_to(folder)))
        for path in folder.rglob("*.html")
        for name in NAMED.findall(path.read_text())
    }


def is_known(name: str) -> bool:
    for arguments in ([], [1], [1, 1], ["x"], [1, "2026-01"]):
        try:
            reverse(name, args=arguments)
        except NoReverseMatch:
            continue
        return True
    return False


def test_every_route_that_a_template_names_exists() -> None:
    found = names_in_templates()
    assert len(found) > 100
    assert get_resolver().url_patterns
    assert sorted(place for place in found if not is_known(place[0])) == []


@pytest.mark.parametrize("role", sorted(EVERY - {"integration"}))
def test_every_link_on_every_page_opens_for_who_sees_it(role: str, company: DemoCompany) -> None:
    visitor = Visitor(company, role)
    pages = [
        r
        for r, entry in MATRIX.items()
        if not r.startswith("api/") and role in entry.get("GET", ())
    ]
    links: dict[str, str] = {}
    for route in pages:
        answer = visitor.send("GET", route)
        if answer.headers["Content-Type"].startswith("text/html"):
            for link in LINK.findall(answer.content.decode()):
                links.setdefault(html.unescape(link), route)
    kinds: dict[str, str] = {}
    for link in links:
        # One of each kind: the hundredth customer opens as the first does.
        kinds.setdefault(re.sub(r"\d+", "0", link), link)
    wrong = []
    for link in kinds.values():
        if not NOT_OPENED.match(link):
            status = visitor.client.get(link).status_code
            if status not in {200, 302, 405}:
                wrong.append(f"{role}: {link} on /{links[link]} answered {status}")
    assert len(kinds) > 10
    assert wrong == []


def test_the_pages_hold_no_script_of_their_own(company: Any) -> None:
    visitor = Visitor(company, "finance_manager")
    for route, entry in MATRIX.items():
        if route.startswith("api/") or "finance_manager" not in entry.get("GET", ()):
            continue
        answer = visitor.send("GET", route)
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        page = answer.content.decode()
        for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
            assert "application/json" in attributes or not body.strip(), route
        for address in re.findall(r"""(?:src|href)=["'](https?:)?//[^"']+""", page):
            assert not address, route
