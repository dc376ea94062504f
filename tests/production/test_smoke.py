"""Does the production form work? Its real processes, on the oldest PostgreSQL that is supported."""

from __future__ import annotations

import json
import re
from http.cookies import SimpleCookie

import pytest

from tests.core.crash_worker import STEPS
from tests.production.processes import Production, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def production(tmp_path_factory):
    installation = Production(tmp_path_factory.mktemp("production"))
    try:
        installation.start_servers()
        installation.manage("migrate", "--verbosity", "0")
        # Without the API's documentation, whose 10 MB take half of the time to compress.
        installation.manage(
            "collectstatic", "--noinput", "--verbosity", "0", "--ignore", "drf_spectacular_sidecar"
        )
        installation.manage("demo", "--customers", "20", "--force")
        installation.token = installation.manage("create_token", "finance_manager").splitlines()[-1]
        installation.start_web()
        installation.start_worker()
        installation.start_beat()
        wait_for(lambda: is_up(installation), seconds=60, otherwise=lambda: installation.log("web"))
        yield installation
    finally:
        installation.stop()


def is_up(production: Production) -> bool:
    try:
        return production.request("GET", "/healthz").status == 200
    except OSError:
        return False


def api(production: Production, path: str, body: dict | None = None) -> tuple[int, dict]:
    headers = {"Authorization": f"Token {production.token}", "Content-Type": "application/json"}
    method = "GET" if body is None else "POST"
    response = production.request(
        method, path, headers=headers, body=None if body is None else json.dumps(body)
    )
    return response.status, json.loads(response.text)


def sql(production: Production, query: str) -> str:
    """Ask the database through the application's own settings."""
    code = f"from django.db import connection as c; k = c.cursor(); k.execute({query!r}); print(k.fetchone()[0])"
    return production.manage("shell", "-v0", "-c", code)


def test_it_becomes_ready(production):
    took = wait_for(
        lambda: production.request("GET", "/readyz").status == 200,
        seconds=60,
        otherwise=lambda: production.request("GET", "/readyz").text + production.log("worker"),
    )

    assert json.loads(production.request("GET", "/readyz").text)["checks"] == {
        "database": "ok", "migrations": "ok", "broker": "ok", "beat": "ok",
    }  # fmt: skip
    assert took < 60


def test_its_settings_pass_djangos_own_check(production):
    production.manage("check", "--deploy", "--fail-level", "WARNING", "--tag", "security")


def test_plain_http_is_sent_to_https_and_strangers_hosts_are_refused(production):
    plain = production.request("GET", "/login/", headers={"X-Forwarded-Proto": "http"})
    stranger = production.request("GET", "/login/", headers={"Host": "evil.example.com"})

    assert (plain.status, plain.headers["Location"]) == (301, "https://zhangqi.example.com/login/")
    assert stranger.status == 400


def test_a_person_signs_in(production):
    page = production.request("GET", "/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
    cookies = {name: one.value for name, one in SimpleCookie(page.headers["Set-Cookie"]).items()}
    password = re.search(
        r"finance_manager\s+(\S+)", production.manage("demo", "--if-empty", "--force")
    )[1]

    answer = production.post_form(
        "/login/",
        {"csrfmiddlewaretoken": token, "username": "finance_manager", "password": password},
        cookies=cookies,
    )

    assert answer.status == 302, answer.text[:2000]
    session = [
        line for line in answer.headers.get_all("Set-Cookie") if line.startswith("sessionid=")
    ]
    assert "Secure" in session[0]
    assert "HttpOnly" in session[0]
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    home = production.request(
        "GET", "/", headers={"Cookie": f"sessionid={SimpleCookie(session[0])['sessionid'].value}"}
    )
    assert home.status == 200, production.log("web")[-3000:]
    stylesheet = re.search(r'href="(/static/[^"]+\.css)"', home.text)[1]
    assert (
        production.request("GET", stylesheet)
        .headers["Cache-Control"]
        .startswith("max-age=31536000")
    )


def test_aging_answers(production):
    status, body = api(production, "/api/v1/aging/")

    assert status == 200
    assert body["rows"]


def test_a_job_posted_over_the_api_is_done_by_the_worker(production):
    unit = sql(production, "SELECT code FROM core_businessunit ORDER BY id LIMIT 1")
    status, asked = api(production, "/api/v1/reviews/", {"unit": unit, "date": "2026-01-31"})
    assert status == 202, asked

    def job() -> dict:
        return api(production, f"/api/v1/jobs/{asked['job']}/")[1]

    wait_for(
        lambda: job()["state"] == "done",
        seconds=60,
        otherwise=lambda: f"{job()} {production.log('worker')}",
    )
    assert job()["attempt"] == 1
    assert job()["percent"] == 100


def test_a_worker_killed_in_the_middle_of_a_job_loses_and_doubles_nothing(production):
    """With the delivered lease and schedule: resumed within a minute."""
    number = int(
        production.manage(
            "shell", "-v0", "-c",
            "from config.core.services import jobs; print(jobs.enqueue(kind='test.rows', dedup_key='smoke',"
            " payload={'pause': 0.1}, unit=None, actor=None).pk)",
        )
    )  # fmt: skip
    rows = f"SELECT count(*) FROM core_loginfailure WHERE username_key = 'job-{number}'"
    wait_for(
        lambda: int(sql(production, rows)) > 0,
        seconds=60,
        otherwise=lambda: production.log("worker"),
    )

    production.kill("worker")
    assert 0 < int(sql(production, rows)) < STEPS
    production.start_worker()

    def state() -> str:
        return sql(production, f"SELECT state || ' ' || attempt FROM core_job WHERE id = {number}")

    resumed = wait_for(
        lambda: state().endswith(" 2"), seconds=90, otherwise=lambda: production.log("worker")
    )
    wait_for(lambda: state() == "done 2", seconds=60, otherwise=state)

    print(f"resumed after {resumed:.0f} s")
    assert resumed < 60
    distinct = f"SELECT count(DISTINCT address) || ' ' || count(*) FROM core_loginfailure WHERE username_key = 'job-{number}'"
    assert sql(production, distinct) == f"{STEPS} {STEPS}"


def test_without_a_broker_people_work_on_and_jobs_wait(production):
    """Redis is gone for a while: the answer stays right, and the job is done after its return."""
    unit = sql(production, "SELECT code FROM core_businessunit ORDER BY id LIMIT 1")
    production.kill("redis")
    status, asked = api(production, "/api/v1/reviews/", {"unit": unit, "date": "2026-02-28"})
    assert status == 202, asked
    assert production.request("GET", "/readyz").status == 503

    production.redis_socket.unlink(missing_ok=True)
    production.start_redis()
    wait_for(
        lambda: api(production, f"/api/v1/jobs/{asked['job']}/")[1]["state"] == "done",
        seconds=180,
        otherwise=lambda: production.log("worker") + production.log("beat"),
    )


def test_no_process_complains_of_a_bug(production):
    """What the outage of the broker and a stranger's host left in the logs is no bug."""
    outage = re.compile(
        "ConnectionError|OperationalError|Connection to broker lost|redis|DisallowedHost"
    )
    bugs = [
        line[-1500:]
        for name in ("web", "worker", "beat")
        for line in production.log(name).splitlines()
        if "Traceback" in line and not outage.search(line)
    ]

    assert bugs == []
