"""A hundred and one files that people and attackers send, made by code, each with what becomes of it.

The numbers are those of the catalogue of faults. A file is refused at the gate or when it is read
(`refusal`), or single rows are (`reasons`: row, column, code), or it is taken: `values` are then the
items as they stand in the ledger (number → document date, amount, text), as far as a case cares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.receivables.imports.files import (
    HEAD,
    ROW,
    bomb,
    book,
    changed,
    csv,
    far_cell,
    hidden_sheet,
    hide_row,
    in_sheet,
    laughs,
    locked,
    lying,
    merge,
    million_members,
    nested,
    second_sheet,
    text,
    typed,
    with_prolog,
    written,
)


@dataclass(frozen=True, kw_only=True)
class Case:
    number: int
    name: str
    content: Callable[[], bytes]
    file_name: str = "ledger.csv"
    refusal: str | tuple[str, ...] = ""
    reasons: Sequence[tuple[int, str, str]] = ()
    values: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    notices: Sequence[str] = ()
    written: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    mapping: dict[str, Any] | str = ""

    def __str__(self) -> str:
        return f"{self.number:03d} {self.name}"


def amount(
    number: int, name: str, value: str, *, taken: str = "", code: str = "", **more: Any
) -> Case:
    """Return a case of one amount in CSV."""
    cell = f'"{value}"' if "," in value else value
    outcome: dict[str, Any] = (
        {"values": {"INV-1": (date(2026, 1, 5), taken, "货款")}}
        if taken
        else {"reasons": [(2, "金额", code)]}
    )
    return Case(
        number=number, name=f"amount {name}", content=csv(changed(e=cell)), **outcome, **more
    )


def day(
    number: int,
    name: str,
    value: str,
    *,
    taken: date | None = None,
    code: str = "",
    refusal: str = "",
    **more: Any,
) -> Case:
    """Return a case of one document date in CSV."""
    outcome: dict[str, Any] = {"reasons": [(2, "开票日期", code)]} if code else {}
    if taken:
        outcome = {"values": {"INV-1": (taken, "100.00", "货款")}}
    return Case(
        number=number,
        name=f"date {name}",
        content=csv(changed(c=value)),
        refusal=refusal,
        **outcome,
        **more,
    )


def stored(number: int, name: str, value: str) -> Case:
    quoted = '"' + value.replace('"', '""') + '"'
    return Case(
        number=number, name=f"injection {name}", content=csv(changed(f=quoted)),
        values={"INV-1": (date(2026, 1, 5), "100.00", value)},
    )  # fmt: skip


GOOD = {"INV-1": (date(2026, 1, 5), "100.00", "货款")}
BROKEN_GBK = (
    text(ROW, changed(a="INV-2"))
    .encode("gbk")
    .replace("货款".encode("gbk"), b"\xbb\xff\xbf\xee", 1)
)

CASES: tuple[Case, ...] = (
    Case(number=1, name="UTF-8", content=csv(ROW), values=GOOD),
    Case(number=2, name="UTF-8 with mark", content=csv(ROW, encoding="utf-8-sig"), values=GOOD),
    Case(number=3, name="GBK", content=csv(ROW, encoding="gbk"), values=GOOD, notices=["gb18030"]),
    Case(
        number=4, name="GB18030 of four bytes", content=csv(changed(f="𠮷田货款"), encoding="gb18030"),
        values={"INV-1": (date(2026, 1, 5), "100.00", "𠮷田货款")},
    ),
    Case(number=5, name="UTF-16LE with mark", content=lambda: b"\xff\xfe" + text(ROW).encode("utf-16-le"), values=GOOD),
    Case(number=6, name="UTF-16BE with mark", content=lambda: b"\xfe\xff" + text(ROW).encode("utf-16-be"), values=GOOD),
    Case(number=7, name="UTF-16LE without mark", content=csv(ROW, encoding="utf-16-le"), refusal=("file_nul", "file_encoding")),
    Case(
        number=8, name="Big5", refusal=("heading_missing", "columns_missing", "file_encoding"),
        content=lambda: text(["INV-1", "C1", "2026-01-05", "2026-02-04", "100.00", "貨款"], head=["發票號", "客戶編碼", "開票日期", "到期日", "金額", "摘要"]).encode("big5"),
    ),
    Case(number=9, name="GBK with a broken byte", content=lambda: BROKEN_GBK, refusal="file_encoding"),
    Case(number=10, name="UTF-8 with NUL", content=lambda: text(changed(f="a\0b")).encode(), refusal="file_nul"),
    Case(number=11, name="semicolons", content=csv(ROW, mark=";"), values=GOOD),
    Case(number=12, name="tabs", content=csv(ROW, mark="\t"), values=GOOD),
    Case(number=13, name="bars", content=csv(ROW, mark="|"), values=GOOD),
    Case(
        number=14, name="quoted line end", content=csv(changed(f='"一\n二"'), changed(a="INV-2", e="0")),
        reasons=[(3, "金额", "amount_zero")],
    ),
    Case(number=15, name="doubled quotes", content=csv(changed(f='"他说""好"""')), values={"INV-1": (date(2026, 1, 5), "100.00", '他说"好"')}),
    Case(number=16, name="unbalanced quote", content=csv(changed(f='"货款'), changed(a="INV-2")), refusal="quotes"),
    Case(number=17, name="CR only", content=csv(ROW, end="\r"), values=GOOD),
    Case(number=18, name="a field of 10 MB", content=lambda: text(changed(f="x" * 10_000_000)).encode(), refusal=("line_too_long", "cell_too_long")),
    Case(number=19, name="empty", content=lambda: b"", refusal="file_empty"),
    Case(number=20, name="heading only", content=csv(), refusal="no_rows"),
    Case(number=21, name="no heading", content=lambda: text(changed(a="INV-2"), head=ROW).encode(), refusal=("heading_missing", "columns_missing")),
    Case(number=22, name="heading twice", content=csv(ROW, HEAD, changed(a="INV-2")), written=2, notices=["headings"]),
    Case(
        number=23, name="columns in another order", values=GOOD,
        content=csv(ROW[::-1], head=HEAD[::-1]),
    ),
    Case(number=24, name="an extra column", content=csv([*ROW, "x"], head=[*HEAD, "仓库"]), values=GOOD),
    Case(number=25, name="short rows", content=csv(ROW[:5], ["INV-2", "C1", "2026-01-05"]), reasons=[(3, "金额", "missing")]),
    Case(number=26, name="blank rows at the end", content=csv(ROW, ["", "", "", "", "", ""], [""], [""]), values=GOOD, written=1),
    Case(number=27, name="a total line", content=csv(ROW, ["合计", "", "", "", "100.00", ""]), values=GOOD, written=1, notices=["totals"]),
    amount(28, "with groups", "1,234.56", taken="1234.56"),
    amount(29, "with decimal comma", "1.234,56", code="amount_comma"),
    amount(30, "with a yuan sign", "￥1,000", taken="1000.00"),
    amount(31, "in parentheses", "(100.00)", code="amount_negative"),
    amount(32, "negative", "-100", code="amount_negative"),
    amount(33, "1e400", "1e400", code="amount_form"),
    amount(34, "NaN", "NaN", code="amount_form"),
    amount(35, "Infinity", "Infinity", code="amount_form"),
    amount(36, "1_000", "1_000", code="amount_form"),
    amount(37, "full-width", "１２３", code="amount_form"),
    amount(38, "three decimals", "1.005", code="amount_decimals"),
    amount(39, "0", "0", code="amount_zero"),
    amount(40, "-0", "-0", code="amount_zero"),
    amount(41, "17 digits", "12345678901234567", code="amount_digits"),
    Case(
        number=42, name="float cell with a tail", file_name="a.xlsx", values={"INV-1": (date(2026, 1, 5), "0.30", "货款")},
        content=lambda: in_sheet(book(typed(e=0.3))(), b"<v>0.3</v>", b"<v>0.30000000000000004</v>"),
    ),
    Case(number=43, name="text cell 100", file_name="a.xlsx", content=book(typed(e="100")), values=GOOD),
    Case(
        number=44, name="#REF!", file_name="a.xlsx", reasons=[(2, "金额", "error_value")],
        content=lambda: in_sheet(book(typed(e=77.0))(), b't="n"><v>77</v>', b't="e"><v>#REF!</v>'),
    ),
    Case(number=45, name="TRUE", file_name="a.xlsx", content=book(typed(e=True)), reasons=[(2, "金额", "truth_value")]),
    day(46, "2026-02-30", "2026-02-30", code="date_impossible"),
    day(47, "31/01/2026", "31/01/2026", taken=date(2026, 1, 31)),
    day(48, "01/02/2026", "01/02/2026", refusal="date_order"),
    day(49, "in Chinese", "2026年1月5日", taken=date(2026, 1, 5)),
    Case(number=50, name="serial 45000", file_name="a.xlsx", content=book(typed(c=45000)), reasons=[(2, "开票日期", "date_number")]),
    Case(
        number=51, name="1904 system", file_name="a.xlsx", content=lambda: written(typed(), options={"date_1904": True}),
        values=GOOD,
    ),
    Case(
        number=52, name="serial 60", file_name="a.xlsx", reasons=[(2, "开票日期", "date_range")],
        content=lambda: in_sheet(written(typed()), b"<v>46027</v>", b"<v>60</v>"),
    ),
    day(53, "year 0001", "0001-01-01", code="date_range"),
    day(54, "year 9999", "9999-12-31", code="date_range"),
    Case(number=55, name="four years and a day off", content=csv(changed(d="2030-01-06")), written=1, notices=["long_term"]),
    day(56, "a week", "2026-W01-1", code="date_week"),
    Case(
        number=57, name="formula with value", file_name="a.xlsx", values=GOOD, notices=["formulas"],
        content=lambda: written(typed(), work=lambda _b, s: s.write_formula(1, 4, "=50*2", None, 100)),
    ),
    Case(number=58, name="formula without value", file_name="a.xlsx", content=book(typed(e="=50*2")), reasons=[(2, "金额", "formula_without_value")]),
    Case(
        number=59, name="merged cells", file_name="a.xlsx", content=book(typed(), typed(a="INV-2", b=None), work=merge),
        reasons=[(2, "客户编码", "merged_cell"), (3, "客户编码", "merged_cell")],
    ),
    Case(number=60, name="hidden rows", file_name="a.xlsx", content=book(typed(), typed(a="INV-2"), work=hide_row), written=2, notices=["hidden_rows"]),
    Case(number=61, name="hidden sheet", file_name="a.xlsx", content=book(typed(), work=hidden_sheet), written=1, notices=["hidden_sheets"]),
    Case(number=62, name="two sheets", file_name="a.xlsx", content=book(typed(), work=second_sheet), refusal="sheet_choice"),
    Case(number=63, name="password", file_name="a.xlsx", content=locked, refusal="file_password"),
    Case(number=64, name="duplicate in the file", content=csv(ROW, changed(e="5")), reasons=[(3, "发票号", "duplicate_in_file")]),
    Case(number=65, name="other than in the ledger", content=csv(changed(a="OLD-1", e="5")), reasons=[(2, "金额", "different_in_ledger")]),
    Case(number=66, name="same file twice", content=csv(changed(a="OLD-1")), written=0),
    Case(number=67, name="same file renamed", content=csv(changed(a="OLD-1")), file_name="又一次.csv", written=0),
    Case(number=68, name="full-width code", content=csv(changed(a="ＯＬＤ－１")), written=0),
    Case(number=69, name="code with a blank", content=csv(changed(a="OLD-1 ", b="C1 ")), written=0),
    Case(number=70, name="code with a zero-width space", content=csv(changed(a="OLD\u200b-1")), written=0),
    Case(number=71, name="code in other case", content=csv(changed(a="old-1", b="c1")), written=0),
    Case(number=72, name="unknown customer", content=csv(changed(b="NOBODY")), reasons=[(2, "客户编码", "unknown_customer")]),
    Case(number=73, name="CSV that is a workbook", content=book(typed()), refusal="file_content"),
    Case(number=74, name="workbook that is HTML", file_name="a.xlsx", content=lambda: b"<html><table></table></html>", refusal="file_content"),
    Case(number=75, name="plain zip", file_name="a.xlsx", content=lambda: nested(), refusal="file_content"),
    Case(number=76, name="program", file_name="a.xlsx", content=lambda: b"MZ" + bytes(500), refusal="file_content"),
    Case(number=77, name="path as name", file_name="../../x.xlsx", content=book(typed()), values=GOOD),
    Case(number=78, name="long name with RTL mark", file_name="a" * 290 + "\u202exslx.csv", content=csv(ROW), values=GOOD),
    Case(number=79, name="zip bomb", file_name="a.xlsx", content=bomb, refusal="file_bomb"),
    Case(number=80, name="a million members", file_name="a.xlsx", content=million_members, refusal="file_bomb"),
    Case(number=81, name="nested zip", file_name="a.xlsx", content=nested, refusal="file_content"),
    Case(number=82, name="lying size", file_name="a.xlsx", content=lying, refusal="file_damaged"),
    Case(number=83, name="billion laughs", file_name="a.xlsx", content=with_prolog(laughs(), "&l9;"), refusal="file_xml"),
    Case(
        number=84, name="quadratic", file_name="a.xlsx", refusal="file_xml",
        content=with_prolog(f'<!DOCTYPE w [<!ENTITY a "{"x" * 50_000}">]>', "&a;" * 1000),
    ),
    Case(
        number=85, name="entity of a file", file_name="a.xlsx", refusal="file_xml",
        content=with_prolog('<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;"),
    ),
    Case(
        number=86, name="entity of an address", file_name="a.xlsx", refusal="file_xml",
        content=with_prolog('<!DOCTYPE w [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>', "&x;"),
    ),
    Case(number=87, name="document type only", file_name="a.xlsx", content=with_prolog("<!DOCTYPE worksheet>"), refusal="file_xml"),
    Case(number=88, name="CSV over the limit", content=lambda: text(*[changed(a=f"N{n}") for n in range(301)]).encode(), refusal="too_many_rows"),
    Case(number=89, name="CSV at the limit", content=lambda: text(*[changed(a=f"N{n}") for n in range(300)]).encode(), written=300),
    Case(number=90, name="workbook over the limit", file_name="a.xlsx", content=book(*[typed(a=f"N{n}") for n in range(1400)]), refusal="sheet_too_large"),
    Case(number=91, name="workbook at the limit", file_name="a.xlsx", content=book(*[typed(a=f"N{n}") for n in range(300)]), written=300),
    Case(number=92, name="one cell far away", file_name="a.xlsx", content=book(typed(), work=far_cell), refusal="sheet_too_large"),
    stored(93, "=cmd", "=cmd|' /C calc'!A0"),
    stored(94, "@SUM", "@SUM(1+1)"),
    stored(95, "tab and =", "\t=1+1"),
    stored(96, "full-width =", "＝1+1"),
    stored(97, "script", "<script>alert(1)</script>"),
    stored(98, "SQL", "'; DROP TABLE receivables_openitem; --"),
    stored(99, "template", "{{7*7}}{% debug %}"),
    stored(100, "jndi", "${jndi:ldap://x/a}"),
    Case(number=101, name="a text of 10,000 characters", content=csv(changed(f="长" * 10_000)), reasons=[(2, "摘要", "too_long")]),
)  # fmt: skip

assert [case.number for case in CASES] == list(range(1, 102))
