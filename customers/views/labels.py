"""Words for the values of payment terms."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from customers.domain.terms import BaseEvent, HolidayRule, InstalmentKind, Rule

BASE_EVENTS = {
    BaseEvent.ORDER.value: gettext_lazy("Order"),
    BaseEvent.DISPATCH.value: gettext_lazy("Dispatch"),
    BaseEvent.SIGN_OFF.value: gettext_lazy("Sign-off of the delivery"),
    BaseEvent.ACCEPTANCE.value: gettext_lazy("Acceptance"),
    BaseEvent.INVOICE.value: gettext_lazy("Invoice date"),
    BaseEvent.INVOICE_RECEIVED.value: gettext_lazy("Receipt of the invoice"),
    BaseEvent.STATEMENT_CONFIRMED.value: gettext_lazy("Confirmation of the statement"),
    BaseEvent.PERIOD_END.value: gettext_lazy("End of the period"),
}
HOLIDAY_RULES = {
    HolidayRule.UNCHANGED.value: gettext_lazy("Keep the date"),
    HolidayRule.NEXT_WORKING_DAY.value: gettext_lazy("Next working day"),
    HolidayRule.PREVIOUS_WORKING_DAY.value: gettext_lazy("Previous working day"),
}
KINDS = {
    InstalmentKind.REGULAR.value: gettext_lazy("Price"),
    InstalmentKind.RETENTION.value: gettext_lazy("Retention"),
}


def summary(rule: Rule) -> str:
    """Return a rule in a line, e.g. "Invoice date → month end → + 30 days"."""
    steps = [str(BASE_EVENTS[rule.base_event.value])]
    if rule.cut_off_day:
        steps.append(_("cut-off on day %(day)s") % {"day": rule.cut_off_day})
    if rule.end_of_month:
        steps.append(_("month end"))
    if rule.parts:
        steps += [
            _("%(count)s instalments") % {"count": len(rule.parts)},
            " / ".join(f"{part.percent.normalize():f}" for part in rule.parts) + " %",
        ]
    else:
        steps += _counted(rule.months, rule.days)
    if rule.pay_days:
        steps.append(
            _("pay days %(days)s") % {"days": ", ".join(str(day) for day in rule.pay_days)}
        )
    steps += [_("grace %(days)s") % {"days": rule.grace_days}] if rule.grace_days else []
    if rule.holiday_rule != HolidayRule.UNCHANGED:
        steps.append(str(HOLIDAY_RULES[rule.holiday_rule.value]))
    return " → ".join(steps)


def _counted(months: int, days: int) -> list[str]:
    counted = []
    if months:
        counted.append(ngettext("+ %(n)s month", "+ %(n)s months", months) % {"n": months})
    if days:
        counted.append(ngettext("+ %(n)s day", "+ %(n)s days", days) % {"n": days})
    return counted
