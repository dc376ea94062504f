"""The import centre: send a file, say what its columns mean, watch it being read, see what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.core import exports
from config.core.errors import DomainError
from config.core.lists import Badge, Column, Empty, ListDefinition, list_response
from config.core.permissions import person, requires
from config.core.views.forms import attempt
from receivables.domain.importing.fields import FIELDS
from receivables.models import ImportBatch, ImportRefusal
from receivables.models.imports import ImportKind
from receivables.selectors import import_downloads, import_previews, imports
from receivables.selectors.import_previews import Preview
from receivables.services.imports import background, uploads
from receivables.views.import_forms import ReadingForm, UploadForm, columns_of

VIEW, IMPORT = "receivables.view_importbatch", "receivables.import_data"
State = ImportBatch.State
LEVELS = {
    State.UPLOADED: "info", State.RUNNING: "running", State.DONE: "success", State.CHECKED: "notice",
    State.REFUSED: "danger", State.CANCELLED: "neutral",
}  # fmt: skip


def state_badge(batch: ImportBatch) -> Badge:
    return Badge(batch.get_state_display(), LEVELS.get(State(batch.state), "neutral"))


IMPORTS = ListDefinition(
    page="receivables:imports",
    order="-created_at",
    columns=(
        Column(
            key="file_name", label=gettext_lazy("File"), sort="file_name", is_fixed=True,
            link=lambda batch: reverse("receivables:import_detail", args=[batch.pk]),
        ),
        Column(key="state", label=gettext_lazy("State"), kind="badge", value=state_badge, sort="state"),
        Column(key="kind", label=gettext_lazy("Kind"), value=lambda batch: batch.get_kind_display(), sort="kind"),
        Column(key="unit", label=gettext_lazy("Business unit"), value=lambda batch: batch.unit.name),
        Column(key="rows_read", label=gettext_lazy("Rows read"), kind="number", sort="rows_read", descends_first=True),
        Column(key="rows_written", label=gettext_lazy("Written"), kind="number", sort="rows_written", descends_first=True),
        Column(key="rows_unchanged", label=gettext_lazy("Already there"), kind="number", sort="rows_unchanged"),
        Column(key="rows_refused", label=gettext_lazy("Refused"), kind="number", sort="rows_refused", descends_first=True),
        Column(
            key="created_by", label=gettext_lazy("Sent by"),
            value=lambda batch: batch.created_by or _("The system"), sort="created_by__username",
        ),
        Column(key="created_at", label=gettext_lazy("Sent"), kind="moment", sort="created_at", descends_first=True),
    ),
)  # fmt: skip
REFUSALS = ListDefinition(
    page="receivables:import_detail",
    order="row",
    columns=(
        Column(key="sheet", label=gettext_lazy("Sheet"), is_shown=False),
        Column(key="row", label=gettext_lazy("Row"), kind="number", sort="row", is_fixed=True),
        Column(key="column", label=gettext_lazy("Column"), sort="column"),
        Column(key="value", label=gettext_lazy("Value"), kind="code"),
        Column(
            key="reason",
            label=gettext_lazy("Reason and remedy"),
            kind="wrap",
            value=imports.reason,
            sort="code",
        ),
    ),
)


def _batch(request: HttpRequest, pk: int) -> ImportBatch:
    return get_object_or_404(imports.visible(user=person(request)), pk=pk)


@require_safe
@requires(VIEW)
def index(request: HttpRequest) -> HttpResponseBase:
    """All imports of the user's units, newest first."""
    empty = Empty(
        title=_("Nothing was imported yet."),
        text=_("Send your ledger as Excel workbook or CSV: customers, open items, receipts."),
        url=reverse("receivables:import_upload") if person(request).has_perm(IMPORT) else "",
        action=_("Import a file"),
        icon="file-upload",
    )
    return list_response(
        request, definition=IMPORTS, rows=imports.visible(user=person(request)),
        template="receivables/imports/list.html", empty=empty, filename="imports",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@requires(IMPORT)
def upload(request: HttpRequest) -> HttpResponse:
    """Step 1: the file, its kind, its unit."""
    asked = request.GET.get("kind")
    kinds = [
        (kind, label)
        for kind, label in ImportKind.choices
        if kind in uploads.kinds_for(actor=person(request))
    ]
    initial = {"kind": asked} if asked in dict(kinds) else {}
    form = UploadForm(
        request.POST or None, request.FILES or None, request=request, kinds=kinds, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        batch = attempt(form, lambda: _take(request, form))
        if batch is not None:
            return redirect("receivables:import_mapping", pk=batch.pk)
    context = {"form": form, "kinds": kinds, "step": 1}
    return render(
        request, "receivables/imports/upload.html", context, status=422 if form.errors else 200
    )


def _take(request: HttpRequest, form: UploadForm) -> ImportBatch:
    given = form.cleaned_data
    return uploads.take(
        unit=given["unit"],
        kind=given["kind"],
        file_name=given["file"].name,
        content=given["file"].chunks(),
        mapping="",
        options={},
        actor=person(request),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(IMPORT)
def mapping(request: HttpRequest, pk: int) -> HttpResponse:
    """Step 2: what the columns mean, and the first rows as they will be read."""
    batch = _batch(request, pk)
    if batch.state in {State.RUNNING, State.DONE}:
        return redirect("receivables:import_detail", pk=pk)
    preview = import_previews.preview(batch=batch)
    form = _reading_form(request, batch, preview)
    if request.method == "POST" and form.is_valid() and _reconfigure(request, batch, preview, form):
        if request.POST.get("action") in {"check", "import"}:
            background.enqueue(batch=batch, actor=person(request))
            return redirect("receivables:import_detail", pk=pk)
        preview = import_previews.preview(batch=batch)
        form = _reading_form(None, batch, preview)
    context = {
        "batch": batch, "preview": preview, "form": form, "step": 2, "fields": import_previews.choices(batch.kind),
        "can_go": not preview.missing and not preview.refusal and bool(preview.labels),
    }  # fmt: skip
    return render(request, "receivables/imports/mapping.html", context)


def _reading_form(request: HttpRequest | None, batch: ImportBatch, preview: Preview) -> ReadingForm:
    options: dict[str, Any] = batch.options
    initial = {
        "date_order": preview.mapping.date_order,
        "negative": preview.mapping.negative,
        "round_amounts": preview.mapping.round_amounts,
        **{
            name: options.get(name)
            for name in ("currency", "create_customers", "good_rows_only", "sheet")
        },
    }
    data = request.POST if request is not None and request.method == "POST" else None
    return ReadingForm(
        data, sheets=preview.sheets, currency=batch.unit.base_currency, initial=initial
    )


def _reconfigure(
    request: HttpRequest, batch: ImportBatch, preview: Preview, form: ReadingForm
) -> bool:
    """Keep what was chosen; say on the form what does not go."""
    given = form.cleaned_data
    headings = [column.heading for column in preview.columns]
    columns, twice = columns_of(batch.kind, request.POST, headings)
    if twice:
        labels = {name: label for name, label, _required in import_previews.choices(batch.kind)}
        names = ", ".join(labels[name] for name in twice)
        form.add_error(
            None,
            _("Chosen for two columns: %(names)s. A field is read from one column.")
            % {"names": names},
        )
        return False
    chosen = {
        **preview.mapping.as_json(), "columns": columns, "date_order": given["date_order"], "negative": given["negative"],
        "round_amounts": given["round_amounts"],
    }  # fmt: skip
    chosen.pop("currency", None)
    options = {
        **batch.options, "currency": given["currency"], "create_customers": given["create_customers"],
        "good_rows_only": given["good_rows_only"], "sheet": given.get("sheet") or "",
        "dry_run": request.POST.get("action") != "import",
    }  # fmt: skip
    done = attempt(
        form,
        lambda: uploads.reconfigure(
            batch=batch, mapping=chosen, options=options, actor=person(request)
        ),
    )
    return done is not None


@require_safe
@requires(VIEW)
def detail(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Steps 3 and 4: the progress, then the figures and every refused row."""
    batch = _batch(request, pk)
    job = batch.job
    is_running = job is not None and not job.is_finished
    context = {
        "batch": batch, "badge": state_badge(batch), "job": job, "is_running": is_running,
        "totals": imports.totals(batch=batch), "notices": imports.notices(batch=batch),
        "refusal": imports.file_refusal(batch=batch), "step": 3 if is_running else 4, "figures": _figures(batch),
        "next_url": _next_url(batch), "can_import": person(request).has_perm(IMPORT),
        "mapping_url": reverse("receivables:import_mapping", args=[pk]) if person(request).has_perm(IMPORT) else "",
        "is_untouched": batch.state == State.UPLOADED and job is None,
    }  # fmt: skip
    return list_response(
        request, definition=REFUSALS, rows=ImportRefusal.objects.filter(batch=batch),
        template="receivables/imports/detail.html", context=context, filename=f"import-{batch.pk}-refusals",
    )  # fmt: skip


def _figures(batch: ImportBatch) -> list[dict[str, Any]]:
    refused = "danger" if batch.rows_refused else ""
    is_written = batch.state == State.DONE
    good = batch.rows_written if is_written else batch.report.get("rows_good", 0)
    rows = (
        (_("Rows read"), batch.rows_read, ""),
        (_("Written") if is_written else _("Good rows"), good, ""),
        (_("Already there"), batch.rows_unchanged, ""),
        (_("Refused"), batch.rows_refused, refused),
    )
    return [{"label": label, "value": f"{value:,}", "tone": tone} for label, value, tone in rows]


def _next_url(batch: ImportBatch) -> str:
    """Return where to look at what was imported: the aging as of the file's last day."""
    if batch.state != State.DONE or batch.kind == ImportKind.CUSTOMERS:
        return ""
    last = batch.report.get("last_posting_date")
    return f"{reverse('receivables:aging')}?unit={batch.unit.code}" + (
        f"&as_of={last}" if last else ""
    )


@require_POST
@requires(IMPORT)
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Import what was checked."""
    batch = _batch(request, pk)
    try:
        uploads.choose_to_write(batch=batch, actor=person(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        background.enqueue(batch=batch, actor=person(request))
    return redirect("receivables:import_detail", pk=pk)


@require_safe
@requires(VIEW)
def refused_rows(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The refused rows as a file to correct and send again."""
    batch = _batch(request, pk)
    form = request.GET.get("form", "xlsx")
    if form not in {"xlsx", "csv"}:
        raise Http404
    columns, rows = import_downloads.refused(batch=batch)
    return exports.file_response(
        form=form, filename=f"refused-rows-{batch.pk}", columns=columns, rows=rows
    )


@require_safe
@requires(IMPORT)
def template(request: HttpRequest, kind: str) -> HttpResponseBase:
    """A workbook to fill in, with the headings that are understood by themselves."""
    if kind not in FIELDS:
        raise Http404
    columns, rows = import_downloads.template(kind=kind)
    return exports.xlsx_response(filename=f"template-{kind}", columns=columns, rows=rows)


urlpatterns = [
    path("imports/", index, name="imports"),
    path("imports/new/", upload, name="import_upload"),
    path("imports/template/<slug:kind>/", template, name="import_template"),
    path("imports/<int:pk>/", detail, name="import_detail"),
    path("imports/<int:pk>/mapping/", mapping, name="import_mapping"),
    path("imports/<int:pk>/start/", start, name="import_start"),
    path("imports/<int:pk>/refused-rows/", refused_rows, name="import_refused_rows"),
]
