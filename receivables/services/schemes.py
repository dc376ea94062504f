"""Keeping the aging schemes: the buckets of every report, page and API, changed in one place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.core.errors import DomainError, InvalidInput
from config.core.models import User
from config.core.services import audit
from config.core.versions import refuse_stale
from receivables.domain import aging, edges
from receivables.models import AgingBucket, AgingScheme

CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}", re.ASCII)
BUCKET_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,19}", re.ASCII)
RESERVED = frozenset({"retention", "unapplied"})
MOST_BUCKETS = 20
CHANGED = _("Somebody else changed this scheme in the meantime. Look again and repeat your change.")


class SchemeRefused(DomainError):
    """The scheme stays as it is."""

    code = "scheme_refused"


@dataclass(frozen=True, kw_only=True)
class BucketInput:
    """A bucket as a person gives it: an upper edge; code and labels follow from it unless given."""

    upper: int | None
    unit: str = aging.DAYS
    code: str = ""
    label: str = ""
    label_en: str = ""


@transaction.atomic
def create(
    *,
    code: str,
    name: str,
    name_en: str,
    buckets: Sequence[BucketInput],
    is_default: bool = False,
    actor: User | None,
) -> AgingScheme:
    """This function will add an aging scheme with its buckets, in order.

    :raises InvalidInput: if the code is malformed or taken
    :raises receivables.domain.aging.InvalidScheme: if the buckets leave a gap or overlap
    """
    code = code.strip().lower()
    if not CODE.fullmatch(code):
        raise InvalidInput(
            _("A scheme's code has 1 to 30 small letters, digits, hyphens or underscores."),
            code="scheme_code",
        )
    if AgingScheme.objects.filter(code=code).exists():
        raise InvalidInput(
            _("There already is a scheme with the code %(given)s."),
            code="scheme_exists",
            given=code,
        )
    rows = _rows(buckets)
    if is_default:
        _give_up_default()
    scheme = AgingScheme.objects.create(
        code=code, name=_named(name), name_en=name_en.strip(), is_default=is_default
    )
    _replace(scheme, rows)
    audit.record(
        actor=actor, action="aging_scheme.created", target=scheme, after=_facts(scheme, rows)
    )
    return scheme


@transaction.atomic
def change(
    *,
    scheme: AgingScheme,
    name: str,
    name_en: str,
    buckets: Sequence[BucketInput],
    is_default: bool,
    is_active: bool = True,
    expected_version: int | None = None,
    actor: User | None,
) -> AgingScheme:
    """This function will rename a scheme and replace its buckets.

    :raises config.core.versions.StaleVersion: if somebody changed it in the meantime
    :raises SchemeRefused: if it would leave no default
    :raises receivables.domain.aging.InvalidScheme: if the buckets leave a gap or overlap
    """
    locked = AgingScheme.objects.select_for_update().get(pk=scheme.pk)
    refuse_stale(locked, expected=expected_version, message=CHANGED)
    if locked.is_default and not (is_default and is_active):
        raise SchemeRefused(
            _("“%(name)s” is the default. Make another scheme the default first."),
            name=locked.name,
        )
    if is_default and not is_active:
        raise SchemeRefused(_("A scheme that is switched off can not be the default."))
    rows = _rows(buckets)
    before = _facts(locked, list(locked.buckets.order_by("position")))
    if is_default and not locked.is_default:
        _give_up_default()
    locked.name, locked.name_en = _named(name), name_en.strip()
    locked.is_default, locked.is_active = is_default, is_active
    locked.version += 1
    locked.save()
    _replace(locked, rows)
    old, new = audit.changes(before, _facts(locked, rows))
    audit.record(actor=actor, action="aging_scheme.changed", target=locked, before=old, after=new)
    return locked


@transaction.atomic
def delete(*, scheme: AgingScheme, expected_version: int | None = None, actor: User | None) -> None:
    """This function will remove a scheme that is not the default; figures of the past stay as stored.

    :raises config.core.versions.StaleVersion: if somebody changed it in the meantime
    :raises SchemeRefused: if it is the default
    """
    locked = AgingScheme.objects.select_for_update().get(pk=scheme.pk)
    refuse_stale(locked, expected=expected_version, message=CHANGED)
    if locked.is_default:
        raise SchemeRefused(
            _("“%(name)s” is the default. Make another scheme the default first."),
            name=locked.name,
        )
    before = _facts(locked, list(locked.buckets.order_by("position")))
    audit.record(actor=actor, action="aging_scheme.deleted", target=locked, before=before)
    locked.delete()


def _named(name: str) -> str:
    if not name.strip():
        raise InvalidInput(_("Give the scheme a name."), code="scheme_name")
    return name.strip()


def _give_up_default() -> None:
    # The only default is locked first, so that two who choose another one come after each other.
    for scheme in AgingScheme.objects.filter(is_default=True).select_for_update():
        scheme.is_default = False
        scheme.version += 1
        scheme.save()


def _rows(buckets: Sequence[BucketInput]) -> list[AgingBucket]:
    """Return unsaved buckets, named and checked."""
    if len(buckets) > MOST_BUCKETS:
        raise InvalidInput(
            _("A scheme has at most %(limit)s buckets."),
            code="too_many_buckets",
            limit=MOST_BUCKETS,
        )
    _check_edges(buckets)
    usual = edges.named([edges.Edge(b.upper, b.unit) for b in buckets])
    rows = [
        AgingBucket(
            position=position,
            code=given.code or name.code,
            label=given.label.strip() or name.label,
            label_en=given.label_en.strip() or (given.label.strip() or name.label_en),
            upper=given.upper,
            upper_unit=given.unit,
        )
        for position, (given, name) in enumerate(zip(buckets, usual, strict=True))
    ]
    edges.check([aging.Bucket(r.code, r.label, r.upper, r.upper_unit) for r in rows])
    return rows


def _check_edges(buckets: Sequence[BucketInput]) -> None:
    for position, bucket in enumerate(buckets, start=1):
        days = edges.Edge(bucket.upper, bucket.unit).days
        if bucket.unit not in AgingBucket.UpperUnit.values or (
            days is not None and not 0 <= days <= edges.LONGEST_DAYS
        ):
            raise aging.InvalidScheme(
                _("Bucket %(number)s: the upper edge must be 0 to 36500 days, or 1 to 100 years."),
                number=position, position=position - 1,
            )  # fmt: skip
        if bucket.code and (not BUCKET_CODE.fullmatch(bucket.code) or bucket.code in RESERVED):
            raise aging.InvalidScheme(
                _("Bucket %(number)s: “%(given)s” can not be a bucket's code."),
                number=position, position=position - 1, given=bucket.code,
            )  # fmt: skip


def _replace(scheme: AgingScheme, rows: list[AgingBucket]) -> None:
    scheme.buckets.all().delete()
    for row in rows:
        row.scheme = scheme
    AgingBucket.objects.bulk_create(rows)


def _facts(scheme: AgingScheme, rows: Sequence[AgingBucket]) -> dict[str, object]:
    return {
        "code": scheme.code,
        "name": scheme.name,
        "name_en": scheme.name_en,
        "is_default": scheme.is_default,
        "is_active": scheme.is_active,
        "buckets": [f"{r.code}: {r.label} ≤ {r.upper} {r.upper_unit}" for r in rows],
    }
