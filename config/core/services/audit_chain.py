"""The hash chain over the trail: sealed behind the writers, anchored outside the database.

`digest = HMAC-SHA256(AUDIT_KEY, sequence ‖ previous ‖ canonical(event))`. Writers never wait: the
sealer takes what is committed, in order of ids; an event that commits late is sealed later. What is
sealed can not be changed, removed, moved or added to unseen; what the last anchor covers can not
even be cut off at the end, as long as the anchor file is out of the attacker's reach.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.core.models import AuditAnchor, AuditSeal

SEAL_LOCK = 0x5A51_5345_414C  # "ZQSEAL"
GENESIS = "0" * 64
# How far back the sealer looks for events that committed late; the nightly full pass looks at all.
LOOK_BACK = timedelta(hours=1)
# An event without seal that is older than this is a finding.
GRACE = timedelta(minutes=10)
FETCH = 5000
# Text forms only, so that nothing depends on the driver, the time zone or the JSON writer.
CANONICAL = """
    e.id::text, to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), e.actor_id::text,
    e.action, e.target_type, e.target_id, e.target_label, e.unit_id::text, e.customer_key::text,
    e.before::text, e.after::text, e.request_id, e.address, e.idempotency_key
"""


@dataclass(frozen=True)
class Finding:
    """One place where the trail is not what was sealed."""

    sequence: int | None
    event_id: int | None
    message: object
    context: dict[str, object]

    def __str__(self) -> str:
        return str(self.message) % self.context


def anchor_file() -> Path:
    """This function will return where anchors are exported; put it out of the database owner's reach."""
    return Path(getattr(settings, "AUDIT_ANCHOR_FILE", settings.VAR_DIR / "audit-anchors.log"))


@transaction.atomic
def seal_pending(*, now: datetime, limit: int = 20_000, full: bool = False) -> int:
    """This function will chain committed events that have no seal yet; it returns how many.

    Two sealers never fork the chain: who does not get the lock does nothing. `full` looks for
    unsealed events from the first on, not only among the latest.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEAL_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(
            f"SELECT {CANONICAL} FROM core_auditevent e WHERE e.id > %s"  # noqa: S608
            " AND NOT EXISTS (SELECT 1 FROM core_auditseal s WHERE s.event_id = e.id) ORDER BY e.id LIMIT %s",
            [0 if full else _settled_id(now), limit],
        )
        events = cursor.fetchall()
    head = AuditSeal.objects.order_by("-sequence").first()
    sequence, previous = (head.sequence, head.digest) if head else (0, GENESIS)
    seals = []
    for event in events:
        sequence += 1
        digest = _digest(sequence, previous, event)
        seals.append(
            AuditSeal(
                sequence=sequence,
                event_id=int(event[0]),
                previous=previous,
                digest=digest,
                sealed_at=now,
            )
        )
        previous = digest
    AuditSeal.objects.bulk_create(seals, batch_size=FETCH)
    return len(seals)


def export_anchor(*, now: datetime) -> AuditAnchor | None:
    """This function will write the head of the chain to the anchor file and keep a row of it."""
    head = AuditSeal.objects.order_by("-sequence").first()
    newest = AuditAnchor.objects.order_by("-id").first()
    if head is None or (newest is not None and newest.sequence == head.sequence):
        return None
    path = anchor_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    # One write of one line: two exporters can not tear each other's.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, f"{now.isoformat()} {head.sequence} {head.digest}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    return AuditAnchor.objects.create(sequence=head.sequence, digest=head.digest, exported_at=now)


def verify(*, now: datetime, most: int = 100) -> list[Finding]:
    """This function will recompute the chain and return what does not fit, at most `most` findings.

    It finds changed, deleted, swapped and added rows, and by the anchors a chain that was cut or
    built anew. Memory stays flat whatever the length.
    """
    findings: list[Finding] = []
    for finding in (*_anchor_findings(), *_unsealed_findings(now)):
        findings.append(finding)
    for finding in _chain_findings():
        if len(findings) >= most:
            break
        findings.append(finding)
    return findings[:most]


def _settled_id(now: datetime) -> int:
    """Return an event id that everything unsealed is (but for the nightly pass) above."""
    anchor = AuditAnchor.objects.filter(exported_at__lt=now - LOOK_BACK).order_by("-id").first()
    seal = AuditSeal.objects.filter(sequence=anchor.sequence).first() if anchor else None
    return seal.event_id if seal else 0


def _digest(sequence: int, previous: str, event: Sequence[Any]) -> str:
    message = json.dumps([sequence, previous, *event], ensure_ascii=False).encode()
    return hmac.digest(settings.AUDIT_KEY.encode(), message, "sha256").hex()


def _rows() -> Iterator[tuple[Any, ...]]:
    sql = f"""
        SELECT s.sequence, s.event_id, s.previous, s.digest, {CANONICAL}
        FROM core_auditseal s LEFT JOIN core_auditevent e ON e.id = s.event_id ORDER BY s.sequence
    """  # noqa: S608
    # A server-side cursor lives in a transaction.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(FETCH):
            yield from rows


def _chain_findings() -> Iterator[Finding]:
    expected, previous = 1, GENESIS
    for sequence, event_id, stated_previous, digest, *event in _rows():
        if sequence != expected:
            yield _finding(
                sequence,
                event_id,
                _("Seals %(from)s to %(to)s are missing."),
                **{"from": expected, "to": sequence - 1},
            )
        elif stated_previous != previous:
            yield _finding(
                sequence, event_id, _("Seal %(sequence)s does not follow the one before it.")
            )
        if event[0] is None:
            yield _finding(
                sequence,
                event_id,
                _("Event %(event)s, sealed as number %(sequence)s, was deleted."),
            )
        elif not hmac.compare_digest(_digest(sequence, stated_previous, event), digest):
            yield _finding(
                sequence,
                event_id,
                _("Event %(event)s is not what was sealed as number %(sequence)s."),
            )
        expected, previous = sequence + 1, digest


def _anchor_findings() -> Iterator[Finding]:
    anchors = dict(AuditAnchor.objects.values_list("sequence", "digest")) | _anchors_of_file()
    found = dict(
        AuditSeal.objects.filter(sequence__in=list(anchors)).values_list("sequence", "digest")
    )
    for sequence, digest in sorted(anchors.items()):
        if sequence not in found:
            yield _finding(
                sequence,
                None,
                _("The chain was cut: number %(sequence)s was anchored and is gone."),
            )
        elif found[sequence] != digest:
            yield _finding(
                sequence,
                None,
                _("The chain was built anew: number %(sequence)s is not what was anchored."),
            )


def _anchors_of_file() -> dict[int, str]:
    path = anchor_file()
    if not path.exists():
        return {}
    lines = (line.split() for line in path.read_text().splitlines())
    return {int(parts[1]): parts[2] for parts in lines if len(parts) == 3 and parts[1].isdigit()}


def _unsealed_findings(now: datetime) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.id FROM core_auditevent e WHERE e.recorded_at < %s"
            " AND NOT EXISTS (SELECT 1 FROM core_auditseal s WHERE s.event_id = e.id) ORDER BY e.id LIMIT 20",
            [now - GRACE],
        )
        for (event_id,) in cursor.fetchall():
            yield _finding(None, event_id, _("Event %(event)s was never sealed."))


def _finding(
    sequence: int | None, event_id: int | None, message: object, **context: object
) -> Finding:
    return Finding(
        sequence, event_id, message, {"sequence": sequence, "event": event_id, **context}
    )
