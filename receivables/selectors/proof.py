"""The proof of the ledger: everything recomputed from its events, and every contradiction named.

Each check is one statement over all rows; it returns what contradicts, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.core.models import BusinessUnit
from config.core.money import ZERO
from receivables.domain.aging import Basis
from receivables.models import Allocation, OpenItem
from receivables.selectors import schemes
from receivables.selectors.open_amounts import Scope, customer_bucket_sql

# No list of contradictions helps anybody beyond this; the number of all is told.
MOST_FINDINGS = 500


@dataclass(frozen=True)
class Finding:
    """One contradiction: a stable code, the sentence and its values."""

    code: str
    unit: str
    message: str | Promise
    context: dict[str, str] = field(default_factory=dict)
    item_id: int | None = None

    @property
    def sentence(self) -> str:
        return str(self.message) % self.context

    def __str__(self) -> str:
        return f"{self.unit}: {self.sentence}"


class Check(NamedTuple):
    """A statement that returns (unit_id, item_id, label, expected, found) for each contradiction."""

    code: str
    message: str | Promise
    sql: str


OPEN_AMOUNT = Check(
    "open_amount",
    _("%(label)s: the open amount is %(found)s, its allocations leave %(expected)s."),
    """
    SELECT i.unit_id, i.id, i.number, i.amount - COALESCE(d.amount, 0) - COALESCE(c.amount, 0), i.open_amount
    FROM receivables_openitem i
    LEFT JOIN (SELECT debit_item_id AS id, SUM(amount) AS amount FROM receivables_allocation
               WHERE unit_id = ANY(%(units)s) GROUP BY 1) d ON d.id = i.id
    LEFT JOIN (SELECT credit_item_id AS id, SUM(amount) AS amount FROM receivables_allocation
               WHERE unit_id = ANY(%(units)s) GROUP BY 1) c ON c.id = i.id
    WHERE i.unit_id = ANY(%(units)s)
      AND i.open_amount <> i.amount - COALESCE(d.amount, 0) - COALESCE(c.amount, 0)
    """,
)
NEVER_NEGATIVE = Check(
    "open_at_every_date",
    _("%(label)s: on %(expected)s the allocations leave %(found)s, which no item can have open."),
    """
    WITH events AS (
        SELECT debit_item_id AS id, effective_date, amount FROM receivables_allocation WHERE unit_id = ANY(%(units)s)
        UNION ALL
        SELECT credit_item_id, effective_date, amount FROM receivables_allocation WHERE unit_id = ANY(%(units)s)
    ), days AS (
        SELECT id, effective_date, SUM(amount) AS amount FROM events GROUP BY id, effective_date
    ), running AS (
        SELECT id, effective_date, SUM(amount) OVER (PARTITION BY id ORDER BY effective_date) AS applied FROM days
    )
    SELECT i.unit_id, i.id, i.number, r.effective_date, i.amount - r.applied
    FROM running r JOIN receivables_openitem i ON i.id = r.id
    WHERE r.applied < 0 OR r.applied > i.amount
    """,
)
SAME_OWNER = Check(
    "allocation_agrees",
    _(
        "%(label)s: allocation %(found)s does not agree with its items in customer, unit, currency, side or dates."
    ),
    """
    SELECT a.unit_id, d.id, d.number, NULL, a.id
    FROM receivables_allocation a
    JOIN receivables_openitem c ON c.id = a.credit_item_id
    JOIN receivables_openitem d ON d.id = a.debit_item_id
    WHERE a.unit_id = ANY(%(units)s) AND (
        c.direction <> 'credit' OR d.direction <> 'debit'
        OR a.effective_date < c.posting_date OR a.effective_date < d.posting_date
        OR (c.unit_id, c.customer_id, c.currency, c.posting_date, c.document_date) IS DISTINCT FROM
           (a.unit_id, a.customer_id, a.currency, a.credit_posting_date, a.credit_document_date)
        OR (d.unit_id, d.customer_id, d.currency, d.posting_date, d.document_date, d.due_date, d.kind) IS DISTINCT FROM
           (a.unit_id, a.customer_id, a.currency, a.debit_posting_date, a.debit_document_date, a.debit_due_date, a.debit_kind)
    )
    """,
)
CUSTOMER_OF_UNIT = Check(
    "customer_of_unit",
    _("%(label)s: the item stands in another business unit than its customer %(found)s."),
    """
    SELECT i.unit_id, i.id, i.number, NULL, c.code
    FROM receivables_openitem i JOIN customers_customer c ON c.id = i.customer_id
    WHERE i.unit_id = ANY(%(units)s) AND c.unit_id <> i.unit_id
    """,
)
REVERSAL_WHOLE = Check(
    "reversal_whole",
    _(
        "%(label)s: the reversal does not cancel its item wholly; %(found)s is left of %(expected)s."
    ),
    """
    SELECT r.unit_id, r.id, r.number, o.amount, r.open_amount + o.open_amount
    FROM receivables_openitem r JOIN receivables_openitem o ON o.id = r.reverses_id
    WHERE r.unit_id = ANY(%(units)s) AND (
        (r.unit_id, r.customer_id, r.currency, r.amount) IS DISTINCT FROM (o.unit_id, o.customer_id, o.currency, o.amount)
        OR r.direction = o.direction OR o.kind = 'reversal' OR r.open_amount <> 0 OR o.open_amount <> 0
        OR NOT EXISTS (
            SELECT 1 FROM receivables_allocation a
            WHERE a.amount = o.amount AND a.effective_date = r.posting_date AND a.reverses_id IS NULL
              AND a.debit_item_id = CASE WHEN o.direction = 'debit' THEN o.id ELSE r.id END
              AND a.credit_item_id = CASE WHEN o.direction = 'debit' THEN r.id ELSE o.id END
        )
    )
    """,
)
TAKEN_BACK_WHOLE = Check(
    "taken_back_whole",
    _(
        "%(label)s: %(found)s was taken back of an allocation of %(expected)s, or before it took effect."
    ),
    """
    SELECT a.unit_id, a.debit_item_id, d.number, o.amount, a.amount
    FROM receivables_allocation a
    JOIN receivables_allocation o ON o.id = a.reverses_id
    JOIN receivables_openitem d ON d.id = a.debit_item_id
    WHERE a.unit_id = ANY(%(units)s) AND (
        (a.credit_item_id, a.debit_item_id, a.amount) IS DISTINCT FROM (o.credit_item_id, o.debit_item_id, -o.amount)
        OR a.effective_date < o.effective_date OR o.reverses_id IS NOT NULL
    )
    """,
)
CHECKS = (OPEN_AMOUNT, NEVER_NEGATIVE, SAME_OWNER, CUSTOMER_OF_UNIT, REVERSAL_WHOLE, TAKEN_BACK_WHOLE)  # fmt: skip

TURNOVER_SQL = """
    SELECT unit_id, currency, COUNT(*),
           COALESCE(SUM(amount) FILTER (WHERE direction = 'debit'), 0),
           COALESCE(SUM(amount) FILTER (WHERE direction = 'credit'), 0)
    FROM receivables_openitem WHERE unit_id = ANY(%(units)s) AND posting_date <= %(as_of)s
    GROUP BY unit_id, currency
"""
OPEN_SQL = """
    SELECT unit_id, currency, SUM(amount) FROM (
        SELECT unit_id, currency, CASE WHEN direction = 'debit' THEN open_amount ELSE -open_amount END AS amount
        FROM receivables_openitem
        WHERE unit_id = ANY(%(units)s) AND posting_date <= %(as_of)s AND open_amount <> 0
        UNION ALL
        SELECT unit_id, currency, amount FROM receivables_allocation
        WHERE unit_id = ANY(%(units)s) AND effective_date > %(as_of)s AND debit_posting_date <= %(as_of)s
        UNION ALL
        SELECT unit_id, currency, -amount FROM receivables_allocation
        WHERE unit_id = ANY(%(units)s) AND effective_date > %(as_of)s AND credit_posting_date <= %(as_of)s
    ) o GROUP BY unit_id, currency
"""


@dataclass(frozen=True)
class Balance:
    """One unit and currency: what was posted, what is open, and what the aging buckets hold."""

    unit: BusinessUnit
    currency: str
    items: int
    debit: Decimal
    credit: Decimal
    open: Decimal
    buckets: Decimal

    @property
    def posted(self) -> Decimal:
        """Return Σ debit − Σ credit."""
        return self.debit - self.credit

    @property
    def difference(self) -> Decimal:
        """Return how far the open items, or else the buckets, are from what was posted; 0 is proof."""
        return self.open - self.posted or self.buckets - self.posted


def balances(*, unit_ids: Collection[int], as_of: date) -> list[Balance]:
    """This function will return debit, credit, open and bucket totals at the end of a day."""
    units = {u.pk: u for u in BusinessUnit.objects.filter(pk__in=unit_ids).order_by("code")}
    values = {"units": list(units), "as_of": as_of}
    is_open = {(unit, currency): amount for unit, currency, amount in _rows(OPEN_SQL, values)}
    aged = {
        (pk, currency): amount for pk in units for currency, amount in _bucket_totals(pk, as_of)
    }
    found = [
        Balance(
            units[unit], currency, count, debit, credit,
            is_open.get((unit, currency), ZERO), aged.get((unit, currency), ZERO),
        )
        for unit, currency, count, debit, credit in _rows(TURNOVER_SQL, values)
    ]  # fmt: skip
    return sorted(found, key=lambda b: (b.unit.code, b.currency))


def _bucket_totals(unit_id: int, as_of: date) -> list[tuple[str, Decimal]]:
    """Return the sum over all buckets by currency, from the very rows that every report is made of."""
    rows, values = customer_bucket_sql(
        Scope(unit_ids=(unit_id,)), as_of=as_of, basis=Basis.DUE, scheme=schemes.get()
    )
    sql = f"SELECT currency, SUM(amount) FROM ({rows}) b GROUP BY currency"  # noqa: S608
    return [(currency, amount) for currency, amount in _rows(sql, values)]


def verify(*, unit: BusinessUnit | None = None, as_of: date | None = None) -> list[Finding]:
    """This function will recompute the ledger from its events and return every contradiction.

    An empty list is the proof. Without `unit` all units are checked; without `as_of` the totals
    are those of everything posted.
    """
    every = BusinessUnit.objects.values_list("pk", flat=True)
    return verify_units(unit_ids=[unit.pk] if unit else list(every), as_of=as_of)


def verify_units(*, unit_ids: Collection[int], as_of: date | None = None) -> list[Finding]:
    """This function will do the same for some units."""
    known = BusinessUnit.objects.filter(pk__in=unit_ids).order_by("code")
    codes = dict(known.values_list("pk", "code"))
    findings = [f for check in CHECKS for f in _findings(check, codes)]
    day = as_of or _last_day(codes)
    if day is None:
        return findings
    totals = balances(unit_ids=list(codes), as_of=day)
    return findings + [f for balance in totals for f in _of_balance(balance, day)]


def _findings(check: Check, codes: dict[int, str]) -> list[Finding]:
    # Materialized: a limit would make the planner hope for early rows, and there are none.
    sql = f"""
        WITH found(unit_id, item_id, label, expected, found) AS MATERIALIZED ({check.sql})
        SELECT * FROM found ORDER BY 1, 2 LIMIT {MOST_FINDINGS}
    """  # noqa: S608 - built from constants; every value is a parameter
    return [
        Finding(
            check.code,
            codes[unit_id],
            check.message,
            {"label": label, "expected": str(expected), "found": str(found)},
            item_id,
        )
        for unit_id, item_id, label, expected, found in _rows(sql, {"units": list(codes)})
    ]


def _of_balance(balance: Balance, day: date) -> list[Finding]:
    context = {
        "currency": balance.currency, "date": day.isoformat(), "posted": str(balance.posted),
        "open": str(balance.open), "buckets": str(balance.buckets),
    }  # fmt: skip
    found = []
    if balance.open != balance.posted:
        sentence = _("%(currency)s on %(date)s: debit less credit is %(posted)s, open items add up to %(open)s.")  # fmt: skip
        found.append(Finding("open_equals_posted", balance.unit.code, sentence, context))
    if balance.buckets != balance.open:
        sentence = _("%(currency)s on %(date)s: open items add up to %(open)s, aging buckets to %(buckets)s.")  # fmt: skip
        found.append(Finding("buckets_equal_open", balance.unit.code, sentence, context))
    return found


def _last_day(codes: dict[int, str]) -> date | None:
    posted = OpenItem.objects.filter(unit__in=codes).aggregate(day=Max("posting_date"))["day"]
    applied = Allocation.objects.filter(unit__in=codes).aggregate(day=Max("effective_date"))["day"]
    return max((day for day in (posted, applied) if day), default=None)


def _rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
