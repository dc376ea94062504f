"""Rows for tests, made directly: alice and bob of unit A, charlie the stranger of unit B.

They write past the services on purpose; what a service must guarantee is tested through it.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from config.core.models import (
    AccountingPeriod,
    BusinessUnit,
    CalendarDay,
    ExchangeRate,
    Notification,
    OutboxMessage,
    User,
)
from config.core.roles import Role
from config.core.text import comparison_key
from customers.models import Contact, Customer, PaymentTerms
from receivables.models import OpenItem, OverdueAlert

PASSWORD = "correct horse battery"


class BusinessUnitFactory(DjangoModelFactory):
    class Meta:
        model = BusinessUnit
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"FU{n}")
    name = factory.LazyAttribute(lambda unit: f"公司{unit.code}")
    name_en = factory.LazyAttribute(lambda unit: f"Company {unit.code}")


class UserFactory(DjangoModelFactory):
    """`UserFactory(roles=[Role.CASHIER], units=[unit])`"""

    class Meta:
        model = User
        django_get_or_create = ("username",)
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def roles(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if extracted:
            names = {Role(role).value for role in extracted}
            groups = list(self.groups.model.objects.filter(name__in=names))
            assert len(groups) == len(names), "The roles are not seeded."
            self.groups.set(groups)

    @factory.post_generation
    def units(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if extracted:
            self.units.set(extracted)


def unit_a() -> BusinessUnit:
    return BusinessUnitFactory(code="A", name="甲公司", name_en="Company A")


def unit_b() -> BusinessUnit:
    return BusinessUnitFactory(code="B", name="乙公司", name_en="Company B")


def alice() -> User:
    """The finance manager of unit A."""
    return UserFactory(
        username="alice", display_name="Alice", roles=[Role.FINANCE_MANAGER], units=[unit_a()]
    )


def bob() -> User:
    """The AR accountant of unit A."""
    return UserFactory(
        username="bob", display_name="Bob", roles=[Role.AR_ACCOUNTANT], units=[unit_a()]
    )


def charlie() -> User:
    """The stranger: AR accountant of unit B."""
    return UserFactory(
        username="charlie", display_name="Charlie", roles=[Role.AR_ACCOUNTANT], units=[unit_b()]
    )


class ExchangeRateFactory(DjangoModelFactory):
    class Meta:
        model = ExchangeRate

    currency = "USD"
    base = "CNY"
    date = date(2026, 1, 1)
    rate = Decimal("7.1")


class CalendarDayFactory(DjangoModelFactory):
    class Meta:
        model = CalendarDay

    date = factory.Sequence(lambda n: date(2026, 1, 1) + timedelta(days=n))
    is_working = False


class AccountingPeriodFactory(DjangoModelFactory):
    class Meta:
        model = AccountingPeriod

    unit = factory.SubFactory(BusinessUnitFactory)
    first_day = date(2026, 1, 1)


class NotificationFactory(DjangoModelFactory):
    class Meta:
        model = Notification

    user = factory.SubFactory(UserFactory)
    kind = "test"
    message = "Test"


class OutboxMessageFactory(DjangoModelFactory):
    class Meta:
        model = OutboxMessage

    dedup_key = factory.Sequence(lambda n: f"mail-{n}")
    recipient = "someone@example.com"
    subject = "Subject"
    body = "Body"


class PaymentTermsFactory(DjangoModelFactory):
    class Meta:
        model = PaymentTerms
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"NET{n}")
    name = factory.LazyAttribute(lambda terms: terms.code)
    days = 30


class CustomerFactory(DjangoModelFactory):
    class Meta:
        model = Customer

    unit = factory.SubFactory(BusinessUnitFactory)
    code = factory.Sequence(lambda n: f"C{n:05}")
    code_key = factory.LazyAttribute(lambda customer: comparison_key(customer.code))
    name = factory.LazyAttribute(lambda customer: f"客户{customer.code}")


class ContactFactory(DjangoModelFactory):
    class Meta:
        model = Contact

    customer = factory.SubFactory(CustomerFactory)
    name = "王会计"


class OpenItemFactory(DjangoModelFactory):
    """An invoice of 100.00; give `kind` for another: its direction follows."""

    class Meta:
        model = OpenItem

    customer = factory.SubFactory(CustomerFactory)
    unit = factory.LazyAttribute(lambda item: item.customer.unit)
    kind = OpenItem.Kind.INVOICE
    direction = factory.LazyAttribute(
        lambda item: "debit" if item.kind in OpenItem.DEBIT_KINDS else "credit"
    )
    number = factory.Sequence(lambda n: f"D{n:06}")
    number_key = factory.LazyAttribute(lambda item: comparison_key(item.number))
    document_date = date(2026, 1, 15)
    posting_date = factory.LazyAttribute(lambda item: item.document_date)
    due_date = factory.LazyAttribute(lambda item: item.document_date + timedelta(days=30))
    currency = "CNY"
    amount = Decimal("100.00")
    open_amount = factory.LazyAttribute(lambda item: item.amount)


class OverdueAlertFactory(DjangoModelFactory):
    """`rule` is one of the delivered rules; pass it."""

    class Meta:
        model = OverdueAlert

    customer = factory.SubFactory(CustomerFactory)
    unit = factory.LazyAttribute(lambda alert: alert.customer.unit)
    level = "yellow"
    raised_on = date(2026, 3, 31)
    dedup_key = factory.Sequence(lambda n: f"alert-{n}")
    currency = "CNY"
    amount = Decimal("100.00")
