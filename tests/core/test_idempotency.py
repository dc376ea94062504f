"""A repeated money POST: one effect, the same answer, also when the twins run at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections, transaction
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.test import APIClient

from config.core import idempotency
from config.core.models import AuditEvent, BusinessUnit, IdempotencyKey
from tests import factories
from tests.core import urls_for_tests

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.urls_for_tests")]
URL = "/api/v1/once/"


@pytest.fixture(autouse=True)
def _no_calls() -> Iterator[None]:
    urls_for_tests.calls.clear()
    yield
    urls_for_tests.calls.clear()


def send(client: APIClient, body: dict[str, object], key: str | None = "key-1"):
    client.raise_request_exception = False
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(URL, body, headers=headers)


@pytest.fixture
def alice(api_client) -> APIClient:
    return api_client(factories.alice())


def units() -> int:
    return BusinessUnit.objects.filter(code__startswith="NEW").count()


@pytest.mark.parametrize("key", [None, "", "with space", "é", "x" * 256])
def test_a_missing_or_malformed_key_is_refused(alice: APIClient, key: str | None) -> None:
    answer = send(alice, {"code": "NEW"}, key)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert units() == 0


def test_the_same_request_again_gives_the_same_answer_and_no_second_effect(
    alice: APIClient,
) -> None:
    first, second = send(alice, {"code": "NEW"}), send(alice, {"code": "NEW"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert (first["Location"], second["Location"]) == ("/x/1/", "/x/1/")
    assert not first.has_header("Idempotent-Replayed")
    assert second["Idempotent-Replayed"] == "true"
    assert urls_for_tests.calls == ["NEW"]
    assert units() == 1


def test_the_order_of_members_does_not_make_another_request(alice: APIClient) -> None:
    send(alice, {"code": "NEW", "ending": "fine"})
    assert send(alice, {"ending": "fine", "code": "NEW"})["Idempotent-Replayed"] == "true"


def test_the_same_key_for_another_request_is_refused(alice: APIClient) -> None:
    send(alice, {"code": "NEW1"})
    answer = send(alice, {"code": "NEW2"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert units() == 1


def test_another_person_may_use_the_same_key(alice: APIClient, api_client) -> None:
    send(alice, {"code": "NEW1"})
    assert send(api_client(factories.bob()), {"code": "NEW2"}).status_code == 201
    assert units() == 2


def test_a_business_refusal_is_kept_without_its_effect(alice: APIClient) -> None:
    first = send(alice, {"code": "NEW", "ending": "refused"})
    assert (first.status_code, first.json()["code"]) == (409, "limit_reached")
    assert first.json()["detail"] == "The limit of 10.00 is reached."
    assert units() == 0
    second = send(alice, {"code": "NEW", "ending": "refused"})
    assert second.content == first.content
    assert second["Content-Type"] == "application/problem+json"
    assert second["Idempotent-Replayed"] == "true"
    assert urls_for_tests.calls == ["NEW"]


@pytest.mark.parametrize(("ending", "status"), [("invalid", 400), ("broken", 500)])
def test_an_unreadable_request_or_a_fault_of_ours_can_be_sent_again(
    alice: APIClient, ending: str, status: int
) -> None:
    assert send(alice, {"code": "NEW", "ending": ending}).status_code == status
    assert units() == 0
    assert not IdempotencyKey.objects.exists()
    assert send(alice, {"code": "NEW"}).status_code == 201


def test_the_key_stands_in_the_trail(alice: APIClient) -> None:
    send(alice, {"code": "NEW"})
    assert not AuditEvent.objects.exclude(idempotency_key__in=["", "key-1"]).exists()


@pytest.mark.django_db(transaction=True)
def test_sixteen_twins_at_once_have_one_effect(api_client) -> None:
    user = factories.alice()
    barrier = threading.Barrier(16)
    answers: list[tuple[int, bytes, bool]] = []

    def twin() -> None:
        client = api_client(user)
        barrier.wait()
        answer = send(client, {"code": "NEW"})
        answers.append(
            (answer.status_code, answer.content, answer.has_header("Idempotent-Replayed"))
        )
        connections.close_all()

    threads = [threading.Thread(target=twin) for _n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _body, _replayed in answers} == {201}
    assert len({body for _status, body, _replayed in answers}) == 1
    assert sum(replayed for _status, _body, replayed in answers) == 15
    assert units() == 1


@pytest.mark.django_db(transaction=True)
def test_a_twin_that_waits_too_long_is_told_when_to_try_again(api_client, monkeypatch) -> None:
    monkeypatch.setattr("config.core.idempotency.LOCK_TIMEOUT", "200ms")
    user = factories.alice()
    answers = []

    def twin() -> None:
        answers.append(send(api_client(user), {"code": "NEW"}))
        connections.close_all()

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_idempotencykey (user_id, key, method, path, body_digest, created_at)"
            " VALUES (%s, 'key-1', 'POST', '/', '', now())",
            [user.pk],
        )
        thread = threading.Thread(target=twin)
        thread.start()
        thread.join()
    assert (answers[0].status_code, answers[0]["Retry-After"]) == (409, "1")
    assert units() == 0


def test_a_file_is_part_of_what_is_the_same_request(rf) -> None:
    def digest(content: bytes, name: str = "a.csv") -> str:
        upload = SimpleUploadedFile(name, content)
        request = Request(
            rf.post(URL, {"kind": "receipts", "file": upload}), parsers=[MultiPartParser()]
        )
        return idempotency._digest(request)

    assert digest(b"1,2") == digest(b"1,2")
    assert digest(b"1,2") != digest(b"1,3")
