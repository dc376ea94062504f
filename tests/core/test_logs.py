"""No logged value can forge a line, flood the log, or leave a secret in it."""

import logging

import pytest

from config.core import request_context
from config.core.logs import OneLineFormatter


def line(message: str, *args: object, **extra: object) -> str:
    record = logging.LogRecord("zhangqi.test", logging.WARNING, __file__, 1, message, args, None)
    record.exc_info = extra.get("exc_info")
    return OneLineFormatter().format(record)


@pytest.mark.parametrize(
    "stranger",
    ["a\nb", "a\r\nb", "a\x1b[31mb", "a\x00b", "a\u2028b", "a\x85b", "a\u202eb", "a\x7fb"],
)
def test_control_characters_are_made_visible(stranger: str):
    text = line("user agent %s", stranger)

    assert len(text.splitlines()) == 1
    assert text.isprintable()
    assert text.endswith("b")


def test_a_long_value_is_cut_and_says_by_how_much():
    text = line("user agent %s", "x" * 1_000_000)

    assert len(text) < 2_200
    assert "(998011 more)" in text


def test_chinese_is_left_alone():
    assert line("客户 %s 已停用", "华东公司").endswith("客户 华东公司 已停用")


@pytest.mark.parametrize(
    "message",
    [
        "password=hunter2secret",
        "{'password': 'hunter2secret'}",
        "Authorization: Token hunter2secret",
        "redis://:hunter2secret@localhost/0",
        "postgresql://app:hunter2secret@db/zhangqi",
        "Cookie: hunter2secret; path=/",
        "api_key = hunter2secret",
    ],
)
def test_secrets_are_masked(message: str):
    assert "hunter2secret" not in line(message)


def test_account_numbers_keep_four_digits_and_document_numbers_stay():
    text = line("account 6222021234567890123 of invoice INV-20260101000001")

    assert "6222021234567890123" not in text
    assert "***0123" in text
    assert "INV-20260101000001" in text


def test_a_traceback_stays_on_the_line():
    try:
        raise ValueError("first\nsecond")
    except ValueError as error:
        text = line("failed", exc_info=(ValueError, error, error.__traceback__))

    assert len(text.splitlines()) == 1
    assert "first\\nsecond" in text


def test_arguments_that_do_not_fit_do_not_hide_the_event():
    assert "three %s %s" in line("three %s %s", "one")


def test_the_request_is_named():
    before = request_context.current()
    request_context.set_current(request_context.RequestContext(request_id="r-77"))
    try:
        assert "zhangqi.test [r-77] hello" in line("hello")
    finally:
        request_context.set_current(before)
