"""Imports of ledgers, receipts and customers: what is written, what is left, what is refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from config.core.errors import InvalidInput
from config.core.models import AccountingPeriod, AuditEvent, BusinessUnit
from customers.models import Customer, PaymentTerms, PaymentTermsInstalment
from customers.services import customers
from receivables.models import Allocation, ImportBatch, OpenItem
from receivables.selectors import imports
from receivables.services.imports import runs, uploads
from tests.shared import shared_data

pytestmark = pytest.mark.django_db
NOW, TODAY = datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 1)
HEAD = "number,customer,document date,due date,amount"


def send(
    unit,
    text: str | bytes,
    *,
    kind: str = "open-items",
    name: str = "x.csv",
    mapping="",
    actor=None,
    **options,
) -> ImportBatch:
    content = text.encode() if isinstance(text, str) else text
    batch = uploads.take(
        unit=unit,
        kind=kind,
        file_name=name,
        content=[content],
        mapping=mapping,
        options=options,
        actor=actor,
    )
    return runs.run(batch=batch, actor=actor, now=NOW, today=TODAY)


def codes(batch: ImportBatch) -> list[tuple[int, str]]:
    return [(r.row, r.code) for r in imports.refusals(batch=batch)]


@pytest.fixture
def books(unit):
    for code in ("C1", "C2"):
        customers.create(unit=unit, code=code, name=f"{code} 公司", actor=None)
    return unit


def test_an_item_stands_in_the_ledger_as_in_the_file(books):
    send(
        books,
        '发票号,客户编码,开票日期,记账日期,到期日,金额,币种,类型,是否争议,订单号\nA-1,C1,2026-01-05,2026-01-07,2026-02-04,"1,000.50",USD,红字发票,是,SO1\n',
    )
    item = OpenItem.objects.get()
    assert (item.kind, item.direction, item.currency, item.amount) == (
        "credit_note",
        "credit",
        "USD",
        Decimal("1000.50"),
    )
    assert (item.document_date, item.posting_date, item.due_date) == (
        date(2026, 1, 5),
        date(2026, 1, 7),
        date(2026, 2, 4),
    )
    assert (item.cause, item.order_reference, item.open_amount, item.source) == (
        "dispute",
        "SO1",
        Decimal("1000.50"),
        "ledger",
    )
    assert item.batch_id == ImportBatch.objects.get().pk


def test_a_settled_item_gets_its_settlement_on_its_day(books):
    batch = send(
        books,
        f"{HEAD},settled on\nA-1,C1,2026-01-05,2026-02-04,100,2026-02-20\nA-2,C1,2026-01-05,2026-02-04,50,\n",
    )
    assert (batch.rows_written, batch.report["settlements"], batch.report["items"]) == (2, 1, 2)
    receipt = OpenItem.objects.get(source="settlement")
    assert (receipt.number, receipt.kind, receipt.open_amount, receipt.posting_date) == (
        "S-A-1",
        "receipt",
        0,
        date(2026, 2, 20),
    )
    link = Allocation.objects.get()
    assert (link.method, link.effective_date, link.amount) == (
        "imported",
        date(2026, 2, 20),
        Decimal("100.00"),
    )
    assert OpenItem.objects.get(number="A-1").open_amount == 0
    assert OpenItem.objects.get(number="A-2").open_amount == Decimal("50.00")


def test_a_settled_credit_note_is_refunded_and_a_partly_paid_item_keeps_the_rest(books):
    send(
        books,
        f"{HEAD},kind,open amount,settled on\nA-1,C1,2026-01-05,2026-01-05,100,credit note,,2026-02-01\nA-2,C1,2026-01-05,2026-02-04,100,invoice,40,2026-02-02\n",
    )
    assert OpenItem.objects.get(number="S-A-1").kind == "refund"
    assert OpenItem.objects.get(number="A-2").open_amount == Decimal("40.00")
    assert OpenItem.objects.get(number="S-A-2").amount == Decimal("60.00")


def test_paid_before_it_was_posted_is_applied_when_it_is_posted(books):
    send(books, f"{HEAD},settled on\nA-1,C1,2026-01-05,2026-02-04,100,2026-01-02\n")
    assert Allocation.objects.get().effective_date == date(2026, 1, 5)
    assert OpenItem.objects.get(number="S-A-1").posting_date == date(2026, 1, 2)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ("100,120,", "open_above_amount"),
        ("100,40,", "settlement_date_missing"),
        ("100,100,2026-02-01", "settled_but_open"),
        ("-100,,", "amount_negative"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(books, cells, code):
    batch = send(books, f"{HEAD},open amount,settled on\nA-1,C1,2026-01-05,2026-02-04,{cells}\n")
    assert codes(batch) == [(2, code)]
    assert not OpenItem.objects.exists()


def test_negative_amounts_become_credit_notes_only_when_asked(books):
    mapping = {"columns": {}, "negative": "credit_note"}
    batch = send(books, f"{HEAD}\nA-1,C1,2026-01-05,2026-02-04,-100\n", mapping=mapping)
    assert batch.state == "done"
    assert OpenItem.objects.get().kind == "credit_note"


def test_good_rows_only_leaves_the_refused_out(books):
    text = f"{HEAD}\nA-1,C1,2026-01-05,2026-02-04,100\nA-2,NOBODY,2026-01-05,2026-02-04,100\nA-3,C2,2026-01-05,x,100\na-1,C1,2026-01-05,2026-02-04,9\n"
    batch = send(books, text, good_rows_only=True)
    assert (batch.state, batch.rows_written, batch.rows_refused) == ("done", 1, 3)
    assert codes(batch) == [(3, "unknown_customer"), (4, "date_form"), (5, "duplicate_in_file")]
    assert [r.cells[0] for r in imports.refusals(batch=batch)] == ["A-2", "A-3", "a-1"]
    assert batch.report["ties"]
    assert batch.report["totals"]["CNY"]["written"] == {"debit": "100.00"}


def test_the_same_rows_again_change_nothing_and_others_are_refused_with_both_values(books):
    text = f"{HEAD},settled on\nA-1,C1,2026-01-05,2026-02-04,100,2026-02-20\nA-2,C1,2026-01-05,2026-02-04,50,\n"
    send(books, text)
    before = list(OpenItem.objects.order_by("pk").values())
    again = send(books, text, name="renamed.csv")
    assert (again.state, again.rows_written, again.rows_unchanged) == ("done", 0, 2)
    assert list(OpenItem.objects.order_by("pk").values()) == before

    batch = send(
        books,
        f"{HEAD},settled on\nA-1,C2,2026-01-05,2026-02-04,100,2026-02-20\nA-2,C1,2026-01-05,2026-02-04,50,2026-02-22\n",
    )
    assert codes(batch) == [(2, "different_in_ledger"), (3, "settled_in_file_only")]
    told = imports.reason(imports.refusals(batch=batch)[0])
    assert "C1 there, C2 in the file" in told
    assert list(OpenItem.objects.order_by("pk").values()) == before


def test_a_closed_month_takes_nothing(books):
    AccountingPeriod.objects.create(unit=books, first_day=date(2026, 1, 1), state="closed")
    text = f"{HEAD},posting date,settled on\nA-1,C1,2026-01-05,2026-02-04,100,,\nA-2,C1,2026-01-05,2026-02-04,100,2026-02-01,2026-01-31\nA-3,C1,2026-01-05,2026-02-04,100,2026-02-01,\n"
    batch = send(books, text)
    assert codes(batch) == [(2, "period_closed"), (3, "period_closed")]


def test_due_dates_follow_from_the_terms_and_instalments_become_items(books):
    plain = PaymentTerms.objects.create(code="T30", name="30天", days=30)
    parts = PaymentTerms.objects.create(code="TP", name="三七")
    PaymentTermsInstalment.objects.create(terms=parts, position=1, percent=30, days=0)
    PaymentTermsInstalment.objects.create(terms=parts, position=2, percent=70, days=60)
    Customer.objects.filter(unit=books, code="C1").update(payment_terms=plain)
    Customer.objects.filter(unit=books, code="C2").update(payment_terms=parts)
    customers.create(unit=books, code="C3", name="C3", actor=None)
    batch = send(
        books,
        "number,customer,document date,amount\nA-1,C1,2026-01-05,100\nA-2,C2,2026-01-05,100\nA-3,C3,2026-01-05,100\n",
    )
    found = list(
        OpenItem.objects.order_by("number", "instalment").values_list(
            "number", "instalment", "due_date", "amount"
        )
    )
    assert found == [
        ("A-1", 1, date(2026, 2, 4), Decimal("100.00")),
        ("A-2", 1, date(2026, 1, 5), Decimal("30.00")),
        ("A-2", 2, date(2026, 3, 6), Decimal("70.00")),
        ("A-3", 1, date(2026, 1, 5), Decimal("100.00")),
    ]
    assert (batch.rows_written, batch.report["items"]) == (3, 4)
    assert {n["code"] for n in batch.report["notices"]} == {"without_terms"}
    again = send(
        books,
        "number,customer,document date,amount\nA-1,C1,2026-01-05,100\nA-2,C2,2026-01-05,100\nA-3,C3,2026-01-05,100\n",
    )
    assert (again.rows_written, again.rows_unchanged) == (0, 3)


def test_receipts_are_unapplied_cash(books):
    batch = send(books, "流水号,客户编码,收款日期,金额\nBK1,C1,2026-02-01,500\n", kind="receipts")
    assert batch.state == "done"
    item = OpenItem.objects.get()
    assert (item.kind, item.source, item.open_amount, item.due_date) == (
        "receipt",
        "cash",
        Decimal("500.00"),
        date(2026, 2, 1),
    )
    refused = send(
        books, "流水号,客户编码,收款日期,金额\nBK2,C1,2026-02-01,-500\n", kind="receipts"
    )
    assert codes(refused) == [(2, "receipt_negative")]


def test_customers_are_created_compared_and_refused(books, make_user):
    seller = make_user(username="seller", units=[books])
    PaymentTerms.objects.create(code="N45", name="45")
    head = "客户编码,客户名称,统一社会信用代码,业务员,集团编码,付款条件,客户分类\n"
    text = (
        head
        + "K1,杭州甲公司,,seller,,N45,重点客户\nK2,杭州乙公司,91330100MA27XF6M6X,,K1,,\nC1,C1 公司,,,,,\n"
    )
    batch = send(books, text.replace("91330100MA27XF6M6X", ""), kind="customers")
    assert (batch.state, batch.rows_written, batch.rows_unchanged) == ("done", 2, 1), codes(batch)
    made = Customer.objects.get(code="K1")
    assert (made.sales_owner, made.segment, made.payment_terms.code) == (seller, "key", "N45")
    assert made.search_keys
    assert Customer.objects.get(code="K2").parent == made
    assert AuditEvent.objects.filter(action="customer.created", customer_key=made.pk).count() == 1

    bad = (
        head
        + "K1,另一个名字,,,,,\nK3,丙,123,,,,\nK4,丁,,nobody,,,\nK5,戊,,,K5,,\nK6,己,,,NONE,,\nk7,庚,,,,X,\nK7,庚,,,,,\n"
    )
    batch = send(books, bad, kind="customers")
    assert codes(batch) == [
        (2, "customer_differs"), (3, "uscc"), (4, "unknown_user"), (5, "own_parent"), (6, "unknown_parent"),
        (7, "unknown_terms"), (8, "customer_duplicate"),
    ]  # fmt: skip
    assert all(r.cells for r in imports.refusals(batch=batch))
    assert not Customer.objects.filter(code="K3").exists()


def test_people_are_known_in_any_case_and_only_in_their_units(books, make_user):
    seller = make_user(username="Li.Wei", units=[books])
    make_user(username="stranger", units=[])
    text = "客户编码,客户名称,业务员\nK1,杭州甲公司,li.wei\nK2,杭州乙公司,stranger\n"
    batch = send(books, text, kind="customers", good_rows_only=True)
    assert codes(batch) == [(3, "unknown_user")]
    assert Customer.objects.get(code="K1").sales_owner == seller


def test_reasons_are_read_in_the_language_of_the_reader(books):
    batch = send(books, f"{HEAD}\nA-1,C9,2026-01-05,2026-02-04,100\n")
    row = imports.refusals(batch=batch)[0]
    assert imports.reason(row).startswith("There is no customer “C9”")
    with translation.override("zh-hans"):
        assert "C9" in imports.reason(row)


def test_a_check_tells_what_would_happen_and_writes_nothing(books):
    batch = send(
        books, f"{HEAD}\nA-1,NEW,2026-01-05,2026-02-04,100\n", dry_run=True, create_customers=True
    )
    assert (batch.state, batch.rows_written, batch.report["rows_good"]) == ("checked", 0, 1)
    assert not OpenItem.objects.exists()
    assert not Customer.objects.filter(code="NEW").exists()


def test_a_written_file_is_not_written_again(books):
    batch = send(books, f"{HEAD}\nA-1,C1,2026-01-05,2026-02-04,100\n")
    with pytest.raises(runs.AlreadyImported):
        runs.run(batch=batch, actor=None, now=NOW, today=TODAY)


@pytest.mark.parametrize(
    "mapping",
    ["nothing", "{", '{"columns": {"nonsense": "x"}}', '{"kind": 1}', {"columns": {"number": 1}}],
)
def test_a_mapping_that_means_nothing_is_refused(books, mapping):
    with pytest.raises(InvalidInput):
        send(books, f"{HEAD}\n", mapping=mapping)
    assert not ImportBatch.objects.exists()


def test_more_refusals_than_are_kept_are_counted(books):
    rows = "\n".join(f"A-{n},C1,2026-01-05,never,100" for n in range(10_050))
    batch = send(books, f"{HEAD}\n{rows}\n")
    assert (batch.rows_refused, batch.refusals.count()) == (10_050, 10_000)
    assert any("10050" in sentence for sentence in imports.notices(batch=batch))


# The real samples --------------------------------------------------------------------------------


def run_command(*args: str) -> str:
    out = StringIO()
    call_command("import_file", *args, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.mark.parametrize("name", ["WA_Fn-UseC_-Accounts-Receivable.csv", "variant-dd-mm-yyyy.csv"])
def test_the_ibm_sample_by_command(name):
    path = shared_data("ibm-late-payments") / name
    out = run_command(
        "open-items",
        str(path),
        "--unit",
        "IBM",
        "--create-unit",
        "--create-customers",
        "--mapping",
        "ibm",
    )
    assert "written 2466" in out
    day = date(2013, 6, 30)
    opened = OpenItem.objects.filter(direction="debit", posting_date__lte=day).exclude(
        pk__in=Allocation.objects.filter(effective_date__lte=day).values("debit_item")
    )
    amounts = [(i.due_date, i.amount) for i in opened]
    assert (len(amounts), sum(a for _d, a in amounts)) == (84, Decimal("5119.85"))
    assert sum(a for d, a in amounts if d >= day) == Decimal("4284.29")
    assert sum(a for d, a in amounts if d < day) == Decimal("835.56")


@pytest.mark.parametrize(
    ("name", "rows"), [("raw-columns", 9700), ("usd-iso", 9681), ("usd-dd-mm-yyyy", 9681)]
)
def test_the_highradius_ledgers_by_command(name, rows):
    path = shared_data("highradius-invoices") / f"open-ledger-{name}.csv"
    out = run_command(
        "open-items",
        str(path),
        "--unit",
        "HR",
        "--create-unit",
        "--create-customers",
        "--mapping",
        "highradius",
    )
    assert f"written {rows}" in out
    assert not OpenItem.objects.filter(number__contains=".").exists()
    assert not Customer.objects.filter(name__endswith=" ").exists()
    assert "already there " + str(rows) in run_command(
        "open-items", str(path), "--unit", "HR", "--mapping", "highradius"
    )


def test_the_command_fails_with_the_first_refused_rows(tmp_path, unit):
    path = tmp_path / "x.csv"
    path.write_text(f"{HEAD}\nA-1,C9,2026-01-05,2026-02-04,100\n")
    errors = StringIO()
    with pytest.raises(CommandError, match="Nothing was written"):
        call_command("import_file", "open-items", str(path), stdout=StringIO(), stderr=errors)
    assert "row 2, customer: There is no customer “C9”" in errors.getvalue()
    with pytest.raises(CommandError, match="There is no file"):
        run_command("open-items", str(tmp_path / "none.csv"))
    BusinessUnit.objects.create(code="SECOND", name="二")
    with pytest.raises(CommandError, match="--unit"):
        run_command("open-items", str(path))


def test_the_command_takes_json_and_options(tmp_path, unit):
    path = tmp_path / "x.csv"
    path.write_text("a;b;c;d\nA-1;C9;01/02/2026;7\n")
    mapping = json.dumps(
        {"columns": {"number": "a", "customer": "b", "document_date": "c", "amount": "d"}}
    )
    arguments = [
        "open-items",
        str(path),
        "--mapping",
        mapping,
        "--create-customers",
        "--currency",
        "USD",
        "--source",
        "old",
    ]
    with pytest.raises(CommandError):
        run_command(*arguments)
    assert "written 1" in run_command(*arguments, "--date-order", "DMY")
    item = OpenItem.objects.get()
    assert (item.currency, item.source, item.document_date) == ("USD", "old", date(2026, 2, 1))
