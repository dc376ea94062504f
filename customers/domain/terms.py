"""Payment terms: from a document's date to its due dates. Pure.

An invoice of 10 March under the two readings of 月结30天 (domain notes, part 13):

>>> due_date(Rule(months=1), date(2026, 3, 10))
datetime.date(2026, 4, 10)
>>> due_date(Rule(end_of_month=True, days=30), date(2026, 3, 10))
datetime.date(2026, 4, 30)
"""

from __future__ import annotations

from enum import Enum


class BaseEvent(str, Enum):
    ORDER = "order"
    DISPATCH = "dispatch"
    SIGN_OFF = "sign_off"
    ACCEPTANCE = "acceptance"
    INVOICE = "invoice"
    INVOICE_RECEIVED = "invoice_received"
    STATEMENT_CONFIRMED = "statement_confirmed"
    PERIOD_END = "period_end"


class HolidayRule(str, Enum):
    UNCHANGED = "unchanged"
    NEXT_WORKING_DAY = "next"
    PREVIOUS_WORKING_DAY = "previous"


class InstalmentKind(str, Enum):
    REGULAR = "regular"
    RETENTION = "retention"
