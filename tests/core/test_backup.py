"""A backup that was restored, by other processes, into another database."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import InternalError, connection

from config.core.models import AuditEvent, BusinessUnit, User
from config.core.services import archives, audit
from tests import database

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def empty():
    """Make an empty database; yield its name."""
    name = f"zq_test_{database.RUN}_restored"
    with database.administrator() as cursor:
        database._drop(cursor, name)
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield name
    with database.administrator() as cursor:
        database._drop(cursor, name)


@contextlib.contextmanager
def inside(name: str):
    """Work in another database for a while."""
    usual = django_settings.DATABASES["default"]["NAME"]
    database._use(name)
    try:
        yield
    finally:
        database._use(usual)


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    return settings.MEDIA_ROOT


@pytest.fixture
def foreign_server(monkeypatch):
    """The tests' server is reached as one that is not the application's own."""
    monkeypatch.setenv("DATABASE_URL", here())


def manage(*arguments: str, url: str, var: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "DATABASE_URL": url,
        "ZQ_VAR": str(var),
        "ZQ_NO_BOOTSTRAP": "1",
        "SECRET_KEY": "x" * 50,
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=django_settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )


def here() -> str:
    return database.url(django_settings.DATABASES["default"]["NAME"])


def test_round_trip(tmp_path, empty):
    user = User.objects.create_user("keeper", password="x" * 12, display_name="王敏")
    unit = BusinessUnit.objects.create(code="HD", name="华东公司")
    audit.record(actor=user, action="unit.created", target=unit)
    files = tmp_path / "old" / "files" / "2026"
    files.mkdir(parents=True)
    (files / "账单 1.csv").write_bytes(b"\x00\xff" * 5000)
    target = tmp_path / "backup.tar"

    made = manage("backup", str(target), url=here(), var=tmp_path / "old")
    restored = manage("restore", str(target), url=database.url(empty), var=tmp_path / "new")

    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith(f"{target}: the database and 1 files, ")
    assert target.stat().st_mode & 0o077 == 0
    assert (restored.returncode, restored.stderr) == (0, "")
    assert (tmp_path / "new" / "files" / "2026" / "账单 1.csv").read_bytes() == b"\x00\xff" * 5000
    with inside(empty):
        assert User.objects.get().display_name == "王敏"
        assert BusinessUnit.objects.get().code == "HD"
        assert AuditEvent.objects.get().action == "unit.created"
        # The triggers came along: what is restored can not be changed either.
        with pytest.raises(InternalError, match="pgtrigger"):
            AuditEvent.objects.update(action="x")


@pytest.mark.usefixtures("foreign_server")
def test_a_database_with_tables_is_never_overwritten(tmp_path, media):
    target = tmp_path / "backup.tar"
    call_command("backup", str(target), verbosity=0)
    User.objects.create_user("later")

    with pytest.raises(CommandError, match="is not empty. Restore into a new one"):
        call_command("restore", str(target))

    assert User.objects.filter(username="later").exists()


@pytest.mark.usefixtures("foreign_server")
def test_files_are_never_overwritten(tmp_path, media, empty):
    target = tmp_path / "backup.tar"
    call_command("backup", str(target))
    media.mkdir()
    (media / "own.csv").write_text("mine")

    with inside(empty), pytest.raises(CommandError, match="Move it away first."):
        call_command("restore", str(target))


def test_a_backup_is_not_written_over_another(tmp_path):
    target = tmp_path / "backup.tar"
    target.write_text("precious")

    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", str(target))

    assert target.read_text() == "precious"


@pytest.mark.usefixtures("foreign_server")
def test_a_failed_backup_leaves_no_file(tmp_path, media, monkeypatch):
    monkeypatch.setattr(archives, "_program", lambda tool: "/bin/false")

    with pytest.raises(CommandError, match="pg_dump failed"):
        call_command("backup", str(tmp_path / "sub" / "backup.tar"))

    assert list((tmp_path / "sub").iterdir()) == []


@pytest.mark.usefixtures("foreign_server")
def test_without_a_fitting_program_it_says_which_to_install(tmp_path, media, monkeypatch):
    monkeypatch.setattr(archives, "_version", lambda program: 9)

    with pytest.raises(CommandError, match="apt-get install postgresql-client-1[0-9]"):
        call_command("backup", str(tmp_path / "backup.tar"))


def rewrite(source: Path, target: Path, change) -> None:
    """Copy a backup with some members changed."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for info in old.getmembers():
            content = change(info.name, old.extractfile(info).read())
            info.size = len(content)
            new.addfile(info, io.BytesIO(content))


@pytest.mark.usefixtures("foreign_server")
@pytest.mark.parametrize("fault", ["no tar", "changed byte", "other format", "escape", "cut"])
def test_a_damaged_backup_is_refused_and_nothing_is_restored(tmp_path, media, empty, fault):
    good, bad = tmp_path / "good.tar", tmp_path / "sub" / "bad.tar"
    bad.parent.mkdir()
    call_command("backup", str(good))

    def change(name: str, content: bytes) -> bytes:
        if fault == "changed byte" and name == archives.DUMP:
            return content[:-1] + bytes([content[-1] ^ 1])
        if name == archives.MANIFEST and fault in {"other format", "escape"}:
            manifest = json.loads(content)
            if fault == "escape":
                manifest["members"]["../../escaped"] = manifest["members"][archives.DUMP]
            else:
                manifest["format"] = 99
            return json.dumps(manifest).encode()
        return content

    if fault == "no tar":
        bad.write_bytes(b"no tar at all" * 100)
    elif fault == "cut":
        bad.write_bytes(good.read_bytes()[:20_000])
    else:
        rewrite(good, bad, change)

    with inside(empty):
        with pytest.raises(CommandError, match="damaged|another version"):
            call_command("restore", str(bad))
        with connection.cursor() as cursor:
            assert connection.introspection.table_names(cursor) == []
    assert not list(tmp_path.rglob("escaped"))
