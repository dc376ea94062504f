#!/usr/bin/env python3
"""Django's command line.

On a machine that has only Python, the first call makes .venv and installs what is locked:
`serve` needs requirements.lock only; `test`, `lint` and `bench` need the developer's tools too.
"""

import contextlib
import hashlib
import importlib.util
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# The hash of the lock file that was installed last; missing after an interrupted install.
STAMP = VENV / "installed"
RUNTIME_LOCK = ROOT / "requirements.lock"
DEVELOPER_LOCK = ROOT / "requirements-dev.lock"  # holds all that the runtime lock does
DEVELOPER_COMMANDS = {"test", "lint", "fmt", "bench", "messages"}
NEEDED = ("django", "rest_framework", "celery", "psycopg2", "waitress", "pgtrigger")
NO_PIP = """\
This Python can make neither a virtual environment with pip, nor has it a pip of its own.
On Debian or Ubuntu: apt-get install python3-venv, then run the same command again."""
NOT_INSTALLED = """\
The packages in %s could not be installed (see above).
Check the network or the proxy, then run the same command again: it goes on where it stopped."""


def wants_bootstrap() -> bool:
    """Return whether this call should run from .venv.

    A container or server that already holds the packages says so by ZQ_NO_BOOTSTRAP=1, or simply
    has them and no .venv.
    """
    if os.environ.get("ZQ_NO_BOOTSTRAP"):
        return False
    return VENV.exists() or any(importlib.util.find_spec(name) is None for name in NEEDED)


def digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


@contextlib.contextmanager
def one_at_a_time():
    """Make a second terminal wait, since two installs into one folder break each other."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def make_environment() -> None:
    # Debian without python3-venv has no ensurepip; the outer pip can serve the new venv.
    has_ensurepip = works(sys.executable, "-m", "ensurepip", "--version")
    venv.create(VENV, with_pip=has_ensurepip, clear=VENV.exists())


def pip_command() -> list:
    """Return how to call pip for .venv: its own, one restored by ensurepip, or this Python's."""
    own = [str(PYTHON), "-m", "pip"]
    if works(*own, "--version"):
        return own
    if works(str(PYTHON), "-m", "ensurepip") and works(*own, "--version"):
        return own
    outer = [sys.executable, "-m", "pip"]
    if not works(*outer, "--version"):
        sys.exit(NO_PIP)
    return [*outer, "--python", str(PYTHON)]


def install(lock: Path) -> None:
    print(
        "Installing %s into .venv (once, a minute or so) …" % lock.name, file=sys.stderr, flush=True
    )
    if not works(str(PYTHON), "-c", "pass"):  # missing, or its Python was removed
        make_environment()
    STAMP.unlink(missing_ok=True)
    arguments = [
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--require-hashes",
    ]
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore", "PIP_USER": "0"}
    if subprocess.run([*pip_command(), *arguments, "-r", str(lock)], env=environment).returncode:
        sys.exit(NOT_INSTALLED % lock.name)
    STAMP.write_text(digest(lock))


def holds(lock: Path) -> bool:
    """Return whether .venv works and holds what is locked."""
    if not PYTHON.exists() or not STAMP.exists():
        return False
    return STAMP.read_text() in {digest(lock), digest(DEVELOPER_LOCK)}


def ensure_environment(command: str) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file alone runs on an older one
        sys.exit("Python 3.11 or newer is needed; this is %s." % sys.version.split()[0])
    lock = DEVELOPER_LOCK if command in DEVELOPER_COMMANDS else RUNTIME_LOCK
    if not holds(lock):
        with one_at_a_time():
            if not holds(lock):  # the other terminal may have installed it meanwhile
                install(lock)
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(str(PYTHON), [str(PYTHON), *sys.argv])


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if wants_bootstrap():
        try:
            ensure_environment(command)
        except KeyboardInterrupt:
            sys.exit("Stopped; the same command goes on with the installation.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config import database

    database.start_if_needed(command)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
