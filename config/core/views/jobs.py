"""Background work as people see it: what runs, how far it is, why it failed."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from config.core.lists import Badge, Column, Empty, ListDefinition, list_response
from config.core.models import BusinessUnit, Job
from config.core.permissions import SIGNED_IN, person, requires
from config.core.selectors import jobs as job_selectors
from config.core.services import jobs

# What handlers report, in people's words; the rest of a result is for programs.
FIGURES = {
    "rows": _("Rows"),
    "accepted": _("Rows taken"),
    "refused": _("Rows refused"),
    "customers": _("Customers"),
    "items": _("Open items"),
    "alerts": _("Alerts raised"),
}


def _percent(job: Job) -> str:
    return "" if job.percent is None else f"{job.percent} %"


JOBS = ListDefinition(
    page="core:job_list",
    columns=(
        Column(
            key="kind",
            label=_("Job"),
            value=lambda job: jobs.label_of(kind=job.kind),
            link=lambda job: reverse("core:job_detail", args=[job.pk]),
            sort="kind",
            is_fixed=True,
        ),
        Column(
            key="state",
            label=_("State"),
            kind="badge",
            value=lambda job: Badge(text=job.get_state_display(), level=job.state),
            sort="state",
        ),
        Column(key="progress", label=_("Progress"), value=_percent, css="num"),
        Column(key="unit", label=_("Business unit"), value=lambda job: job.unit or ""),
        Column(
            key="created_by",
            label=_("Asked by"),
            value=lambda job: job.created_by or _("The system"),
            sort="created_by__username",
        ),
        Column(
            key="created_at",
            label=_("Asked at"),
            kind="moment",
            sort="created_at",
            descends_first=True,
        ),
        Column(
            key="finished_at",
            label=_("Ended at"),
            kind="moment",
            sort="finished_at",
            descends_first=True,
        ),
        Column(key="attempt", label=_("Attempts"), kind="number", sort="attempt", is_shown=False),
        Column(
            key="error",
            label=_("Reason"),
            kind="wrap",
            value=lambda job: job_selectors.error_of(job=job),
        ),
    ),
    order="-created_at",
)


class JobFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(
        label=_("State"), choices=Job.State.choices, empty_label=_("All")
    )
    kind = django_filters.ChoiceFilter(label=_("Job"), empty_label=_("All"))
    unit = django_filters.ModelChoiceFilter(
        label=_("Business unit"),
        queryset=BusinessUnit.objects.none(),
        to_field_name="code",
        empty_label=_("All"),
    )

    class Meta:
        model = Job
        fields = ("state", "kind", "unit")

    def __init__(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        super().__init__(request.GET, queryset=queryset, request=request)
        self.filters["kind"].extra["choices"] = sorted(
            jobs.labels().items(), key=lambda one: str(one[1])
        )
        self.filters["unit"].queryset = BusinessUnit.objects.visible_to(person(request)).order_by(
            "code"
        )


@require_safe
@requires(SIGNED_IN)
def job_list(request: HttpRequest) -> HttpResponseBase:
    """Show the jobs a person may see: the own ones, or all of the units."""
    found = JobFilter(request, job_selectors.visible(user=person(request)))
    empty = Empty(
        title=_("No background work yet."),
        text=_(
            "Imports, reviews and other long work appear here while they run, and stay afterwards."
        ),
        icon="history",
    )
    return list_response(
        request,
        definition=JOBS,
        rows=found.qs,
        template="core/jobs.html",
        form=found.form,
        empty=empty,
    )


def _visible_job(request: HttpRequest, pk: int) -> Job:
    job = get_object_or_404(job_selectors.visible(user=person(request)), pk=pk)
    job.error = job_selectors.error_of(job=job)
    return job


@require_safe
@requires(SIGNED_IN)
def job_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one job: its progress while it runs, its result or its reason afterwards."""
    job = _visible_job(request, pk)
    result = job.result or {}
    context = {
        "job": job,
        "label": jobs.label_of(kind=job.kind),
        "may_handle": jobs.may_handle(job=job, user=person(request)),
        "figures": [(label, result[name]) for name, label in FIGURES.items() if name in result],
        "is_retriable": job.state in {Job.State.FAILED, Job.State.CANCELLED},
    }
    return render(request, "core/job.html", context)


@require_safe
@requires(SIGNED_IN)
def job_fragment(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the progress bar, which asks every second until the job has ended."""
    return _progress(request, _visible_job(request, pk))


@require_POST
@requires(SIGNED_IN)
def job_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a job to stop."""
    job = jobs.request_cancel(job=_visible_job(request, pk), actor=person(request))
    if request.headers.get("HX-Request"):
        return _progress(request, job)
    return redirect("core:job_detail", pk=job.pk)


@require_POST
@requires(SIGNED_IN)
def job_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Take up a failed or cancelled job again."""
    job = jobs.retry_by_person(job=_visible_job(request, pk), actor=person(request))
    return redirect("core:job_detail", pk=job.pk)


def _progress(request: HttpRequest, job: Job) -> HttpResponse:
    response = render(request, "core/_job.html", {"job": job})
    if job.is_finished:
        response["HX-Trigger"] = "zq:job-finished"
    return response
