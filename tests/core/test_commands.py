"""Commands that check the work of others: `verify_jobs`, `lint`, `messages`, `test`."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from config.core import clock
from config.core.management import checks
from config.core.management.commands import lint
from config.core.management.commands import test as test_command
from config.core.models import Job
from config.core.services import jobs


def ask(key: str, **fields: object) -> Job:
    job = jobs.enqueue(kind="test.kind", dedup_key=key, payload={}, unit=None, actor=None)
    Job.objects.filter(pk=job.pk).update(**fields)
    return job


@pytest.mark.django_db
class TestVerifyJobs:
    def test_work_in_order_is_said_in_one_line(self, capsys):
        now = clock.now()
        ask("waiting")
        ask("running", state="running", lease_until=now + timedelta(seconds=20))
        ask("just expired", state="running", lease_until=now - timedelta(seconds=20))
        ask("done", state="done", finished_at=now)
        ask("refused", state="failed", finished_at=now, result={"refusal": {"code": "empty_file"}})

        call_command("verify_jobs")

        assert capsys.readouterr().out == "5 jobs, all in order.\n"

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"state": "running", "lease_until": -3}, "runs without a living worker"),
            ({"state": "running", "lease_until": None}, "runs without a living worker"),
            ({"state": "queued", "created_at": -61}, "waits for more than an hour"),
            ({"state": "done"}, "ended without a time"),
            ({"state": "done", "finished_at": -1, "lease_until": 1}, "ended but still leased"),
            (
                {
                    "state": "failed",
                    "finished_at": -1,
                    "result": {"refusal": {"code": "internal_error"}},
                },
                "was put aside after too many attempts",
            ),
        ],
    )
    def test_a_fault_is_named_and_the_command_fails(self, capsys, fields, reason):
        moments = {
            name: clock.now() + timedelta(minutes=value) if isinstance(value, int) else value
            for name, value in fields.items()
        }
        job = ask("faulty", **moments)

        with pytest.raises(SystemExit) as stopped:
            call_command("verify_jobs")

        assert stopped.value.code == 1
        assert capsys.readouterr().out == f"Job {job.pk} (test.kind) {reason}.\n"


class TestLint:
    @pytest.fixture
    def some_checks(self, monkeypatch):
        monkeypatch.setattr(checks, "CHECKS", {"good": lambda: "", "bad": lambda: "line 1\nline 2"})
        monkeypatch.setattr(lint, "CHECKS", checks.CHECKS)

    def test_all_checks_run_and_the_failed_are_named(self, some_checks, capsys):
        with pytest.raises(SystemExit) as stopped:
            call_command("lint", no_color=True)

        said = capsys.readouterr().out
        assert stopped.value.code == 1
        assert "    line 2" in said
        assert said.endswith("1 of 2 failed: bad\n")

    def test_one_check_can_be_chosen(self, some_checks, capsys):
        call_command("lint", "good", no_color=True)

        assert capsys.readouterr().out.endswith("All 1 checks passed.\n")

    def test_an_unknown_check_is_a_sentence(self, some_checks, capsys):
        with pytest.raises(SystemExit) as stopped:
            call_command("lint", "speling")

        assert stopped.value.code == 2
        assert "There is no check 'speling'; there are: good, bad." in capsys.readouterr().err

    def test_a_stale_catalogue_is_named(self, monkeypatch, tmp_path):
        folder = tmp_path / "config" / "locale" / "zh_Hans" / "LC_MESSAGES"
        folder.mkdir(parents=True)
        po = folder / "django.po"
        po.write_text(
            'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Aging"\nmsgstr "账龄"\n'
        )
        monkeypatch.setattr(checks, "ROOT", tmp_path)

        assert "is not compiled" in checks.catalogues()
        po.with_suffix(".mo").write_bytes(checks.compiled(po))
        assert checks.catalogues() == ""
        po.write_text(po.read_text().replace("账龄", "帐龄"))
        assert "is not compiled" in checks.catalogues()

    def test_a_changed_missing_or_unlisted_vendored_file_is_named(self, monkeypatch, tmp_path):
        vendor = tmp_path / "vendor"
        shutil.copytree(checks.VENDOR, vendor)
        monkeypatch.setattr(checks, "VENDOR", vendor)
        assert checks.vendored() == ""
        names = [entry["file"] for entry in json.loads((vendor / "VENDOR.json").read_text())]

        (vendor / names[0]).unlink()
        (vendor / names[1]).write_text("changed")
        (vendor / "extra.js").write_text("//")

        assert checks.vendored().splitlines() == [
            f"{names[0]} is missing.",
            f"{names[1]} is not the listed file.",
            "extra.js is not in VENDOR.json.",
        ]

    def test_a_tool_that_fails_is_quoted(self):
        assert checks.run(["ls", "/no/such/folder"]) != ""
        assert checks.run(["true"]) == ""


class TestTest:
    @pytest.fixture
    def executed(self, monkeypatch):
        commands: list[list[str]] = []
        monkeypatch.setattr(
            test_command.os, "execv", lambda program, command: commands.append(command[1:])
        )
        monkeypatch.setattr(test_command.os, "chdir", lambda path: None)
        return commands

    @pytest.mark.parametrize(
        ("given", "passed_on"),
        [
            ([], ["-n", "2", "--dist", "loadfile"]),
            (["-k", "aging"], ["-n", "2", "--dist", "loadfile", "-k", "aging"]),
            (["-n", "0", "-x"], ["-n", "0", "-x"]),
            (["-n4"], ["-n4"]),
            (["--pdb"], ["--pdb"]),
            (["--numprocesses=1"], ["--numprocesses=1"]),
        ],
    )
    def test_arguments_go_to_pytest(self, executed, given, passed_on):
        test_command.Command().run_from_argv(["manage.py", "test", *given])

        assert executed == [["-m", "pytest", *passed_on]]


def test_the_script_of_continuous_integration_can_be_run():
    script = Path(checks.ROOT) / ".ci" / "run"

    assert script.stat().st_mode & 0o111
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
