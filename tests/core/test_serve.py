"""`manage.py serve` as a newcomer meets it: real processes, an own folder, an empty home."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError

from config.core.management.commands import serve

pytestmark = pytest.mark.slow
PATIENCE = 90


class Server:
    """One `serve` process and what it said."""

    def __init__(self, var: Path, **environment: str) -> None:
        kept = {
            name: os.environ[name]
            for name in ("PATH", "TMPDIR", "PYTHONPATH")
            if name in os.environ
        }
        home = var / "home"
        home.mkdir(parents=True, exist_ok=True)
        self.log = var / "serve.log"
        self.before = self.log.stat().st_size if self.log.exists() else 0
        self.output = open(self.log, "ab")  # noqa: SIM115 - closed by stop
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=settings.BASE_DIR,
            env={
                **kept,
                "HOME": str(home),
                "ZQ_VAR": str(var),
                "ZQ_NO_BOOTSTRAP": "1",
                "PORT": "0",
                **environment,
            },
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )

    @property
    def said(self) -> str:
        """What this process said; an earlier one wrote to the same file."""
        return self.log.read_bytes()[self.before :].decode()

    def wait_until_ready(self) -> float:
        began = time.monotonic()
        while "Ctrl-C stops it." not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() - began < PATIENCE, self.said
            time.sleep(0.1)
        return time.monotonic() - began

    @property
    def port(self) -> int:
        return int(re.findall(r"http://127\.0\.0\.1:(\d+)/", self.said)[-1])

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def stop(self, number: int = signal.SIGTERM) -> float:
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(30)
        self.output.close()
        return time.monotonic() - began


@pytest.fixture
def start(tmp_path):
    servers: list[Server] = []

    def begin(**environment: str) -> Server:
        servers.append(Server(tmp_path, **environment))
        return servers[-1]

    yield begin
    for server in servers:
        server.stop(signal.SIGKILL)
    # What a killed server left running is found by its folder and stopped by its next user.
    subprocess.run(
        [
            sys.executable,
            "-c",
            "from config import database; database.embedded().start().release()",
        ],
        cwd=settings.BASE_DIR,
        env=os.environ | {"ZQ_VAR": str(tmp_path)},
    )


def test_first_start_with_the_demo_company_then_a_quick_second_one(start):
    server = start()
    server.wait_until_ready()
    said = server.said

    assert "Making up a demo company" in said
    assert re.search(r"finance_manager\s+\S+", said)
    assert server.get("/healthz")[0] == 200
    assert server.get("/login/")[0] == 200
    deadline = time.monotonic() + 20
    while server.get("/readyz")[0] != 200:
        assert time.monotonic() < deadline, server.get("/readyz")
        time.sleep(0.3)
    assert server.stop() < 10
    assert server.process.returncode == 0
    assert server.said.rstrip().endswith("Stopped.")
    assert "Traceback" not in said
    assert "WARNING" not in said

    again = start()
    assert again.wait_until_ready() < 15
    assert "Making up a demo company" not in again.said
    assert "Preparing the database" not in again.said
    assert again.stop(signal.SIGINT) < 10
    assert again.process.returncode == 0


def test_a_busy_port_is_one_sentence(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = start(PORT=str(port))
        assert server.process.wait(PATIENCE) == 1

    assert server.said.strip() == (
        f"CommandError: Port {port} is used by another program. Stop it, or choose another: PORT={port + 1}."
    )


@pytest.mark.parametrize("port", ["http", "-1", "70000", "80 80", "８０", ""])
def test_a_strange_port_is_one_sentence(port):
    with pytest.raises(CommandError, match="PORT must be a number from 1 to 65535"):
        serve.listen("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_one_sentence():
    with pytest.raises(CommandError, match="Cannot listen at 192.0.2.1:8000"):
        serve.listen("192.0.2.1", "8000")


def test_only_this_machine_can_connect_unless_asked_otherwise():
    with serve.listen("127.0.0.1", "0") as private, serve.listen("0.0.0.0", "0") as public:
        assert serve.is_private(private)
        assert not serve.is_private(public)
        assert serve.url_of(public).startswith("http://127.0.0.1:")
