"""What we serve to browsers is what was published: digests, no pointers to files we do not ship."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings

STATIC = settings.BASE_DIR / "config" / "static"
VENDOR = STATIC / "vendor"
ENTRIES = json.loads((VENDOR / "VENDOR.json").read_text())
TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
CODE = sorted(
    path
    for app in ("config", "customers", "receivables", "credit", "planning")
    for path in (settings.BASE_DIR / app).rglob("*.py")
)
ICON_NAME = re.compile(r"""(?:{% icon |icon_name=|\bicon=|"icon": )["']([a-z0-9-]+)["']""")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_a_vendored_file_is_the_one_that_was_listed(entry: dict[str, str]) -> None:
    content = (VENDOR / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert entry["name"]
    assert entry["licence"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])


def test_every_vendored_file_is_listed() -> None:
    files = {path.name for path in VENDOR.iterdir()} - {"VENDOR.json"}
    assert files == {entry["file"] for entry in ENTRIES}


def test_the_versions_are_those_of_the_package_list() -> None:
    wanted = json.loads((settings.BASE_DIR / "docs/vendor/package.json").read_text())[
        "dependencies"
    ]
    listed = {entry["name"]: entry["version"] for entry in ENTRIES if entry["name"] in wanted}
    assert listed == wanted


@pytest.mark.parametrize("path", sorted(VENDOR.glob("*.[cj]s*")), ids=lambda path: path.name)
def test_no_source_map_is_promised(path: Path) -> None:
    assert b"sourceMappingURL" not in path.read_bytes()


def test_the_package_lock_names_no_package_host() -> None:
    lock = json.loads((settings.BASE_DIR / "docs/vendor/package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (VENDOR / "icons.svg").read_text()))
    named = {name for path in [*TEMPLATES, *CODE] for name in ICON_NAME.findall(path.read_text())}
    assert {"inbox", "receipt-2"} <= named, "the pattern finds no icons"
    assert named - drawn == set()


def test_no_page_runs_script_inside_the_page() -> None:
    """The content security policy would refuse it; a template that does so is broken."""
    inline = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|\son[a-z]+=\"|javascript:")
    guilty = [str(path) for path in TEMPLATES if inline.search(path.read_text())]
    assert guilty == []


def test_no_page_asks_another_host() -> None:
    guilty = [
        str(path)
        for path in TEMPLATES
        if re.search(r'(?:src|href)="(?:https?:)?//', path.read_text())
    ]
    assert guilty == []
