"""Dates on the command line."""

from __future__ import annotations

import argparse
from datetime import date


def day_argument(text: str) -> date:
    """Return the date of `YYYY-MM-DD`; for `type=` of an argument."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-03-31") from error
    if day.isoformat() != text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-03-31")
    return day
