"""The review of a unit's receivables at the end of a day: snapshot, summaries, alerts, totals.

One transaction for a unit and a day: killed at any point it leaves nothing, and the next attempt
does it wholly. The unit's row is locked meanwhile (not against postings), so that two reviews at
once become one result. A review made before its day had ended is provisional; it is done again
when the day is over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.core.errors import InvalidInput
from config.core.models import BusinessUnit, User
from config.core.money import ZERO, to_text
from config.core.services import audit
from config.core.services.job_runs import JobRun
from receivables.domain import alerts as rules_of
from receivables.domain.aging import Basis, Scheme
from receivables.models import AgingReview, AgingScheme, AgingSnapshot
from receivables.selectors import schemes
from receivables.selectors.open_amounts import RETENTION, UNAPPLIED, Scope, customer_bucket_sql
from receivables.services import alert_raising, summaries

# Beside the currencies, `totals` holds what the review did about alerts under this key.
REPORT = "_report"


class FutureDate(InvalidInput):
    code = "future_date"


def check_date(*, as_of: date, today: date) -> None:
    """This function will refuse a day that has not come yet.

    :raises FutureDate: if `as_of` is after `today`
    """
    if as_of > today:
        raise FutureDate(
            _("%(as_of)s has not come yet; choose %(today)s or an earlier day."),
            as_of=as_of.isoformat(), today=today.isoformat(),
        )  # fmt: skip


def missing_days(unit: BusinessUnit, today: date) -> list[date]:
    """This function will return the ended days of the last month without a final review, oldest first."""
    done = AgingReview.objects.filter(unit=unit, as_of__lt=today).order_by("-as_of")
    recent = done[: rules_of.CATCH_UP_DAYS + 1]
    reviewed = {review.as_of for review in recent if is_final(review, unit=unit)}
    return rules_of.missing_days(reviewed=reviewed, today=today)


def is_final(review: AgingReview, *, unit: BusinessUnit) -> bool:
    """This function will tell whether a review was made after its day had ended."""
    return rules_of.is_closing(
        as_of=review.as_of, finished_at=review.finished_at, time_zone=unit.time_zone
    )


@transaction.atomic
def run(
    *,
    unit: BusinessUnit,
    as_of: date,
    actor: User | None,
    now: datetime,
    job_run: JobRun | None = None,
    with_alerts: bool = True,
    force: bool = False,
) -> AgingReview:
    """This function will review a unit as of the end of a day, once; a second call changes nothing.

    A review that is there is returned as it is, unless it was made before its day had ended and the
    day is over now, or unless `force`. `with_alerts` is False for days caught up before the last one.
    """
    unit = BusinessUnit.objects.select_for_update(no_key=True).get(pk=unit.pk)
    known = AgingReview.objects.filter(unit=unit, as_of=as_of).first()
    if known is not None and not force and not _is_outdated(known, unit=unit, now=now):
        return known
    last = _last_with_alerts(unit=unit, as_of=as_of)
    scheme = schemes.get()
    review = _open(unit=unit, as_of=as_of, known=known, scheme=scheme, now=now, job_run=job_run)
    _take_snapshot(review, scheme=scheme)
    review.items = alert_raising.gather_open_items(unit=unit, as_of=as_of)
    before, review.totals = report(review), _totals(review, scheme=scheme)
    review.customers = _count_customers(review)
    summaries.refresh(unit=unit, as_of_dates=[as_of], now=now)
    if with_alerts:
        _raise_alerts(review, unit=unit, last=last, scheme=scheme, now=now, before=before)
    elif before:
        review.totals[REPORT] = before
    review.save()
    audit.record(
        actor=actor, action="review.finished", target=review, unit=unit,
        after={"as_of": as_of, "customers": review.customers, "items": review.items, **report(review)},
    )  # fmt: skip
    if job_run is not None:
        job_run.heartbeat()
    return review


def report(review: AgingReview) -> dict[str, Any]:
    """This function will return what a review did about alerts: by level, closed, rates missing."""
    found: dict[str, Any] = review.totals.get(REPORT, {})
    return found


def totals(review: AgingReview) -> dict[str, dict[str, str]]:
    """This function will return a review's totals by currency."""
    return {currency: parts for currency, parts in review.totals.items() if currency != REPORT}


def refresh_month_ends(
    *,
    unit: BusinessUnit,
    until: date,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """This function will compute the stale month ends up to a day, one transaction each."""
    stale = summaries.stale_month_ends(unit, until)
    for i, day in enumerate(stale, start=1):
        summaries.refresh(unit=unit, as_of_dates=[day], now=now)
        if progress is not None:
            progress(i, len(stale))
    return len(stale)


def _is_outdated(review: AgingReview, *, unit: BusinessUnit, now: datetime) -> bool:
    ended = rules_of.is_closing(as_of=review.as_of, finished_at=now, time_zone=unit.time_zone)
    return ended and not is_final(review, unit=unit)


def _last_with_alerts(*, unit: BusinessUnit, as_of: date) -> AgingReview | None:
    """Return the last review that raised alerts; done again, a review goes on from itself."""
    told = AgingReview.objects.filter(unit=unit, as_of__lte=as_of, totals__has_key=REPORT)
    return told.order_by("-as_of").first()


def _open(
    *,
    unit: BusinessUnit,
    as_of: date,
    known: AgingReview | None,
    scheme: Scheme,
    now: datetime,
    job_run: JobRun | None,
) -> AgingReview:
    review = known or AgingReview(unit=unit, as_of=as_of)
    review.scheme = AgingScheme.objects.get(code=scheme.code)
    review.job = job_run.job if job_run is not None else None
    review.finished_at = now
    review.save()
    if known is not None:
        AgingSnapshot.objects.filter(review=known).delete()
    return review


def _take_snapshot(review: AgingReview, *, scheme: Scheme) -> None:
    scope = Scope(unit_ids=(review.unit_id,))
    rows, values = customer_bucket_sql(scope, as_of=review.as_of, basis=Basis.DUE, scheme=scheme)
    sql = f"""
        INSERT INTO receivables_agingsnapshot (review_id, customer_id, currency, bucket, amount)
        SELECT %(review)s, customer_id, currency, bucket, amount FROM ({rows}) r
    """  # noqa: S608 - built from constants; every value is a parameter
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, "review": review.pk})


def _totals(review: AgingReview, *, scheme: Scheme) -> dict[str, Any]:
    """Return the totals by currency; `total` = not due + overdue + retention + unapplied (≤ 0)."""
    sql = """
        SELECT currency, bucket, SUM(amount) FROM receivables_agingsnapshot
        WHERE review_id = %s GROUP BY currency, bucket
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [review.pk])
        rows: list[tuple[str, str, Decimal]] = cursor.fetchall()
    names = {scheme.buckets[0].code: "not_due", UNAPPLIED: UNAPPLIED, RETENTION: RETENTION}
    found: dict[str, dict[str, Decimal]] = {}
    for currency, bucket, amount in rows:
        parts = found.setdefault(
            currency, dict.fromkeys(("total", "not_due", "overdue", RETENTION, UNAPPLIED), ZERO)
        )
        parts[names.get(bucket, "overdue")] += amount
        parts["total"] += amount
    return {
        currency: {name: to_text(amount) for name, amount in parts.items()}
        for currency, parts in sorted(found.items())
    }


def _count_customers(review: AgingReview) -> int:
    return AgingSnapshot.objects.filter(review=review).values("customer").distinct().count()


def _raise_alerts(
    review: AgingReview,
    *,
    unit: BusinessUnit,
    last: AgingReview | None,
    scheme: Scheme,
    now: datetime,
    before: dict[str, Any],
) -> None:
    """Raise and close alerts; a review done again adds to what it did `before`."""
    is_latest = not AgingReview.objects.filter(unit=unit, as_of__gt=review.as_of).exists()
    found = alert_raising.raise_and_close(
        run=alert_raising.Run(
            unit=unit, as_of=review.as_of, now=now, last=last, is_latest=is_latest
        ),
        review=review,
        scheme=scheme,
    )
    review.alerts_raised += found.total
    review.totals[REPORT] = {
        "raised": {
            level: before.get("raised", {}).get(level, 0) + found.raised.get(level, 0)
            for level in rules_of.LEVELS
        },
        "closed": before.get("closed", 0) + found.closed,
        "missing_rates": found.missing_rates,
    }
