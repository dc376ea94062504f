"""Taking a file in: through the gate, under a name of ours, with its mapping and choices."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.core.errors import DomainError, InvalidInput, NotAllowed
from config.core.files import gates
from config.core.models import BusinessUnit, User
from config.core.services import audit
from receivables.domain.importing import mappings
from receivables.domain.importing.fields import FIELDS, RECEIPTS
from receivables.domain.importing.mappings import DELIVERED, ColumnMapping, MappingRefused
from receivables.models import ImportBatch, ImportMapping
from receivables.selectors import import_files
from receivables.services.imports.choices import choose

POST_RECEIPTS, POST_ITEMS = "receivables.post_receipt", "receivables.post_openitem"
SUFFIXES = {".csv": ".csv", ".txt": ".csv", ".tsv": ".csv", ".xlsx": ".xlsx"}


class MappingUnknown(InvalidInput):
    """There is no mapping of that name, or the JSON is no mapping."""

    code = "mapping"


class ImportUnderWay(DomainError):
    """The file is being read, or its rows are in the ledger."""

    code = "import_under_way"


class KindUnknown(InvalidInput):
    code = "import_kind"


def kinds_for(*, actor: User | None) -> list[str]:
    """This function will return the kinds of files that a person may import.

    Cash and ledger are apart: who posts receipts imports receipts, who posts documents imports
    those and their customers. Somebody who posts neither by hand, but may import, takes over whole
    ledgers (the finance manager).
    """
    if actor is None:
        return list(FIELDS)
    cash, ledger = actor.has_perm(POST_RECEIPTS), actor.has_perm(POST_ITEMS)
    if cash == ledger:
        return list(FIELDS)
    return [kind for kind in FIELDS if (kind == RECEIPTS) == cash]


def _refuse_others_duty(*, kind: str, options: Mapping[str, Any], actor: User | None) -> None:
    allowed = kinds_for(actor=actor)
    if kind not in allowed:
        raise NotAllowed(
            _(
                "Your role does not import this kind of file: cash and ledger are kept by different people."
            )
        )
    if options.get("create_customers") and allowed == [RECEIPTS]:
        raise NotAllowed(_("You post receipts only; customers are created by somebody else."))


def find_mapping(
    *, kind: str, unit: BusinessUnit, given: str | Mapping[str, Any] | None
) -> ColumnMapping:
    """This function will return the mapping that a name, JSON text or an object means; empty: found by headings.

    :raises MappingUnknown: if it means none
    """
    if not given:
        return ColumnMapping()
    data: Any = given
    if isinstance(given, str) and not given.lstrip().startswith("{"):
        delivered = DELIVERED.get(given.strip().lower(), {}).get(kind)
        if delivered is not None:
            return delivered
        stored = ImportMapping.objects.filter(unit=unit, kind=kind, name=given.strip()).first()
        if stored is None:
            raise MappingUnknown(
                _(
                    "There is no mapping “%(name)s” for this kind of file. Delivered are: %(names)s."
                ),
                name=given[:60],
                names=", ".join(name for name, kinds in DELIVERED.items() if kind in kinds) or "–",
            )
        data = stored.mapping
    return _parsed(kind, data)


def _parsed(kind: str, data: Any) -> ColumnMapping:
    try:
        return mappings.parse(kind, json.loads(data) if isinstance(data, str) else data)
    except json.JSONDecodeError as error:
        raise MappingUnknown(_("The mapping is neither a name nor valid JSON.")) from error
    except MappingRefused as refusal:
        context: dict[str, Any] = dict(refusal.context)
        raise MappingUnknown(_(refusal.message), **context) from refusal


def take(
    *,
    unit: BusinessUnit,
    kind: str,
    file_name: str,
    content: Iterable[bytes],
    mapping: str | Mapping[str, Any] | None,
    options: Mapping[str, Any],
    actor: User | None,
) -> ImportBatch:
    """This function will store a file for import; nothing is read but its gate.

    :raises FileRefused: if the file must not be opened
    :raises InvalidInput: if kind, mapping or a choice is unknown
    :raises NotAllowed: if the unit is out of the actor's scope, or the kind another person's duty
    """
    if kind not in FIELDS:
        raise KindUnknown(
            _("“%(kind)s” cannot be imported. Kinds are: %(kinds)s."),
            kind=kind[:40],
            kinds=", ".join(FIELDS),
        )
    if actor is not None and not BusinessUnit.objects.visible_to(actor).filter(pk=unit.pk).exists():
        raise NotAllowed(_("You do not belong to this business unit."))
    _refuse_others_duty(kind=kind, options=options, actor=actor)
    found = find_mapping(kind=kind, unit=unit, given=mapping)
    if options.get("date_order"):
        found = _parsed(kind, {**found.as_json(), "date_order": options["date_order"]})
    choices = choose(unit=unit, kind=kind, mapping=found, given=options)
    path, size, digest = _store(file_name, content)
    try:
        gates.check(path, name=file_name, max_bytes=settings.IMPORT_MAX_BYTES)
        return _record(unit, kind, file_name, path, size, digest, found, choices.as_json(), actor)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@transaction.atomic
def _record(
    unit: BusinessUnit, kind: str, file_name: str, path: Path, size: int, digest: str, mapping: ColumnMapping,
    options: dict[str, Any], actor: User | None,
) -> ImportBatch:  # fmt: skip
    batch = ImportBatch.objects.create(
        unit=unit,
        kind=kind,
        file_name=gates.shown_name(file_name),
        stored_name=path.name,
        size=size,
        sha256=digest,
        mapping=mapping.as_json(),
        options=options,
        created_by=actor,
    )
    audit.record(
        actor=actor,
        action="import.uploaded",
        target=batch,
        after={
            "file": batch.file_name,
            "sha256": digest,
            "size": size,
            "kind": kind,
            "options": options,
        },
    )
    return batch


def _store(file_name: str, content: Iterable[bytes]) -> tuple[Path, int, str]:
    """Write the content under a generated name; return path, size in bytes and SHA-256."""
    suffix = SUFFIXES.get(Path(file_name.lower().strip()).suffix, ".bin")
    path = import_files.path_of(secrets.token_hex(16) + suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for block in content:
            size += len(block)
            if size > settings.IMPORT_MAX_BYTES:
                break  # the gate tells its size
            digest.update(block)
            file.write(block)
    if size > settings.IMPORT_MAX_BYTES:
        path.unlink()
        raise InvalidInput(
            _("The file is larger than %(limit)s MB. Send it in parts."),
            code="file_size", status=413, limit=settings.IMPORT_MAX_BYTES // (1024 * 1024),
        )  # fmt: skip
    return path, size, digest.hexdigest()


def reconfigure(
    *,
    batch: ImportBatch,
    mapping: Mapping[str, Any],
    options: Mapping[str, Any],
    actor: User | None,
) -> ImportBatch:
    """This function will change how a stored file is to be read, before it is imported.

    :raises InvalidInput: if mapping or choices are unknown
    :raises NotAllowed: if the kind is another person's duty
    """
    refuse_if_written(batch)
    _refuse_others_duty(kind=batch.kind, options=options, actor=actor)
    found = _parsed(batch.kind, dict(mapping))
    choices = choose(unit=batch.unit, kind=batch.kind, mapping=found, given=options)
    batch.mapping, batch.options = found.as_json(), choices.as_json()
    batch.save(update_fields=["mapping", "options"])
    return batch


def refuse_if_written(batch: ImportBatch) -> None:
    """This function will refuse to touch an import that is written or at work.

    :raises ImportUnderWay: if it is
    """
    if batch.state in {ImportBatch.State.DONE, ImportBatch.State.RUNNING}:
        raise ImportUnderWay(
            _("This import is under way or done; send the file again for another.")
        )


def choose_to_write(*, batch: ImportBatch, actor: User | None) -> ImportBatch:
    """This function will turn a check into an import; a worker does it.

    :raises ImportUnderWay: if it is written or at work
    :raises NotAllowed: if the kind is another person's duty
    """
    refuse_if_written(batch)
    _refuse_others_duty(kind=batch.kind, options=batch.options, actor=actor)
    batch.options = {**batch.options, "dry_run": False}
    batch.save(update_fields=["options"])
    return batch
