"""What `lint` checks, each with a name and a function that returns what is wrong."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = ROOT / "templates"
VENDOR = ROOT / "config" / "static" / "vendor"


def tool(name: str) -> str:
    """Return the path of a developer's tool of this environment."""
    return str(Path(sys.executable).with_name(name))


def run(command: list[str]) -> str:
    """Run a tool at the top of the tree; return its output if it failed, else nothing."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode == 0:
        return ""
    return done.stdout.strip() or f"{command[0]} ended with {done.returncode}."


def djade(*options: str) -> list[str]:
    """Return the command that formats or checks all templates."""
    files = sorted(str(path.relative_to(ROOT)) for path in TEMPLATES.rglob("*.html"))
    return [tool("djade"), "--target-version", "5.2", *options, *files]


def formatted() -> str:
    return run([tool("ruff"), "format", "--check", "--quiet", "."])


def ruff() -> str:
    return run([tool("ruff"), "check", "--quiet", "."])


def templates() -> str:
    return run(djade("--check"))


def types() -> str:
    return run([tool("mypy"), "--no-error-summary"])


def imports() -> str:
    return run([tool("lint-imports")])


def migrations() -> str:
    """Return which models have changed without a migration. Needs no database."""
    command = [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]
    return run(command)


def system() -> str:
    return run([sys.executable, "manage.py", "check", "--fail-level", "WARNING"])


def catalogues() -> str:
    """Return which compiled catalogues are not what their source compiles to."""
    stale = [
        str(po.relative_to(ROOT))
        for po in sorted((ROOT / "config" / "locale").rglob("*.po"))
        if not po.with_suffix(".mo").exists() or po.with_suffix(".mo").read_bytes() != compiled(po)
    ]
    return "\n".join(f"{name} is not compiled: run manage.py messages." for name in stale)


def compiled(po: Path) -> bytes:
    """Return the binary catalogue of a source catalogue."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - a developer's tool, absent in production
    from babel.messages.pofile import read_po  # noqa: PLC0415

    with open(po, "rb") as source:
        catalogue = read_po(source, locale=po.parents[1].name, domain="django", abort_invalid=True)
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def vendored() -> str:
    """Return which vendored files are not the ones listed with their digest."""
    listed = json.loads((VENDOR / "VENDOR.json").read_text())
    entries = listed["files"] if isinstance(listed, dict) else listed
    wrong = []
    for entry in entries:
        path = VENDOR / entry["file"]
        if not path.exists():
            wrong.append(f"{entry['file']} is missing.")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            wrong.append(f"{entry['file']} is not the listed file.")
    known = {entry["file"] for entry in entries} | {"VENDOR.json"}
    found = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    wrong += [f"{name} is not in VENDOR.json." for name in sorted(found - known)]
    return "\n".join(wrong)


CHECKS: dict[str, Callable[[], str]] = {
    "format": formatted,
    "ruff": ruff,
    "templates": templates,
    "types": types,
    "import contracts": imports,
    "system checks": system,
    "migrations": migrations,
    "catalogues": catalogues,
    "vendored files": vendored,
}
