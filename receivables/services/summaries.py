"""What a unit was owed at the end of a day, by owner and bucket: what the trends are drawn from.

Beside the buckets stand the month's sales and receipts up to that day, from which past DSO follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from config.core.dates import month_ends, month_start
from config.core.models import BusinessUnit
from receivables.domain.aging import Basis, Scheme
from receivables.models import AgingSummary
from receivables.selectors import schemes
from receivables.selectors.open_amounts import Scope, customer_bucket_sql
from receivables.selectors.sales import flow_sql

# A row is stamped when it is written but seen when its transaction ends; so much may lie between.
LONGEST_TRANSACTION = timedelta(hours=1)

STALE_SQL = """
    WITH months AS (
        SELECT m.as_of, MIN(s.computed_at) AS computed_at
        FROM unnest(%(month_ends)s::date[]) AS m(as_of)
        LEFT JOIN receivables_agingsummary s ON s.unit_id = %(unit_id)s AND s.as_of = m.as_of
        GROUP BY m.as_of
    ), since AS (
        SELECT MIN(computed_at) - %(margin)s AS at FROM months
    ), recorded AS (
        SELECT posting_date AS day, MAX(recorded_at) AS at FROM receivables_openitem
        WHERE unit_id = %(unit_id)s AND recorded_at > (SELECT at FROM since) GROUP BY posting_date
        UNION ALL
        SELECT effective_date, MAX(recorded_at) FROM receivables_allocation
        WHERE unit_id = %(unit_id)s AND recorded_at > (SELECT at FROM since) GROUP BY effective_date
    )
    SELECT m.as_of FROM months m
    WHERE m.computed_at IS NULL
       OR EXISTS (SELECT 1 FROM recorded r WHERE r.day <= m.as_of AND r.at > m.computed_at - %(margin)s)
    ORDER BY m.as_of
"""


def stale_month_ends(unit: BusinessUnit, until: date, count: int = 24) -> list[date]:
    """This function will return the month ends whose summary is missing or behind the books.

    It looks at the last `count` month ends on or before `until`, oldest first. A summary is behind
    when an item or an allocation that counts on its day was recorded after it was computed.
    """
    values: dict[str, Any] = {
        "unit_id": unit.pk,
        "month_ends": month_ends(until, count),
        "margin": LONGEST_TRANSACTION,
    }
    with connection.cursor() as cursor:
        cursor.execute(STALE_SQL, values)
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def refresh(*, unit: BusinessUnit, as_of_dates: Sequence[date], now: datetime) -> int:
    """This function will compute the summaries of these days anew, and return their number of rows.

    A day on which nothing was open gets one row of 0.00, so that it counts as computed.
    """
    BusinessUnit.objects.select_for_update(no_key=True).get(pk=unit.pk)
    scheme = schemes.get()
    return sum(
        _refresh_day(unit=unit, as_of=day, scheme=scheme, now=now)
        for day in sorted(set(as_of_dates))
    )


def _refresh_day(*, unit: BusinessUnit, as_of: date, scheme: Scheme, now: datetime) -> int:
    AgingSummary.objects.filter(unit=unit, as_of=as_of).delete()
    scope = Scope(unit_ids=(unit.pk,))
    rows, values = customer_bucket_sql(scope, as_of=as_of, basis=Basis.DUE, scheme=scheme)
    flows, more = flow_sql(scope, date_from=month_start(as_of), until=as_of)
    written = _insert(
        f"{rows} UNION ALL {flows}", {**values, **more, "unit": unit.pk, "day": as_of, "now": now}
    )
    if not written:
        AgingSummary.objects.create(
            unit=unit, as_of=as_of, owner=None, currency=unit.base_currency,
            bucket=scheme.buckets[0].code, amount=0, computed_at=now,
        )  # fmt: skip
        return 1
    return written


def _insert(rows: str, values: dict[str, Any]) -> int:
    sql = f"""
        INSERT INTO receivables_agingsummary (unit_id, as_of, owner_id, currency, bucket, amount, computed_at)
        SELECT %(unit)s, %(day)s, c.sales_owner_id, b.currency, b.bucket, SUM(b.amount), %(now)s
        FROM ({rows}) b JOIN customers_customer c ON c.id = b.customer_id
        GROUP BY c.sales_owner_id, b.currency, b.bucket
    """  # noqa: S608 - built from constants; every value is a parameter
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)
