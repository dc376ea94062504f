"""The figures and notices of an import: what was found, what it adds up to, and that it ties."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from config.core.files.refusals import FileRefused
from config.core.files.workbooks import Workbook
from receivables.domain.importing.fields import by_name
from receivables.domain.importing.tables import Counts
from receivables.models import ImportBatch
from receivables.selectors.import_files import Opened
from receivables.services.imports.choices import Choices
from receivables.services.imports.outcomes import Outcome
from receivables.services.imports.posting import Posted
from receivables.services.imports.resolving import Resolved

State = ImportBatch.State
FAR_AHEAD = timedelta(days=366)
LONG_TERM = (
    1461  # four years: the distance by which the two date systems of Excel differ, less a day
)

NOTICES: dict[str, str] = {
    "totals": gettext_noop("%(count)s total lines were left out."),
    "headings": gettext_noop("%(count)s repeated heading rows were left out."),
    "preamble": gettext_noop("The heading is in row %(count)s; what stands above it was not read."),
    "hidden_rows": gettext_noop("%(count)s hidden rows were read like the others."),
    "hidden_sheets": gettext_noop("Hidden sheets were not read: %(names)s."),
    "other_sheets": gettext_noop("Only the sheet “%(sheet)s” was read, not: %(names)s."),
    "formulas": gettext_noop(
        "%(count)s cells are formulas; the values they had when the file was saved were taken."
    ),
    "date_order": gettext_noop("Dates were read in the order %(order)s."),
    "gb18030": gettext_noop(
        "The text was read as GB18030. If names look wrong, save the file as CSV UTF-8."
    ),
    "created": gettext_noop("%(count)s customers were created."),
    "to_create": gettext_noop("%(count)s customers will be created."),
    "without_terms": gettext_noop(
        "%(count)s rows have no due date and their customers no payment terms; they are due on the document date."
    ),
    "spellings": gettext_noop(
        "%(count)s customers are spelled in several ways; the first spelling was kept."
    ),
    "due_before": gettext_noop(
        "%(count)s rows are due before they were posted. They were taken as they are."
    ),
    "future": gettext_noop(
        "%(count)s rows are dated more than a year after today. Check their dates."
    ),
    "long_term": gettext_noop(
        "%(count)s rows are due more than four years after their date. Check their dates."
    ),
    "refusals_cut": gettext_noop("%(count)s reasons were found; the first 10,000 are listed."),
}

SUMS = """
    SELECT s.currency, {r.direction}, CASE WHEN f.row_no IS NOT NULL THEN 'refused'
           WHEN u.row_no IS NOT NULL THEN 'unchanged' ELSE 'written' END AS fate,
           count(DISTINCT s.row_no), sum(abs(s.amount)),
           count(*) FILTER (WHERE {r.due_date} < {r.posting_date}),
           count(*) FILTER (WHERE s.document_date > %(ahead)s),
           count(*) FILTER (WHERE {r.due_date} - s.document_date > %(long)s),
           max({r.posting_date}), min({r.posting_date}), max(greatest(s.settled_on, {r.posting_date}))
    FROM import_rows s
    LEFT JOIN (SELECT DISTINCT row_no FROM import_refused) f USING (row_no)
    LEFT JOIN (SELECT DISTINCT row_no FROM import_unchanged) u USING (row_no)
    GROUP BY 1, 2, 3
"""


def refuse_if_empty(counts: Counts) -> None:
    """This function will refuse a file without data rows.

    :raises FileRefused: if there are none
    """
    if not counts.read:
        raise FileRefused(_("There are no rows below the heading."), code="no_rows")


def refuse_if_too_long(rows: int | None) -> None:
    """This function will refuse more rows than one import may have.

    :raises FileRefused: if there are more
    """
    if rows is not None and rows > settings.IMPORT_MAX_ROWS:
        raise FileRefused(
            _("The file has more than %(limit)s rows. Send it in parts."),
            code="too_many_rows",
            status=413,
            limit=f"{settings.IMPORT_MAX_ROWS:,}",
        )


def readable(context: Any, *, kind: str) -> dict[str, str]:
    """This function will return the values of a reason as text, a field by its label's message id."""
    values: dict[str, Any] = json.loads(context) if isinstance(context, str) else dict(context)
    known = by_name(kind)
    if values.get("field") in known:
        values["field"] = known[values["field"]].label
    return {name: "" if value is None else str(value) for name, value in values.items()}


def outcome(
    *, choices: Choices, opened: Opened, counts: Counts, resolved: Resolved, today: date
) -> Outcome:
    """This function will add up the staged rows by what becomes of them, and say so."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS.format(r=resolved), {"ahead": today + FAR_AHEAD, "long": LONG_TERM})
        sums = cursor.fetchall()
    rows = {
        fate: sum(row[3] for row in sums if row[2] == fate)
        for fate in ("written", "unchanged", "refused")
    }
    refused = counts.refused + rows["refused"]
    found = Outcome(
        state=_state(choices, refused),
        rows_read=counts.read,
        rows_written=rows["written"],
        rows_unchanged=rows["unchanged"],
        rows_refused=refused,
        report=describe(opened, counts),
    )
    found.report["totals"] = _totals(sums)
    posted = [row for row in sums if row[2] != "refused"]
    if posted:
        found.report["first_posting_date"] = min(row[9] for row in posted).isoformat()
        found.report["last_posting_date"] = max(row[8] for row in posted).isoformat()
        found.report["last_date"] = max(row[10] for row in posted).isoformat()
    for name, column in (("due_before", 5), ("future", 6), ("long_term", 7)):
        notice(found, name, count=sum(row[column] for row in sums))
    return found


def _state(choices: Choices, refused: int) -> str:
    if choices.dry_run:
        return State.CHECKED
    return State.REFUSED if refused and not choices.good_rows_only else State.DONE


def _totals(sums: list[tuple[Any, ...]]) -> dict[str, dict[str, dict[str, str]]]:
    """Return currency → fate → side → sum; "file" is all of them together."""
    totals: dict[str, dict[str, dict[str, str]]] = {}
    added: dict[tuple[str, str], Any] = {}
    for currency, side, fate, _count, amount, *_rest in sums:
        totals.setdefault(currency, {}).setdefault(fate, {})[side] = f"{amount:f}"
        added[currency, side] = added.get((currency, side), 0) + amount
    for (currency, side), amount in added.items():
        totals[currency].setdefault("file", {})[side] = f"{amount:f}"
    return totals


def describe(opened: Opened, counts: Counts) -> dict[str, Any]:
    """This function will return what the file is, and the notices that follow from it."""
    table, layout = opened.table, opened.layout
    report: dict[str, Any] = {
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "sheet": table.sheet,
        "heading_row": layout.heading_row,
        "headings": [heading[:200] for heading in layout.headings],
        "columns": {
            name: layout.headings[position][:200] for name, position in layout.columns.items()
        },
        "notices": [],
    }
    holder = Outcome("", report=report)
    notice(holder, "totals", count=counts.totals)
    notice(holder, "headings", count=counts.headings)
    notice(holder, "preamble", count=layout.heading_row if layout.heading_row > 1 else 0)
    if opened.date_order:
        report["date_order"] = opened.date_order
        notice(holder, "date_order", count=1, order=opened.date_order)
    notice(holder, "gb18030", count=int(table.encoding == "gb18030"))
    if isinstance(table, Workbook):
        notice(holder, "hidden_rows", count=table.scan.hidden_rows)
        notice(holder, "formulas", count=table.scan.formulas)
        notice(
            holder,
            "hidden_sheets",
            count=len(table.hidden_sheets),
            names=", ".join(table.hidden_sheets),
        )
        others = [name for name in table.sheets if name != table.sheet]
        notice(
            holder, "other_sheets", count=len(others), sheet=table.sheet, names=", ".join(others)
        )
    return report


def notice(found: Outcome, name: str, *, count: int, **context: str) -> None:
    """This function will add a notice to the report if there is anything to say."""
    if count:
        told = {"code": name, "message": NOTICES[name], "context": {"count": str(count), **context}}
        found.report.setdefault("notices", []).append(told)


def add_notices(
    found: Outcome, *, created: int, without_terms: int, spellings: int, refusals: int
) -> None:
    """This function will add what the checks found out."""
    written = found.state != State.REFUSED
    found.report["customers_created"] = created if written else 0
    found.report["reasons"] = refusals
    if written:
        notice(found, "created" if found.state == State.DONE else "to_create", count=created)
    notice(found, "without_terms", count=without_terms)
    notice(found, "spellings", count=spellings)
    notice(found, "refusals_cut", count=refusals if refusals > len(found.refusals) else 0)


def tie_out(found: Outcome, posted: Posted) -> None:
    """This function will compare what was to be written with what the ledger gave back."""
    expected = {
        currency: {side: fates.get("written", {}).get(side, "0.00") for side in ("debit", "credit")}
        for currency, fates in found.report["totals"].items()
        if fates.get("written")
    }
    found.report["items"] = posted.items
    found.report["settlements"] = posted.settlements
    found.report["posted"] = posted.totals
    found.report["ties"] = expected == posted.totals
    if not found.report["ties"]:
        raise RuntimeError(
            f"The import does not tie: {expected} in the file, {posted.totals} posted."
        )
