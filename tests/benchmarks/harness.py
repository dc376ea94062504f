"""Timing two ways of doing the same work side by side, and the table that tells about it."""

from __future__ import annotations

import gc
import json
import math
import statistics
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROUNDS = 7  # medians of at least five; odd, so that the median is a round that happened
Work = Callable[[], object]


@dataclass(frozen=True)
class Line:
    """One row of the table: figures as they are shown, and whether the target was met.

    `met` is None where nothing was asked for.
    """

    work: str
    ours: str
    reference: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None
    note: str = ""


def compare(work: str, ours: Work, reference: Sequence[Work], *, limit: float) -> Line:
    """Time `ours` beside the quickest of the references; the ratio must not pass `limit`.

    The rounds alternate, so that a busy machine slows down all of them.
    """
    times = side_by_side([ours, *reference])
    best = min(times[1:])
    ratio = times[0] / best
    return Line(work, ms(times[0]), ms(best), f"{ratio:.2f} ×", f"≤ {limit:g} ×", ratio <= limit)


def side_by_side(works: Sequence[Work], *, rounds: int = ROUNDS) -> list[float]:
    """Return the median seconds of each work, after a warm-up, in alternating rounds."""
    for work in works:
        work()
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for own, work in zip(times, works, strict=True):
            own.append(seconds(work))
    return [statistics.median(own) for own in times]


def seconds(work: Work) -> float:
    """Return how long one call takes; garbage of earlier work is collected before, not during."""
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def percentile(times: Sequence[float], share: float) -> float:
    """Return the smallest time that `share` of all times do not pass."""
    ordered = sorted(times)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def ms(value: float) -> str:
    return f"{value * 1000:,.1f} ms" if value < 0.1 else f"{value * 1000:,.0f} ms"


def missing(work: str, why: str) -> Line:
    """Return the line of something that could not be measured: a miss, with its reason."""
    return Line(work, "—", target="measured", met=False, note=why)


# Memory ------------------------------------------------------------------------------------------


def reset_peak_memory() -> bool:
    """Forget the process's peak of resident memory; False where the system does not offer it."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def memory_mb(name: str) -> float:
    """Return VmRSS (now) or VmHWM (peak) in MB, 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(x.split()[1]) / 1024 for x in lines if x.startswith(name + ":")), 0.0)


# The table ---------------------------------------------------------------------------------------

HEADINGS = ("work", "ours", "reference", "ratio", "target", "met")


def table(lines: Sequence[Line]) -> str:
    """Return the lines as a table in plain text, and below it what was missed."""
    rows = [(x.work, x.ours, x.reference, x.ratio, x.target, _verdict(x)) for x in lines]
    widths = [max(_width(r[i]) for r in [HEADINGS, *rows]) for i in range(len(HEADINGS))]
    text = [_row(HEADINGS, widths), "-+-".join("-" * w for w in widths)]
    text += [_row(row, widths) for row in rows]
    notes = [f"  {x.work}: {x.note}" for x in lines if x.note]
    missed = [
        f"  {x.work}: {x.ours}, {x.ratio or 'target'} against {x.target}"
        for x in lines
        if x.met is False
    ]
    if notes:
        text += ["", "Notes:", *notes]
    asked = [x for x in lines if x.met is not None]
    met = sum(1 for x in asked if x.met)
    text += ["", f"{met} of {len(asked)} targets met."]
    if missed:
        text += ["Missed:", *missed]
    return "\n".join(text)


def write_json(path: str, *, facts: dict[str, object], lines: Sequence[Line]) -> None:
    """Write the same figures for a program."""
    content = {**facts, "results": [asdict(line) for line in lines]}
    Path(path).write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def _verdict(line: Line) -> str:
    return {True: "yes", False: "NO", None: ""}[line.met]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell + " " * (width - _width(cell)) if i == 0 else " " * (width - _width(cell)) + cell
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return " | ".join(padded)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
