"""The database of the tests: a private server, migrated once, copied for each process.

Making all tables costs seconds, copying them a fraction of one. The template is kept between runs
and named by the digest of all migrations; a change of one makes a new template.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg2
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from psycopg2 import sql

from config.embedded_postgres import EmbeddedPostgres

HOME = Path(settings.VAR_DIR) / "postgres" / "test"
# Nothing of a test needs to survive a power cut.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "autovacuum": "off",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
}
# A name of the run's own, so that two runs at once do not meet. Workers inherit it.
RUN = os.environ.setdefault("ZQ_TEST_RUN", str(os.getpid()))
SEED_SCHEMA = "zq_seed"


def external_url() -> str:
    return os.environ.get("TEST_DATABASE_URL") or os.environ.get("DATABASE_URL") or ""


def start() -> None:
    """Point Django at the server of the tests, started if it is ours. Every process calls this."""
    url = external_url()
    place: dict[str, Any] = (
        dict(_place_of(url)) if url else {"HOST": str(_embedded().sockets), "USER": "app"}
    )
    if not url:
        _embedded().start()
    settings.DATABASES["default"].update(place, CONN_MAX_AGE=0)


_server: EmbeddedPostgres | None = None


def _embedded() -> EmbeddedPostgres:
    global _server
    if _server is None:
        bin_folder = os.environ.get("ZQ_TEST_POSTGRES_BIN")
        home = HOME / (hashlib.sha256(bin_folder.encode()).hexdigest()[:8] if bin_folder else "18")
        _server = EmbeddedPostgres(home, Path(bin_folder) if bin_folder else None, **FAST)
    return _server


def _place_of(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    return {
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def url(name: str) -> str:
    """Return the DATABASE_URL of a database on the tests' server, for processes of their own."""
    place = settings.DATABASES["default"]
    if place["HOST"].startswith("/"):
        return f"postgresql://{place['USER']}@/{name}?host={place['HOST']}"
    login = f"{place['USER']}:{place['PASSWORD']}" if place.get("PASSWORD") else place["USER"]
    return f"postgresql://{login}@{place['HOST']}:{place.get('PORT') or 5432}/{name}"


@contextlib.contextmanager
def administrator() -> Iterator[Any]:
    """Yield a cursor outside all test databases."""
    place = settings.DATABASES["default"]
    handle = psycopg2.connect(
        dbname="postgres",
        user=place["USER"] or None,
        password=place.get("PASSWORD") or None,
        host=place["HOST"] or None,
        port=place.get("PORT") or None,
    )
    handle.autocommit = True
    try:
        with handle.cursor() as cursor:
            yield cursor
    finally:
        handle.close()


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    HOME.mkdir(parents=True, exist_ok=True)
    with open(HOME / "template.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest_of_migrations() -> str:
    known = hashlib.sha256()
    for path in sorted(Path(settings.BASE_DIR).glob("**/migrations/*.py")):
        if ".venv" not in path.parts and "var" not in path.parts:
            known.update(str(path.relative_to(settings.BASE_DIR)).encode() + path.read_bytes())
    return known.hexdigest()[:12]


def template() -> str:
    """Return the name of the migrated template, made if there is none for these migrations."""
    name = f"zq_template_{digest_of_migrations()}"
    with _one_at_a_time(), administrator() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'zq_template_%'")
        known = [row[0] for row in cursor.fetchall()]
        if name in known:
            return name
        for old in known:
            _drop(cursor, old)
        _drop(cursor, "zq_building")
        cursor.execute("CREATE DATABASE zq_building")
        _use("zq_building")
        try:
            call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
            _keep_seed()
        finally:
            connections.close_all()
        cursor.execute(
            sql.SQL("ALTER DATABASE zq_building RENAME TO {}").format(sql.Identifier(name))
        )
    return name


def create(label: str, *, source: str | None = None) -> str:
    """Copy the template (or another database nobody is connected to); return the copy's name."""
    name = f"zq_test_{RUN}_{label}"
    source = source or template()
    with _one_at_a_time(), administrator() as cursor:
        _drop_left_over(cursor)
        _drop(cursor, name)
        cursor.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(source)
            )
        )
    return name


def use(label: str) -> str:
    """Make Django work in a fresh copy of the template."""
    name = create(label)
    _use(name)
    return name


def drop(name: str) -> None:
    connections.close_all()
    with administrator() as cursor:
        _drop(cursor, name)


def _use(name: str) -> None:
    connections.close_all()
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name


def _drop(cursor: Any, name: str) -> None:
    cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _drop_left_over(cursor: Any) -> None:
    """Drop what a killed run left: its process number is in the name."""
    cursor.execute("SELECT datname FROM pg_database WHERE datname ~ '^zq_test_[0-9]+_'")
    for (name,) in cursor.fetchall():
        pid = int(name.split("_")[2])
        if str(pid) != RUN and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            _drop(cursor, name)


def _keep_seed() -> None:
    """Keep a copy of the rows that migrations put in, and the function that restores them."""
    with connection.cursor() as cursor:
        cursor.execute(SEED_SQL)


def reset() -> None:
    """Bring the database back to what the migrations made.

    Django's own way, TRUNCATE, is refused by the append-only tables and would lose the roles.
    Without triggers and foreign keys (session_replication_role), few rows go quickly.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT zq_seed.reset()")


SEED_SQL = """
CREATE SCHEMA zq_seed;
DO $$
DECLARE t text; filled boolean;
BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', t) INTO filled;
    IF filled THEN EXECUTE format('CREATE TABLE zq_seed.%I AS TABLE public.%I', t, t); END IF;
  END LOOP;
END $$;
CREATE FUNCTION zq_seed.reset() RETURNS void LANGUAGE plpgsql AS $$
DECLARE t text; columns text;
BEGIN
  SET LOCAL session_replication_role = replica;
  SET LOCAL lock_timeout = '20s';
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations' LOOP
    EXECUTE format('DELETE FROM public.%I', t);
  END LOOP;
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'zq_seed' LOOP
    SELECT string_agg(quote_ident(column_name), ', ') INTO columns FROM information_schema.columns c
      WHERE c.table_schema = 'public' AND c.table_name = t AND c.is_generated = 'NEVER';
    EXECUTE format('INSERT INTO public.%I (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM zq_seed.%I', t, columns, columns, t);
  END LOOP;
END $$;
"""


def forget() -> None:
    """Stop the server and remove it; for a data folder that a crash of the machine spoiled."""
    _embedded().release()
    shutil.rmtree(_embedded().home, ignore_errors=True)
