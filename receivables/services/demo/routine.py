"""What the demo's people did lately: files imported, alerts handled, news read in the morning.

All of it goes through the same services as a person's clicks, so that trail and history are real.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from config.core.models import BusinessUnit, User
from customers.models import Customer
from receivables.models import ImportBatch, OverdueAlert
from receivables.models.imports import ImportKind
from receivables.services import alert_notices, alerts
from receivables.services.demo.people import EAST, SOUTH
from receivables.services.imports import runs, uploads

HEADINGS = "发票号,客户编码,开票日期,到期日,金额,订单号"
INVOICES = 18
# Alerts younger than this have not been looked at yet.
FRESH = timedelta(days=2)
ACKNOWLEDGED_NOTES = (
    "已致电客户财务，答复本周内安排付款。",
    "已发催款函，等待对方确认对账单。",
    "客户付款流程审批中，下周一再跟进。",
    "已通知销售同事陪同上门对账。",
)
CLOSED_NOTES = {
    OverdueAlert.CloseReason.PLAN_AGREED: "已签还款协议，分三个月付清。",
    OverdueAlert.CloseReason.DISPUTE: "质量异议已转质检部门处理。",
}


def import_files(*, today: date, now: datetime, seed: int) -> list[ImportBatch]:
    """This function will import three files: new invoices, the same once more, and one with mistakes.

    The last one is refused as a whole, with a reason for each bad row; it leaves nothing.
    """
    rng = Random(f"{seed}:files")  # noqa: S311 - made-up data, not a secret
    clerk = User.objects.get(username="ar_accountant")
    south, east = BusinessUnit.objects.get(code=SOUTH), BusinessUnit.objects.get(code=EAST)
    good = _invoice_file(south, rng, day=today - timedelta(days=1))
    bad = _file_with_mistakes(east, rng, day=today - timedelta(days=1))
    month = f"{today:%Y%m}"
    files = (
        (south, f"华南开票明细{month}.csv", good),
        (south, f"华南开票明细{month}-重发.csv", good),
        (east, f"华东开票明细{month}.csv", bad),
    )
    return [
        _import(unit, name, text, clerk, today=today, now=now) for unit, name, text in files if text
    ]


def _import(
    unit: BusinessUnit, name: str, text: str, clerk: User, *, today: date, now: datetime
) -> ImportBatch:
    batch = uploads.take(
        unit=unit,
        kind=ImportKind.OPEN_ITEMS,
        file_name=name,
        content=[text.encode("utf-8-sig")],
        mapping=None,
        options={},
        actor=clerk,
    )
    return runs.run(batch=batch, actor=clerk, now=now, today=today)


def _invoice_file(unit: BusinessUnit, rng: Random, *, day: date) -> str:
    rows = [_row(c.code, n, day, rng) for n, c in enumerate(_active(unit)[:INVOICES], start=1)]
    return "\n".join([HEADINGS, *rows, ""]) if rows else ""


def _file_with_mistakes(unit: BusinessUnit, rng: Random, *, day: date) -> str:
    """Return a file as it really comes: a wrong code, a date that is none, an amount in words."""
    rows = [_row(c.code, n, day, rng).split(",") for n, c in enumerate(_active(unit)[:12], start=1)]
    for row, column, value in ((2, 1, "C-99999"), (5, 2, f"{day.year}/02/30"), (8, 4, "待定")):
        if row < len(rows):
            rows[row][column] = value
    return "\n".join([HEADINGS, *(",".join(cells) for cells in rows), ""]) if rows else ""


def _active(unit: BusinessUnit) -> list[Customer]:
    """Return CNY customers who trade, the first ones by code."""
    active = Customer.objects.filter(unit=unit, currency="CNY", status=Customer.Status.ACTIVE)
    return list(active.order_by("code")[: 2 * INVOICES : 2])


def _row(customer_code: str, number: int, day: date, rng: Random) -> str:
    due = day + timedelta(days=30)
    amount = Decimal(rng.randint(800_000, 24_000_000)) / 100
    return f"FP-{day:%Y%m%d}-{number:03d},{customer_code},{day:%Y/%m/%d},{due:%Y/%m/%d},{amount},SO-{day:%Y%m}-9{number:03d}"


def handle_alerts(*, today: date, now: datetime) -> int:
    """This function will let owners acknowledge every third of the older alerts and close a few."""
    old = OverdueAlert.objects.filter(state=OverdueAlert.State.OPEN, raised_on__lt=today - FRESH)
    chosen = list(old.order_by("pk").select_related("owner"))[::3]
    by_owner: dict[int, list[OverdueAlert]] = {}
    for alert in chosen:
        if alert.owner is not None:
            by_owner.setdefault(alert.owner.pk, []).append(alert)
    for position, mine in enumerate(by_owner.values()):
        _handle(mine, note=ACKNOWLEDGED_NOTES[position % len(ACKNOWLEDGED_NOTES)], now=now)
    return sum(map(len, by_owner.values()))


def _handle(mine: list[OverdueAlert], *, note: str, now: datetime) -> None:
    owner = mine[0].owner
    if owner is None:
        return
    alerts.acknowledge_many(ids=_ids(mine), note=note, actor=owner, now=now)
    for alert, (reason, why) in zip(mine[::9], CLOSED_NOTES.items(), strict=False):
        alerts.close(alert=alert, reason=reason.value, note=why, actor=owner, now=now)


def _ids(rows: Iterable[OverdueAlert]) -> list[int]:
    return [row.pk for row in rows]


def tell_people(*, today: date, now: datetime, link: str, escalated_link: str) -> int:
    """This function will send the morning's digest and bring forgotten alerts to the managers."""
    told = alert_notices.send_digest(as_of=today - timedelta(days=1), link=link)
    return told + alert_notices.escalate(today=today, now=now, link=escalated_link)
