"""The import of a million rows beside a raw COPY, each round in a fresh database of the same server."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from urllib.parse import quote

from django.conf import settings
from django.core.management import call_command

from tests.benchmarks import data, import_speed
from tests.benchmarks.harness import Line

EMPTY, ROUND = "zhangqi_bench_empty", "zhangqi_bench_import"
SHARE_LIMIT, MEMORY_LIMIT_MB = 0.5, 400.0


def measure(*, rows: int, customers: int, rounds: int) -> list[Line]:
    """Import the same file `rounds` times; figures are medians, memory is the worst."""
    results = list(_rounds(rows=rows, customers=customers, rounds=rounds))
    ours = median(r.import_seconds for r in results)
    raw = median(r.copy_seconds for r in results)
    share = median(r.share for r in results)
    peak = max(r.peak_megabytes for r in results)
    return [
        Line(
            f"import of {rows:,} rows, rows a second of a raw COPY", f"{ours:.1f} s", f"{raw:.1f} s",
            f"{share:.0%}", f"≥ {SHARE_LIMIT:.0%}", share >= SHARE_LIMIT,
        ),
        Line(
            "import, peak memory of the process", f"{peak:.0f} MB", target=f"≤ {MEMORY_LIMIT_MB:g} MB",
            met=peak <= MEMORY_LIMIT_MB,
        ),
    ]  # fmt: skip


def _rounds(*, rows: int, customers: int, rounds: int) -> Iterator[import_speed.Result]:
    data.drop(EMPTY)
    data.create(EMPTY)
    data.use(EMPTY)
    call_command("migrate", verbosity=0, interactive=False)
    try:
        for _ in range(rounds):
            data.drop(ROUND)
            data.create(ROUND, template=EMPTY)
            yield import_speed.once(database_url=url_of(ROUND), rows=rows, customers=customers)
    finally:
        data.use(data.BUILT)
        data.drop(ROUND)
        data.drop(EMPTY)


def url_of(name: str) -> str:
    """Return the address of a database on the server that Django uses, as DATABASE_URL has it."""
    place = settings.DATABASES["default"]
    login = quote(str(place.get("USER", "")), safe="")
    if place.get("PASSWORD"):
        login += f":{quote(str(place['PASSWORD']), safe='')}"
    host, port = str(place.get("HOST") or ""), place.get("PORT")
    if host.startswith("/"):  # a folder of sockets
        return f"postgresql://{login}@/{name}?host={quote(host, safe='')}"
    return f"postgresql://{login}@{host}{f':{port}' if port else ''}/{name}"
