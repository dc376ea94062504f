"""A real site for the journeys: `manage.py serve` with its own data, and the system's Chromium.

Everything a visitor meets is running: the embedded database, the worker and beat of one process,
the demo company. Where no Chromium is found the journeys are skipped with a reason.
`ZQ_SCREENSHOTS=folder` keeps a picture of every page that a journey shows.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "zhangqi-demo-2026"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
CHROMIUM = next(
    (path for n in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(n))),
    None,
)
PICTURES = os.environ.get("ZQ_SCREENSHOTS", "")
# The first start makes a database cluster, its tables and a company of three years.
START_SECONDS = 300
# A form that is refused answers 422; that is news for the person, not a fault of the page.
EXPECTED = re.compile(r"status of 422")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skip(reason="Chromium is not installed; the journeys need a browser")
    for item in items:
        if "tests/browser/" in str(item.fspath):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(600))
            if CHROMIUM is None:
                item.add_marker(missing)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The site ended with {process.returncode}:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"{url} did not answer within {START_SECONDS} s:\n{log.read_text()}")


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Return the address of a running site with the demo company."""
    home = Path(tempfile.mkdtemp(prefix="zq-site-"))
    port, log = _free_port(), home / "serve.log"
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    environment |= {"ZQ_VAR": str(home / "var"), "PORT": str(port), "ZQ_NO_BOOTSTRAP": "1"}
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=out,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/readyz", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        # Playwright keeps an event loop in this process; the tests after these use the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Any, site: str) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a signed-in page: `visit("finance_manager", "zh-CN")`.

    At the end no page may have complained: script errors, blocked content and failed loads count.
    """
    contexts: list[Any] = []
    complaints: list[str] = []

    def complain(where: str, text: str) -> None:
        if not EXPECTED.search(text):
            complaints.append(f"{where}: {text}")

    def open_page(username: str, locale: str, *, theme: str = "light", width: int = 1366) -> Any:
        context = browser.new_context(
            locale=locale,
            color_scheme=theme,
            viewport={"width": width, "height": 820},
            base_url=site,
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complain(page.url, m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: complain(page.url, str(e)))
        page.on("response", lambda r: complain(r.url, str(r.status)) if r.status >= 500 else None)
        page.goto("/")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(re.compile(r"^http://[^/]+/(settings/)?$"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Any, str], None]:
    """Return a function that keeps a picture of a page, if somebody wants pictures."""

    def take(page: Any, name: str) -> None:
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)

    return take
