"""The nightly review of all customers: one night after the other, as in a week of operation."""

from __future__ import annotations

import statistics
from datetime import date, timedelta

from config.core.models import BusinessUnit
from receivables.services import reviews
from receivables.services.demo import company
from tests.benchmarks.harness import Line, memory_mb, ms, reset_peak_memory, seconds

NIGHTS = 6
SECONDS_LIMIT = 5.0
# Growth of the process during a night that still counts as flat: buffers of the driver.
MEMORY_LIMIT_MB = 50.0


def measure(*, today: date) -> list[Line]:
    """Review the last nights in order; the first finds the backlog, the others are the figure."""
    units = list(BusinessUnit.objects.order_by("pk"))
    days = [today - timedelta(days=back) for back in reversed(range(1, NIGHTS + 2))]
    first = seconds(lambda: _night(units, days[0]))
    is_known = reset_peak_memory()
    before = memory_mb("VmRSS")
    nights = [seconds(lambda day=day: _night(units, day)) for day in days[1:]]  # type: ignore[misc]
    growth = max(0.0, memory_mb("VmHWM") - before)
    typical = statistics.median(nights)
    lines = [
        Line("first review ever, with its backlog of alerts", ms(first)),
        Line(
            "nightly review, all customers",
            ms(typical),
            target=f"≤ {SECONDS_LIMIT:g} s",
            met=typical <= SECONDS_LIMIT,
        ),
    ]
    if is_known:
        lines.append(
            Line(
                "nightly review, memory on top of the process",
                f"{growth:.0f} MB",
                target=f"≤ {MEMORY_LIMIT_MB:g} MB",
                met=growth <= MEMORY_LIMIT_MB,
            )  # fmt: skip
        )
    return lines


def _night(units: list[BusinessUnit], day: date) -> None:
    for unit in units:
        reviews.run(unit=unit, as_of=day, actor=None, now=company.night_after(day))
