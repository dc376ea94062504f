"""Imports as jobs: asked for once, done by a worker, cancelled between two chunks."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from config.core.models import Job, User
from config.core.services import jobs
from receivables.models import ImportBatch
from receivables.services.imports import runs

KIND = "import"


def enqueue(*, batch: ImportBatch, actor: User | None) -> Job:
    """This function will ask for the import of a stored file, or find that it was asked for already."""
    finished = batch.finished_at.isoformat() if batch.finished_at else "first"
    job = jobs.enqueue(
        kind=KIND,
        dedup_key=f"import:{batch.pk}:{finished}",
        payload={"batch": batch.pk},
        unit=batch.unit,
        actor=actor,
    )
    ImportBatch.objects.filter(pk=batch.pk).update(job=job)
    batch.job = job
    return job


@jobs.handler(KIND, label=_("Import of a file"))
def run(work: jobs.JobRun) -> dict[str, object]:
    """Do one import; a worker that comes after a killed one begins anew, for nothing was written."""
    batch = ImportBatch.objects.select_related("unit").get(pk=work.payload["batch"])
    now = work.clock()
    try:
        runs.run(
            batch=batch,
            actor=work.job.created_by,
            now=now,
            today=now.astimezone(ZoneInfo(batch.unit.time_zone)).date(),
            progress=work,
        )
    except runs.AlreadyImported:
        batch.refresh_from_db()
    except jobs.JobCancelled:
        ImportBatch.objects.filter(pk=batch.pk).update(
            state=ImportBatch.State.CANCELLED, finished_at=now
        )
        raise
    return {
        "batch": batch.pk, "state": batch.state, "rows": batch.rows_read, "accepted": batch.rows_written,
        "refused": batch.rows_refused,
    }  # fmt: skip
