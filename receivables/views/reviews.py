"""Reviews: what every night found, and running one by hand for a past day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from config.core import clock, formats
from config.core.context import current_unit
from config.core.list_columns import Badge, Column
from config.core.lists import Empty, ListDefinition, list_response
from config.core.models import BusinessUnit, Job, User
from config.core.permissions import person, requires
from config.core.views.forms import CleanForm, DateField, attempt
from receivables import tasks
from receivables.models import AgingReview
from receivables.selectors import reviews as selector
from receivables.services import reviews
from receivables.views.alert_list import address

RUN = "receivables.run_review"


class ReviewFilter(CleanForm):
    date_from = DateField(label=gettext_lazy("From"), required=False)
    date_to = DateField(label=gettext_lazy("to"), required=False)


class RunForm(CleanForm):
    unit = forms.ModelChoiceField(
        label=gettext_lazy("Business unit"), queryset=BusinessUnit.objects.none(), empty_label=None
    )
    date = DateField(label=gettext_lazy("As of"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = BusinessUnit.objects.visible_to(user).filter(is_active=True).order_by("code")
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]


@require_safe
@requires("receivables.view_aging")
def page(request: HttpRequest) -> HttpResponseBase:
    """Show the reviews of the person's units, the latest first."""
    return _page(request, run_form=None)


@require_POST
@requires(RUN)
def start(request: HttpRequest) -> HttpResponseBase:
    """Ask for the review of a day; its progress is shown on the page."""
    user = person(request)
    form = RunForm(request.POST, user=user)
    if form.is_valid():
        unit, as_of = form.cleaned_data["unit"], form.cleaned_data["date"]
        job = attempt(form, lambda: _ask(unit, as_of, user))
        if job is not None:
            return redirect(f"{reverse('receivables:reviews')}?job={job.pk}")
    response = _page(request, run_form=form)
    response.status_code = 422
    return response


def _ask(unit: BusinessUnit, as_of: date, user: User) -> Job:
    reviews.check_date(as_of=as_of, today=clock.today(unit.time_zone))
    return tasks.enqueue_review(unit=unit, as_of=as_of, actor=user)


def _page(request: HttpRequest, *, run_form: RunForm | None) -> HttpResponseBase:
    user, unit = person(request), current_unit(request)
    form = ReviewFilter(request.GET)
    form.is_valid()
    rows = selector.visible(user).filter(**({"unit": unit} if unit else {}))
    if day := form.cleaned_data.get("date_from"):
        rows = rows.filter(as_of__gte=day)
    if day := form.cleaned_data.get("date_to"):
        rows = rows.filter(as_of__lte=day)
    today = clock.today(unit.time_zone if unit else None)
    if run_form is None and user.has_perm(RUN):
        run_form = RunForm(user=user, initial={"unit": unit, "date": today - timedelta(days=1)})
    return list_response(
        request,
        definition=DEFINITION,
        rows=rows,
        template="receivables/reviews/list.html",
        context={"run_form": run_form, "job": _job(request, user), "today": today},
        form=form,
        empty=Empty(
            title=_("No review has run yet."), icon="clock",
            text=_("Every night at 02:10 the day before is reviewed; days that were missed are caught up."),
        ),
        filename="reviews",
    )  # fmt: skip


def _job(request: HttpRequest, user: User) -> Job | None:
    wish = request.GET.get("job", "")
    if not (wish.isascii() and wish.isdigit() and len(wish) < 16):
        return None
    return Job.objects.visible_to(user).filter(pk=int(wish), kind=tasks.REVIEW).first()


def _amounts(review: AgingReview, part: str) -> str:
    lines = reviews.totals(review).items()
    return format_html_join(
        "", "<div>{} <span class='zq-faint'>{}</span></div>", [(formats.money(formats.Decimal(p[part])), c) for c, p in lines]
    )  # fmt: skip


def _amounts_text(review: AgingReview, part: str) -> str:
    return "; ".join(f"{c} {p[part]}" for c, p in reviews.totals(review).items())


def _day_url(review: AgingReview) -> str:
    return address("receivables:aging", as_of=review.as_of.isoformat(), unit=review.unit.code)


def _alerts_url(review: AgingReview) -> str:
    day = review.as_of.isoformat()
    return address(
        "receivables:alerts", unit=review.unit.code, raised_from=day, raised_to=day, state="all"
    )


def _state(review: AgingReview) -> Badge:
    if missing := reviews.report(review).get("missing_rates"):
        return Badge(
            _("No rate for %(currencies)s") % {"currencies": ", ".join(missing)}, "warning"
        )
    if not reviews.is_final(review, unit=review.unit):
        return Badge(_("Provisional"), "notice")
    return Badge(_("Final"), "success")


DEFINITION = ListDefinition(
    page="receivables:reviews",
    columns=(
        Column(key="as_of", label=gettext_lazy("As of"), kind="date", sort="as_of", descends_first=True, is_fixed=True,
               link=_day_url),
        Column(key="unit", label=gettext_lazy("Business unit"), value=lambda r: str(r.unit), sort="unit__code"),
        Column(key="customers", label=gettext_lazy("Customers"), kind="number", sort="customers", descends_first=True),
        Column(key="items", label=gettext_lazy("Open items"), kind="number", sort="items", descends_first=True),
        Column(key="total", label=gettext_lazy("Balance"), html=lambda r: _amounts(r, "total"), css="num",
               value=lambda r: _amounts_text(r, "total"), width=30),
        Column(key="overdue", label=gettext_lazy("Overdue"), html=lambda r: _amounts(r, "overdue"), css="num",
               value=lambda r: _amounts_text(r, "overdue"), width=30),
        Column(key="alerts_raised", label=gettext_lazy("Alerts raised"), kind="number", sort="alerts_raised",
               descends_first=True, link=_alerts_url),
        Column(key="closed", label=gettext_lazy("Alerts closed"), kind="number",
               value=lambda r: reviews.report(r).get("closed", 0)),
        Column(key="finished_at", label=gettext_lazy("Finished"), kind="moment", sort="finished_at", descends_first=True),
        Column(key="state", label=gettext_lazy("State"), kind="badge", value=_state),
    ),
    order="-as_of",
)  # fmt: skip


urlpatterns = [
    path("reviews/", page, name="reviews"),
    path("reviews/run/", start, name="review_run"),
]
