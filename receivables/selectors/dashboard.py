"""The finance manager's overview: figures, aging now and over twelve months, who owes most, alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import takewhile
from typing import Any

from django.db import connection
from django.db.models import Count, Min
from django.utils.translation import gettext as _

from config.core.dates import month_ends
from config.core.models import User
from config.core.money import ZERO
from receivables.domain import metrics as formulas
from receivables.domain.aging import Basis, Scheme
from receivables.models import OverdueAlert
from receivables.selectors import metrics, trend
from receivables.selectors.aging import AgingRow, totals_of
from receivables.selectors.metrics import Balance, Metric, Period
from receivables.selectors.open_amounts import (
    Scope,
    bucket_columns,
    by_customer_sql,
    refuse_missing,
)

TOP = 10
TREND_MONTHS = 12


@dataclass(frozen=True)
class TopCustomer:
    row: AgingRow
    overdue: Decimal
    owner: str
    days_overdue: int | None


@dataclass(frozen=True)
class TrendPoint:
    as_of: date
    amounts: tuple[Decimal, ...]
    retention: Decimal
    receivables: Decimal
    not_due: Decimal
    overdue_share: Decimal | None
    dso: Decimal | None
    dso_countback: Decimal | None
    cei: Decimal | None


@dataclass(frozen=True)
class AlertCount:
    level: str
    count: int
    oldest: date | None


@dataclass(frozen=True)
class Dashboard:
    as_of: date
    currency: str
    scheme: Scheme
    total: AgingRow
    balance: Balance
    customers: int
    customers_overdue: int
    owners: list[AgingRow]
    top: list[TopCustomer]
    metrics: dict[str, Metric]
    trend: list[TrendPoint]
    alerts: list[AlertCount]


def dashboard(
    *, user: User, scope: Scope, as_of: date, scheme: Scheme, convert_to: str, period: Period
) -> Dashboard:
    """Return all that the overview shows, in one currency.

    :raises config.core.selectors.rates.RateMissing: if a needed rate is not there
    """
    parts = _parts(scope, as_of, scheme, convert_to)
    owners = [row for part, row, *_counts in parts if part == "owner"]
    total = _total(owners, scheme, convert_to)
    balance = metrics.balance_of(total, scheme)
    figures = metrics.metrics(
        scope=scope,
        as_of=as_of,
        period=period,
        scheme=scheme,
        convert_to=convert_to,
        balance=balance,
    )
    return Dashboard(
        as_of=as_of, currency=convert_to, scheme=scheme, total=total, balance=balance,
        customers=sum(count for *_row, count, _late in parts),
        customers_overdue=sum(late for *_row, late in parts),
        owners=_owners(owners),
        top=_top([row for part, row, *_rest in parts if part == "top"], scope, as_of),
        metrics={m.code: m for m in figures},
        trend=_trend(scope, as_of, scheme, convert_to) if trend.can_answer(scope) else [],
        alerts=_alerts(user, scope),
    )  # fmt: skip


def _parts(
    scope: Scope, as_of: date, scheme: Scheme, convert_to: str
) -> list[tuple[str, AgingRow, int, int]]:
    """Return each owner and the ten largest debtors, from one pass over the open items.

    With each owner come the number of customers that owe or are owed, and of those overdue.
    """
    by_customer, values = by_customer_sql(
        scope, as_of=as_of, basis=Basis.DUE, scheme=scheme, convert_to=convert_to
    )
    names = bucket_columns(scheme)
    sums = ", ".join(f"COALESCE(SUM(q.{n}), 0.00)" for n in names)
    overdue = " + ".join(f"p.b{i}" for i in range(1, len(scheme.buckets)))
    sql = f"""
        WITH q AS MATERIALIZED (SELECT p.*, {overdue} AS overdue FROM ({by_customer}) p), top AS (
            SELECT q.customer_id, SUM(q.overdue) AS overdue FROM q WHERE q.overdue > 0
            GROUP BY q.customer_id ORDER BY overdue DESC, q.customer_id LIMIT {TOP}
        )
        SELECT 'owner', c.sales_owner_id, '', '', {sums}, MIN(q.missing), COUNT(DISTINCT q.customer_id),
               COUNT(DISTINCT q.customer_id) FILTER (WHERE q.overdue > 0)
        FROM q JOIN customers_customer c ON c.id = q.customer_id GROUP BY c.sales_owner_id
        UNION ALL
        (SELECT 'top', c.id, c.code, c.name, {sums}, NULL, 0, 0
         FROM top JOIN q ON q.customer_id = top.customer_id JOIN customers_customer c ON c.id = q.customer_id
         GROUP BY c.id ORDER BY MIN(top.overdue) DESC, c.id)
    """  # noqa: S608 - built from constants; every value is a parameter
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        fetched = cursor.fetchall()
    end = 4 + len(scheme.buckets)
    refuse_missing((r[end + 2] for r in fetched), base=convert_to, on=as_of)
    return [
        (r[0], AgingRow(r[1], r[2], r[3], convert_to, r[4:end], r[end], r[end + 1], sum(r[4 : end + 2], ZERO)), r[-2], r[-1])
        for r in fetched
    ]  # fmt: skip


def _total(owners: list[AgingRow], scheme: Scheme, currency: str) -> AgingRow:
    nothing = AgingRow(
        None, "", "", currency, tuple(ZERO for _b in scheme.buckets), ZERO, ZERO, ZERO
    )
    return next(iter(totals_of(owners)), nothing)


def _names(ids: set[int]) -> dict[int, str]:
    return {u.pk: u.get_display_name() for u in User.objects.filter(pk__in=ids)}


def _owners(rows: list[AgingRow]) -> list[AgingRow]:
    names = _names({r.key for r in rows if r.key is not None})
    named = [
        r._replace(label=names.get(r.key, _("Not assigned")))
        for r in rows
        if r.total or any(r.amounts)
    ]
    return sorted(named, key=lambda r: (-r.total, r.label))


def _top(rows: list[AgingRow], scope: Scope, as_of: date) -> list[TopCustomer]:
    ids = [r.key for r in rows]
    oldest, owners = _oldest_due(ids, as_of), _owner_names(ids)
    return [
        TopCustomer(
            row=r, overdue=sum(r.amounts[1:], ZERO), owner=owners.get(r.key, ""),
            days_overdue=(as_of - oldest[r.key]).days if r.key in oldest else None,
        )
        for r in rows
    ]  # fmt: skip


def _oldest_due(customer_ids: list[int], as_of: date) -> dict[int, date]:
    """Return customer → earliest due date of what was open and overdue on a day."""
    # Summed by item: what was applied before the day and taken back after it was not open then.
    sql = """
        WITH owed AS (
            SELECT id, customer_id, due_date, open_amount FROM receivables_openitem
            WHERE customer_id = ANY(%(ids)s) AND direction = 'debit' AND open_amount <> 0
              AND posting_date <= %(as_of)s AND due_date < %(as_of)s
        ), later AS (
            SELECT a.debit_item_id AS id, d.customer_id, d.due_date, SUM(a.amount) AS amount
            FROM receivables_allocation a JOIN receivables_openitem d ON d.id = a.debit_item_id
            WHERE d.customer_id = ANY(%(ids)s) AND a.effective_date > %(as_of)s
              AND a.debit_posting_date <= %(as_of)s AND a.debit_due_date < %(as_of)s
            GROUP BY 1, 2, 3
        )
        SELECT COALESCE(o.customer_id, l.customer_id), MIN(COALESCE(o.due_date, l.due_date))
        FROM owed o FULL JOIN later l ON l.id = o.id
        WHERE COALESCE(o.open_amount, 0) + COALESCE(l.amount, 0) <> 0 GROUP BY 1
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, {"ids": customer_ids, "as_of": as_of})
        return dict(cursor.fetchall())


def _owner_names(customer_ids: list[int]) -> dict[int, str]:
    owned = User.objects.filter(sold_to__in=customer_ids).values_list(
        "sold_to", "display_name", "username"
    )
    return {customer: name or username for customer, name, username in owned}


def _trend(scope: Scope, as_of: date, scheme: Scheme, convert_to: str) -> list[TrendPoint]:
    """Return the last twelve month ends with the figures of the three months that end there."""
    days = month_ends(as_of, TREND_MONTHS + metrics.QUICK_MONTHS)
    found = trend.points(scope, days=days, convert_to=convert_to)
    newest_first = [found.get(day) for day in reversed(days)]
    points = [
        _trend_point(point, newest_first[i:], scheme)
        for i, point in enumerate(newest_first[:TREND_MONTHS])
        if point is not None
    ]
    return points[::-1]


def _trend_point(
    point: trend.Point, newest_first: list[trend.Point | None], scheme: Scheme
) -> TrendPoint:
    """Return a month end with its figures; what a missing month would be needed for is None."""
    known = list(takewhile(bool, newest_first))
    months = [formulas.Month(p.sales, p.as_of.day) for p in known if p]
    flows = None
    if len(months) > 3 and (opening := known[3]) is not None:
        sold, days = sum((m.sales for m in months[:3]), ZERO), sum(m.days for m in months[:3])
        flows = formulas.Flows(opening.receivables, sold, point.receivables, point.not_due, days)
    count_back = formulas.count_back_dso(point.receivables, months)
    return TrendPoint(
        as_of=point.as_of,
        amounts=tuple(point.buckets.get(b.code, ZERO) for b in scheme.buckets),
        retention=point.buckets.get("retention", ZERO),
        receivables=point.receivables,
        not_due=point.not_due,
        overdue_share=formulas.ratio(point.overdue, point.receivables),
        dso=formulas.days_sales_outstanding(flows) if flows else None,
        # With fewer months known than the receivables need, the figure is not known either.
        dso_countback=count_back.days if count_back and not count_back.exceeded else None,
        cei=formulas.collection_effectiveness_index(flows) if flows else None,
    )


def _alerts(user: User, scope: Scope) -> list[AlertCount]:
    unfinished = OverdueAlert.objects.visible_to(user).unfinished().filter(unit__in=scope.unit_ids)
    if scope.sales_owner_id is not None:
        unfinished = unfinished.filter(customer__sales_owner=scope.sales_owner_id)
    counted = unfinished.filter(state=OverdueAlert.State.OPEN).values("level")
    found: dict[str, Any] = {
        c["level"]: c
        for c in counted.annotate(count=Count("pk"), oldest=Min("raised_on")).order_by()
    }
    return [
        AlertCount(level, found[level]["count"] if level in found else 0, found[level]["oldest"] if level in found else None)
        for level in ("red", "orange", "yellow")
    ]  # fmt: skip
