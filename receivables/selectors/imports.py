"""What is shown of imports: lists, the sentences of refusals and notices, figures side by side."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext

from config.core.models import User
from receivables.models import ImportBatch, ImportRefusal

FATES = ("file", "written", "unchanged", "refused")


def visible(*, user: User) -> QuerySet[ImportBatch]:
    """This function will return the imports a user may see, newest first."""
    return (
        ImportBatch.objects.visible_to(user)
        .select_related("unit", "created_by", "job")
        .order_by("-pk")
    )


def refusals(*, batch: ImportBatch) -> QuerySet[ImportRefusal]:
    """This function will return the refused rows of an import in the order of the file."""
    return ImportRefusal.objects.filter(batch=batch).order_by("row", "pk")


def sentence(told: dict[str, Any]) -> str:
    """This function will return a stored message in the language of now."""
    context = dict(told.get("context") or {})
    if context.get("field"):
        context["field"] = gettext(str(context["field"]))
    text = gettext(told["message"])
    return text % context if context else text


def reason(refusal: ImportRefusal) -> str:
    """This function will return why a row was refused, in the language of now."""
    return sentence({"message": refusal.message, "context": refusal.context})


def place(refusal: ImportRefusal) -> str:
    """This function will return where in the file a refusal is: sheet, row, column."""
    where = gettext("row %(row)s") % {"row": refusal.row}
    parts = [refusal.sheet, where, refusal.column]
    return ", ".join(part for part in parts if part)


def notices(*, batch: ImportBatch) -> list[str]:
    """This function will return the notices of an import."""
    return [sentence(told) for told in batch.report.get("notices", [])]


def file_refusal(*, batch: ImportBatch) -> str:
    """This function will return why the file was refused as a whole, or nothing."""
    told = batch.report.get("refusal")
    return sentence(told) if told else ""


def totals(*, batch: ImportBatch) -> list[dict[str, Any]]:
    """This function will return, per currency, the sums of the file, written, already there and refused."""
    found = []
    for currency, fates in sorted((batch.report.get("totals") or {}).items()):
        row: dict[str, Any] = {"currency": currency}
        for fate in FATES:
            sides = fates.get(fate, {})
            row[fate] = {"debit": sides.get("debit", "0.00"), "credit": sides.get("credit", "0.00")}
        found.append(row)
    return found


def total_lines(*, batch: ImportBatch) -> list[str]:
    """This function will return the totals as lines of text."""
    lines = []
    for row in totals(batch=batch):
        sums = ", ".join(
            f"{fate} {row[fate]['debit']}"
            + (f" / -{row[fate]['credit']}" if row[fate]["credit"] != "0.00" else "")
            for fate in FATES
        )
        lines.append(f"{row['currency']}: {sums}")
    return lines
