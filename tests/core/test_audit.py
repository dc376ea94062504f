"""The trail: append-only, chained behind the writers, every kind of tampering found with its place."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, ProgrammingError, connection, connections, transaction

from config.core import clock, request_context
from config.core.models import AuditAnchor, AuditEvent, AuditSeal, BusinessUnit
from config.core.selectors import audit as selector
from config.core.services import audit, audit_chain
from tests import factories

NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
TABLES = ["core_auditevent", "core_auditseal"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def anchor_file(settings, tmp_path: Path) -> Path:
    settings.AUDIT_ANCHOR_FILE = tmp_path / "anchors.log"
    return settings.AUDIT_ANCHOR_FILE


@pytest.fixture
def chain() -> list[AuditEvent]:
    """Ten sealed events, anchored; triggers are off for the owner who tampers."""
    unit = factories.unit_a()
    rows = [
        audit.record(
            actor=None, action="test.happened", target=unit, before={"n": n}, after={"n": n + 1}
        )
        for n in range(10)
    ]
    audit_chain.seal_pending(now=NOW, full=True)
    audit_chain.export_anchor(now=NOW)
    return rows


def as_owner(sql: str, params: list[object] | None = None) -> None:
    """Change the trail as whoever owns the tables can."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, params or [])
        cursor.execute("SET LOCAL session_replication_role = origin")


def findings() -> list[str]:
    return [str(finding) for finding in audit_chain.verify(now=NOW)]


def test_an_event_says_who_what_before_and_after() -> None:
    alice, unit = factories.alice(), factories.unit_a()
    request_context.set_current(
        request_context.RequestContext(
            request_id="req-12345", address="203.0.113.7", idempotency_key="k-1"
        )
    )
    event = audit.record(
        actor=alice,
        action="thing.done",
        target=unit,
        before={"amount": Decimal("1.50")},
        after={"on": date(2026, 3, 31)},
    )
    request_context.set_current(request_context.RequestContext())
    event.refresh_from_db()
    assert (event.actor, event.action, event.target_type, event.target_id) == (
        alice, "thing.done", "core.businessunit", str(unit.pk),
    )  # fmt: skip
    assert (event.before, event.after) == ({"amount": "1.50"}, {"on": "2026-03-31"})
    assert (event.request_id, event.address, event.idempotency_key) == (
        "req-12345",
        "203.0.113.7",
        "k-1",
    )
    assert event.unit == unit


def test_unit_and_customer_come_from_the_target() -> None:
    item = factories.OpenItemFactory()
    event = audit.record(actor=None, action="item.posted", target=item)
    assert (event.unit_id, event.customer_key) == (item.unit_id, item.customer_id)
    of_customer = audit.record(actor=None, action="customer.changed", target=item.customer)
    assert of_customer.customer_key == item.customer_id


def test_secrets_and_personal_numbers_are_masked_at_any_depth() -> None:
    body = {
        "password": "hunter2hunter2",
        "contact": {
            "phone": "13800138000",
            "bank_account": "6222020200112233445",
            "name": "王会计",
        },
        "tokens": ["zq_abc_def"],
        "api_token": "zq_abc_def",
    }
    event = audit.record(actor=None, action="x.y", target=factories.unit_a(), after=body)
    text = str(event.after)
    for secret in ["hunter2", "13800138000", "62220202", "zq_abc"]:
        assert secret not in text
    assert "王会计" in text
    assert "3445" in text


def test_what_postgresql_can_not_hold_is_written_readably() -> None:
    event = audit.record(
        actor=None,
        action="x.y",
        target=audit.Subject("page", "p\x00", "l\ud800"),
        after={"a\x00": "b\ud83d", "n": 1.5},
    )
    event.refresh_from_db()
    assert event.after == {"a␀": "b?", "n": "1.5"}


def test_record_many_takes_few_statements(django_assert_num_queries) -> None:
    unit = factories.unit_a()
    changes = [audit.Change(target=unit, after={"n": n}) for n in range(500)]
    with django_assert_num_queries(1):
        assert audit.record_many(actor=None, action="bulk.done", changes=changes, unit=unit) == 500
    assert AuditEvent.objects.filter(action="bulk.done", unit=unit).count() == 500


def test_a_rolled_back_change_leaves_no_event() -> None:
    unit = factories.unit_a()
    with transaction.atomic():
        audit.record(actor=None, action="never.happened", target=unit)
        transaction.set_rollback(True)
    assert not AuditEvent.objects.filter(action="never.happened").exists()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE core_auditevent SET action = 'x'",
        "DELETE FROM core_auditevent",
        "TRUNCATE core_auditevent CASCADE",
        "UPDATE core_auditseal SET digest = 'x'",
        "DELETE FROM core_auditseal",
        "TRUNCATE core_auditseal",
        "INSERT INTO core_auditseal (sequence, event_id, previous, digest, sealed_at) VALUES (1, 1, '', '', now())"
        " ON CONFLICT (sequence) DO UPDATE SET digest = 'x'",
    ],
)
def test_the_database_refuses_to_change_the_trail(chain: list[AuditEvent], sql: str) -> None:
    cursor = connection.cursor()
    # Deferred checks of the test's own transaction would stop TRUNCATE before the trigger does.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        cursor.execute(sql)
    assert findings() == []


def test_an_untouched_chain_has_no_findings(chain: list[AuditEvent]) -> None:
    assert findings() == []
    assert AuditSeal.objects.count() == AuditEvent.objects.count() >= 10


def test_a_changed_byte_is_found(chain: list[AuditEvent]) -> None:
    as_owner("UPDATE core_auditevent SET after = '{\"n\": 99}' WHERE id = %s", [chain[4].pk])
    assert any(f"Event {chain[4].pk} is not what was sealed" in text for text in findings())


@pytest.mark.parametrize("place", [0, 5, 9])
def test_a_deleted_event_is_found(chain: list[AuditEvent], place: int) -> None:
    as_owner("DELETE FROM core_auditevent WHERE id = %s", [chain[place].pk])
    assert any(f"Event {chain[place].pk}" in text and "was deleted" in text for text in findings())


@pytest.mark.parametrize("place", [0, 5, 9])
def test_a_deleted_event_with_its_seal_is_found(chain: list[AuditEvent], place: int) -> None:
    as_owner("DELETE FROM core_auditseal WHERE event_id = %s", [chain[place].pk])
    as_owner("DELETE FROM core_auditevent WHERE id = %s", [chain[place].pk])
    # The last one is beyond what the chain itself can tell: only the anchor knows.
    assert findings() != []


def test_two_swapped_events_are_found(chain: list[AuditEvent]) -> None:
    first, second = chain[2].pk, chain[3].pk
    as_owner("UPDATE core_auditevent SET id = -1 WHERE id = %s", [first])
    as_owner("UPDATE core_auditevent SET id = %s WHERE id = %s", [first, second])
    as_owner("UPDATE core_auditevent SET id = %s WHERE id = -1", [second])
    found = findings()
    assert any(f"Event {first} is not" in text for text in found)
    assert any(f"Event {second} is not" in text for text in found)


def test_two_swapped_seals_are_found(chain: list[AuditEvent]) -> None:
    first, second = (AuditSeal.objects.get(event_id=chain[n].pk).sequence for n in (2, 3))
    as_owner("UPDATE core_auditseal SET sequence = -1 WHERE sequence = %s", [first])
    as_owner("UPDATE core_auditseal SET sequence = %s WHERE sequence = %s", [first, second])
    as_owner("UPDATE core_auditseal SET sequence = %s WHERE sequence = -1", [second])
    assert any("does not follow the one before it" in text for text in findings())


def test_a_forged_event_with_a_made_up_seal_is_found(chain: list[AuditEvent]) -> None:
    head = AuditSeal.objects.latest("sequence")
    forged = audit.record(actor=None, action="forged.event", target=factories.unit_a())
    as_owner(
        "INSERT INTO core_auditseal VALUES (%s, %s, %s, %s, now())",
        [head.sequence + 1, forged.pk, head.digest, "0" * 64],
    )
    assert any(f"Event {forged.pk} is not what was sealed" in text for text in findings())


def test_an_event_that_was_never_sealed_is_found() -> None:
    event = audit.record(actor=None, action="x.y", target=factories.unit_a())
    assert findings() == [f"Event {event.pk} was never sealed."]


def test_a_chain_cut_off_and_built_anew_is_found_by_the_anchor_file(
    chain: list[AuditEvent], anchor_file: Path
) -> None:
    assert len(anchor_file.read_text().splitlines()) == 1
    as_owner("DELETE FROM core_auditseal")
    as_owner("DELETE FROM core_auditanchor")
    as_owner("DELETE FROM core_auditevent WHERE id = %s", [chain[3].pk])
    assert any("was anchored and is gone" in text for text in findings())
    audit.record(actor=None, action="innocent.looking", target=factories.unit_a())
    audit_chain.seal_pending(now=NOW, full=True)
    assert any("is not what was anchored" in text for text in findings())


def test_without_the_key_nobody_can_rebuild_the_chain(chain: list[AuditEvent], settings) -> None:
    as_owner("DELETE FROM core_auditseal")
    as_owner("DELETE FROM core_auditanchor")
    right = settings.AUDIT_KEY
    settings.AUDIT_KEY = "guess"
    audit_chain.seal_pending(now=NOW, full=True)
    settings.AUDIT_KEY = right
    assert len(findings()) > 10


def test_an_anchor_is_exported_once_a_head(chain: list[AuditEvent], anchor_file: Path) -> None:
    assert audit_chain.export_anchor(now=NOW) is None
    audit.record(actor=None, action="x.y", target=factories.unit_a())
    audit_chain.seal_pending(now=NOW, full=True)
    assert audit_chain.export_anchor(now=NOW) is not None
    assert AuditAnchor.objects.count() == 2
    assert len(anchor_file.read_text().splitlines()) == 2


def test_an_event_that_commits_late_is_sealed_later(chain: list[AuditEvent]) -> None:
    # Its id is below what is sealed already, as of a long transaction.
    late = AuditEvent.objects.create(
        id=chain[0].pk - 100, action="late.event", target_type="x", target_id="1"
    )
    assert audit_chain.seal_pending(now=NOW + timedelta(minutes=5)) == 1
    assert AuditSeal.objects.latest("sequence").event_id == late.pk
    assert findings() == []


def test_a_very_late_event_is_left_to_the_full_pass(chain: list[AuditEvent]) -> None:
    AuditEvent.objects.create(
        id=chain[0].pk - 100, action="late.event", target_type="x", target_id="1"
    )
    later = NOW + timedelta(hours=3)
    assert audit_chain.seal_pending(now=later) == 0
    assert audit_chain.seal_pending(now=later, full=True) == 1


def test_the_command_exits_with_the_places(chain: list[AuditEvent], capsys) -> None:
    call_command("verify_audit")
    assert "whole" in capsys.readouterr().out
    as_owner("UPDATE core_auditevent SET action = 'x' WHERE id = %s", [chain[1].pk])
    with pytest.raises(CommandError, match="not what was sealed"):
        call_command("verify_audit")
    assert str(chain[1].pk) in capsys.readouterr().err


def write_burst(barrier: threading.Barrier, unit: BusinessUnit, count: int) -> None:
    barrier.wait()
    for n in range(count):
        with transaction.atomic():
            audit.record(actor=None, action="burst.written", target=unit, after={"n": n})
    connections.close_all()


def seal_until(barrier: threading.Barrier, done: threading.Event) -> None:
    barrier.wait()
    while not done.is_set():
        audit_chain.seal_pending(now=NOW, limit=100)
    connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_sixteen_writers_and_two_sealers_make_one_chain_without_gaps() -> None:
    unit, barrier, done = factories.unit_a(), threading.Barrier(18), threading.Event()
    writers = [threading.Thread(target=write_burst, args=(barrier, unit, 50)) for _n in range(16)]
    sealers = [threading.Thread(target=seal_until, args=(barrier, done)) for _n in range(2)]
    for thread in writers + sealers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in sealers:
        thread.join()
    while audit_chain.seal_pending(now=NOW, full=True):
        pass
    sequences = list(AuditSeal.objects.order_by("sequence").values_list("sequence", flat=True))
    assert sequences == list(range(1, len(sequences) + 1))
    assert AuditEvent.objects.filter(action="burst.written").count() == 16 * 50
    assert len(sequences) == AuditEvent.objects.count()
    assert audit_chain.verify(now=NOW) == []


def test_the_page_filters_and_stays_within_the_units(client_for) -> None:
    alice, mine, other = factories.alice(), factories.unit_a(), factories.unit_b()
    own = audit.record(
        actor=alice,
        action="unit.changed",
        target=mine,
        before={"name": "old-name"},
        after={"name": "new-name"},
    )
    foreign = audit.record(actor=None, action="unit.changed", target=other)
    client = client_for(user=alice)
    page = client.get("/settings/audit/", {"what": "unit.changed"}).content.decode()
    assert f"/settings/audit/{own.pk}/" in page
    assert f"/settings/audit/{foreign.pk}/" not in page
    assert client.get(f"/settings/audit/{foreign.pk}/").status_code == 404
    detail = client.get(f"/settings/audit/{own.pk}/").content.decode()
    assert "old-name" in detail
    assert "new-name" in detail
    nobody = client.get(
        "/settings/audit/", {"record": f"core.businessunit:{other.pk}"}
    ).content.decode()
    assert "/settings/audit/" + str(foreign.pk) not in nobody
    assert client.get("/settings/audit/", {"record": "'; DROP"}).status_code == 200


def test_the_page_has_a_constant_number_of_queries(
    client_for, django_assert_max_num_queries
) -> None:
    alice, unit = factories.alice(), factories.unit_a()
    client = client_for(user=alice)
    client.get("/settings/audit/")
    audit.record_many(
        actor=alice, action="x.y", changes=[audit.Change(target=unit) for _n in range(150)]
    )
    with django_assert_max_num_queries(12):
        answer = client.get("/settings/audit/")
    assert "after=" in answer.content.decode()


def test_the_api_shows_the_trail_to_auditors_only(api_client) -> None:
    auditor = factories.UserFactory(username="dora", roles=["auditor"], units=[factories.unit_a()])
    audit.record(
        actor=auditor, action="unit.changed", target=factories.unit_a(), after={"name": "x"}
    )
    audit.record(
        actor=auditor, action="unit.changed", target=factories.unit_b(), after={"name": "y"}
    )
    rows = (
        api_client(auditor)
        .get("/api/v1/audit-events/", {"action": "unit.changed"})
        .json()["results"]
    )
    assert [row["after"] for row in rows] == [{"name": "x"}]
    assert api_client(factories.bob()).get("/api/v1/audit-events/").status_code == 403
    assert api_client(auditor).delete(f"/api/v1/audit-events/{rows[0]['id']}/").status_code in {
        403,
        405,
    }


def test_the_trail_of_a_customer_and_of_a_day() -> None:
    alice, item = factories.alice(), factories.OpenItemFactory(customer__unit=factories.unit_a())
    event = audit.record(actor=alice, action="item.posted", target=item)
    other = audit.record(actor=alice, action="unit.changed", target=factories.unit_a())
    assert selector.of_customer(user=alice, customer_key=item.customer_id) == [event]
    assert selector.of_customer(user=factories.charlie(), customer_key=item.customer_id) == []
    today = clock.today()
    root = factories.UserFactory(username="root", all_units=True)
    seen = selector.between(selector.visible_to(root), first=today, last=today)
    assert set(seen) >= {event, other}
    assert not selector.between(
        selector.visible_to(root), first=today + timedelta(days=1), last=None
    ).exists()
    assert not selector.between(
        selector.visible_to(root), first=None, last=today - timedelta(days=1)
    ).exists()
