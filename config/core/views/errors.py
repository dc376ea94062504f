"""Django's own refusals, as a page or, below /api/, as a problem. config/urls.py names them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from config.core import problems, request_context


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refusal(
        request, 400, "bad_request", _("The request can not be read."), _("Go back and try again.")
    )


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    hint = _("If your work needs it, ask an administrator for the role.")
    return _refusal(
        request, 403, "permission_denied", _("You do not have the right to do this."), hint
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    hint = _("It may have moved, or belong to a business unit that is not yours.")
    return _refusal(request, 404, "not_found", _("Not found."), hint)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    hint = _("Load the page again, and send it again. Cookies must be allowed for this site.")
    return _refusal(request, 403, "csrf_failed", _("The page was open for too long."), hint)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer without a database and without secrets; the id leads to the log."""
    request_id = request_context.current().request_id
    sentence = _(
        "Something went wrong on our side. Nothing was changed. Tell the administrator the request id."
    )
    if problems.is_api(request):
        return problems.json_answer(
            status=500, code="internal_error", detail=sentence, request_id=request_id
        )
    text = render_to_string(
        "core/server_error.html", {"sentence": sentence, "request_id": request_id}
    )
    return HttpResponse(text, status=500)


def _refusal(
    request: HttpRequest, status: int, code: str, sentence: str, hint: str
) -> HttpResponse:
    if problems.is_api(request):
        return problems.json_answer(status=status, code=code, detail=sentence)
    if request.headers.get("HX-Request"):
        return render(request, "core/_refusal.html", {"sentence": sentence}, status=status)
    return render(
        request,
        "core/refusal.html",
        {"sentence": sentence, "hint": hint, "code": code},
        status=status,
    )
