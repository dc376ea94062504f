"""A ledger comes from the old system as a file, and then lives on here."""

from __future__ import annotations

import io
from typing import Any

from tests.scenarios.people import Colleague, Department

OLD_LEDGER = """客户编码,客户名称,单据号,开票日期,到期日,金额,结清日期
K-1,上海甲方电子有限公司,OLD-1,2025-10-08,2025-11-07,1000.00,2025-12-20
K-1,上海甲方电子有限公司,OLD-2,2025-11-03,2025-12-03,2500.00,
K-1,上海甲方电子有限公司,OLD-3,2025-12-15,2026-01-14,700.00,
K-2,宁波乙方塑料有限公司,OLD-4,2025-12-01,2025-12-31,{amount},
"""
RECEIPTS = """客户编码,收款单号,收款日期,金额
K-1,ICBC-1,2026-01-20,2800.00
K-2,ICBC-2,2026-01-22,300.00
"""


def send(who: Colleague, text: str, **fields: Any) -> dict[str, Any]:
    """Send a file, and let the worker read it; return what became of it."""
    file = io.BytesIO(text.encode())
    file.name = "ledger.csv"
    answer = who.client.post("/api/v1/imports/", {"file": file, **fields}, format="multipart")
    assert answer.status_code == 202, answer.content.decode()
    return dict(answer.json())


def test_an_imported_ledger_lives_on(department: Department) -> None:
    d = department
    d.on("2026-01-05")

    def imported(who: Colleague, text: str, **fields: Any) -> dict[str, Any]:
        batch = send(who, text, unit=d.unit.code, currency="CNY", **fields)
        d.do_jobs()
        return dict(who.reads(f"imports/{batch['id']}/"))

    # A trial first: one amount is no amount, and nothing was written.
    trial = imported(
        d.accountant,
        OLD_LEDGER.format(amount="4OO"),
        kind="open-items",
        create_customers="true",
        dry_run="true",
    )
    assert (trial["rows_read"], trial["rows_refused"], trial["rows_written"]) == (4, 1, 0)
    (refusal,) = d.accountant.reads(f"imports/{trial['id']}/refusals/")["results"]
    assert (refusal["row"], refusal["value"]) == (5, "4OO")
    assert d.manager.aging("2026-01-05") == {}

    # In earnest with the same fault: all or nothing.
    failed = imported(
        d.accountant, OLD_LEDGER.format(amount="4OO"), kind="open-items", create_customers="true"
    )
    assert (failed["state"], failed["rows_written"]) == ("refused", 0)
    assert d.manager.reads("customers/")["results"] == []

    # Corrected, it is in, and the file's sums are the ledger's.
    good = OLD_LEDGER.format(amount="400.00")
    done = imported(d.accountant, good, kind="open-items", create_customers="true")
    assert (done["state"], done["rows_written"], done["ties"]) == ("done", 4, True)
    assert {c["code"] for c in d.manager.reads("customers/")["results"]} == {"K-1", "K-2"}

    # The past came along: before the first invoice was settled it was open, and old.
    assert d.manager.aging("2025-12-19") == {
        "not_due": "1100.00", "d1_30": "2500.00", "d31_60": "1000.00", "total": "4600.00",
    }  # fmt: skip
    today = {"not_due": "700.00", "d1_30": "400.00", "d31_60": "2500.00", "total": "3600.00"}
    assert d.manager.aging("2026-01-05") == today

    # Somebody sends the file again, and again next morning: nothing doubles.
    for day in ("2026-01-05", "2026-01-06"):
        d.on(day, "11:00")
        again = imported(d.accountant, good, kind="open-items", create_customers="true")
        assert (again["rows_written"], again["rows_unchanged"]) == (0, 4)
    assert d.manager.aging("2026-01-05") == today

    # The bank's file of January. Fang imports it; Yan applies it, oldest first.
    d.on("2026-01-23")
    bank = imported(d.cashier, RECEIPTS, kind="receipts")
    assert (bank["state"], bank["rows_written"]) == ("done", 2)
    receipts = {
        r["number"]: r["id"]
        for r in d.manager.reads("receipts/", open_only="true")["results"]
        if r["number"].startswith("ICBC")
    }
    parts = d.accountant.sends(
        f"receipts/{receipts['ICBC-1']}/allocations/",
        {"mode": "fifo", "effective_date": "2026-01-23"},
    )
    assert [(p["debit_number"], p["amount"]) for p in parts["allocations"]] == [
        ("OLD-2", "2500.00"),
        ("OLD-3", "300.00"),
    ]

    # The customer says: not OLD-3, that one is disputed. Yan takes that part back and marks the invoice.
    d.on("2026-01-26")
    wrong = parts["allocations"][1]
    back = d.accountant.sends(
        f"allocations/{wrong['id']}/take-back/", {"effective_date": "2026-01-26"}
    )
    assert (back["amount"], back["reverses"]) == ("-300.00", wrong["id"])
    d.collector.sends(
        f"open-items/{wrong['debit_item']}/classify/", {"cause": "dispute"}, expect=200
    )
    assert d.manager.aging("2026-01-25")["unapplied"] == "-300.00"
    assert d.manager.aging("2026-01-26")["unapplied"] == "-600.00"

    # OLD-3 was wrong after all: it is reversed, never deleted; the past keeps it.
    d.on("2026-01-28")
    (opposite,) = d.accountant.sends(
        f"open-items/{wrong['debit_item']}/reverse/",
        {"effective_date": "2026-01-28", "reason": "Delivered twice"},
    )["items"]
    assert (opposite["kind"], opposite["amount"], opposite["open_amount"]) == (
        "reversal",
        "700.00",
        "0.00",
    )
    item = d.auditor.reads(f"open-items/{wrong['debit_item']}/")
    assert (item["open_amount"], item["reversed_by"], item["cause"]) == (
        "0.00",
        opposite["id"],
        "dispute",
    )
    d.accountant.is_refused(
        f"open-items/{wrong['debit_item']}/reverse/",
        {"effective_date": "2026-01-28", "reason": "again"},
        status=409,
    )

    # Each of the days is still what it was on that day.
    assert d.manager.aging("2025-12-19")["total"] == "4600.00"
    assert d.manager.aging("2026-01-05") == today
    assert d.manager.aging("2026-01-27")["total"] == "500.00"
    assert d.manager.aging("2026-01-28") == {
        "d1_30": "400.00",
        "unapplied": "-600.00",
        "total": "-200.00",
    }
    assert d.manager.reads("ledger-proof/", as_of="2026-01-28")["is_proven"] is True
