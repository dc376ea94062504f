"""What went into a turnover figure, in words and amounts as people write them."""

from __future__ import annotations

from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.core import formats
from receivables.selectors.metrics import Metric

NAMES: dict[str, str | Promise] = {
    "receivables": gettext_lazy("Receivables"),
    "overdue": gettext_lazy("Overdue"),
    "aged_over_90": gettext_lazy("Over 90 days overdue"),
    "opening": gettext_lazy("Opening receivables"),
    "sales": gettext_lazy("Credit sales"),
    "closing": gettext_lazy("Closing receivables"),
    "closing_not_due": gettext_lazy("Closing, not due"),
    "days": gettext_lazy("Days of the period"),
    "sales_by_month": gettext_lazy("Sales by month, newest first"),
}


def inputs_of(metric: Metric) -> list[tuple[str, str]]:
    """This function will return the name and the value of everything that went into a figure."""
    return [
        (str(NAMES.get(name, name)), _text(name, value)) for name, value in metric.inputs.items()
    ]


def _text(name: str, value: str) -> str:
    if name == "days":
        return formats.number(Decimal(value))
    if name == "sales_by_month":
        return _(", ").join(_month(part) for part in value.split(", ") if part)
    return formats.money(Decimal(value))


def _month(part: str) -> str:
    sales, _slash, days = part.partition("/")
    count = int(days)
    return ngettext("%(sales)s in %(days)s day", "%(sales)s in %(days)s days", count) % {
        "sales": formats.money(Decimal(sales)),
        "days": count,
    }
