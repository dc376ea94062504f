"""Alerts as people read them: the cause as a sentence, the items behind it, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from config.core import formats
from config.core.models import BusinessUnit, User
from config.core.money import ZERO
from config.core.selectors.rates import RateMissing
from receivables.domain import alerts as rules_of
from receivables.models import AlertRule, OpenItem, OverdueAlert
from receivables.selectors import schemes
from receivables.selectors.aging import aging
from receivables.selectors.open_amounts import Scope

Kind = AlertRule.Kind
State = OverdueAlert.State


def visible(user: User) -> QuerySet[OverdueAlert]:
    """This function will return the alerts a person may see, with what a list shows of them."""
    return OverdueAlert.objects.visible_to(user).select_related(
        "unit", "customer", "rule", "item", "owner", "acknowledged_by", "escalated_to", "closed_by"
    )


# Words --------------------------------------------------------------------------------------------


def rule_label(rule: AlertRule) -> str:
    """This function will return a rule's name with its threshold, in the active language."""
    threshold = rule.threshold
    if rule.kind == Kind.DAYS_OVERDUE:
        return _("%(days)s days overdue") % {"days": formats.number(threshold)}
    if rule.kind == Kind.OVERDUE_AMOUNT:
        return _("Overdue amount from %(amount)s") % {"amount": formats.number(threshold)}
    if rule.kind == Kind.CONCENTRATION:
        return _("Share of receivables from %(share)s%%") % {"share": _percent(threshold)}
    return _("First overdue")


def cause_sentence(alert: OverdueAlert) -> str:
    """This function will say why an alert was raised, from its rule's kind and the values kept then."""
    cause: Mapping[str, Any] = alert.cause
    if alert.rule.kind in rules_of.ITEM_KINDS:
        return _item_sentence(alert, cause)
    if alert.rule.kind == Kind.OVERDUE_AMOUNT:
        return _("Overdue %(amount)s %(currency)s, threshold %(threshold)s; the oldest item %(days)s days.") % {
            "amount": formats.money(alert.amount), "currency": alert.currency,
            "threshold": formats.number(Decimal(cause["threshold"])), "days": cause["days"],
        }  # fmt: skip
    return _("Owes %(share)s%% of all receivables of the unit, threshold %(threshold)s%%.") % {
        "share": _percent(Decimal(cause["share"])), "threshold": _percent(Decimal(cause["threshold"]))
    }  # fmt: skip


def _item_sentence(alert: OverdueAlert, cause: Mapping[str, Any]) -> str:
    count = cause["count"]
    values = {
        "number": cause["items"][0]["number"],
        "count": formats.number(count),
        "days": formats.number(cause["days"]),
        "threshold": cause["threshold"],
    }
    if alert.rule.kind == Kind.FIRST_OVERDUE:
        one = _("%(number)s is overdue for the first time: %(days)s days past its due date.")
        many = _("%(count)s items are overdue for the first time, the oldest by %(days)s days.")
    else:
        one = _("%(number)s has passed %(threshold)s days overdue: now %(days)s days.")
        many = _(
            "%(count)s items have passed %(threshold)s days overdue, the oldest now %(days)s days."
        )
    return (one if count == 1 else many) % values


def _percent(value: Decimal) -> str:
    return formats.number(value, places=0 if value == value.to_integral_value() else 2)


def next_step(alert: OverdueAlert) -> str:
    """This function will say what a credit manager does next about an alert; "" once it is closed."""
    if alert.state == State.CLOSED:
        return ""
    if alert.rule.kind == Kind.CONCENTRATION:
        return _("Review the credit limit and the security held for this customer.")
    if alert.rule.kind == Kind.OVERDUE_AMOUNT:
        return _("Go through the overdue items with the customer and agree on a repayment plan.")
    return _step_for_days(alert.cause["days"])


def _step_for_days(days: int) -> str:
    if days < 30:
        return _(
            "Call the customer within three working days and note the promised date of payment."
        )
    if days < 90:
        return _("Send a written reminder, name a final date, and set the arrears type.")
    if days < 180:
        return _("Speak to the decision maker; propose to stop deliveries on credit.")
    return _("Decide on legal steps, a repayment plan and an individual provision.")


def ending(alert: OverdueAlert) -> str:
    """This function will say how an alert ended, or "" while it has not."""
    if alert.state != State.CLOSED:
        return ""
    why = alert.cause.get("closed", {}).get("why", "")
    by_review = {
        "paid": _("Closed by the review: nothing of it is open any more."),
        "superseded": _("Replaced by a more serious alert on the same items."),
        "lapsed": _("Closed by the review: the figure is below the threshold again."),
    }
    return by_review.get(why, alert.get_close_reason_display())


# Items --------------------------------------------------------------------------------------------


def is_about_items(alert: OverdueAlert) -> bool:
    return "due_from" in alert.cause


def items_of(alert: OverdueAlert) -> QuerySet[OpenItem]:
    """This function will return the items behind an alert, oldest due date first.

    For alerts on items these are the ones it named; for alerts on a customer, what is overdue or
    open now.
    """
    items = OpenItem.objects.filter(customer=alert.customer_id, unit=alert.unit_id).debits()
    if is_about_items(alert):
        named = [line["id"] for line in alert.cause["items"]]
        return items.filter(pk__in=named).order_by("due_date", "pk")
    return items.open().order_by("due_date", "pk")


def related(alert: OverdueAlert) -> list[OverdueAlert]:
    """This function will return the alerts that this one replaced or that replaced it, newest first."""
    links = Q(cause__closed__by=alert.pk)
    if successor := alert.cause.get("closed", {}).get("by"):
        links |= Q(pk=successor)
    found = OverdueAlert.objects.filter(links, customer=alert.customer_id).select_related("rule")
    return list(found.order_by("-pk")[:20])


# Counts -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LevelCount:
    level: str
    label: str
    unacknowledged: int
    acknowledged: int


def by_level(alerts: QuerySet[OverdueAlert]) -> list[LevelCount]:
    """This function will count unfinished alerts by level, the most severe first."""
    rows = alerts.unfinished().order_by().values_list("level", "state").annotate(Count("pk"))  # type: ignore[attr-defined]
    counts = {(level, state): count for level, state, count in rows}
    labels = dict(OverdueAlert._meta.get_field("level").choices or ())
    return [
        LevelCount(level, str(labels[level]), counts.get((level, State.OPEN), 0), counts.get((level, State.ACKNOWLEDGED), 0))
        for level in reversed(rules_of.LEVELS)
    ]  # fmt: skip


@dataclass(frozen=True)
class Preview:
    """What a rule concerns today: items (or None for rules on customers) and customers."""

    items: int | None
    customers: int


def preview_item_rules(
    rules: list[AlertRule], *, unit_ids: list[int], today: date
) -> dict[int, Preview]:
    """This function will count what each rule on items concerns today, by one query for all.

    An item counts for the highest active threshold it has passed, as in the review.
    """
    chosen = sorted(
        (
            (rules_of.threshold_days(r.kind, r.threshold), r)
            for r in rules
            if r.kind in rules_of.ITEM_KINDS
        ),
        key=lambda pair: (pair[0], pair[1].pk),
    )
    late = OpenItem.objects.filter(unit__in=unit_ids).open().debits()
    asked: dict[str, Any] = {}
    for i, (days, rule) in enumerate(chosen):
        newest = rules_of.due_window(days, as_of=today, last=None).newest
        window = Q(due_date__lte=newest)
        higher = [d for d, r in chosen[i + 1 :] if r.is_active]
        if higher:
            window &= Q(due_date__gt=rules_of.due_window(higher[0], as_of=today, last=None).newest)
        asked[f"items_{rule.pk}"] = Count("pk", filter=window)
        asked[f"customers_{rule.pk}"] = Count("customer", filter=window, distinct=True)
    found = late.aggregate(**asked) if asked else {}
    return {
        r.pk: Preview(found[f"items_{r.pk}"], found[f"customers_{r.pk}"]) for _days, r in chosen
    }


def preview_customer_rules(
    rules: list[AlertRule], *, units: list[BusinessUnit], today: date
) -> dict[int, Preview]:
    """This function will count the customers that each rule on customers concerns today.

    A rule that can not be told, because an exchange rate is missing, is left out.
    """
    asked = [r for r in rules if r.kind in rules_of.CUSTOMER_KINDS]
    counts = dict.fromkeys((r.pk for r in asked), 0)
    for unit in units if asked else ():
        try:
            balances = _balances(unit, today)
        except RateMissing:
            return {}
        total = sum((owed for _overdue, owed in balances), ZERO)
        for rule in asked:
            if rule.kind == Kind.OVERDUE_AMOUNT:
                counts[rule.pk] += sum(overdue >= rule.threshold for overdue, _owed in balances)
            elif total > 0:
                counts[rule.pk] += sum(
                    100 * owed >= rule.threshold * total for _overdue, owed in balances
                )
    return {pk: Preview(None, count) for pk, count in counts.items()}


def _balances(unit: BusinessUnit, today: date) -> list[tuple[Decimal, Decimal]]:
    """Return for each customer of a unit what is overdue and what is owed, in its base currency."""
    report = aging(
        scope=Scope(unit_ids=(unit.pk,)),
        as_of=today,
        scheme=schemes.get(),
        convert_to=unit.base_currency,
    )
    return [
        (sum(row.amounts[1:], ZERO), sum(row.amounts, ZERO) + row.retention) for row in report.rows
    ]
