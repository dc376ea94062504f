"""What a person keeps of a list: named views, and the columns to show. Each one's own.

Display settings change no business data and are seen by nobody else, so they leave no audit event.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.core.errors import InvalidInput
from config.core.models import SavedView, User

NAME_LENGTH, PAGE_LENGTH, QUERY_LENGTH = 60, 80, 1000  # of the model's columns
VIEWS_PER_LIST = 30
COLUMNS_PER_LIST = 60


@transaction.atomic
def save(*, user: User, page: str, name: str, query: str) -> SavedView:
    """This function will keep a list's address under a name, replacing the view of that name.

    :raises InvalidInput: if the name is missing or too long, the address too long, or the list
        has too many views
    """
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH:
        raise InvalidInput(_("Give the view a name of 1 to 60 characters."), code="view_name")
    if not page or len(page) > PAGE_LENGTH:
        raise InvalidInput(_("This list is not known."), code="view_page")
    if len(query) > QUERY_LENGTH:
        raise InvalidInput(_("These filters are too long to be kept."), code="view_query")
    User.objects.select_for_update().get(pk=user.pk)
    views = SavedView.objects.filter(user=user, page=page)
    if views.exclude(name=name).count() >= VIEWS_PER_LIST:
        raise InvalidInput(
            _("A list keeps at most %(limit)s views. Delete one first."),
            code="view_limit",
            limit=VIEWS_PER_LIST,
        )
    view, _created = SavedView.objects.update_or_create(
        user=user, page=page, name=name, defaults={"query": query}
    )
    return view


@transaction.atomic
def delete(*, user: User, view_id: int) -> None:
    """This function will forget one of the person's own views; a view that is gone stays gone."""
    SavedView.objects.filter(user=user, pk=view_id).delete()


@transaction.atomic
def choose_columns(*, user: User, page: str, columns: Sequence[str]) -> None:
    """This function will remember which columns of a list the person wants; none means the usual ones.

    :raises InvalidInput: if the list or the columns can not be real ones
    """
    if not page or len(page) > PAGE_LENGTH:
        raise InvalidInput(_("This list is not known."), code="view_page")
    if len(columns) > COLUMNS_PER_LIST or any(len(key) > 80 for key in columns):
        raise InvalidInput(_("These columns are not known."), code="view_columns")
    kept = User.objects.select_for_update().get(pk=user.pk)
    chosen = {**kept.preferences.get("columns", {}), page: list(columns)}
    if not columns:
        del chosen[page]
    kept.preferences = {**kept.preferences, "columns": chosen}
    kept.save(update_fields=["preferences"])
    user.preferences = kept.preferences
