"""Jobs are done once, survive their workers, and end with a sentence."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from config.core import clock
from config.core.errors import DomainError
from config.core.models import AuditEvent, Heartbeat, Job, Notification
from config.core.roles import Role
from config.core.selectors import jobs as job_selectors
from config.core.services import heartbeats, job_runs, jobs

done: list[object] = []


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    """Register kinds of jobs for these tests only."""
    monkeypatch.setattr(jobs, "_handlers", dict(jobs._handlers))
    done.clear()

    @jobs.handler("test.good")
    def good(work):
        work.progress(3, 4)
        done.append(work.payload)
        return {"rows": 4}

    @jobs.handler("test.refused")
    def refused(work):
        raise DomainError(_("Only a job that failed or was cancelled can be taken up again."))

    @jobs.handler("test.broken")
    def broken(work):
        raise ValueError("secret details")

    @jobs.handler("test.steps")
    def steps(work):
        for number in range(work.cursor or 0, 5):
            work.check_cancelled()
            with transaction.atomic():
                Heartbeat.objects.create(name=f"step-{number}", at=work.clock())
                work.save_cursor(number + 1)
            work.progress(number + 1, 5)
            if number == 2 and work.payload.get("breaks") and work.job.attempt == 1:
                raise ConnectionError("the machine trips")
        return {"steps": 5}


def ask(kind: str, key: str = "1", actor=None, **payload: object) -> Job:
    return jobs.enqueue(
        kind=kind, dedup_key=f"{kind}:{key}", payload=payload, unit=None, actor=actor
    )


def later(**ahead: float):
    return lambda: clock.now() + timedelta(**ahead)


@pytest.mark.django_db
class TestOneJob:
    def test_it_is_done_with_its_result_and_full_progress(self, do_jobs):
        job = ask("test.good", size=7)

        [ended] = do_jobs()

        assert ended.pk == job.pk
        assert (ended.state, ended.result, ended.attempt) == ("done", {"rows": 4}, 1)
        assert (ended.progress_done, ended.progress_total, ended.percent) == (4, 4, 100)
        assert ended.lease_until is None
        assert ended.lease_token == ""
        assert ended.started_at <= ended.finished_at
        assert done == [{"size": 7}]

    def test_asking_again_finds_the_same_job(self, do_jobs):
        first = ask("test.good", size=7)
        do_jobs()
        second = ask("test.good", size=8)

        assert second.pk == first.pk
        assert second.payload == {"size": 7}
        assert do_jobs() == []
        assert len(done) == 1

    def test_it_runs_once_however_often_it_is_delivered(self):
        job = ask("test.good")

        ended = [jobs.run(job_id=job.pk, clock=clock.now) for _ in range(3)]

        assert [one is None for one in ended] == [False, True, True]
        assert len(done) == 1

    def test_a_refusal_is_its_sentence_in_the_language_of_the_reader(self, do_jobs, make_user):
        job = ask("test.refused", actor=make_user(Role.CASHIER, language="en"))

        do_jobs()
        job.refresh_from_db()

        assert (job.state, job.attempt) == ("failed", 1)
        assert job.error == "Only a job that failed or was cancelled can be taken up again."
        assert job.result["refusal"]["message"] == job.error
        assert job_selectors.error_of(job=job) == job.error
        with translation.override("zh-hans"):
            assert job_selectors.error_of(job=job) == str(
                _("Only a job that failed or was cancelled can be taken up again.")
            )

    def test_a_bug_is_told_by_a_number_only_and_tried_again_after_a_pause(self, caplog):
        job = ask("test.broken")

        jobs.run(job_id=job.pk, clock=clock.now)
        job.refresh_from_db()

        assert job.state == "queued"
        assert "secret details" not in job.error
        reference = caplog.records[-1].args[-1]
        assert reference in job.error
        assert jobs.run(job_id=job.pk, clock=later(seconds=4)) is None
        assert jobs.run(job_id=job.pk, clock=later(seconds=6)).attempt == 2

    def test_a_poison_job_is_put_aside_after_five_attempts_and_others_go_on(self, make_user):
        administrator = make_user(Role.ADMINISTRATOR)
        make_user(Role.COLLECTOR)
        poison = ask("test.broken")
        good = [ask("test.good", key=str(number)) for number in range(20)]

        for round_ in range(8):
            jobs.run_waiting(clock=later(minutes=2 * round_))

        poison.refresh_from_db()
        assert (poison.state, poison.attempt) == ("failed", settings.JOB_ATTEMPTS)
        assert set(
            Job.objects.filter(pk__in=[j.pk for j in good]).values_list("state", "attempt")
        ) == {("done", 1)}
        [told] = Notification.objects.all()
        assert told.user == administrator
        assert (
            told.message % told.context
            == f"Job {poison.pk} (test.broken) failed 5 times and was put aside."
        )

    def test_a_job_whose_workers_die_is_put_aside_too(self, make_user):
        job = ask("test.good")
        for attempt in range(settings.JOB_ATTEMPTS):
            assert jobs.claim(job_id=job.pk, now=later(minutes=attempt)()) is not None

        assert jobs.claim(job_id=job.pk, now=later(minutes=9)()) is None
        job.refresh_from_db()
        assert job.state == "failed"
        assert done == []

    def test_what_nobody_here_can_do_is_left_to_others(self):
        job = ask("test.unknown")

        assert jobs.run(job_id=job.pk, clock=clock.now) is None
        job.refresh_from_db()
        assert (job.state, job.attempt) == ("queued", 0)

    def test_two_handlers_for_one_kind_are_refused(self):
        with pytest.raises(RuntimeError, match="test.good"):
            jobs.handler("test.good")(lambda work: {})


@pytest.mark.django_db
class TestLease:
    def test_a_leased_job_is_not_claimed_until_the_lease_ends(self):
        job = ask("test.good")
        now = clock.now()

        assert jobs.claim(job_id=job.pk, now=now) is not None
        assert jobs.claim(job_id=job.pk, now=now + settings.JOB_LEASE) is None
        assert (
            jobs.claim(job_id=job.pk, now=now + settings.JOB_LEASE + timedelta(seconds=1)).attempt
            == 2
        )

    def test_a_worker_that_lost_its_lease_changes_nothing(self, caplog):
        @jobs.handler("test.slow")
        def slow(work):
            jobs.claim(job_id=work.job.pk, now=later(minutes=2)())
            with transaction.atomic():
                Heartbeat.objects.create(name="doubled", at=work.clock())
                work.save_cursor(1)

        job = ask("test.slow")
        ended = jobs.run(job_id=job.pk, clock=clock.now)

        assert not Heartbeat.objects.exists()
        assert (ended.state, ended.attempt, ended.cursor) == ("running", 2, None)
        assert "lost its lease" in caplog.text

    def test_a_worker_that_lost_its_lease_can_not_finish(self):
        @jobs.handler("test.slow")
        def slow(work):
            jobs.claim(job_id=work.job.pk, now=later(minutes=2)())
            return {"mine": True}

        ended = jobs.run(job_id=ask("test.slow").pk, clock=clock.now)

        assert (ended.state, ended.result) == ("running", None)

    def test_heartbeat_renews_the_lease(self):
        job = ask("test.good")
        claimed = jobs.claim(job_id=job.pk, now=clock.now())

        job_runs.JobRun(job=claimed, clock=later(seconds=20)).heartbeat()

        job.refresh_from_db()
        assert job.lease_until > claimed.lease_until + timedelta(seconds=19)

    def test_one_person_does_not_keep_all_workers(self, make_user):
        busy, other = make_user(), make_user(is_superuser=True)
        taken = [
            jobs.claim(job_id=ask("test.good", key=str(n), actor=busy).pk, now=clock.now())
            for n in range(3)
        ]

        assert [job is not None for job in taken] == [True, True, False]
        assert (
            jobs.claim(job_id=ask("test.good", key="o", actor=other).pk, now=clock.now())
            is not None
        )


@pytest.mark.django_db
class TestResume:
    def test_it_goes_on_from_the_cursor(self):
        job = ask("test.steps", breaks=True)

        jobs.run(job_id=job.pk, clock=clock.now)
        job.refresh_from_db()
        assert (job.state, job.cursor) == ("queued", 3)
        ended = jobs.run(job_id=job.pk, clock=later(minutes=1))

        assert (ended.state, ended.attempt, ended.cursor) == ("done", 2, 5)
        assert Heartbeat.objects.count() == 5

    def test_a_stopping_process_gives_the_job_back_without_counting_an_attempt(self):
        job = ask("test.steps")
        job_runs.stop_soon()
        try:
            jobs.run(job_id=job.pk, clock=clock.now)
        finally:
            job_runs.carry_on()

        job.refresh_from_db()
        assert (job.state, job.attempt, job.lease_until) == ("queued", 0, None)
        assert jobs.run(job_id=job.pk, clock=clock.now).state == "done"

    def test_the_sweeper_wakes_for_what_waits_and_what_died(self):
        nudged: list[int] = []
        jobs.set_nudge(nudged.append)
        waiting, running, dead, ended = (ask("test.good", key=key) for key in "wrde")
        jobs.claim(job_id=running.pk, now=clock.now())
        jobs.claim(job_id=dead.pk, now=later(minutes=-5)())
        jobs.run(job_id=ended.pk, clock=clock.now)

        jobs.sweep(now=clock.now())

        assert nudged == [waiting.pk, dead.pk]


@pytest.mark.django_db
class TestCancelAndRetry:
    def test_a_waiting_job_is_cancelled_without_being_done(self, do_jobs, make_user):
        job = ask("test.good")

        jobs.request_cancel(job=job, actor=make_user(is_superuser=True))
        do_jobs()

        job.refresh_from_db()
        assert (job.state, done) == ("cancelled", [])
        assert (
            AuditEvent.objects.filter(action="job.cancel_requested", target_id=str(job.pk)).count()
            == 1
        )

    def test_a_running_job_leaves_at_its_next_check(self, make_user):
        user = make_user(is_superuser=True)

        @jobs.handler("test.cancelled")
        def cancelled(work):
            work.check_cancelled()
            jobs.request_cancel(job=work.job, actor=user)
            work.progress(1, 2)
            work.check_cancelled()

        ended = jobs.run(job_id=ask("test.cancelled").pk, clock=clock.now)

        assert (ended.state, ended.progress_done, ended.progress_total) == ("cancelled", 1, 2)

    def test_asking_twice_is_recorded_once(self, make_user):
        job, user = ask("test.good"), make_user(is_superuser=True)

        jobs.request_cancel(job=job, actor=user)
        jobs.request_cancel(job=job, actor=user)

        assert AuditEvent.objects.filter(action="job.cancel_requested").count() == 1

    def test_an_ended_job_can_not_be_cancelled(self, do_jobs, make_user):
        job = ask("test.good")
        do_jobs()

        with pytest.raises(jobs.JobAlreadyFinished):
            jobs.request_cancel(job=job, actor=make_user(is_superuser=True))

        job.refresh_from_db()
        assert (job.state, job.cancel_requested) == ("done", False)

    def test_a_failed_job_is_taken_up_again(self, make_user):
        job = ask("test.steps", breaks=True)
        jobs.run(job_id=job.pk, clock=clock.now)
        Job.objects.filter(pk=job.pk).update(state="failed", attempt=5, lease_until=None)

        jobs.retry(job=job, actor=make_user(is_superuser=True))
        ended = jobs.run(job_id=job.pk, clock=clock.now)

        assert (ended.state, ended.attempt, ended.error) == ("done", 1, "")
        assert Heartbeat.objects.count() == 5

    def test_a_done_job_can_not_be_taken_up_again(self, do_jobs, make_user):
        job = ask("test.good")
        do_jobs()

        with pytest.raises(jobs.JobNotRetriable):
            jobs.retry(job=job, actor=make_user(is_superuser=True))

        assert len(done) == 1


@pytest.mark.django_db(transaction=True)
class TestCommittedWork:
    def test_the_worker_is_nudged_after_the_commit_only(self):
        nudged: list[int] = []
        jobs.set_nudge(nudged.append)

        with transaction.atomic():
            job = ask("test.good")
            assert nudged == []
        assert nudged == [job.pk]

    def test_a_nudge_that_fails_disturbs_nobody(self):
        def fail(job_id: int) -> None:
            raise ConnectionError("no broker")

        jobs.set_nudge(fail)

        assert ask("test.good").state == "queued"

    def test_save_cursor_belongs_into_a_transaction(self):
        job = ask("test.good")
        work = job_runs.JobRun(job=jobs.claim(job_id=job.pk, now=clock.now()), clock=clock.now)

        with pytest.raises(RuntimeError, match="transaction"):
            work.save_cursor(1)

    def test_sixteen_workers_do_one_job_once(self):
        job = ask("test.good")
        barrier = threading.Barrier(16)
        ended: list[Job | None] = []

        def work() -> None:
            try:
                barrier.wait()
                ended.append(jobs.run(job_id=job.pk, clock=clock.now))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(done) == 1
        assert sum(one is not None for one in ended) == 1

    def test_the_lease_is_renewed_and_progress_seen_while_a_transaction_is_open(
        self, monkeypatch, settings
    ):
        settings.JOB_LEASE = timedelta(seconds=0.6)
        monkeypatch.setattr(job_runs, "POLL_SECONDS", 0.1)
        seen: list[tuple[int, bool]] = []

        @jobs.handler("test.long")
        def long(work):
            with transaction.atomic():
                Heartbeat.objects.create(name="long", at=work.clock())
                work.progress(1, 3)
                threading.Event().wait(1.5)
                seen.append(look(work.job.pk))
            return {}

        def look(pk: int) -> tuple[int, bool]:
            found: list[tuple[int, bool]] = []

            def other() -> None:
                row = Job.objects.get(pk=pk)
                found.append((row.progress_done, row.lease_until > clock.now()))
                connection.close()

            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
            return found[0]

        ended = jobs.run(job_id=ask("test.long").pk, clock=clock.now)

        assert seen == [(1, True)]
        assert (ended.state, ended.attempt) == ("done", 1)

    def test_a_job_that_holds_its_row_is_neither_waited_for_nor_taken(self):
        job = ask("test.good")
        work = job_runs.JobRun(
            job=jobs.claim(job_id=job.pk, now=later(minutes=-5)()), clock=later(minutes=-5)
        )
        taken: list[Job | None] = []

        def other() -> None:
            taken.append(jobs.claim(job_id=job.pk, now=clock.now()))
            connection.close()

        with transaction.atomic():
            work.save_cursor(1)  # the lease it renews has run out already
            thread = threading.Thread(target=other)
            thread.start()
            thread.join(5)
            assert not thread.is_alive()

        assert taken == [None]
        assert jobs.claim(job_id=job.pk, now=clock.now()).attempt == 2

    def test_a_wish_to_cancel_reaches_a_busy_handler(self, monkeypatch, make_user):
        monkeypatch.setattr(job_runs, "POLL_SECONDS", 0.05)
        user = make_user(is_superuser=True)

        @jobs.handler("test.endless")
        def endless(work):
            jobs.request_cancel(job=work.job, actor=user)
            for _round in range(100):
                threading.Event().wait(0.05)
                work.check_cancelled()
            return {}

        assert jobs.run(job_id=ask("test.endless").pk, clock=clock.now).state == "cancelled"

    def test_the_database_is_as_the_migrations_left_it(self):
        """Whatever the tests before committed is gone, and the roles are still there."""
        assert Job.objects.count() == 0
        assert AuditEvent.objects.count() == 0


@pytest.mark.django_db
def test_a_heartbeat_is_moved_not_added():
    heartbeats.record(name="beat", now=clock.now())
    heartbeats.record(name="beat", now=clock.now())

    assert Heartbeat.objects.count() == 1
