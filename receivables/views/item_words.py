"""How an item is called on the screen: its kind, its state, its age."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from config.core import formats
from config.core.lists import Badge
from receivables.domain.aging import Scheme, days_overdue
from receivables.models import OpenItem


def kind_word(item: OpenItem) -> str:
    """Return the kind, with the instalment where the document has several."""
    word = str(item.get_kind_display())
    if item.instalment > 1:
        return _("%(kind)s, instalment %(count)s") % {"kind": word, "count": item.instalment}
    return word


def state_badge(item: OpenItem, *, is_reversed: bool, today: date) -> Badge:
    """Return the state in a word, with its level."""
    if is_reversed:
        return Badge(_("Reversed"), "neutral")
    if not item.is_open:
        return Badge(_("Settled") if item.is_debit else _("Applied"), "success")
    if not item.is_debit:
        return Badge(_("Not applied"), "notice")
    if days_overdue(item.due_date, as_of=today) > 0:
        return Badge(_("Overdue"), "danger")
    is_part = item.open_amount != item.amount
    return Badge(_("Partly paid") if is_part else _("Not due"), "info")


def bucket_of(item: OpenItem, *, scheme: Scheme, today: date) -> str:
    """Return the label of the aging bucket an item stands in, a dash where it stands in none."""
    if not item.is_open:
        return formats.DASH
    if not item.is_debit:
        return _("Unapplied credit")
    if item.kind == OpenItem.Kind.RETENTION and item.due_date >= today:
        return _("Retention, not due")
    return scheme.bucket_of(item.due_date, as_of=today).label
