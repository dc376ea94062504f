"""Small posts from a list: keep this view, forget that one, show these columns."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.core.errors import DomainError
from config.core.permissions import SIGNED_IN, requires
from config.core.services import saved_views
from config.core.views.session import is_ours


@require_POST
@requires(SIGNED_IN)
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the list's address under a name and show it."""
    query = request.POST.get("query", "")
    try:
        view = saved_views.save(
            user=request.user,  # type: ignore[arg-type]
            page=request.POST.get("page", ""),
            name=request.POST.get("name", ""),
            query=query,
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("View “%(name)s” is kept.") % {"name": view.name})
    return _back(request, query)


@require_POST
@requires(SIGNED_IN)
def delete_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget one of the person's views."""
    saved_views.delete(user=request.user, view_id=pk)  # type: ignore[arg-type]
    return _back(request)


@require_POST
@requires(SIGNED_IN)
def save_columns(request: HttpRequest) -> HttpResponse:
    """Remember the columns of a list; `usual` returns to the delivered ones."""
    columns = [] if "usual" in request.POST else request.POST.getlist("column")
    try:
        saved_views.choose_columns(
            user=request.user,  # type: ignore[arg-type]
            page=request.POST.get("page", ""),
            columns=columns,
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    query = QueryDict(urlsplit(request.POST.get("next", "")).query, mutable=True)
    query.pop("column", None)
    return _back(request, query.urlencode())


def _back(request: HttpRequest, query: str | None = None) -> HttpResponse:
    """Return to the list, with another query if one is given; never to another site."""
    asked = request.POST.get("next", "")
    if not is_ours(request, asked):
        return redirect("/")
    if query is None:
        return redirect(asked)
    path = urlsplit(asked).path
    return redirect(f"{path}?{query}" if query else path)
