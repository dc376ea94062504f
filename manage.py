#!/usr/bin/env python3
"""Django's command line.

On a machine that has only Python, the first call makes .venv and installs what is locked:
`serve` needs requirements.lock only; `test`, `lint` and `bench` need the developer's tools too.
"""
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
RUNTIME_LOCK = ROOT / "requirements.lock"
DEVELOPER_LOCK = ROOT / "requirements-dev.lock"
DEVELOPER_COMMANDS = {"test", "lint", "fmt", "bench", "messages"}


def wants_bootstrap() -> bool:
    """Return whether this call should run from .venv.

    A container or server that already holds the packages says so by ZQ_NO_BOOTSTRAP=1, or simply
    has Django and no .venv.
    """
    if os.environ.get("ZQ_NO_BOOTSTRAP"):
        return False
    return VENV.exists() or importlib.util.find_spec("django") is None


def install(lock: Path) -> None:
    if not PYTHON.exists():
        try:
            venv.create(VENV, with_pip=True)
        except (subprocess.CalledProcessError, ImportError):
            # Debian without python3-venv has no ensurepip; the outer pip can serve the new venv.
            venv.create(VENV, with_pip=False, clear=True)
    own_pip = [str(PYTHON), "-m", "pip"]
    has_pip = subprocess.run([*own_pip, "--version"], capture_output=True).returncode == 0
    pip = own_pip if has_pip else [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    arguments = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    done = subprocess.run([*pip, *arguments, "-r", str(lock)])
    if done.returncode:
        sys.exit(
            "The packages in %s could not be installed (see above). "
            "Check the network or proxy, then run the same command again." % lock.name
        )


def ensure_environment(command: str) -> None:
    if sys.version_info < (3, 11):
        sys.exit("Python 3.11 or newer is needed; this is %s." % sys.version.split()[0])
    locks = [RUNTIME_LOCK]
    if command in DEVELOPER_COMMANDS:
        locks = [DEVELOPER_LOCK]
    for lock in locks:
        stamp = VENV / (lock.stem + ".installed")
        wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
        # The developer's lock holds all that the runtime lock does.
        candidates = [stamp, VENV / (DEVELOPER_LOCK.stem + ".installed")]
        dev_hash = hashlib.sha256(DEVELOPER_LOCK.read_bytes()).hexdigest()
        if any(s.exists() and s.read_text() in {wanted, dev_hash} for s in candidates):
            continue
        print("Installing %s into .venv (once) …" % lock.name, file=sys.stderr, flush=True)
        install(lock)
        stamp.write_text(wanted)
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(str(PYTHON), [str(PYTHON), *sys.argv])


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if wants_bootstrap():
        ensure_environment(command)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config import database

    database.start_if_needed(command)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
