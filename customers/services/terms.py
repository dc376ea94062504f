"""Writes of payment terms. Documents keep the due dates they were given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.core import text
from config.core.errors import DomainError
from config.core.models import User
from config.core.services import audit
from config.core.versions import refuse_stale
from customers.domain import terms as engine
from customers.models import Customer, PaymentTerms, PaymentTermsInstalment
from customers.selectors import terms as terms_selectors
from customers.services import fields
from customers.services.refusals import FieldRefused

MAX_INSTALMENTS = 36
# What is wrong with a rule: the field to show it at, and the sentence.
SENTENCES: Mapping[engine.Problem, tuple[str, Promise]] = {
    engine.Problem.CUT_OFF_DAY: ("cut_off_day", _("The cut-off day is a day of the month, 1 to 31.")),
    engine.Problem.PAY_DAYS: ("pay_days", _("Pay days are days of the month, 1 to 31.")),
    engine.Problem.NEGATIVE: ("days", _("Months and days can not be negative.")),
    engine.Problem.DISCOUNT_HALF: ("discount_percent", _("A cash discount needs both its percentage and its days.")),
    engine.Problem.DISCOUNT_PERCENT: ("discount_percent", _("A cash discount lies between 0 and 100 percent.")),
    engine.Problem.PERCENT: ("instalments", _("Each instalment is more than 0 and at most 100 percent.")),
    engine.Problem.PERCENT_SUM: ("instalments", _("The instalments add up to %(total)s percent, not to 100. Correct the percentages.")),
}  # fmt: skip


class TermsDetails(TypedDict, total=False):
    """The rule beside code and name; see `customers.domain.terms.Rule`."""

    name_en: str
    base_event: str
    cut_off_day: int | None
    end_of_month: bool
    months: int
    days: int
    pay_days: list[int]
    grace_days: int
    holiday_rule: str
    discount_percent: Decimal | None
    discount_days: int | None
    is_active: bool


class TermsChanges(TermsDetails, total=False):
    code: str
    name: str


EDITABLE = tuple(TermsChanges.__annotations__)


@transaction.atomic
def create(
    *,
    code: str,
    name: str,
    actor: User | None,
    instalments: Sequence[engine.Part] = (),
    **details: Unpack[TermsDetails],
) -> PaymentTerms:
    """This function will add payment terms; without instalments the whole amount is due at once.

    :raises FieldRefused: if the rule can not be used or the code is taken
    """
    terms = PaymentTerms(code=code, name=name)
    fields.assign(terms, details, allowed=EDITABLE)
    _settle(terms, list(instalments))
    audit.record(actor=actor, action="payment_terms.created", target=terms, after=_picture(terms))
    return terms


@transaction.atomic
def update(
    *,
    terms: PaymentTerms,
    actor: User | None,
    expected_version: int | None,
    instalments: Sequence[engine.Part] | None = None,
    **changes: Unpack[TermsChanges],
) -> PaymentTerms:
    """This function will change payment terms; `instalments` replace the present ones, None keeps them.

    :raises FieldRefused: if the rule can not be used or the code is taken
    :raises StaleVersion: if somebody else changed the terms meanwhile
    """
    terms = PaymentTerms.objects.select_for_update().get(pk=terms.pk)
    refuse_stale(terms, expected=expected_version, message=fields.CHANGED)
    before = _picture(terms)
    parts = list(terms_selectors.rule_of(terms=terms).parts if instalments is None else instalments)
    fields.assign(terms, changes, allowed=EDITABLE)
    terms.version += 1
    _settle(terms, parts)
    was, now_is = audit.changes(before, _picture(terms))
    audit.record(
        actor=actor, action="payment_terms.changed", target=terms, before=was, after=now_is
    )
    return terms


@transaction.atomic
def remove(*, terms: PaymentTerms, actor: User | None, expected_version: int | None) -> None:
    """This function will delete payment terms that nothing uses.

    :raises DomainError: if a customer has them; switch them off instead
    :raises StaleVersion: if somebody else changed the terms meanwhile
    """
    terms = PaymentTerms.objects.select_for_update().get(pk=terms.pk)
    refuse_stale(terms, expected=expected_version, message=fields.CHANGED)
    users = Customer.objects.filter(payment_terms=terms).count()
    in_use = DomainError(
        _(
            "The payment terms “%(terms)s” are in use (customers: %(count)s). "
            "Switch them off instead of deleting them."
        ),
        code="terms_in_use",
        terms=terms.get_name(),
        count=users,
    )
    if users:
        raise in_use
    audit.record(actor=actor, action="payment_terms.removed", target=terms, before=_picture(terms))
    try:
        terms.delete()
    except models.ProtectedError as error:
        raise in_use from error


def check_rule(rule: engine.Rule) -> None:
    """This function will refuse a rule that can not be used.

    :raises FieldRefused: with the first problem, at its field
    """
    for problem in engine.problems_of(rule):
        field, sentence = SENTENCES[problem]
        total = sum((part.percent for part in rule.parts), Decimal(0))
        raise FieldRefused(
            sentence, field=field, code=f"terms_{problem.value}", total=f"{total.normalize():f}"
        )


def _settle(terms: PaymentTerms, parts: Sequence[engine.Part]) -> None:
    for name in ("code", "name", "name_en"):
        setattr(terms, name, text.clean(getattr(terms, name)))
    terms.pay_days = sorted(set(terms.pay_days))
    # Before the columns' own checks, whose sentence about an array nobody understands.
    check_rule(engine.Rule(pay_days=tuple(terms.pay_days)))
    fields.refuse_misfits(terms)
    if len(parts) > MAX_INSTALMENTS:
        raise FieldRefused(
            _("There may be at most %(limit)s instalments."),
            field="instalments",
            limit=MAX_INSTALMENTS,
        )
    rows = [
        PaymentTermsInstalment(
            position=position, kind=part.kind.value, percent=part.percent, months=part.months, days=part.days
        )
        for position, part in enumerate(parts, start=1)
    ]  # fmt: skip
    check_rule(terms_selectors.rule_from(terms=terms, parts=rows))
    _save(terms, rows)


def _save(terms: PaymentTerms, rows: list[PaymentTermsInstalment]) -> None:
    same_code = PaymentTerms.objects.filter(code__iexact=terms.code).exclude(pk=terms.pk)
    taken = FieldRefused(
        _("There are payment terms with the code %(value)s already."),
        field="code", code="code_taken", status=409, value=terms.code,
    )  # fmt: skip
    if same_code.exists():
        raise taken
    fields.save(terms, taken={"customers_paymentterms_code_key": taken})
    terms.instalments.all().delete()
    for row in rows:
        row.terms = terms
    PaymentTermsInstalment.objects.bulk_create(rows)
    # Drop what was read before the parts changed.
    getattr(terms, "_prefetched_objects_cache", {}).pop("instalments", None)


def _picture(terms: PaymentTerms) -> dict[str, object]:
    parts = terms.instalments.order_by("position").values("kind", "percent", "months", "days")
    return {**audit.snapshot(terms, fields=EDITABLE), "instalments": audit.safe(list(parts))}
