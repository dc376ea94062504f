"""Why a cell or a row is refused, as sentences with a remedy. Pure.

The sentence is a template in English (a message id); it is stored with its values and read in the
language of whoever looks at it.
"""

from __future__ import annotations


def gettext_noop(message: str) -> str:
    """Mark a message for translation; it is translated where it is shown."""
    return message


REASONS: dict[str, str] = {
    "missing": gettext_noop("“%(field)s” is empty. Fill it in."),
    "too_long": gettext_noop(
        "The text has %(length)s characters; at most %(limit)s are kept. Shorten it."
    ),
    "control_characters": gettext_noop("The text has control characters. Type it again."),
    "extra_cells": gettext_noop(
        "The row has more cells than the heading. Put the text that holds the separator in quotation marks."
    ),
    "merged_cell": gettext_noop(
        "The cell is part of a merged range. Unmerge it and fill in every row."
    ),
    "formula_without_value": gettext_noop(
        "The cell holds a formula that was never computed. Open the workbook in Excel and save it."
    ),
    "error_value": gettext_noop(
        "The cell holds an error (%(value)s). Correct the formula or type the value."
    ),
    "truth_value": gettext_noop(
        "The cell holds %(value)s, which is neither a number nor a text here. Type the value."
    ),
    "time_value": gettext_noop("The cell holds a time of day, not a date. Type the date."),
    # Amounts
    "amount_form": gettext_noop(
        "“%(value)s” is not an amount. Write digits with at most two decimals and a point, such as 1,234.56."
    ),
    "amount_comma": gettext_noop(
        "“%(value)s” has a decimal comma or wrong groups. Write a point before the decimals, such as 1,234.56."
    ),
    "amount_decimals": gettext_noop("“%(value)s” has more than two decimals. Round it to two."),
    "amount_digits": gettext_noop(
        "“%(value)s” has more than 16 digits before the point. Check the amount."
    ),
    "amount_zero": gettext_noop("The amount is 0. Leave out rows that owe nothing."),
    "amount_sign_currency": gettext_noop(
        "The amount carries the sign of a currency other than %(currency)s. Write the amount without a sign."
    ),
    "amount_negative": gettext_noop(
        "A negative amount does not go with the kind “%(kind)s”. Give the row the kind “credit note”, "
        "or choose to read negative amounts as credit notes."
    ),
    "receipt_negative": gettext_noop("A receipt cannot be negative. Post a refund instead."),
    "open_above_amount": gettext_noop(
        "The open amount %(open)s is more than the amount %(amount)s. Correct one of them."
    ),
    "settlement_date_missing": gettext_noop(
        "Part of the amount is already paid, but the row does not say when. Fill in the date of settlement, "
        "so that past agings are right."
    ),
    "settled_but_open": gettext_noop(
        "The row has a date of settlement, yet all of it is open. Delete the date, or the open amount."
    ),
    "number_too_long_to_settle": gettext_noop(
        "The number of a settled item has at most 58 characters, because its settlement is numbered after it. Shorten it."
    ),
    # Dates
    "date_form": gettext_noop("“%(value)s” is not a date. Write it as 2026-01-31."),
    "date_impossible": gettext_noop("“%(value)s” is a day that does not exist. Correct the date."),
    "date_order": gettext_noop(
        "“%(value)s” can be read as day-month or month-day. Say which order the file uses (date order: DMY or MDY)."
    ),
    "date_order_conflict": gettext_noop(
        "“%(value)s” does not fit the date order %(order)s of this file. Write it as 2026-01-31."
    ),
    "date_range": gettext_noop("“%(value)s” is outside the years 1990 to 2100. Correct the date."),
    "date_number": gettext_noop(
        "“%(value)s” is a plain number, not a date. Format the column as a date in Excel."
    ),
    "date_week": gettext_noop("“%(value)s” names a week. Write the day, such as 2026-01-31."),
    # Words
    "yes_no": gettext_noop("“%(value)s” is neither yes nor no."),
    "choice": gettext_noop("“%(value)s” is not one of: %(choices)s."),
    "currency": gettext_noop(
        "“%(value)s” is not a currency code. Write three capital letters, such as CNY."
    ),
    "whole_number": gettext_noop("“%(value)s” is not a whole number from 1 to 999."),
    # Identity
    "duplicate_in_file": gettext_noop(
        "The number “%(number)s” stands in row %(first)s as well (case, width and invisible characters do not count). "
        "Keep one of the rows."
    ),
    "different_in_ledger": gettext_noop(
        "The number “%(number)s” is already in the ledger with another %(field)s: %(ledger)s there, %(file)s in the "
        "file. Posted items are not changed: reverse the item, or correct the row."
    ),
    "settled_in_file_only": gettext_noop(
        "The number “%(number)s” is in the ledger with %(open)s still open; the file says it was settled on "
        "%(settled)s. Post the receipt and apply it."
    ),
    "settlement_number_taken": gettext_noop(
        "The settlement of “%(number)s” cannot be numbered, because that number is taken in the ledger."
    ),
    "unknown_customer": gettext_noop(
        "There is no customer “%(code)s” in this unit. Import the customers first, or choose to create them."
    ),
    "no_due_date": gettext_noop(
        "There is no due date, and the customer has no payment terms to work it out. Fill in the due date."
    ),
    "period_closed": gettext_noop(
        "The period %(period)s is closed. Give a posting date in an open period, or have it re-opened."
    ),
    # Customers
    "uscc": gettext_noop(
        "“%(value)s” is not a valid unified social credit code (the check character does not fit)."
    ),
    "uscc_taken": gettext_noop(
        "The unified social credit code “%(value)s” belongs to customer %(code)s already."
    ),
    "unknown_parent": gettext_noop(
        "There is no customer “%(code)s” that could be the group parent."
    ),
    "own_parent": gettext_noop("A customer cannot be its own group parent."),
    "unknown_user": gettext_noop("There is no active user “%(value)s”."),
    "unknown_terms": gettext_noop("There are no payment terms with the code “%(value)s”."),
    "customer_duplicate": gettext_noop(
        "The customer code “%(code)s” stands in row %(first)s as well (case, width and invisible characters do not count)."
    ),
    "customer_differs": gettext_noop(
        "Customer “%(code)s” exists with another %(field)s: %(ledger)s here, %(file)s in the file. Change the customer, "
        "or correct the row."
    ),
    "email": gettext_noop("“%(value)s” is not an e-mail address."),
}


class CellRefused(Exception):  # noqa: N818 - said as one would speak
    """A cell cannot be taken; `code` is a key of `REASONS`."""

    def __init__(self, code: str, **context: str) -> None:
        super().__init__(code)
        self.code = code
        self.context = context
