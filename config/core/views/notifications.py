"""What one was told: the page, the number on the bell, and marking as read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from config.core import clock
from config.core.list_pages import Order, page_by_key, sortable
from config.core.models import Notification
from config.core.permissions import SIGNED_IN, person, requires
from config.core.selectors import notifications
from config.core.services import notify
from config.core.views.session import is_ours

PAGE_SIZE = 50


@require_GET
@requires(SIGNED_IN)
def index(request: HttpRequest) -> HttpResponse:
    """Show the person's notifications, newest first; `?unread=1` limits to the unread."""
    user = person(request)
    unread_only = request.GET.get("unread") == "1"
    order = Order("id", descending=True)
    rows = sortable(notifications.of(user=user, unread_only=unread_only), order)
    page = page_by_key(
        rows,
        order=order,
        size=PAGE_SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "page": page,
        "rows": [{"row": row, "sentence": notifications.sentence(row)} for row in page.rows],
        "unread_only": unread_only,
        "unread": notifications.unread_count(user=user),
    }
    return render(request, "core/notifications.html", context)


@require_GET
@requires(SIGNED_IN)
def badge(request: HttpRequest) -> HttpResponse:
    """Return the number for the bell, or nothing."""
    count = notifications.unread_count(user=person(request))
    return HttpResponse(
        "" if not count else "99+" if count > 99 else str(count), content_type="text/plain"
    )


@require_POST
@requires(SIGNED_IN)
def mark_all_read(request: HttpRequest) -> HttpResponse:
    notify.mark_read(user=person(request), now=clock.now())
    return redirect("core:notifications")


@require_POST
@requires(SIGNED_IN)
def open_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one as read and go where it leads."""
    notify.mark_read(user=person(request), now=clock.now(), ids=[pk])
    row = Notification.objects.filter(user=person(request), pk=pk).first()
    link = row.link if row else ""
    return redirect(link if is_ours(request, link) else "core:notifications")
