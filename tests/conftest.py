"""What every test may use: a private database, people of each role, a clock that stands still."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine as time_machine_library
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import Client, TransactionTestCase
from django.utils import translation
from rest_framework.test import APIClient

from config.core import clock
from config.core.models import BusinessUnit, Job, User
from config.core.roles import Role
from config.core.services import jobs
from tests import database
from tests.demo_data import demo_company  # noqa: F401 - a fixture for all

SHANGHAI = ZoneInfo("Asia/Shanghai")
PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Start the tests' server before any connection; the workers of xdist find it running."""
    # WhiteNoise, where collectstatic was never needed.
    config.addinivalue_line("filterwarnings", "ignore:No directory at")
    if config.option.collectonly or config.option.help:
        return
    database.start()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, worker_id: str
) -> Iterator[None]:
    """Give this process a copy of the migrated template."""
    with django_db_blocker.unblock():
        name = database.use(worker_id)
    yield
    with django_db_blocker.unblock():
        database.drop(name)


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


# After a test that really commits, see `database.reset`.
TransactionTestCase._fixture_teardown = lambda self: database.reset()  # type: ignore[method-assign]


@pytest.fixture(scope="session", autouse=True)
def _own_files() -> Iterator[None]:
    """Keep uploaded files and cheap passwords to the tests."""
    folder = tempfile.mkdtemp(prefix="zq-test-")
    settings.MEDIA_ROOT = Path(folder) / "files"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    yield
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _clean_process() -> Iterator[None]:
    """Leave neither a language, nor cached counters, nor a nudge to a broker behind."""
    jobs.set_nudge(None)
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def unit(db: None) -> BusinessUnit:
    return BusinessUnit.objects.create(
        code=f"U{next(_numbers)}", name="华东公司", name_en="East Company"
    )


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Return a function that makes a person: `make_user(Role.CASHIER, units=[unit])`."""

    def make(*roles: Role | str, units: Any = (), **fields: Any) -> User:
        username = fields.pop("username", f"user{next(_numbers)}")
        password = fields.pop("password", PASSWORD)
        user = User.objects.create_user(username=username, password=password, **fields)
        names = [role.value if isinstance(role, Role) else role for role in roles]
        groups = list(user.groups.model.objects.filter(name__in=names))
        assert len(groups) == len(set(names)), f"Roles that are not seeded: {names}"
        user.groups.set(groups)
        user.units.set(units)
        return user

    return make


@pytest.fixture
def client_for(make_user: Callable[..., User]) -> Callable[..., Client]:
    """Return a function that signs a new person in: `client_for(Role.AUDITOR, units=[unit])`.

    The person is at `client.user`.
    """

    def sign_in(*roles: Role | str, user: User | None = None, **fields: Any) -> Client:
        client = Client()
        client.user = user or make_user(*roles, **fields)  # type: ignore[attr-defined]
        client.force_login(client.user)  # type: ignore[attr-defined]
        return client

    return sign_in


@pytest.fixture
def api_client() -> Callable[..., APIClient]:
    """Return a function that gives an API client: `api_client(user)`, or `api_client()` for a stranger."""

    def make(user: User | None = None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.force_authenticate(user)
        return client

    return make


@pytest.fixture
def stop_clock() -> Iterator[Callable[[str | datetime], None]]:
    """Return a function that stops the clock: `stop_clock("2026-03-31 10:00")`, Shanghai time."""
    travels: list[Any] = []

    def stop(moment: str | datetime) -> None:
        at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        travel = time_machine_library.travel(
            at if at.tzinfo else at.replace(tzinfo=SHANGHAI), tick=False
        )
        travel.start()
        travels.append(travel)

    yield stop
    for travel in reversed(travels):
        travel.stop()


@pytest.fixture
def do_jobs(db: None) -> Callable[[], list[Job]]:
    """Return a function that does all waiting jobs in this process, as a worker would."""
    return lambda: jobs.run_waiting(clock=clock.now)


@pytest.fixture
def close_connections() -> Iterator[None]:
    """Close the connections of this thread at the end, for tests with threads."""
    yield
    connections.close_all()
