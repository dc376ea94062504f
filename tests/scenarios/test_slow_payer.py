"""A quarter with a slow payer: terms, part payment, reminders, a month that is closed and opened again."""

from __future__ import annotations

from typing import Any

from tests.scenarios.people import Department


def test_a_quarter_with_a_slow_payer(department: Department) -> None:
    d = department

    # January. Su opens the file of a new customer: 30 days, sold by Li, to be reminded by Zhao.
    d.on("2026-01-05")
    customer = d.analyst.sends(
        "customers/",
        {
            "unit": d.unit.code, "code": "C-100", "name": "杭州慢付机械有限公司", "segment": "regular",
            "payment_terms": "NET30", "sales_owner": "li", "collector": "zhao",
        },
    )["id"]  # fmt: skip
    invoice = {"customer": customer, "kind": "invoice", "currency": "CNY"}

    # Yan posts the first invoice; nobody types the due date, the terms know it.
    (first,) = d.accountant.sends(
        "open-items/",
        invoice | {"number": "INV-1", "document_date": "2026-01-05", "amount": "60000.00"},
    )["items"]
    assert first["due_date"] == "2026-02-04"
    # The same invoice typed again is refused, and says which.
    again = invoice | {"number": "inv-1", "document_date": "2026-01-05", "amount": "60000.00"}
    assert "INV-1" in d.accountant.is_refused("open-items/", again, status=409).upper()
    # Fang takes the money and Yan keeps the books: neither does the other's work.
    d.cashier.is_refused("open-items/", again, status=403)
    d.accountant.is_refused("receipts/", {}, status=403)

    d.on("2026-02-01")
    # Nothing is overdue; but all that is owed is owed by one, and that is worth a word.
    assert d.night_after("2026-01-31")["alerts_raised"] == 1
    assert only(d.collector.reads("alerts/")["results"])["kind"] == "concentration"
    assert d.manager.aging("2026-01-31") == {"not_due": "60000.00", "total": "60000.00"}

    # February. January is closed; a forgotten invoice of January comes too late.
    d.on("2026-02-02")
    period = d.accountant.sends(
        "accounting-periods/close/", {"unit": d.unit.code, "month": "2026-01"}
    )
    forgotten = invoice | {"number": "INV-2", "document_date": "2026-01-28", "amount": "5000.00"}
    sentence = d.accountant.is_refused("open-items/", forgotten, status=422)
    assert "2026-01 is closed" in sentence
    assert "Accounting periods" in sentence

    # Yan asks to open January again. Yan may not decide; Shen may not decide what Shen asked for.
    asked = d.accountant.sends(
        f"accounting-periods/{period['id']}/request-reopening/", {"reason": "INV-2 was left out"}
    )
    d.accountant.is_refused(
        f"period-reopenings/{asked['id']}/approve/", {"note": "fine"}, status=403
    )
    d.manager.sends(
        f"period-reopenings/{asked['id']}/approve/", {"note": "January only"}, expect=200
    )
    (second,) = d.accountant.sends("open-items/", forgotten)["items"]
    assert second["due_date"] == "2026-02-27"
    d.manager.sends("accounting-periods/close/", {"unit": d.unit.code, "month": "2026-01"})
    own = d.manager.sends(
        f"accounting-periods/{period['id']}/request-reopening/", {"reason": "once more"}
    )
    refusal = d.manager.is_refused(
        f"period-reopenings/{own['id']}/approve/", {"note": "by myself"}, status=403
    )
    assert refusal == "You asked for this yourself; somebody else decides."
    assert d.trail("period.closed") == ["yan", "shen"]
    end_of_january = d.manager.aging("2026-01-31")
    assert end_of_january == {"not_due": "65000.00", "total": "65000.00"}

    # The first invoice falls due on the 4th. The night finds it, and the one who reminds is told.
    d.on("2026-02-06")
    d.night_after("2026-02-04")
    assert d.collector.reads("alerts/", kind="first_overdue")["results"] == []
    d.night_after("2026-02-05")
    alert = only(d.collector.reads("alerts/", kind="first_overdue")["results"])
    assert alert["customer"]["code"] == "C-100"
    assert (alert["amount"], alert["state"], alert["raised_on"]) == (
        "60000.00",
        "open",
        "2026-02-05",
    )
    assert "INV-1" in alert["sentence"]
    # The same night reviewed again raises nothing twice.
    d.night_after("2026-02-05")
    assert len(d.collector.reads("alerts/", kind="first_overdue")["results"]) == 1

    # Zhao calls and notes the answer. The auditor sees the note and may change nothing.
    noted = d.collector.sends(
        f"alerts/{alert['id']}/acknowledge/", {"note": "Pays 25,000 on Tuesday"}, expect=200
    )
    assert (noted["state"], noted["acknowledged_by"]) == ("acknowledged", "zhao")
    assert d.auditor.reads(f"alerts/{alert['id']}/")["note"] == "Pays 25,000 on Tuesday"
    d.auditor.is_refused(
        f"alerts/{alert['id']}/close/", {"reason": "other", "note": "x"}, status=403
    )

    # Part of it comes. Fang books the receipt; until Yan applies it, it stands apart as unapplied.
    d.on("2026-02-10")
    (receipt,) = d.cashier.sends(
        "receipts/",
        {
            "customer": customer,
            "number": "BANK-77",
            "receipt_date": "2026-02-10",
            "amount": "25000.00",
            "currency": "CNY",
        },
    )["items"]
    assert d.manager.aging("2026-02-10") == {
        "not_due": "5000.00", "d1_30": "60000.00", "unapplied": "-25000.00", "total": "40000.00",
    }  # fmt: skip
    d.cashier.is_refused(f"receipts/{receipt['id']}/allocations/", {"mode": "fifo"}, status=403)
    applied = d.accountant.sends(
        f"receipts/{receipt['id']}/allocations/", {"mode": "fifo", "effective_date": "2026-02-10"}
    )
    part = only(applied["allocations"])
    assert (part["debit_number"], part["amount"]) == ("INV-1", "25000.00")
    assert d.manager.aging("2026-02-10") == {
        "not_due": "5000.00",
        "d1_30": "35000.00",
        "total": "40000.00",
    }

    # Another delivery, although the old one is not paid.
    d.on("2026-02-20")
    third = invoice | {"number": "INV-3", "document_date": "2026-02-20", "amount": "40000.00"}
    d.accountant.sends("open-items/", third)

    # March. Thirty days: the rest of the first invoice crosses the line, and only the rest.
    d.on("2026-03-07")
    for day in ("2026-02-28", "2026-03-05", "2026-03-06"):
        d.night_after(day)
    crossed = only(
        d.collector.reads("alerts/", kind="days_overdue", raised_from="2026-03-05")["results"]
    )
    assert crossed["amount"] == "35000.00"
    assert crossed["cause"]["threshold"] == "30"

    # The quarter's end, as a credit manager reads it.
    d.on("2026-04-01")
    assert d.manager.aging("2026-03-31") == {
        "d1_30": "40000.00",
        "d31_60": "40000.00",
        "total": "80000.00",
    }
    figures = {
        m["code"]: m["value"]
        for m in d.manager.reads("metrics/", as_of="2026-03-31", period="quarter")["metrics"]
    }
    # 80,000 open, 105,000 sold in 90 days.
    assert figures["dso"].startswith("68.57")
    assert figures["overdue_ratio"] == "100.00"
    ledger = d.seller.reads(
        f"customers/{customer}/ledger/", date_from="2026-01-01", date_to="2026-03-31"
    )
    assert (ledger["debit"], ledger["credit"], ledger["closing_balance"]) == (
        "105000.00",
        "25000.00",
        "80000.00",
    )
    assert [line["balance"] for line in ledger["lines"]] == [
        "60000.00",
        "65000.00",
        "40000.00",
        "80000.00",
    ]

    # Nothing of what came later changed what January was.
    assert d.manager.aging("2026-01-31") == end_of_january


def only(rows: list[Any]) -> Any:
    (row,) = rows
    return row
