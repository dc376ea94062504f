"""Aging schemes: the list, and the page that edits the upper edges of one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.core.errors import DomainError
from config.core.permissions import person, requires
from config.core.views.forms import CleanForm
from receivables.domain.aging import DAYS, YEARS, InvalidScheme
from receivables.models import AgingScheme
from receivables.selectors import schemes as selectors
from receivables.services import schemes
from receivables.services.schemes import BucketInput
from receivables.views.dashboard import colour

VIEW, CHANGE = "receivables.view_agingscheme", "receivables.change_agingscheme"
# What a new scheme starts with.
USUAL = ((0, DAYS), (30, DAYS), (60, DAYS), (90, DAYS), (None, DAYS))


class SchemeForm(CleanForm):
    code = forms.SlugField(
        label=gettext_lazy("Code"), max_length=30, help_text=gettext_lazy("Small letters and digits; it never changes.")
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    name_en = forms.CharField(label=gettext_lazy("English name"), max_length=80, required=False)
    is_default = forms.BooleanField(
        label=gettext_lazy("The usual scheme of every report"), required=False
    )
    is_active = forms.BooleanField(label=gettext_lazy("Can be chosen"), required=False)


@require_GET
@requires(VIEW)
def schemes_page(request: HttpRequest) -> HttpResponse:
    """All schemes with their buckets on the age scale."""
    known = AgingScheme.objects.prefetch_related("buckets").order_by("-is_default", "code")
    rows = [{"scheme": scheme, "buckets": _shown(scheme)} for scheme in known]
    context = {"rows": rows, "may_change": person(request).has_perm(CHANGE)}
    return render(request, "receivables/schemes/list.html", context)


def _shown(scheme: AgingScheme) -> list[dict[str, Any]]:
    domain = selectors.to_domain(scheme)
    return [
        {"label": bucket.label, "colour": colour(position, domain), "amount": None}
        for position, bucket in enumerate(domain.buckets)
    ]


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def scheme_create(request: HttpRequest) -> HttpResponse:
    """Add a scheme."""
    form = SchemeForm(request.POST or None, initial={"is_active": True})
    if request.method != "POST":
        return _page(request, form, [{"upper": upper, "unit": unit} for upper, unit in USUAL])
    del form.fields["is_active"]
    return _save(request, form, None)


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def scheme_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change a scheme's names and edges."""
    scheme = AgingScheme.objects.filter(code=code).first()
    if scheme is None:
        raise Http404
    names = ("code", "name", "name_en", "is_default", "is_active")
    initial = {name: getattr(scheme, name) for name in names}
    form = SchemeForm(request.POST or None, initial=initial)
    form.fields["code"].disabled = True
    if request.method == "POST":
        return _save(request, form, scheme)
    rows = scheme.buckets.order_by("position").values("upper", "upper_unit", "code", "label", "label_en")  # fmt: skip
    buckets = [{**row, "unit": row["upper_unit"]} for row in rows]
    return _page(request, form, buckets, scheme=scheme, version=scheme.version)


def _save(request: HttpRequest, form: SchemeForm, scheme: AgingScheme | None) -> HttpResponse:
    rows = _typed(request)
    version = _version(request)
    fault: dict[str, Any] = {}
    if form.is_valid():
        try:
            saved = _write(request, form.cleaned_data, rows, scheme, version)
        except InvalidScheme as refusal:
            fault = {"position": refusal.context.get("position"), "sentence": str(refusal)}
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The scheme “%(name)s” was saved.") % {"name": saved.get_name()})  # fmt: skip
            return redirect("receivables:schemes")
    return _page(request, form, rows, scheme=scheme, version=version, fault=fault, status=422)


def _write(
    request: HttpRequest,
    data: dict[str, Any],
    rows: list[dict[str, Any]],
    scheme: AgingScheme | None,
    version: int,
) -> AgingScheme:
    buckets = [_bucket(row) for row in rows]
    common: dict[str, Any] = {
        "name": data["name"], "name_en": data["name_en"], "buckets": buckets,
        "is_default": data["is_default"], "actor": person(request),
    }  # fmt: skip
    if scheme is None:
        return schemes.create(code=data["code"], **common)
    active = data.get("is_active", False)
    return schemes.change(scheme=scheme, is_active=active, expected_version=version, **common)


def _bucket(row: dict[str, Any]) -> BucketInput:
    """Return the edge that was typed; a text that is no number can be no edge."""
    text = row["upper"]
    upper = None if text == "" else int(text) if text.isdecimal() and len(text) < 8 else -1
    return BucketInput(upper=upper, unit=row["unit"])


def _typed(request: HttpRequest) -> list[dict[str, Any]]:
    uppers, units = request.POST.getlist("upper"), request.POST.getlist("unit")
    pairs = list(zip(uppers, units, strict=False))[: schemes.MOST_BUCKETS + 1]
    return [{"upper": upper.strip(), "unit": unit} for upper, unit in pairs]


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _page(
    request: HttpRequest,
    form: SchemeForm,
    buckets: list[dict[str, Any]],
    *,
    scheme: AgingScheme | None = None,
    version: int = 0,
    fault: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    known = fault or {}
    place = known.get("position")
    beside = place is not None and place < len(buckets)
    for position, bucket in enumerate(buckets):
        bucket["error"] = known["sentence"] if beside and position == place else ""
        bucket["upper"] = "" if bucket["upper"] is None else bucket["upper"]
    context = {
        "form": form, "buckets": buckets, "scheme": scheme, "version": version, "years": YEARS, "days": DAYS,
        "general": "" if beside else known.get("sentence", ""),
    }  # fmt: skip
    return render(request, "receivables/schemes/form.html", context, status=status)


@require_POST
@requires(CHANGE)
def scheme_delete(request: HttpRequest, code: str) -> HttpResponse:
    """Remove a scheme that is not the default."""
    scheme = AgingScheme.objects.filter(code=code).first()
    if scheme is None:
        raise Http404
    version = _version(request)
    try:
        schemes.delete(scheme=scheme, expected_version=version, actor=person(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The scheme “%(name)s” was deleted.") % {"name": scheme.get_name()})  # fmt: skip
    return redirect("receivables:schemes")


urlpatterns: list[URLPattern] = [
    path("aging-schemes/", schemes_page, name="schemes"),
    path("aging-schemes/new/", scheme_create, name="scheme_create"),
    path("aging-schemes/<slug:code>/", scheme_edit, name="scheme_edit"),
    path("aging-schemes/<slug:code>/delete/", scheme_delete, name="scheme_delete"),
]
