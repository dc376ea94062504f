"""The working calendar of a year, and our own exceptions to it."""

from __future__ import annotations

import calendar as months_of
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from config.core import clock
from config.core.models import CalendarDay
from config.core.permissions import guard, person, requires
from config.core.selectors import calendar as selector
from config.core.services import calendar
from config.core.views.forms import CleanForm, DateField, succeeds

FIRST_YEAR, LAST_YEAR = 2001, 2099


class DayForm(CleanForm):
    day = DateField(label=_("Date"))
    is_working = forms.TypedChoiceField(
        label=_("On that day, people"),
        choices=[("1", _("work")), ("0", _("do not work"))],
        coerce=lambda value: value == "1",
    )
    note = forms.CharField(label=_("Note"), max_length=100, required=False)


@requires("core.view_calendarday")
def index(request: HttpRequest) -> HttpResponse:
    """Show a year; who may, sets an exception here."""
    year = _year(request)
    if request.method == "POST":
        guard(request, ("core.change_calendarday",))
    may_change = request.user.has_perm("core.change_calendarday")
    form = DayForm(request.POST or None) if may_change else None
    if (
        form is not None
        and request.method == "POST"
        and form.is_valid()
        and succeeds(form, lambda: calendar.set_day(actor=person(request), **form.cleaned_data))
    ):
        messages.success(request, _("The calendar was changed."))
        return redirect(f"{request.path}?year={form.cleaned_data['day'].year}")
    context = {
        "form": form,
        "year": year,
        "previous": year - 1 if year > FIRST_YEAR else None,
        "next": year + 1 if year < LAST_YEAR else None,
        "months": _months(year, clock.today()),
        "exceptions": CalendarDay.objects.filter(date__year=year).order_by("date"),
    }
    return render(
        request,
        "core/calendar.html",
        context,
        status=422 if form is not None and form.errors else 200,
    )


def _year(request: HttpRequest) -> int:
    text = request.GET.get("year", "")
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else clock.today().year
    return min(max(year, FIRST_YEAR), LAST_YEAR)


def _months(year: int, today: date) -> list[dict[str, Any]]:
    known = selector.load()
    layout = months_of.Calendar(firstweekday=0)
    return [
        {
            "first_day": date(year, month, 1),
            "weeks": [
                [_day(day, month, known, today) for day in week]
                for week in layout.monthdatescalendar(year, month)
            ],
        }
        for month in range(1, 13)
    ]


def _day(
    day: date, month: int, known: selector.WorkingCalendar, today: date
) -> dict[str, Any] | None:
    if day.month != month:
        return None
    works, is_weekend = known.is_working_day(day), day.weekday() >= 5
    if works:
        state = "is-makeup" if is_weekend else ""
    else:
        state = "is-weekend" if is_weekend and not selector.public_name(day) else "is-holiday"
    return {
        "date": day,
        "state": state,
        "is_exception": day in known.exceptions,
        "is_today": day == today,
        "name": selector.public_name(day),
    }


@require_POST
@requires("core.view_calendarday", "core.change_calendarday")
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an exception away."""
    row = get_object_or_404(CalendarDay, pk=pk)
    calendar.forget_day(row=row, actor=person(request))
    messages.success(request, _("The public calendar holds again on %(day)s.") % {"day": row.date})
    return redirect("core:calendar")
