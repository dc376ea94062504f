"""Who may see, stop and restart background work, on pages and over the API."""

from __future__ import annotations

import pytest

from config.core.models import BusinessUnit, Job
from config.core.roles import Role
from config.core.services import jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_unit(db):
    return BusinessUnit.objects.create(code="OTHER", name="华南公司")


def ask(actor=None, unit=None, key="1", state="queued", **fields) -> Job:
    job = jobs.enqueue(
        kind="test.page", dedup_key=f"page:{key}", payload={}, unit=unit, actor=actor
    )
    Job.objects.filter(pk=job.pk).update(state=state, **fields)
    job.refresh_from_db()
    return job


class TestPages:
    def test_an_empty_list_says_what_will_appear(self, client_for):
        response = client_for(Role.CASHIER).get("/jobs/", headers={"Accept-Language": "en"})

        assert response.status_code == 200
        assert "No background work yet." in response.content.decode()

    def test_the_list_shows_own_jobs_only(self, client_for, make_user, unit):
        client = client_for(Role.CASHIER, units=[unit])
        mine = ask(client.user, unit=unit, key="mine")
        other = ask(make_user(), unit=unit, key="other")

        page = client.get("/jobs/").content.decode()

        assert f"/jobs/{mine.pk}/" in page
        assert f"/jobs/{other.pk}/" not in page

    def test_who_may_see_jobs_sees_those_of_the_own_units(self, client_for, unit, other_unit):
        client = client_for(Role.AUDITOR, units=[unit])
        here, there = ask(unit=unit, key="here"), ask(unit=other_unit, key="there")

        page = client.get("/jobs/").content.decode()

        assert f"/jobs/{here.pk}/" in page
        assert f"/jobs/{there.pk}/" not in page

    def test_the_list_asks_a_constant_number_of_questions(
        self, client_for, unit, django_assert_max_num_queries
    ):
        client = client_for(Role.ADMINISTRATOR, units=[unit])
        for number in range(60):
            ask(client.user, unit=unit, key=str(number))

        with django_assert_max_num_queries(16):
            client.get("/jobs/")

    def test_a_strangers_job_is_as_if_it_were_not_there(self, client_for, make_user):
        job = ask(make_user())
        client = client_for(Role.CASHIER)

        assert client.get(f"/jobs/{job.pk}/").status_code == 404
        assert client.get(f"/jobs/{job.pk}/progress/").status_code == 404
        assert client.post(f"/jobs/{job.pk}/cancel/").status_code == 404
        job.refresh_from_db()
        assert not job.cancel_requested

    def test_progress_asks_again_until_the_job_has_ended(self, client_for):
        client = client_for(Role.CASHIER)
        job = ask(client.user, state="running", progress_done=3, progress_total=4)

        running = client.get(f"/jobs/{job.pk}/progress/")
        Job.objects.update(state="done")
        ended = client.get(f"/jobs/{job.pk}/progress/")

        assert 'hx-trigger="every 1s"' in running.content.decode()
        assert 'aria-valuenow="75"' in running.content.decode()
        assert "hx-trigger" not in ended.content.decode()
        assert ended["HX-Trigger"] == "zq:job-finished"

    def test_cancelling_a_job(self, client_for):
        client = client_for(Role.CASHIER)
        job = ask(client.user, state="running")

        page = client.get(f"/jobs/{job.pk}/").content.decode()
        response = client.post(f"/jobs/{job.pk}/cancel/", headers={"HX-Request": "true"})

        assert f'hx-post="/jobs/{job.pk}/cancel/"' in page
        assert response.status_code == 200
        job.refresh_from_db()
        assert job.cancel_requested

    def test_a_failed_job_says_why_and_is_taken_up_again(self, client_for):
        client = client_for(Role.CASHIER)
        job = ask(client.user, state="failed", error="The file is empty.", attempt=1)

        page = client.get(f"/jobs/{job.pk}/").content.decode()
        response = client.post(f"/jobs/{job.pk}/retry/")

        assert "The file is empty." in page
        assert response["Location"] == f"/jobs/{job.pk}/"
        job.refresh_from_db()
        assert job.state == "queued"

    def test_a_get_changes_nothing(self, client_for):
        client = client_for(Role.CASHIER)
        job = ask(client.user)

        assert client.get(f"/jobs/{job.pk}/cancel/").status_code == 405
        assert client.get(f"/jobs/{job.pk}/retry/").status_code == 405

    def test_without_a_login_there_is_the_login_page(self, client):
        assert client.get("/jobs/").headers["Location"].startswith("/login/")


class TestApi:
    def test_reading_a_job(self, api_client, make_user, unit):
        user = make_user(Role.CASHIER, units=[unit])
        job = ask(user, unit=unit, state="running", progress_done=1, progress_total=3)

        body = api_client(user).get(f"/api/v1/jobs/{job.pk}/").json()

        assert body == {
            "id": job.pk, "kind": "test.page", "label": "test.page", "state": "running", "unit": unit.code,
            "created_by": user.username, "created_at": body["created_at"], "started_at": None,
            "finished_at": None, "attempt": 0, "progress_done": 1, "progress_total": 3, "percent": 33,
            "cancel_requested": False, "result": None, "error": "",
        }  # fmt: skip

    def test_the_list_is_filtered_and_paged(self, api_client, make_user):
        user = make_user(Role.CASHIER)
        for number in range(3):
            ask(user, key=str(number), state="done" if number else "queued")

        first = api_client(user).get("/api/v1/jobs/", {"state": "done", "page_size": 1}).json()
        second = api_client(user).get(first["next"]).json()

        assert [len(first["results"]), len(second["results"])] == [1, 1]
        assert first["results"][0]["id"] > second["results"][0]["id"]
        assert second["next"] is None

    def test_an_unknown_filter_is_refused(self, api_client, make_user):
        assert (
            api_client(make_user(Role.CASHIER)).get("/api/v1/jobs/", {"payload": "x"}).status_code
            == 400
        )

    def test_cancel_and_retry(self, api_client, make_user):
        user = make_user(Role.CASHIER)
        job = ask(user)
        client = api_client(user)

        assert client.post(f"/api/v1/jobs/{job.pk}/cancel/").json()["cancel_requested"] is True
        Job.objects.update(state="done")
        refused = client.post(f"/api/v1/jobs/{job.pk}/cancel/")
        again = client.post(f"/api/v1/jobs/{job.pk}/retry/")

        assert (refused.status_code, refused.json()["code"]) == (409, "job_already_finished")
        assert (again.status_code, again.json()["code"]) == (409, "job_not_retriable")

    def test_an_auditor_sees_and_stops_nothing(self, api_client, make_user, unit):
        auditor = make_user(Role.AUDITOR, units=[unit])
        job = ask(make_user(), unit=unit)

        assert api_client(auditor).get(f"/api/v1/jobs/{job.pk}/").status_code == 200
        refused = api_client(auditor).post(f"/api/v1/jobs/{job.pk}/cancel/")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        assert api_client(auditor).post(f"/api/v1/jobs/{job.pk}/retry/").status_code == 403
        job.refresh_from_db()
        assert not job.cancel_requested

    def test_an_administrator_stops_the_systems_jobs(self, api_client, make_user, unit):
        administrator = make_user(Role.ADMINISTRATOR, units=[unit])
        job = ask(unit=unit)

        assert api_client(administrator).post(f"/api/v1/jobs/{job.pk}/cancel/").status_code == 200

    def test_another_units_job_is_as_if_it_were_not_there(
        self, api_client, make_user, unit, other_unit
    ):
        auditor = make_user(Role.AUDITOR, units=[unit])
        job = ask(unit=other_unit)

        found = api_client(auditor).get(f"/api/v1/jobs/{job.pk}/")
        missing = api_client(auditor).get("/api/v1/jobs/999999999/")

        assert (found.status_code, found.content) == (missing.status_code, missing.content)
        assert found.status_code == 404

    @pytest.mark.parametrize("pk", ["0", "-1", "x", "99999999999999999999", "1e3", "１"])
    def test_a_strange_id_is_not_found(self, api_client, make_user, pk):
        assert api_client(make_user(Role.CASHIER)).get(f"/api/v1/jobs/{pk}/").status_code == 404

    def test_a_strangers_call_is_refused(self, api_client):
        assert api_client().get("/api/v1/jobs/").status_code == 401
