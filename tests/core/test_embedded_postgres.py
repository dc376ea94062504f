"""The private PostgreSQL: shared by processes, stopped by the last, and hard to break."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings

from config import embedded_postgres
from config.embedded_postgres import EmbeddedPostgres

pytestmark = pytest.mark.slow
SMALL = {"shared_buffers": "8MB", "fsync": "off", "max_connections": "20"}
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="module")
def initialised(tmp_path_factory) -> Path:
    """A data folder made once, and copied for each test."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("made"), **SMALL)
    server.start()
    server.release()
    return server.home


@pytest.fixture
def home(tmp_path, initialised):
    home = tmp_path / "postgres"
    shutil.copytree(initialised, home)
    yield home
    stop_whatever_runs(home)


def stop_whatever_runs(home: Path) -> None:
    server = EmbeddedPostgres(home, **SMALL)
    if (server.data / "postmaster.pid").exists():
        server._run("pg_ctl", "-D", str(server.data), "-m", "immediate", "-w", "stop")
    shutil.rmtree(server.sockets, ignore_errors=True)


def postmaster(server: EmbeddedPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def another_user(home: Path, *, then: str = "sys.stdin.readline()") -> subprocess.Popen[str]:
    """Start a process that uses the server until it is told to go."""
    code = f"""
        import sys
        from pathlib import Path
        from config.embedded_postgres import EmbeddedPostgres
        server = EmbeddedPostgres(Path({str(home)!r}), **{SMALL!r}).start()
        print("started", flush=True)
        {then}
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "started\n"
    return process


def leave(process: subprocess.Popen[str]) -> None:
    process.communicate("go\n", timeout=60)


def test_it_starts_on_an_empty_folder_and_stops_with_its_only_user(tmp_path):
    server = EmbeddedPostgres(tmp_path / "new", **SMALL)

    server.start()
    with psycopg2.connect(**server.dsn()) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW listen_addresses")
        assert cursor.fetchone() == ("",)
        cursor.execute("SELECT 'Ä' < 'B' COLLATE \"C\", lower('Ä')")
        assert cursor.fetchone() == (False, "ä")
    connection.close()
    server.release()

    assert not server.answers()
    assert not (server.data / "postmaster.pid").exists()


def test_the_folder_of_the_socket_is_private(home):
    server = EmbeddedPostgres(home, **SMALL).start()
    try:
        assert server.sockets.stat().st_mode & 0o777 == 0o700
    finally:
        server.release()


def test_a_folder_that_others_can_open_is_refused(home):
    server = EmbeddedPostgres(home, **SMALL)
    server.sockets.mkdir(mode=0o755)
    server.sockets.chmod(0o755)

    with pytest.raises(SystemExit, match="not private"):
        server.start()


def test_a_link_in_the_place_of_the_folder_is_refused(home, tmp_path):
    server = EmbeddedPostgres(home, **SMALL)
    target = tmp_path / "elsewhere"
    target.mkdir(mode=0o700)
    server.sockets.symlink_to(target)

    try:
        with pytest.raises(SystemExit, match="not private"):
            server.start()
    finally:
        server.sockets.unlink()


def test_the_last_user_stops_it(home):
    first = EmbeddedPostgres(home, **SMALL).start()
    second = another_user(home)

    first.release()
    assert first.answers()
    leave(second)

    assert not first.answers()


def test_a_killed_users_server_is_found_and_used(home):
    killed = another_user(home)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    server = EmbeddedPostgres(home, **SMALL)
    pid = postmaster(server)
    assert server.answers()

    server.start()
    try:
        assert postmaster(server) == pid
    finally:
        server.release()

    assert not server.answers()


def test_a_killed_server_is_started_again(home):
    server = EmbeddedPostgres(home, **SMALL).start()
    server.ensure_database("kept")
    os.kill(postmaster(server), signal.SIGKILL)
    time.sleep(0.2)

    again = EmbeddedPostgres(home, **SMALL).start()
    try:
        psycopg2.connect(**again.dsn("kept")).close()
    finally:
        server.release()
        again.release()

    assert not again.answers()


def test_a_stale_pid_file_does_not_harm_a_stranger(home):
    stranger = subprocess.Popen(["sleep", "60"])
    pid_file = home / "data" / "postmaster.pid"
    pid_file.write_text(f"{stranger.pid}\n{home / 'data'}\n{int(time.time())}\n5432\n")

    server = EmbeddedPostgres(home, **SMALL).start()
    try:
        assert postmaster(server) != stranger.pid
        assert stranger.poll() is None
    finally:
        server.release()
        stranger.kill()
        stranger.wait()


def test_an_interrupted_initialisation_is_begun_again(home):
    (home / "data" / "PG_VERSION").unlink()
    (home / "data.new").mkdir()

    server = EmbeddedPostgres(home, **SMALL).start()
    try:
        assert server.answers()
    finally:
        server.release()


def test_a_cleaned_temporary_folder_is_made_again(home):
    killed = another_user(home)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    server = EmbeddedPostgres(home, **SMALL)
    shutil.rmtree(server.sockets)

    server.start()
    try:
        assert server.answers()
    finally:
        server.release()


def test_a_forked_child_does_not_stop_its_parents_server(home):
    server = EmbeddedPostgres(home, **SMALL).start()
    try:
        child = another_user(
            home,
            then="import os; pid = os.fork(); pid or sys.exit(0); os.waitpid(pid, 0); print(server.answers(), flush=True)",
        )
        assert child.stdout.readline() == "True\n"
        leave(child)
    finally:
        server.release()


def test_four_at_once_on_an_empty_folder(tmp_path):
    home = tmp_path / "empty"
    code = (
        "from pathlib import Path; from config.embedded_postgres import EmbeddedPostgres;"
        f"s = EmbeddedPostgres(Path({str(home)!r}), **{SMALL!r}).start();"
        "s.ensure_database('zhangqi'); print(s.answers()); s.release()"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]

    assert [process.communicate(timeout=90)[0] for process in started] == ["True\n"] * 4
    assert not EmbeddedPostgres(home, **SMALL).answers()


def test_where_it_can_not_run_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(SystemExit, match="use another account, or set DATABASE_URL"):
        embedded_postgres.unprivileged()


@pytest.mark.parametrize(
    ("free", "chosen"), [(64, {"dynamic_shared_memory_type": "mmap"}), (1024, {})]
)
def test_a_containers_small_shared_memory_is_avoided(monkeypatch, free, chosen):
    block = 4096
    found = os.statvfs_result((block, block, 0, 0, free * 1024 * 1024 // block, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: found)

    assert embedded_postgres.shared_memory() == chosen


@pytest.mark.skipif(not DEBIAN_15.exists(), reason="Debian's PostgreSQL 15 is not installed here.")
def test_it_runs_the_oldest_supported_server_too(tmp_path):
    server = EmbeddedPostgres(tmp_path / "15", DEBIAN_15, **SMALL).start()
    try:
        with psycopg2.connect(**server.dsn()) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            assert cursor.fetchone()[0].startswith("15")
        connection.close()
    finally:
        server.release()
