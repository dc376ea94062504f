"""Filters and tags of the product, builtin in every template."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.forms import BoundField, Form
from django.http import HttpRequest
from django.template.context import RequestContext
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from config.core import formats

register = template.Library()


def _decimal(value: object) -> Decimal | None:
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        exact = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None
    return exact if exact.is_finite() else None


@register.filter
def money(value: object) -> str:
    """Return an amount with separators and two decimals; a dash where there is none."""
    return formats.money(_decimal(value))


@register.filter
def money_wan(value: object, currency: str = "CNY") -> str:
    """Return an amount in 万元 or in K, M, B, for figures that are read at a glance."""
    return str(compact(value, currency))


@register.filter
def compact(value: object, currency: str = "CNY") -> formats.Compact:
    """Return the compact amount as an object with `number` and `unit`."""
    return formats.compact_money(
        _decimal(value), language=get_language(), currency=currency or "CNY"
    )


@register.filter
def number(value: object, places: int = 0) -> str:
    """Return a number with separators and so many decimals; a dash where there is none."""
    exact = _decimal(value)
    return formats.DASH if exact is None else formats.number(exact, places=int(places))


@register.filter
def percent(value: object, places: int = 1) -> str:
    """Return a ratio as percent; "n/a" where it is undefined."""
    exact = _decimal(value)
    return gettext("n/a") if exact is None else formats.percent(exact, places=int(places))


@register.filter
def days(value: object, places: int = 0) -> str:
    """Return a number of days with its word; "n/a" where it is undefined."""
    exact = _decimal(value)
    if exact is None:
        return gettext("n/a")
    text = formats.number(exact, places=int(places))
    return ngettext("%(count)s day", "%(count)s days", 1 if exact == 1 else 2) % {"count": text}


@register.filter
def na(value: object) -> object:
    """Return the value, or "n/a" where it is undefined."""
    return gettext("n/a") if value is None else value


@register.filter
def day(value: object) -> str:
    """Return a date as people of the language write it."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(ZoneInfo(settings.TIME_ZONE))
    return formats.day(value if isinstance(value, date) else None, language=get_language())


@register.filter
def month(value: object) -> str:
    """Return the month of a date as people of the language write it."""
    return formats.month(value if isinstance(value, date) else None, language=get_language())


@register.filter
def moment(value: object) -> str:
    """Return a point in time, to the minute, in the business time zone."""
    known = value if isinstance(value, datetime) else None
    return formats.moment(known, language=get_language(), zone=settings.TIME_ZONE)


@register.filter
def age_colour(value: object) -> int:
    """Return the position on the age scale of a number of days overdue."""
    exact = _decimal(value)
    return formats.age_colour(None if exact is None else int(exact))


@register.filter
def level_class(value: object) -> str:
    """Return the class that colours a level, a state or a colour word."""
    return formats.level_class(value)


@register.filter
def get(value: Any, key: str) -> Any:
    """Return `value[key]`, or None: templates cannot look up by a variable."""
    if isinstance(value, Mapping):
        return value.get(key)
    return getattr(value, key, None)


@register.filter
def share_of(value: object, whole: object) -> str:
    """Return `value` ÷ `whole` as a CSS percentage: 12.5 (never below 0 or above 100)."""
    part, total = _decimal(value), _decimal(whole)
    if part is None or not total:
        return "0"
    return f"{min(Decimal(100), max(Decimal(0), 100 * part / total)):.2f}"


WIDGET_CLASSES = {
    "checkbox": "form-check-input",
    "select": "form-select",
    "selectmultiple": "form-select",
}
BARE_WIDGETS = {"radioselect", "checkboxselectmultiple", "hidden"}


@register.filter
def styled(field: BoundField) -> SafeString:
    """Render a form's field with the class of the design system beside its own classes."""
    own = field.field.widget.attrs.get("class", "")
    if field.widget_type in BARE_WIDGETS:
        return field.as_widget()
    css = WIDGET_CLASSES.get(field.widget_type, "form-control")
    return field.as_widget(attrs={"class": f"{css} {own}".strip()})


@register.filter
def folded_in_use(form: Form) -> int:
    """Count the folded filters that ask for something else than the usual, their first choice."""
    return sum(_asks(form[name]) for name in getattr(form, "folded", ()) if name in form.fields)


def _asks(field: BoundField) -> bool:
    value = field.data
    usual = next(iter(getattr(field.field, "choices", ())), ("",))[0]
    return value not in (None, "") and str(value) != str(usual)


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """Render an icon of the sprite; it is silent for screen readers unless it has a label."""
    href = f"{static('vendor/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="{}"/></svg>',
            css,
            label,
            href,
        )
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="{}"/></svg>', css, href)


@register.simple_tag
def url_or_none(name: str, *args: object, **kwargs: object) -> str:
    """Return the address of a route, or nothing while no part of the product has it."""
    try:
        return reverse(name, args=args or None, kwargs=kwargs or None)
    except NoReverseMatch:
        return ""


@register.simple_tag(takes_context=True)
def url_with(context: RequestContext, **changes: object) -> str:
    """Return this page's query with some parameters set; None or "" takes one away."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for key, value in changes.items():
        if value is None or value == "":
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}"
