"""A small demo company for any test: ask for the fixture `demo_company`.

Made in a fraction of a second inside the test's own transaction, so nothing of it stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from config.core.models import BusinessUnit, User
from receivables.services.demo import company, people

TODAY = date(2026, 11, 24)
CUSTOMERS = 40
SEED = 7


@dataclass(frozen=True)
class DemoCompany:
    """What was made up; the books are complete up to `yesterday`."""

    today: date
    outcome: company.Outcome

    @property
    def yesterday(self) -> date:
        return self.today - timedelta(days=1)

    @property
    def east(self) -> BusinessUnit:
        return BusinessUnit.objects.get(code=people.EAST)

    @property
    def south(self) -> BusinessUnit:
        return BusinessUnit.objects.get(code=people.SOUTH)

    def user(self, username: str) -> User:
        return User.objects.get(username=username)


def small_order(*, seed: int = SEED, customers: int = CUSTOMERS) -> company.Order:
    """Return an order for a company of 40 customers with some 1,200 debts."""
    return company.Order(customers=customers, items=30 * customers, seed=seed, as_of=TODAY)


@pytest.fixture
def demo_company(db: None) -> DemoCompany:
    return DemoCompany(today=TODAY, outcome=company.create(order=small_order()))
