"""The review of a unit at the end of a day: what it stores, once, whatever happens in between."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from config.core.models import BusinessUnit
from receivables.models import AgingReview, AgingSnapshot, OverdueAlert
from receivables.services import reviews
from tests.receivables.review_books import DAY, ONE_DAY, customer, night_after, overdue, owe, pay

pytestmark = pytest.mark.django_db


def review(unit: BusinessUnit, day: date = DAY, **more: object) -> AgingReview:
    return reviews.run(unit=unit, as_of=day, actor=None, now=night_after(day), **more)  # type: ignore[arg-type]


class TestSnapshot:
    def test_holds_each_customers_amounts_by_bucket(self, unit: BusinessUnit) -> None:
        li, wang = customer(unit), customer(unit)
        overdue(li, "100.10", 45)
        overdue(li, "50", -10)
        owe(wang, "7", due=DAY, currency="USD")
        owe(wang, "3", due=DAY, posted=DAY, kind="receipt", currency="USD")
        done = review(unit)
        rows = AgingSnapshot.objects.filter(review=done)
        assert set(rows.values_list("customer", "currency", "bucket", "amount")) == {
            (li.pk, "CNY", "d31_60", Decimal("100.10")),
            (li.pk, "CNY", "not_due", Decimal("50.00")),
            (wang.pk, "USD", "not_due", Decimal("7.00")),
            (wang.pk, "USD", "unapplied", Decimal("-3.00")),
        }
        assert (done.customers, done.items) == (2, 3)
        assert done.totals["CNY"] == {
            "total": "150.10", "not_due": "50.00", "overdue": "100.10", "retention": "0.00", "unapplied": "0.00",
        }  # fmt: skip
        assert done.totals["USD"]["total"] == "4.00"
        assert done.totals["USD"]["unapplied"] == "-3.00"

    def test_rolls_back_what_happened_later(self, unit: BusinessUnit) -> None:
        li = customer(unit)
        item = overdue(li, 100, 45)
        pay(item, on=DAY + ONE_DAY)
        owe(li, 5, due=DAY + timedelta(days=60), posted=DAY + ONE_DAY)
        done = review(unit)
        assert list(AgingSnapshot.objects.filter(review=done).values_list("bucket", "amount")) == [
            ("d31_60", Decimal("100.00"))
        ]
        assert done.items == 1
        assert OverdueAlert.objects.get(item=item).amount == Decimal("100.00")
