"""Which PostgreSQL the application talks to: DATABASE_URL, or the embedded one started on demand.

Settings must be importable without starting a server (linters and `--help` import them), so they
only compute where the embedded server will listen; the start happens here, from manage.py.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from config.embedded_postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("ZQ_VAR", ROOT / "var")) / "postgres" / "18"
NEEDS_NO_DATABASE = {
    "", "help", "--help", "version", "--version", "lint", "fmt", "messages", "makemessages",
    "compilemessages", "collectstatic", "test", "spectacular", "check", "findstatic",
}  # fmt: skip

_server: EmbeddedPostgres | None = None


def embedded() -> EmbeddedPostgres:
    """Return the handle of the embedded server; it is not started."""
    global _server
    if _server is None:
        _server = EmbeddedPostgres(
            HOME, shared_buffers="256MB", max_wal_size="2GB", random_page_cost="1.1"
        )
    return _server


def start_if_needed(command: str) -> None:
    """Start the embedded server unless DATABASE_URL names another or the command needs none."""
    if os.environ.get("DATABASE_URL") or command in NEEDS_NO_DATABASE or "--help" in sys.argv:
        return
    server = embedded().start()
    server.ensure_database("zhangqi")


def settings_from_environment() -> dict[str, object]:
    """Return Django's `DATABASES["default"]`."""
    common: dict[str, object] = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }
    url = os.environ.get("DATABASE_URL")
    if not url:
        return {**common, "HOST": str(embedded().sockets), "USER": "app", "NAME": "zhangqi"}
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SystemExit(
            "DATABASE_URL must begin with postgresql://; PostgreSQL is the only database."
        )
    options = dict(parse_qsl(parts.query))
    return {
        **common,
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }
