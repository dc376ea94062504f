"""What one review does about alerts: close those whose cause is gone, raise the new ones.

All of it is set-based on a temporary table of the items that were open on the day, so that a unit
with 150,000 open items costs a few statements. Items are told per customer, currency and rule: one
alert a night names up to twenty of them, so that a first import of 10,000 overdue items does not
raise 10,000 alerts (docs/guide/alerts.md). Runs inside the transaction of the review.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from config.core.models import BusinessUnit
from config.core.selectors import rates
from receivables.domain import alerts as rules_of
from receivables.domain.aging import Scheme
from receivables.models import AgingReview, AlertRule
from receivables.selectors.open_amounts import UNAPPLIED
from receivables.selectors.overdue import open_debits_sql
from receivables.services.summaries import LONGEST_TRANSACTION


@dataclass(frozen=True)
class Run:
    """One review as the statements below need it; `last` is the last review that raised alerts."""

    unit: BusinessUnit
    as_of: date
    now: datetime
    last: AgingReview | None = None
    is_latest: bool = True


@dataclass
class Outcome:
    """What the review did: alerts by level, alerts closed, currencies without a rate."""

    raised: dict[str, int] = field(default_factory=dict)
    closed: int = 0
    missing_rates: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.raised.values())

    def add(self, levels: Iterable[str]) -> None:
        for level in levels:
            self.raised[level] = self.raised.get(level, 0) + 1


def _execute(sql: str, values: Mapping[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def _column(sql: str, values: Mapping[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [row[0] for row in cursor.fetchall()]


def gather_open_items(*, unit: BusinessUnit, as_of: date) -> int:
    """This function will fill the temporary table `review_open`, and return its number of rows."""
    rows, values = open_debits_sql(unit_id=unit.pk, as_of=as_of)
    _execute("DROP TABLE IF EXISTS review_open", {})
    found = _execute(f"CREATE TEMPORARY TABLE review_open ON COMMIT DROP AS {rows}", values)  # noqa: S608
    _execute("ANALYZE review_open", {})
    return found


def raise_and_close(*, run: Run, review: AgingReview, scheme: Scheme) -> Outcome:
    """This function will bring the unit's alerts in line with the books of `run.as_of`.

    Needs `gather_open_items` and the review's snapshot. Only the latest review closes alerts: a day
    in the past can not tell whether a cause still exists.
    """
    outcome = Outcome()
    active = list(AlertRule.objects.filter(is_active=True).order_by("pk"))
    if run.is_latest:
        outcome.closed += _close_paid(run)
    item_rules = [r for r in active if r.kind in rules_of.ITEM_KINDS]
    if item_rules:
        outcome.add(_raise_for_items(run, item_rules))
    if run.is_latest:
        outcome.closed += _close_superseded(run)
    outcome.missing_rates = _gather_exposure(run, review, scheme)
    for rule in active:
        if rule.kind in rules_of.CUSTOMER_KINDS:
            _for_customers(run, rule, outcome)
    return outcome


# Items --------------------------------------------------------------------------------------------

# An item is news to a rule when its due date fell into the rule's window since the last review, or
# when the item itself is new: recorded, or opened again by a reversal, since then. Rows stamped
# shortly before the last review may have been committed after it: they are new unless it told them.
RAISE_FOR_ITEMS = """
    WITH rules (id, code, level, days, newest, known_until) AS (VALUES {rules}),
    seen AS (
        SELECT a.customer_id, a.currency, a.raised_on, {days} AS days,
               (a.cause->>'due_from')::date AS due_from, (a.cause->>'due_to')::date AS due_to
        FROM receivables_overduealert a JOIN receivables_alertrule r ON r.id = a.rule_id
        WHERE a.unit_id = %(unit)s AND a.cause ? 'due_from'
          AND (a.raised_on > %(as_of)s OR a.raised_on = %(last)s)
    ),
    reopened AS (
        SELECT debit_item_id AS id FROM receivables_allocation
        WHERE reverses_id IS NOT NULL AND unit_id = %(unit)s AND recorded_at > %(since)s
    ),
    told AS (
        SELECT o.*, o.recorded_at > %(since)s OR o.id IN (SELECT id FROM reopened) AS is_new,
               o.recorded_at > %(since)s - %(margin)s AS may_be_new
        FROM review_open o WHERE o.due_date <= (SELECT MAX(newest) FROM rules)
    ),
    reached AS (
        SELECT DISTINCT ON (o.id) o.id, o.customer_id, o.currency, o.due_date, o.number, o.amount,
               r.id AS rule_id, r.code, r.level, r.days
        FROM told o JOIN rules r ON o.due_date <= r.newest
        WHERE (o.is_new OR r.known_until IS NULL OR o.due_date > r.known_until
               OR (o.may_be_new AND NOT EXISTS (
                     SELECT 1 FROM seen s WHERE s.raised_on = %(last)s AND s.days >= r.days
                        AND s.customer_id = o.customer_id AND s.currency = o.currency
                        AND o.due_date BETWEEN s.due_from AND s.due_to)))
          AND NOT EXISTS (
                SELECT 1 FROM seen s WHERE s.raised_on > %(as_of)s
                   AND s.customer_id = o.customer_id AND s.currency = o.currency
                   AND o.due_date BETWEEN s.due_from AND s.due_to)
        ORDER BY o.id, r.days DESC, r.id
    ),
    together AS (
        SELECT customer_id, currency, rule_id, code, level, days, COUNT(*) AS items, MIN(id) AS item_id,
               SUM(amount) AS amount, MIN(due_date) AS due_from, MAX(due_date) AS due_to,
               to_jsonb((array_agg(jsonb_build_object(
                   'id', id, 'number', number, 'amount', amount::text, 'due_date', due_date
               ) ORDER BY amount DESC, id))[1:%(named)s]) AS named
        FROM reached GROUP BY customer_id, currency, rule_id, code, level, days
    )
    INSERT INTO receivables_overduealert
        (unit_id, customer_id, item_id, rule_id, level, raised_on, dedup_key, currency, amount, cause,
         owner_id, state, note, close_reason, close_note, version)
    SELECT %(unit)s, t.customer_id, CASE WHEN t.items = 1 THEN t.item_id END, t.rule_id, t.level, %(as_of)s,
           CASE WHEN t.items = 1 THEN format('%%s:item:%%s', t.code, t.item_id)
                ELSE format('%%s:items:%%s:%%s', t.code, %(as_of)s::date, t.item_id) END,
           t.currency, t.amount,
           jsonb_build_object(
               'days', %(as_of)s::date - t.due_from, 'threshold', t.days::text, 'count', t.items,
               'due_from', t.due_from, 'due_to', t.due_to, 'items', t.named),
           COALESCE(k.id, s.id), 'open', '', '', '', 1
    FROM together t
    JOIN customers_customer c ON c.id = t.customer_id
    LEFT JOIN core_user k ON k.id = c.collector_id AND k.is_active
    LEFT JOIN core_user s ON s.id = c.sales_owner_id AND s.is_active
    ORDER BY t.customer_id, t.currency, t.rule_id
    ON CONFLICT DO NOTHING
    RETURNING level
"""
RULE_DAYS = "CASE WHEN r.kind = 'first_overdue' THEN 1 ELSE r.threshold::int END"
RULE_ROW = (
    "(%(id{i})s::bigint, %(code{i})s::text, %(level{i})s::text, %(days{i})s::int,"
    " %(newest{i})s::date, %(known{i})s::date)"
)


def _raise_for_items(run: Run, rules: list[AlertRule]) -> list[str]:
    last = run.last.as_of if run.last else None
    values: dict[str, Any] = {
        "unit": run.unit.pk, "as_of": run.as_of, "last": last, "named": rules_of.NAMED_ITEMS,
        "since": run.last.finished_at if run.last else datetime(1900, 1, 1, tzinfo=UTC),
        "margin": LONGEST_TRANSACTION,
    }  # fmt: skip
    for i, rule in enumerate(rules):
        days = rules_of.threshold_days(rule.kind, rule.threshold)
        window = rules_of.due_window(days, as_of=run.as_of, last=last)
        values |= {
            f"id{i}": rule.pk, f"code{i}": rule.code, f"level{i}": rule.level, f"days{i}": days,
            f"newest{i}": window.newest, f"known{i}": window.known_until,
        }  # fmt: skip
    rows = ", ".join(RULE_ROW.format(i=i) for i in range(len(rules)))
    return _column(RAISE_FOR_ITEMS.format(rules=rows, days=RULE_DAYS), values)


# The unfinished alerts on items, each with the newest of its items that is still open. A table of its
# own, analysed: tonight's alerts are unknown to the planner, which would join them row by row.
GATHER_STANDING = f"""
    CREATE TEMPORARY TABLE review_standing ON COMMIT DROP AS
    WITH standing AS MATERIALIZED (
        SELECT a.id, a.customer_id, a.currency, {RULE_DAYS} AS days,
               (a.cause->>'due_from')::date AS due_from, (a.cause->>'due_to')::date AS due_to
        FROM receivables_overduealert a JOIN receivables_alertrule r ON r.id = a.rule_id
        WHERE a.unit_id = %(unit)s AND a.state <> 'closed' AND a.cause ? 'due_from'
    )
    SELECT s.id, s.customer_id, s.currency, s.days, s.due_from, s.due_to, MAX(o.due_date) AS newest
    FROM standing s
    LEFT JOIN review_open o ON o.customer_id = s.customer_id AND o.currency = s.currency
         AND o.due_date BETWEEN s.due_from AND s.due_to
    GROUP BY s.id, s.customer_id, s.currency, s.days, s.due_from, s.due_to
"""  # noqa: S608 - built from constants; every value is a parameter
CLOSE_PAID = """
    UPDATE receivables_overduealert a
    SET state = 'closed', closed_at = %(now)s, close_reason = 'paid', version = a.version + 1,
        cause = a.cause || jsonb_build_object('closed', jsonb_build_object('why', 'paid'))
    FROM review_standing s WHERE s.id = a.id AND s.newest IS NULL
"""
CLOSE_SUPERSEDED = """
    WITH higher AS (
        SELECT DISTINCT ON (s.id) s.id, h.id AS by
        FROM review_standing s
        JOIN review_standing h
          ON h.customer_id = s.customer_id AND h.currency = s.currency AND h.days > s.days
         AND s.newest BETWEEN h.due_from AND h.due_to
        ORDER BY s.id, h.days DESC, h.id DESC
    )
    UPDATE receivables_overduealert a
    SET state = 'closed', closed_at = %(now)s, version = a.version + 1,
        cause = a.cause || jsonb_build_object('closed', jsonb_build_object('why', 'superseded', 'by', h.by))
    FROM higher h WHERE h.id = a.id
"""


def _gather_standing(run: Run) -> None:
    _execute("DROP TABLE IF EXISTS review_standing", {})
    _execute(GATHER_STANDING, {"unit": run.unit.pk})
    _execute("ANALYZE review_standing", {})


def _close_paid(run: Run) -> int:
    _gather_standing(run)
    return _execute(CLOSE_PAID, {"now": run.now})


def _close_superseded(run: Run) -> int:
    _gather_standing(run)
    return _execute(CLOSE_SUPERSEDED, {"now": run.now})


# Customers ----------------------------------------------------------------------------------------

GATHER_EXPOSURE = """
    CREATE TEMPORARY TABLE review_exposure ON COMMIT DROP AS
    WITH figures (currency, rate) AS (VALUES {rates}),
    owed AS (
        SELECT s.customer_id,
               COALESCE(SUM(ROUND(s.amount * f.rate, 2)) FILTER (WHERE s.bucket = ANY(%(overdue)s)), 0) AS overdue,
               COALESCE(SUM(ROUND(s.amount * f.rate, 2)) FILTER (WHERE s.bucket <> %(unapplied)s), 0) AS receivable
        FROM receivables_agingsnapshot s JOIN figures f ON f.currency = s.currency
        WHERE s.review_id = %(review)s GROUP BY s.customer_id
    ),
    late AS (
        SELECT customer_id, COUNT(*) AS items, %(as_of)s::date - MIN(due_date) AS days
        FROM review_open WHERE due_date < %(as_of)s GROUP BY customer_id
    )
    SELECT o.*, COALESCE(l.items, 0) AS items, COALESCE(l.days, 0) AS days, SUM(o.receivable) OVER () AS total
    FROM owed o LEFT JOIN late l ON l.customer_id = o.customer_id
"""
EXCEEDING = {
    AlertRule.Kind.OVERDUE_AMOUNT.value: "e.overdue >= %(threshold)s",
    AlertRule.Kind.CONCENTRATION.value: "e.total > 0 AND 100 * e.receivable >= %(threshold)s * e.total",
}
FIGURES = {
    AlertRule.Kind.OVERDUE_AMOUNT.value: (
        "e.overdue", "jsonb_build_object('days', e.days, 'count', e.items, 'threshold', %(threshold)s::text)"
    ),
    AlertRule.Kind.CONCENTRATION.value: (
        "e.receivable",
        "jsonb_build_object('share', ROUND(100 * e.receivable / e.total, 2)::text, 'total', e.total::text,"
        " 'threshold', %(threshold)s::text)",
    ),
}  # fmt: skip
# A person who closed an alert on a customer is not asked again for some weeks, unless it was paid.
RAISE_FOR_CUSTOMERS = """
    INSERT INTO receivables_overduealert
        (unit_id, customer_id, item_id, rule_id, level, raised_on, dedup_key, currency, amount, cause,
         owner_id, state, note, close_reason, close_note, version)
    SELECT %(unit)s, e.customer_id, NULL, %(rule)s, %(level)s, %(as_of)s,
           format('%%s:customer:%%s', %(code)s::text, e.customer_id), %(currency)s, {amount}, {cause},
           COALESCE(k.id, s.id), 'open', '', '', '', 1
    FROM review_exposure e
    JOIN customers_customer c ON c.id = e.customer_id
    LEFT JOIN core_user k ON k.id = c.collector_id AND k.is_active
    LEFT JOIN core_user s ON s.id = c.sales_owner_id AND s.is_active
    WHERE {exceeding} AND NOT EXISTS (
        SELECT 1 FROM receivables_overduealert a
        WHERE a.unit_id = %(unit)s AND a.rule_id = %(rule)s AND a.customer_id = e.customer_id
          AND (a.raised_on > %(as_of)s
               OR (a.state = 'closed' AND a.close_reason NOT IN ('', 'paid') AND a.closed_at > %(quiet)s)))
    ORDER BY e.customer_id
    ON CONFLICT DO NOTHING
    RETURNING level
"""
CLOSE_LAPSED = """
    UPDATE receivables_overduealert a
    SET state = 'closed', closed_at = %(now)s, version = a.version + 1,
        cause = a.cause || jsonb_build_object('closed', jsonb_build_object('why', 'lapsed'))
    WHERE a.unit_id = %(unit)s AND a.rule_id = %(rule)s AND a.state <> 'closed'
      AND NOT EXISTS (SELECT 1 FROM review_exposure e WHERE e.customer_id = a.customer_id AND {exceeding})
"""


def _gather_exposure(run: Run, review: AgingReview, scheme: Scheme) -> list[str]:
    """Fill `review_exposure` in the base currency; return the currencies that have no rate."""
    known, missing = _rates(run, review)
    values: dict[str, Any] = {
        "review": review.pk, "as_of": run.as_of, "unapplied": UNAPPLIED,
        "overdue": [b.code for b in scheme.buckets[1:]],
    }  # fmt: skip
    for i, (currency, rate) in enumerate(known.items()):
        values |= {f"currency{i}": currency, f"rate{i}": rate}
    rows = ", ".join(f"(%(currency{i})s::text, %(rate{i})s::numeric)" for i in range(len(known)))
    _execute("DROP TABLE IF EXISTS review_exposure", {})
    _execute(GATHER_EXPOSURE.format(rates=rows), values)
    return missing


def _rates(run: Run, review: AgingReview) -> tuple[dict[str, Decimal], list[str]]:
    table = rates.table(base=run.unit.base_currency, on=run.as_of)
    used = {run.unit.base_currency, *review.totals}
    return {c: table[c] for c in sorted(used & set(table))}, sorted(used - set(table))


def _for_customers(run: Run, rule: AlertRule, outcome: Outcome) -> None:
    """Raise and close the alerts of one rule on customers.

    Without a rate an overdue sum is too small, which may hide but never invent an alert; a share of
    an incomplete total means nothing, so it waits until the rate is there.
    """
    if outcome.missing_rates and rule.kind == AlertRule.Kind.CONCENTRATION:
        return
    amount, cause = FIGURES[rule.kind]
    values = {
        "unit": run.unit.pk, "rule": rule.pk, "level": rule.level, "code": rule.code, "as_of": run.as_of,
        "now": run.now, "quiet": run.now - timedelta(days=rules_of.QUIET_DAYS),
        "currency": run.unit.base_currency, "threshold": rule.threshold,
    }  # fmt: skip
    exceeding = EXCEEDING[rule.kind]
    if run.is_latest and not outcome.missing_rates:
        outcome.closed += _execute(CLOSE_LAPSED.format(exceeding=exceeding), values)
    sql = RAISE_FOR_CUSTOMERS.format(amount=amount, cause=cause, exceeding=exceeding)
    outcome.add(_column(sql, values))
