"""The outbox: what waits, what failed, and what a person must decide."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from config.core import clock
from config.core.list_pages import Order, page_by_key, sortable
from config.core.models import OutboxMessage
from config.core.permissions import person, requires
from config.core.services import outbox

PAGE_SIZE = 100


@require_GET
@requires("core.view_outboxmessage")
def index(request: HttpRequest) -> HttpResponse:
    """List mail, newest first; `?state=` limits to a state."""
    state = request.GET.get("state", "")
    rows = (
        OutboxMessage.objects.filter(state=state)
        if state in OutboxMessage.State.values
        else OutboxMessage.objects.all()
    )
    order = Order("id", descending=True)
    page = page_by_key(
        sortable(rows, order),
        order=order,
        size=PAGE_SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {"page": page, "state": state, "states": OutboxMessage.State.choices}
    return render(request, "core/mail.html", context)


@require_POST
@requires("core.view_outboxmessage", "core.change_outboxmessage")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Settle a mail of unknown outcome, or try a failed one again."""
    message = get_object_or_404(OutboxMessage, pk=pk)
    was_sent = request.POST.get("was_sent") == "1"
    outbox.decide_unknown(
        message=message, was_sent=was_sent, actor=person(request), now=clock.now()
    )
    messages.success(
        request, _("The mail counts as sent.") if was_sent else _("The mail will be sent again.")
    )
    return redirect("core:mail")
