"""Payment terms as rules, and what they make of a document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Prefetch, QuerySet

from customers.domain import terms as engine
from customers.models import PaymentTerms, PaymentTermsInstalment


@dataclass(frozen=True, slots=True)
class Preview:
    """What one document of `amount`, dated `document_date`, has to be paid when."""

    document_date: date
    amount: Decimal
    instalments: list[engine.Instalment]
    discount: engine.Discount | None
    is_over_retention_cap: bool


def all_terms() -> QuerySet[PaymentTerms]:
    """This function will return the payment terms by code, with their instalments."""
    parts = PaymentTermsInstalment.objects.order_by("position")
    return PaymentTerms.objects.prefetch_related(Prefetch("instalments", queryset=parts)).order_by(
        "code"
    )


def rule_of(*, terms: PaymentTerms) -> engine.Rule:
    """This function will return stored payment terms as the engine's rule."""
    parts = sorted(terms.instalments.all(), key=lambda part: part.position)
    return rule_from(terms=terms, parts=parts)


def rule_from(*, terms: PaymentTerms, parts: Iterable[PaymentTermsInstalment]) -> engine.Rule:
    """This function will return terms, stored or only being edited, as the engine's rule."""
    return engine.Rule(
        base_event=engine.BaseEvent(terms.base_event),
        cut_off_day=terms.cut_off_day,
        end_of_month=terms.end_of_month,
        months=terms.months,
        days=terms.days,
        pay_days=tuple(terms.pay_days),
        grace_days=terms.grace_days,
        holiday_rule=engine.HolidayRule(terms.holiday_rule),
        discount_percent=terms.discount_percent,
        discount_days=terms.discount_days,
        parts=tuple(
            engine.Part(p.percent, p.months, p.days, engine.InstalmentKind(p.kind)) for p in parts
        ),
    )


def preview(
    *,
    rule: engine.Rule,
    document_date: date,
    amount: Decimal,
    is_working_day: engine.IsWorkingDay,
    acceptance_date: date | None = None,
) -> Preview:
    """This function will say when a document would fall due under a rule, holidays considered.

    `document_date` is the date of the rule's base event; days are business days of the calendar
    that `is_working_day` knows.

    :raises ValueError: if the calendar has no working day near a due date
    """
    instalments = engine.due_dates(
        rule, document_date, amount, is_working_day, acceptance_date=acceptance_date
    )
    discount = engine.discount_for(rule, document_date, amount)
    return Preview(document_date, amount, instalments, discount, engine.is_over_retention_cap(rule))
