"""The OpenAPI document is whole, and its page needs nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command

from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_document_is_valid_and_raises_no_warning(tmp_path: Path, language: str) -> None:
    target = tmp_path / "schema.yml"
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--lang", language, "--file", str(target)
    )
    text = target.read_text()
    for path in [
        "/api/v1/me/",
        "/api/v1/exchange-rates/",
        "/api/v1/audit-events/",
        "/api/v1/accounting-periods/close/",
    ]:
        assert f"{path}:" in text


def test_the_document_is_served_to_who_is_signed_in(client_for, client) -> None:
    assert client.get("/api/v1/schema/").status_code in {401, 403}
    signed_in = client_for(user=factories.bob())
    assert signed_in.get("/api/v1/schema/?format=json").status_code == 200
    assert b"openapi: 3" in signed_in.get("/api/v1/schema/?format=yaml").content


def test_the_page_runs_under_the_strict_policy(client_for) -> None:
    answer = client_for(user=factories.bob()).get("/api/v1/docs/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "script-src 'self';" in answer["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S", page)
    assert not re.search(r"(?:src|href)=\"https?:", page)
