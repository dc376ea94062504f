"""When a document of a customer falls due, by the customer's payment terms and the calendar."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from config.core.selectors import calendar
from customers.domain import terms as engine
from customers.models import Customer
from customers.selectors import terms as customer_terms


def instalments(*, customer: Customer, base_date: date, amount: Decimal) -> list[engine.Instalment]:
    """This function will return the parts of an amount with their due dates, those of 0.00 left out.

    `base_date` is the date of the terms' base event, usually the document date. A customer without
    payment terms owes the whole on that day.
    """
    if customer.payment_terms is None:
        return [engine.Instalment(1, engine.InstalmentKind.REGULAR, amount, base_date, base_date)]
    preview = customer_terms.preview(
        rule=customer_terms.rule_of(terms=customer.payment_terms),
        document_date=base_date,
        amount=amount,
        is_working_day=calendar.load().is_working_day,
    )
    return [part for part in preview.instalments if part.amount > 0]
