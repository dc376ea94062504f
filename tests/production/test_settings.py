"""Production starts only with safe settings, and says in one sentence what is missing."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys

import pytest
from django.conf import settings

STRONG = secrets.token_urlsafe(60)
GOOD = {"PRODUCTION": "1", "SECRET_KEY": STRONG, "ALLOWED_HOSTS": "zhangqi.example.com"}


def start(*command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "ZQ_NO_BOOTSTRAP": "1", **GOOD, **changes}
    return subprocess.run(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SECRET_KEY": ""}, "Set SECRET_KEY to at least 50 random characters in production."),
        ({"SECRET_KEY": STRONG[:49]}, "Set SECRET_KEY to at least 50 random characters in production."),
        ({"SECRET_KEY": "secret" * 20}, "Set SECRET_KEY to at least 50 random characters in production."),
        ({"SECRET_KEY": f"django-insecure-{STRONG}"}, "Set SECRET_KEY to at least 50 random characters in production."),
        ({"ALLOWED_HOSTS": ""}, "Set ALLOWED_HOSTS in production."),
        ({"DEBUG": "1"}, "DEBUG must be off in production."),
        ({"PRODUCTION": "perhaps"}, "PRODUCTION must be 1 or 0, not 'perhaps'."),
        ({"DATABASE_URL": "mysql://db/zhangqi"}, "DATABASE_URL must begin with postgresql://; PostgreSQL is the only database."),
    ],
)  # fmt: skip
def test_unsafe_settings_are_refused(changes, sentence, tmp_path):
    done = start("-c", "import config.settings", ZQ_VAR=str(tmp_path), **changes)

    assert done.returncode == 1
    assert done.stderr.strip() == sentence


def test_djangos_own_check_is_clean(tmp_path):
    done = start("manage.py", "check", "--deploy", "--fail-level", "WARNING", ZQ_VAR=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "System check identified no issues (0 silenced)."


def test_the_demo_company_is_not_made_up_in_production(tmp_path):
    done = start("manage.py", "demo", "--help", ZQ_VAR=str(tmp_path))

    assert "--force" in done.stdout
    code = (
        "import django; django.setup();"
        "from django.core.management import call_command; call_command('demo', if_empty=True)"
    )
    refused = start("-c", code, ZQ_VAR=str(tmp_path), DJANGO_SETTINGS_MODULE="config.settings")
    assert "The demo's password is known to everybody." in refused.stderr


def test_without_production_a_newcomer_needs_no_settings(tmp_path):
    code = "from config import settings as s; print(s.DEBUG, s.ALLOWED_HOSTS[:2], len(s.SECRET_KEY) > 40)"
    done = start("-c", code, PRODUCTION="", SECRET_KEY="", ALLOWED_HOSTS="", ZQ_VAR=str(tmp_path))

    assert done.stdout.strip() == "False ['127.0.0.1', 'localhost'] True"
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
