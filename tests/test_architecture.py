"""What Import Linter cannot see."""

from __future__ import annotations

import subprocess
from pathlib import Path

from django.apps import apps
from django.db.models import Field

from config.core.models import PeriodReopening
from receivables.models import OverdueAlert

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ["core", "customers", "receivables", "credit", "planning"]
TOP_LEVEL = {
    "manage.py", "config", "customers", "credit", "receivables", "planning", "templates", "tests", "pyproject.toml",
    "README.md", "Makefile", "requirements.lock", "requirements-dev.lock", "docs", "CHANGELOG.md", "LICENSE",
}  # fmt: skip


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return listed.stdout.splitlines()


def test_relations_point_downwards():
    """Import Linter reads imports; a ForeignKey("planning.Forecast") is a string it cannot see."""
    upward = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for label in LAYERS
        for model in apps.get_app_config(label).get_models()
        for field in model._meta.get_fields()
        if isinstance(field, Field) and field.related_model is not None
        if field.related_model._meta.app_label in LAYERS
        if LAYERS.index(field.related_model._meta.app_label) > LAYERS.index(label)
    ]
    assert upward == []


def test_no_source_file_is_longer_than_400_lines():
    long = [
        (path, lines)
        for path in tracked()
        if path.endswith(".py") and not path.startswith("tests/") and "/migrations/" not in path
        if (ROOT / path).exists()
        if (lines := len((ROOT / path).read_text(encoding="utf-8").splitlines())) > 400
    ]
    assert long == []


def test_transitions_cover_every_state():
    for model in (PeriodReopening, OverdueAlert):
        assert set(model.TRANSITIONS) == set(model.State.values), model
        assert set().union(*model.TRANSITIONS.values()) <= set(model.State.values), model


def test_the_top_level_is_what_the_readme_says():
    top = {path.split("/")[0] for path in tracked()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


def test_only_the_clock_module_and_interfaces_read_the_clock():
    """Rules take the date as an argument; `config.core.clock` is for views, API, tasks and commands."""
    layers = ("/domain/", "/services/", "/selectors/", "/models/")
    readers = [
        path
        for path in tracked()
        if path.endswith(".py")
        and any(layer in f"/{path}" for layer in layers)
        and not path.startswith("tests/")
        if "core import clock" in (text := (ROOT / path).read_text(encoding="utf-8"))
        or "date.today()" in text
        or "datetime.now(" in text
    ]
    assert readers == []


def test_nothing_names_a_package_host():
    hosts = ("files.pythonhosted", "pypi.org/simple", "registry.npmjs")
    named = [
        path
        for path in tracked()
        if path.endswith(
            (".lock", ".json", ".toml", ".txt", ".yaml", ".yml", ".sh", "run", "Makefile")
        )
        if any(host in (ROOT / path).read_text(encoding="utf-8", errors="ignore") for host in hosts)
    ]
    assert named == []
