"""The finance manager's overview. It computes nothing: it asks one selector and lays out the answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.core import formats
from config.core.errors import DomainError
from config.core.money import to_text
from config.core.permissions import SIGNED_IN, requires
from receivables.domain.aging import Scheme
from receivables.selectors.aging import AgingRow
from receivables.selectors.dashboard import Dashboard, TrendPoint, dashboard
from receivables.selectors.metrics import Metric, Unit
from receivables.views.metric_words import inputs_of
from receivables.views.questions import DashboardForm, Question, ask

RETENTION_COLOUR = 0
POINTS_OF_A_LINE = 3
CARRIED = frozenset({"owner", "segment"})


@require_safe
@requires(SIGNED_IN)
def home(request: HttpRequest) -> HttpResponseBase:
    """Where people arrive: the overview, or the settings of who administers and sees no figures."""
    if not request.user.has_perm("receivables.view_aging"):
        return redirect("core:settings")
    return overview(request)


@require_safe
@requires("receivables.view_aging")
def overview(request: HttpRequest) -> HttpResponse:
    form, question = ask(request, DashboardForm)
    context: dict[str, Any] = {"form": form, "question": question}
    try:
        found = dashboard(
            user=question.user, scope=question.scope, as_of=question.as_of, scheme=question.scheme,
            convert_to=question.convert_to, period=question.period,
        )  # fmt: skip
    except DomainError as refusal:
        return render(
            request,
            "receivables/dashboard.html",
            {**context, "refusal": str(refusal)},
            status=refusal.status,
        )
    lines = sparklines(found)
    context |= {
        "board": found,
        "figures": [
            f | {"trend": f["trend"] if f["trend"] in lines else ""}
            for f in figures(found, question)
        ],
        "aging_chart": aging_chart(found, question),
        "months_chart": months_chart(found, question),
        "owners_chart": owners_chart(found, question),
        "top": [_top_row(t, found, question) for t in found.top],
        "top_overdue": sum((t.overdue for t in found.top), Decimal(0)),
        "top_open": sum((sum(t.row.amounts, Decimal(0)) for t in found.top), Decimal(0)),
        "sparklines": lines,
        "items_url": items_url(question),
    }
    return render(request, "receivables/dashboard.html", context)


# Addresses: every figure opens what it is made of. --------------------------------------------------


def carried(question: Question, **changes: object) -> dict[str, str]:
    """Return the parameters of the question that a linked page understands too."""
    kept = {name: value for name, value in question.given.items() if name in CARRIED}
    if question.scope.currency:
        kept["currency"] = question.scope.currency
    kept["as_of"] = question.as_of.isoformat()
    return {**kept, **{k: str(v) for k, v in changes.items() if v not in (None, "")}}


def items_url(question: Question, **changes: object) -> str:
    """Return the address of the items behind a figure."""
    parameters = carried(question, state="open", **changes)
    return f"{reverse('receivables:items')}?{urlencode(parameters)}"


def aging_url(question: Question, **changes: object) -> str:
    return f"{reverse('receivables:aging')}?{urlencode(carried(question, **changes))}"


# The strip ------------------------------------------------------------------------------------------


def figures(found: Dashboard, question: Question) -> list[dict[str, Any]]:
    """Return the strip: receivables, overdue, DSO, CEI, alerts, each with its formula and its link."""
    value = found.metrics
    total = formats.compact_money(
        found.balance.receivables, language=get_language(), currency=found.currency
    )
    overdue = formats.compact_money(
        found.balance.overdue, language=get_language(), currency=found.currency
    )
    not_due = formats.compact_money(
        found.balance.not_due, language=get_language(), currency=found.currency
    )
    return [
        _figure(value["receivables"], str(total.number), total.unit, _("%(customers)s customers") % {"customers": found.customers},
                url=items_url(question), trend="spark-receivables"),
        _figure(value["not_due"], str(not_due.number), not_due.unit, _share(found.balance.not_due, found.balance.receivables),
                url=items_url(question, bucket=found.scheme.buckets[0].code), trend="spark-not-due"),
        _figure(value["overdue"], str(overdue.number), overdue.unit,
                _("%(share)s · %(customers)s customers") % {
                    "share": percent_text(value["overdue_ratio"].value), "customers": found.customers_overdue},
                url=items_url(question, bucket="overdue"), trend="spark-overdue"),
        _figure(value["dso_countback"], number_text(value["dso_countback"]), pgettext("unit", "days"),
                _("best %(best)s · delinquent %(add)s") % {
                    "best": number_text(value["best_possible_dso"]),
                    "add": number_text(value["average_days_delinquent"])},
                url=metrics_url(question), trend="spark-dso", more=value["dso"]),
        _figure(value["collection_effectiveness_index"], number_text(value["collection_effectiveness_index"]), "%",
                _("turnover %(times)s times") % {"times": number_text(value["ar_turnover"], places=2)},
                url=metrics_url(question), trend="spark-cei"),
    ]  # fmt: skip


def _figure(
    metric: Metric,
    value: str,
    unit: str,
    note: str,
    *,
    url: str,
    trend: str = "",
    more: Metric | None = None,
) -> dict[str, Any]:
    formula = [metric.formula, *(f"{name} = {text}" for name, text in inputs_of(metric))]
    if more is not None:
        formula += [
            f"{more.label}: {more.formula}",
            *(f"{name} = {text}" for name, text in inputs_of(more)),
        ]
    unit = unit if metric.value is not None else ""
    return {
        "label": metric.label, "value": value, "unit": unit, "note": note, "url": url, "trend": trend,
        "help": "\n".join([*formula, *([metric.note] if metric.note else [])]),
    }  # fmt: skip


def metrics_url(question: Question) -> str:
    parameters = {**carried(question), "period": question.period.value}
    return f"{reverse('receivables:metrics')}?{urlencode(parameters)}"


def number_text(metric: Metric, *, places: int = 1) -> str:
    if metric.value is None:
        return _("n/a")
    text = formats.number(metric.value, places=places)
    return f"≥ {text}" if metric.note and metric.unit is Unit.DAYS else text


def percent_text(value: Decimal | None) -> str:
    return _("n/a") if value is None else f"{formats.number(value, places=1)}%"


def _share(part: Decimal, whole: Decimal) -> str:
    return percent_text(100 * part / whole if whole > 0 else None)


# The charts -----------------------------------------------------------------------------------------


def colour(position: int, scheme: Scheme) -> int:
    """Return the place of a bucket on the age scale, by its age and not by its number."""
    first = scheme.from_days(position)
    return formats.age_colour(first)


def aging_chart(found: Dashboard, question: Question) -> dict[str, Any]:
    """Return the horizontal bars: one a bucket, then retention and unapplied credit where there is any."""
    rows = [
        _bar(b.label, amount, colour(i, found.scheme), items_url(question, bucket=b.code))
        for i, (b, amount) in enumerate(zip(found.scheme.buckets, found.total.amounts, strict=True))
    ]
    if found.total.retention:
        retention = items_url(question, bucket="retention")
        rows.insert(1, _bar(_("Retention"), found.total.retention, RETENTION_COLOUR, retention))
    return {"rows": rows, "currency": found.currency}


def _bar(label: str, amount: Decimal, shade: int, url: str) -> dict[str, Any]:
    return {"label": label, "amount": to_text(amount), "colour": shade, "url": url}


def months_chart(found: Dashboard, question: Question) -> dict[str, Any]:
    """Return the stacked bars of the last month ends with the overdue share as a line."""
    return {
        "categories": [
            {"label": formats.month(p.as_of, language=get_language()), "url": aging_url(question, as_of=p.as_of)}
            for p in found.trend
        ],
        "series": [
            {
                "label": b.label, "colour": colour(i, found.scheme),
                "amounts": [to_text(_with_retention(p, i)) for p in found.trend],
                "urls": [items_url(question, as_of=p.as_of, bucket=b.code) for p in found.trend],
            }
            for i, b in enumerate(found.scheme.buckets)
        ],
        "line": {
            "label": _("Overdue share"),
            "values": [None if p.overdue_share is None else float(p.overdue_share / 100) for p in found.trend],
        },
        "currency": found.currency,
    }  # fmt: skip


def _with_retention(point: TrendPoint, position: int) -> Decimal:
    return point.amounts[position] + (point.retention if position == 0 else 0)


def owners_chart(found: Dashboard, question: Question) -> dict[str, Any]:
    shown = found.owners[:8]
    return {
        "categories": [{"label": r.label, "url": aging_url(question, owner=r.key)} for r in shown],
        "series": [
            {
                "label": b.label, "colour": colour(i, found.scheme),
                "amounts": [to_text(r.amounts[i]) for r in shown],
                "urls": [items_url(question, owner=r.key, bucket=b.code) for r in shown],
            }
            for i, b in enumerate(found.scheme.buckets)
        ],
        "currency": found.currency,
    }  # fmt: skip


def sparklines(found: Dashboard) -> dict[str, dict[str, Any]]:
    def points(name: str, divisor: int) -> list[dict[str, Any]]:
        return [
            {
                "label": formats.month(p.as_of, language=get_language()),
                "value": None if (v := getattr(p, name)) is None else float(v / divisor),
            }
            for p in found.trend
        ]

    lines = {
        "spark-overdue": {"points": points("overdue_share", 100), "format": "percent"},
        "spark-dso": {"points": points("dso_countback", 1), "format": "days"},
        "spark-cei": {"points": points("cei", 100), "format": "percent"},
        "spark-receivables": {"points": points("receivables", 1), "format": "money"},
        "spark-not-due": {"points": points("not_due", 1), "format": "money"},
    }
    return {name: line for name, line in lines.items() if _is_a_line(line["points"])}


def _is_a_line(points: Any) -> bool:
    return sum(point["value"] is not None for point in points) >= POINTS_OF_A_LINE


def _top_row(top: Any, found: Dashboard, question: Question) -> dict[str, Any]:
    return {
        "top": top,
        "url": reverse("customers:detail", args=[top.row.key]),
        "items_url": items_url(question, customer=top.row.key, bucket="overdue"),
        "ages": age_segments(top.row, found.scheme, question, customer=top.row.key),
        "open": sum(top.row.amounts, Decimal(0)),
    }


def age_segments(
    row: AgingRow, scheme: Scheme, question: Question, **changes: object
) -> list[dict[str, Any]]:
    """Return the segments of a row's age bar, each a link to its items."""
    return [
        {
            "label": b.label, "amount": amount, "colour": colour(i, scheme),
            "url": items_url(question, bucket=b.code, **changes),
        }
        for i, (b, amount) in enumerate(zip(scheme.buckets, row.amounts, strict=True))
    ]  # fmt: skip
