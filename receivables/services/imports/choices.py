"""The choices of one import, checked once and kept with the batch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.core import currencies
from config.core.errors import InvalidInput
from config.core.models import BusinessUnit
from receivables.domain.importing.mappings import ColumnMapping
from receivables.selectors.import_files import default_source

SOURCE = re.compile(r"[a-z0-9][a-z0-9_-]{0,17}", re.ASCII)
RESERVED = frozenset({"settlement", "reversal"})


class ChoiceRefused(InvalidInput):
    code = "import_choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """`source` is the number range; `sheet` is read instead of the first; amounts without a currency are in `currency`."""

    currency: str
    source: str
    sheet: str = ""
    dry_run: bool = False
    good_rows_only: bool = False
    create_customers: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def choose(
    *, unit: BusinessUnit, kind: str, mapping: ColumnMapping, given: Mapping[str, Any]
) -> Choices:
    """This function will fill in what was not chosen: the unit's currency, the kind's number range.

    :raises ChoiceRefused: if a currency or a source is malformed
    """
    currency = str(given.get("currency") or mapping.currency or unit.base_currency).strip().upper()
    if not currencies.is_currency(currency):
        raise ChoiceRefused(
            _("“%(given)s” is not an ISO 4217 currency with at most two decimals."),
            code="currency",
            given=currency[:20],
        )
    source = str(given.get("source") or default_source(kind)).strip().lower()
    if source and (not SOURCE.fullmatch(source) or source in RESERVED):
        raise ChoiceRefused(
            _(
                "A source has 1 to 18 small letters, digits or hyphens, and is not a word the ledger uses itself."
            ),
            code="source",
        )
    return Choices(
        currency=currency,
        source=source,
        sheet=str(given.get("sheet") or ""),
        dry_run=bool(given.get("dry_run")),
        good_rows_only=bool(given.get("good_rows_only")),
        create_customers=bool(given.get("create_customers")),
    )
