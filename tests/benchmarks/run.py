"""All of the Speed table in one run, each figure beside its reference."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from django.db import connection
from django.test import Client

from config.core.models import User
from receivables.services.demo import company
from tests.benchmarks import aging, data, imports, pages, review
from tests.benchmarks.harness import Line, table, write_json

SECTIONS = ("aging", "review", "pages", "burst", "import")
READER = "finance_manager"
BURST_SHARE = 100  # every hundredth item


@dataclass(frozen=True)
class Options:
    today: date
    customers: int = 20_000
    items: int = 1_000_000
    import_rows: int = 1_000_000
    import_rounds: int = 5
    rebuild: bool = False
    only: tuple[str, ...] = SECTIONS
    json: str = ""


def run(options: Options, say: Callable[[str], None]) -> list[Line]:
    """Build or reuse the data, measure what was asked for, and print the table."""
    say("Preparing the data (once; a later run uses them again) …")
    facts = data.prepare(
        customers=options.customers,
        items=options.items,
        today=options.today,
        rebuild=options.rebuild,
    )
    say(facts.sentence())
    say(machine())
    lines: list[Line] = []
    for line in _measured(options, facts):
        say(
            f"  {line.work}: {line.ours}{f' ({line.ratio})' if line.ratio else ''}{f' – {line.note}' if line.note else ''}"
        )
        lines.append(line)
    say("\n" + table(lines))
    if options.json:
        about: dict[str, object] = {
            "data": {**asdict(facts), "today": facts.today.isoformat()},
            "machine": machine(),
        }
        write_json(options.json, facts=about, lines=lines)
    return lines


def _measured(options: Options, facts: data.Facts) -> Iterator[Line]:
    if set(options.only) - {"import"}:
        with data.copy():
            yield from _on_copy(options, facts)
    if "import" in options.only:
        yield from imports.measure(
            rows=options.import_rows, customers=options.customers, rounds=options.import_rounds
        )


def _on_copy(options: Options, facts: data.Facts) -> Iterator[Line]:
    user = User.objects.get(username=READER)
    client = Client(raise_request_exception=False)
    client.force_login(user)
    if "aging" in options.only:
        yield from aging.measure(today=facts.today, user=user, client=client)
    if "review" in options.only:
        yield from review.measure(today=facts.today)
    if "pages" in options.only:
        yield from _pages(facts, client)
    if "burst" in options.only:
        changed = data.burst(count=facts.debits // BURST_SHARE, day=facts.today - timedelta(days=1))
        suffix = f", after a burst on {changed:,} items"
        yield from aging.measure(today=facts.today, user=user, client=client, suffix=suffix)


def _pages(facts: data.Facts, client: Client) -> Iterator[Line]:
    """Pages as on any morning: trends computed, planner informed."""
    company.summarise(as_of=facts.today, now=company.night_after(facts.today))
    company.tidy()
    yield from pages.measure(today=facts.today, client=client)


def machine() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"Python {platform.python_version()}, PostgreSQL {version}, {os.cpu_count()} cores{load}, {platform.machine()}."
