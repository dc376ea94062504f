"""What a finance manager does on the first day, in a real browser, in both languages."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

LOCALES = ["zh-CN", "en-US"]
HEADING = {
    "zh-CN": "客户编码,客户名称,单据号,开票日期,到期日,金额,币种,记账日期",
    "en-US": "Customer code,Customer name,Document number,Document date,Due date,Amount,Currency,Posting date",
}
GOOD_ROWS = [
    '{p}1,{p} 新禾贸易有限公司,{p}-001,2026-01-05,2026-02-04,"1,200.50",CNY,{day}',
    "{p}1,{p} 新禾贸易有限公司,{p}-002,2026-02-05,2026-03-07,800.00,CNY,{day}",
    "{p}2,{p} 远山材料有限公司,{p}-003,2026-02-10,2026-03-12,99.50,CNY,{day}",
]
# A day that is not in the calendar, an amount that is no number.
WRONG_ROWS = [
    "{p}2,{p} 远山材料有限公司,{p}-004,2026-02-30,2026-03-30,10.00,CNY,{day}",
    "{p}2,{p} 远山材料有限公司,{p}-005,2026-03-01,2026-03-31,ten,CNY,{day}",
]
CORRECTED = [
    "{p}2,{p} 远山材料有限公司,{p}-004,2026-02-28,2026-03-30,10.00,CNY,{day}",
    "{p}2,{p} 远山材料有限公司,{p}-005,2026-03-01,2026-03-31,10.00,CNY,{day}",
]


def ledger(folder: Path, name: str, locale: str, prefix: str, rows: list[str]) -> Path:
    path = folder / name
    text = "\n".join([HEADING[locale], *rows]).replace("{p}", prefix) + "\n"
    # Posted today: the demo company has closed its past months.
    text = text.replace("{day}", date.today().isoformat())
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    return path


def send_file(page: Any, path: Path) -> None:
    """Send a file and read it as its headings say; customers that are new are made."""
    page.goto("/receivables/imports/new/?kind=open-items")
    unit = page.locator("select[name=unit]")
    if unit.count():
        unit.select_option(index=unit.locator("option").count() - 1)
    page.set_input_files("input[name=file]", str(path))
    page.click("main form button[type=submit]")
    page.wait_for_url("**/mapping/")
    page.check("input[name=create_customers]")
    page.click("button[name=action][value=import]")
    page.wait_for_selector("main .zq-banner.is-danger, main .zq-banner.is-success")


def number_of(text: str) -> str:
    return re.sub(r"[^\d.]", "", text)


@pytest.mark.parametrize("locale", LOCALES)
def test_from_the_first_sign_in_to_an_export(
    visit: Callable[..., Any], picture: Any, locale: str, tmp_path: Path
) -> None:
    prefix = {"zh-CN": "JZ", "en-US": "JE"}[locale]
    page = visit("finance_manager", locale)
    assert page.get_attribute("html", "lang") == {"zh-CN": "zh-Hans", "en-US": "en"}[locale]

    # A ledger with two wrong rows is refused as a whole, and each wrong row says why.
    send_file(page, ledger(tmp_path, f"{prefix}.csv", locale, prefix, GOOD_ROWS + WRONG_ROWS))
    assert page.locator("main .zq-banner.is-danger").count() == 1
    refused = page.locator("main table tbody tr", has_text=re.compile(r"2026-02-30|ten"))
    assert refused.count() == 2
    picture(page, f"import-refused-{locale}")
    with page.expect_download() as download:
        page.click("a[href*='refused-rows'][href*='csv']")
    rows = list(
        csv.reader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig")))
    )
    assert len(rows) == 3, [row[-1] for row in rows]
    assert {cell for row in rows[1:] for cell in row} >= {f"{prefix}-004", f"{prefix}-005", "ten"}
    page.goto(f"/receivables/items/?q={prefix}-00")
    assert page.locator("main table tbody a", has_text=f"{prefix}-00").count() == 0

    # Corrected and sent again, all five are in the ledger.
    send_file(page, ledger(tmp_path, f"{prefix}-2.csv", locale, prefix, GOOD_ROWS + CORRECTED))
    assert page.locator("main .zq-banner.is-success").count() == 1
    picture(page, f"import-done-{locale}")
    page.goto(f"/receivables/items/?q={prefix}-00")
    assert page.locator("main table tbody a", has_text=f"{prefix}-00").count() == 5

    # The overview: a figure and a bar lead to the items that it is made of.
    page.goto("/")
    page.wait_for_selector("#chart-aging svg path, [data-chart=aging-bars] svg path")
    picture(page, f"overview-{locale}")
    figure = page.locator("a.zq-figure[href*='/receivables/items/']").first
    figure.click()
    page.wait_for_url("**/receivables/items/**")
    assert page.locator("main table tbody tr").count() > 0
    page.go_back()
    click_a_bar(page)
    assert page.locator("main table tbody tr").count() > 0
    picture(page, f"items-{locale}")

    # The aging as of a past day is another, and adds up.
    page.goto("/receivables/aging/")
    today = page.locator("main table tfoot").first.inner_text()
    page.fill("input[name=as_of]", "2025-12-31")
    page.press("input[name=as_of]", "Enter")
    page.wait_for_url("**as_of=2025-12-31**")
    assert page.input_value("input[name=as_of]") == "2025-12-31"
    assert number_of(page.locator("main table tfoot").first.inner_text()) != number_of(today)
    assert page.locator("main table tbody tr").count() > 10
    picture(page, f"aging-{locale}")

    # An alert is taken note of.
    page.goto("/receivables/alerts/?state=open")
    page.locator("main table tbody a[href^='/receivables/alerts/']").first.click()
    page.wait_for_url(re.compile(r"/receivables/alerts/\d+/$"))
    picture(page, f"alert-{locale}")
    page.locator("a[href$='/acknowledge/']").click()
    page.fill("dialog[open] textarea[name=note]", f"{prefix}: 已联系，周五付款")
    page.locator("dialog[open] button[type=submit]").click()
    page.wait_for_selector(f"main :text('{prefix}: 已联系')")
    assert page.locator("a[href$='/acknowledge/']").count() == 0

    # And what is seen goes into a file.
    page.goto(f"/receivables/items/?q={prefix}-00")
    for form, ending in (("csv", ".csv"), ("xlsx", ".xlsx")):
        menu = page.locator(".zq-list-end .dropdown", has=page.locator(f"a[href*='export={form}']"))
        menu.locator("button").click()
        with page.expect_download() as download:
            menu.locator(f"a[href*='export={form}']").click()
        assert download.value.suggested_filename.endswith(ending)
        content = Path(download.value.path()).read_bytes()
        if form == "csv":
            text = content.decode("utf-8-sig")
            assert len(re.findall(rf"{prefix}-00[1-5]", text)) == 5
            assert "1200.50" in text
        else:
            assert content[:2] == b"PK"
        page.keyboard.press("Escape")


def click_a_bar(page: Any) -> None:
    """Click the widest bar of the aging, wherever it was drawn, until the page is left.

    A chart is drawn again when the page's other parts arrive and move it; a click in that moment
    meets no bar, as it would for a person, who clicks again.
    """
    page.wait_for_load_state("networkidle")
    for _try in range(6):
        page.wait_for_selector("[data-chart=aging-bars] svg path")
        page.wait_for_timeout(1000)
        x, y = page.evaluate(
            """() => {
              const chart = document.querySelector("[data-chart=aging-bars]");
              chart.scrollIntoView({block: "center"});
              const bars = [...chart.querySelectorAll("svg path")].map((p) => [p.getBoundingClientRect(), p.getAttribute("fill")])
                .filter(([b, fill]) => fill && fill !== "none" && b.width > 12 && b.height > 6 && b.height < 60);
              bars.sort((a, b) => b[0].width * b[0].height - a[0].width * a[0].height);
              const b = bars[0][0];
              return [b.x + b.width / 2, b.y + b.height / 2];
            }"""
        )
        page.mouse.move(x, y)
        page.mouse.click(x, y)
        with contextlib.suppress(playwright.TimeoutError):
            page.wait_for_url("**/receivables/items/**", timeout=8000)
            return
    raise AssertionError("No click on a bar led to its items.")


def test_signing_out_everywhere_ends_the_other_browser(visit: Callable[..., Any]) -> None:
    here, there = visit("collector", "en-US"), visit("collector", "zh-CN")
    here.on("dialog", lambda dialog: dialog.accept())
    here.click(".zq-avatar")
    here.click("form[action='/logout/everywhere/'] button")
    confirm = here.locator("dialog[open] [data-confirm-yes]")
    if confirm.count():
        confirm.click()
    here.wait_for_url("**/login/**")
    there.goto("/customers/")
    assert "/login/" in there.url


def test_language_and_colours_are_kept(visit: Callable[..., Any]) -> None:
    page = visit("credit_analyst", "zh-CN")
    heading = page.inner_text("h1")
    page.click(".zq-language button[value=en]")
    page.wait_for_selector("html[lang=en]")
    assert page.inner_text("h1") != heading
    page.click(".zq-avatar")
    page.click("[data-theme-form] button[value=dark]")
    page.wait_for_selector("html[data-bs-theme=dark]")
    # Another browser of the same person finds both.
    again = visit("credit_analyst", "zh-CN")
    assert again.get_attribute("html", "lang") == "en"
    assert again.get_attribute("html", "data-theme") == "dark"
    again.click(".zq-language button[value=zh-hans]")
    again.wait_for_selector("html[lang=zh-Hans]")
    assert again.inner_text("h1") == heading


MAIN_PAGES = [
    "/", "/customers/", "/customers/groups/", "/customers/terms/", "/receivables/items/", "/receivables/aging/",
    "/receivables/receipts/", "/receivables/imports/", "/receivables/imports/new/", "/receivables/alerts/",
    "/receivables/alerts/rules/", "/receivables/reviews/", "/receivables/figures/", "/receivables/worklist/",
    "/receivables/aging-schemes/", "/receivables/proof/", "/settings/", "/settings/periods/", "/settings/rates/",
    "/settings/calendar/", "/settings/audit/", "/settings/units/", "/profile/", "/profile/tokens/", "/notifications/",
    "/jobs/", "/search/?q=a", "/password/",
]  # fmt: skip


@pytest.mark.parametrize("locale", LOCALES)
def test_a_phone_shows_every_page_without_scrolling_sideways(
    visit: Callable[..., Any], picture: Any, locale: str
) -> None:
    page = visit("finance_manager", locale, width=390)
    page.goto("/customers/")
    customer = page.locator("main table tbody a[href^='/customers/']").first.get_attribute("href")
    page.goto("/receivables/items/")
    item = page.locator("main table tbody a[href^='/receivables/items/']").first.get_attribute(
        "href"
    )
    wide = []
    for address in [*MAIN_PAGES, customer, item]:
        page.goto(address, wait_until="load")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            wide.append((address, width))
        picture(page, f"phone-{locale}-{re.sub(r'[^a-z]+', '-', address).strip('-') or 'overview'}")
    assert wide == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("locale", LOCALES)
def test_every_entry_of_the_sidebar_opens(
    visit: Callable[..., Any], picture: Any, locale: str, theme: str
) -> None:
    page = visit("finance_manager", locale, theme=theme)
    entries = page.eval_on_selector_all(
        "#zq-sidebar a", "links => links.map(a => a.getAttribute('href'))"
    )
    assert len(set(entries)) >= 10
    page.goto("/settings/")
    tiles = page.eval_on_selector_all(
        "main a[href^='/']", "links => links.map(a => a.getAttribute('href'))"
    )
    for address in dict.fromkeys([*entries, *tiles]):
        answer = page.goto(address, wait_until="networkidle" if "docs" not in address else "load")
        assert answer.status == 200, address
        assert page.title(), address
        picture(
            page, f"{theme}-{locale}-{re.sub(r'[^a-z]+', '-', address).strip('-') or 'overview'}"
        )
