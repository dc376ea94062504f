"""Every list of the product: declared once; sorted, paged, totalled, kept and exported from its address.

    LEDGER = ListDefinition(
        page="receivables:ledger",
        columns=(
            Column(key="number", label=_("Number"), kind="code", sort="number", is_fixed=True),
            Column(key="open_amount", label=_("Open"), kind="money", sort="open_amount", total="open_amount"),
        ),
        order="-number",
        currency="currency",
    )

    def ledger(request):
        form = LedgerFilter(request.GET, queryset=OpenItem.objects.visible_to(request.user))
        rows = form.qs.values("id", "number", "open_amount", "currency")
        return list_response(request, definition=LEDGER, rows=rows, template="receivables/ledger.html", form=form.form)

The template says `{% include "components/list.html" %}`. Address: sort=-number, column=number&column=…,
size=100, after=…, before=…, page=2 (rows in memory), export=csv|xlsx.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise, cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.core import list_pages, list_totals
from config.core.exports import file_response
from config.core.list_columns import Badge, Column, Segment, look_up, table_row
from config.core.list_filters import Chip, active_filters
from config.core.list_pages import COUNT_CAP, Order, Page, ReportRows
from config.core.list_totals import TotalsRow
from config.core.models import SavedView, User

__all__ = ["Badge", "BulkAction", "Column", "Empty", "ListDefinition", "Listing", "Segment", "list_response"]  # fmt: skip

Text = str | Promise
SIZES = (50, 100, 200)
TRANSIENT = ("after", "before", "page", "export", "part")
OWN_PARAMETERS = ("sort", "column", "size")
EXPORT_CHUNK = 2000
EXPORTS = ("csv", "xlsx")


@dataclass(frozen=True, kw_only=True)
class ListDefinition:
    """What a list is: `page` names it for saved views, `order` is a column's key, "-" for descending.

    `currency` is the field by which totals are kept apart: two currencies are never added.
    `row_key` reads the value of a row's check box, where there are bulk actions.
    """

    page: str
    columns: tuple[Column, ...]
    order: str
    currency: str = ""
    size: int = 50
    row_key: Callable[[Any], Any] = lambda row: look_up(row, "id")

    def column(self, key: str) -> Column | None:
        return next((c for c in self.columns if c.key == key), None)


@dataclass(frozen=True, kw_only=True)
class BulkAction:
    """A button for the chosen rows; it posts `selected` to `url`."""

    label: Text
    url: str
    icon: str = "check"
    confirm: Text = ""


@dataclass(frozen=True, kw_only=True)
class Empty:
    """What to say where there is nothing yet, and what to do about it."""

    title: Text
    text: Text = ""
    url: str = ""
    action: Text = ""
    icon: str = "inbox"


@dataclass(frozen=True, slots=True)
class Head:
    """A head cell: where a click leads, and how the column is sorted now."""

    column: Column
    url: str
    direction: str  # ascending, descending or ""


class Listing:
    """A definition bound to a request and rows; everything is computed when first asked for."""

    def __init__(
        self,
        request: HttpRequest,
        *,
        definition: ListDefinition,
        rows: QuerySet[Any] | Sequence[Any] | ReportRows,
        form: BaseForm | None = None,
        bulk: Sequence[BulkAction] = (),
        empty: Empty | None = None,
    ) -> None:
        self.request = request
        self.query = request.GET
        self.definition = definition
        self.source = rows
        self.form = form
        self.bulk = tuple(bulk)
        self.empty = empty or Empty(title=_("Nothing here yet."))

    @property
    def is_by_key(self) -> bool:
        """Return whether rows are read from the database page by page."""
        return isinstance(self.source, QuerySet)

    # What is asked for ---------------------------------------------------------------------------

    @cached_property
    def columns(self) -> list[Column]:
        """Return the columns shown: the address's choice, else the person's, else the usual ones."""
        known = {c.key for c in self.definition.columns}
        chosen = [key for key in self.query.getlist("column") if key in known]
        if not chosen and isinstance(self.request.user, User):
            kept = self.request.user.preferences.get("columns", {})
            chosen = [key for key in kept.get(self.definition.page, ()) if key in known]
        if not chosen:
            return [c for c in self.definition.columns if c.is_shown or c.is_fixed]
        return [c for c in self.definition.columns if c.key in chosen or c.is_fixed]

    @cached_property
    def sorting(self) -> tuple[Column, bool]:
        """Return the column sorted by and whether it descends; unknown wishes give the usual order."""
        for wish in (self.query.get("sort", ""), self.definition.order):
            column = self.definition.column(wish.removeprefix("-"))
            if column is not None and column.sort is not False:
                return column, wish.startswith("-")
        raise ValueError(f"{self.definition.page}: the usual order is not a column that sorts.")

    @cached_property
    def size(self) -> int:
        wish = self.query.get("size", "")
        return int(wish) if wish in map(str, SIZES) else self.definition.size

    @property
    def sizes(self) -> list[int]:
        return sorted({*SIZES, self.definition.size})

    # Rows ----------------------------------------------------------------------------------------

    @cached_property
    def order(self) -> Order:
        column, descending = self.sorting
        return Order(column.key if column.sort is True else column.sort, descending)  # type: ignore[arg-type]

    @cached_property
    def sorted_rows(self) -> QuerySet[Any] | Sequence[Any]:
        """Return all rows in order; None stands last, or first when descending, as in the database."""
        if isinstance(self.source, QuerySet):
            return list_pages.sortable(self.source, self.order)
        column, descending = self.sorting
        if not isinstance(self.source, Sequence):
            return list(self.source.all(sort=column.key, descending=descending))

        def rank(row: Any) -> tuple[bool, Any]:
            value = look_up(row, column.sort) if isinstance(column.sort, str) else column.of(row)
            return (True, 0) if value is None else (False, value)

        return sorted(self.source, key=rank, reverse=descending)

    @cached_property
    def page(self) -> Page:
        if not isinstance(self.source, (QuerySet, Sequence)):
            return self._page_of_report(self.source)
        rows = self.sorted_rows
        if isinstance(rows, QuerySet):
            after, before = self.query.get("after", ""), self.query.get("before", "")
            return list_pages.page_by_key(
                rows, order=self.order, size=self.size, after=after, before=before
            )
        return list_pages.page_by_number(rows, number=self._number, size=self.size)

    def _page_of_report(self, rows: ReportRows) -> Page:
        column, descending = self.sorting
        return list_pages.page_of_report(
            rows, sort=column.key, descending=descending, number=self._number, size=self.size
        )

    @property
    def _number(self) -> int:
        wish = self.query.get("page", "")
        return int(wish) if wish.isascii() and wish.isdigit() and len(wish) < 7 else 1

    @cached_property
    def count(self) -> int:
        """Return the number of rows, or one more than the cap where there are more than that."""
        if isinstance(self.source, QuerySet):
            return list_pages.capped_count(self.source)
        if isinstance(self.source, Sequence):
            return len(self.source)
        _read = self.page  # a report knows its number of rows once a page was read
        return self.source.count

    @property
    def is_capped(self) -> bool:
        return self.is_by_key and self.count > COUNT_CAP

    @property
    def cap(self) -> int:
        return COUNT_CAP

    def body(self) -> Iterator[tuple[Any, SafeString]]:
        """Yield the key and the cells of every row of the page."""
        for row in self.page.rows:
            key = self.definition.row_key(row) if self.bulk else ""
            yield key, table_row(self.columns, row)

    # Head, totals, pages -------------------------------------------------------------------------

    def address(self, **changes: Any) -> str:
        """Return this list's address with other parameters; it starts at the first page again."""
        query = self.query.copy()
        for name in (*TRANSIENT, *changes):
            query.pop(name, None)
        for name, value in changes.items():
            if value not in (None, ""):
                query[name] = str(value)
        return f"?{query.urlencode()}"

    def heads(self) -> list[Head]:
        return [self._head(column) for column in self.columns]

    def _head(self, column: Column) -> Head:
        if column.sort is False:
            return Head(column, "", "")
        current, descending = self.sorting
        if column is not current:
            sign = "-" if column.descends_first else ""
            return Head(column, self.address(sort=f"{sign}{column.key}"), "")
        other = column.key if descending else f"-{column.key}"
        return Head(column, self.address(sort=other), "descending" if descending else "ascending")

    @property
    def summed(self) -> list[Column]:
        return [c for c in self.columns if c.total is not False]

    @property
    def totals_are_lazy(self) -> bool:
        """Return whether totals come after the page: adding a million rows must not delay it."""
        return self.is_capped and bool(self.summed)

    @cached_property
    def totals(self) -> list[TotalsRow]:
        """Return one row of totals a currency; none where no column adds up or there are no rows."""
        if not self.summed or not self.count:
            return []
        if not isinstance(self.source, (QuerySet, Sequence)):
            return list_totals.of_report(
                self.source, columns=self.columns, currency=self.definition.currency
            )
        return list_totals.totals(
            self.source, columns=self.columns, currency=self.definition.currency
        )

    def next_url(self) -> str:
        name = "after" if self.is_by_key else "page"
        return self.address(**{name: self.page.next}) if self.page.next else ""

    def previous_url(self) -> str:
        name = "before" if self.is_by_key else "page"
        return self.address(**{name: self.page.previous}) if self.page.previous else ""

    def first_url(self) -> str:
        return self.address() if self.page.previous else ""

    def last_url(self) -> str:
        if not self.page.next:
            return ""
        if self.is_by_key:
            return self.address(before=list_pages.LAST_PAGE)
        return self.address(page=-(-self.count // self.size))

    def totals_url(self) -> str:
        return self.address(part="totals")

    def xlsx_url(self) -> str:
        return self.address(export="xlsx")

    def csv_url(self) -> str:
        return self.address(export="csv")

    def size_parameters(self) -> list[tuple[str, str]]:
        """Return what the choice of a page size carries along."""
        dropped = {*TRANSIENT, "size"}
        return [(n, v) for n, many in self.query.lists() if n not in dropped for v in many]

    # Filters, views, files -----------------------------------------------------------------------

    @cached_property
    def chips(self) -> list[Chip]:
        """Return the filters at work, each with the address that takes it away."""
        if self.form is None:
            return []
        return active_filters(self.form, without=lambda names: self.address(**dict.fromkeys(names)))

    def clear_url(self) -> str:
        names = self.form.fields if self.form is not None else ()
        return self.address(**dict.fromkeys(names))

    def kept_parameters(self) -> list[tuple[str, str]]:
        """Return what a filter form carries along: order, columns, page size."""
        return [(name, v) for name in OWN_PARAMETERS for v in self.query.getlist(name)]

    def view_query(self) -> str:
        """Return what a saved view keeps: filters, order, columns, size; never a place in the list."""
        query = self.query.copy()
        for name in TRANSIENT:
            query.pop(name, None)
        query.setlist("column", [c.key for c in self.columns])
        return query.urlencode()

    @cached_property
    def saved_views(self) -> list[tuple[SavedView, bool]]:
        """Return the person's views of this list, and which of them is the one on the screen."""
        if not isinstance(self.request.user, User):
            return []
        here = sorted(QueryDict(self.view_query()).lists())
        views = SavedView.objects.filter(user=self.request.user, page=self.definition.page)
        return [(v, sorted(QueryDict(v.query).lists()) == here) for v in views.order_by("name")]

    @property
    def is_saved_view(self) -> bool:
        return any(is_here for _view, is_here in self.saved_views)

    def export(self, form: str, *, filename: str) -> HttpResponseBase:
        """This function will answer with a file of all rows of the filter, as shown, in order."""
        columns = [c for c in self.columns if c.in_export]
        rows = self.sorted_rows
        source: Iterable[Any] = rows
        if isinstance(rows, QuerySet):
            source = list_pages.ordered(rows, self.order).iterator(chunk_size=EXPORT_CHUNK)
        exported = {c.key for c in columns}
        places = [i for i, c in enumerate(self.columns) if c.key in exported]
        return file_response(
            form=form,
            filename=filename,
            columns=[c.as_export() for c in columns],
            rows=([c.for_export(row) for c in columns] for row in source),
            totals=[[t.values[i] for i in places] for t in self.totals] if form == "xlsx" else (),
        )


def list_response(
    request: HttpRequest,
    *,
    definition: ListDefinition,
    rows: QuerySet[Any] | Sequence[Any] | ReportRows,
    template: str,
    context: Mapping[str, Any] | None = None,
    form: BaseForm | None = None,
    bulk: Sequence[BulkAction] = (),
    empty: Empty | None = None,
    filename: str = "",
) -> HttpResponseBase:
    """This function will answer with the list's page, its totals alone, or a file of all its rows.

    `rows` must be limited to what the user may see and to the filters already; a query set is
    read page by page, a sequence is taken as it is. `filename` names the file, without ending.
    """
    listing = Listing(request, definition=definition, rows=rows, form=form, bulk=bulk, empty=empty)
    if request.GET.get("export") in EXPORTS:
        name = filename or definition.page.replace(":", "-")
        return listing.export(request.GET["export"], filename=name)
    if request.GET.get("part") == "totals":
        return render(request, "components/list_totals.html", {"listing": listing})
    # Read before the template is: what goes wrong there, {% if %} would swallow.
    _read = listing.page
    return render(request, template, {**(context or {}), "listing": listing})
