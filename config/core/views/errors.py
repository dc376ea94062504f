"""Django's own refusals, as a page, or as a problem for programs and page fragments."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from config.core import problems, request_context


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refusal(request, "400.html", 400, "bad_request", _("The request can not be read."))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refusal(
        request, "403.html", 403, "permission_denied", _("You do not have the right to do this.")
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refusal(request, "404.html", 404, "not_found", _("Not found."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = _("The page was open for too long. Load it again, and send it again.")
    return _refusal(request, "403_csrf.html", 403, "csrf_failed", sentence)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer without the request's user or the database; the id leads to the log."""
    request_id = request_context.current().request_id
    if problems.wants_problem(request):
        return problems.json_answer(
            status=500,
            code="internal_error",
            detail=problems.server_sentence(),
            request_id=request_id,
        )
    return HttpResponse(render_to_string("500.html", {"request_id": request_id}), status=500)


def _refusal(
    request: HttpRequest, template: str, status: int, code: str, sentence: str
) -> HttpResponse:
    if problems.wants_problem(request):
        return problems.json_answer(status=status, code=code, detail=sentence)
    return render(request, template, status=status)
