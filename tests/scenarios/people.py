"""The people of the stories, who work through the REST API as their programs or pages would."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from config.core.models import AuditEvent, BusinessUnit
from config.core.roles import Role
from receivables.selectors import proof
from tests import factories

_keys = itertools.count(1)
API = "/api/v1/"


class Colleague:
    """Somebody with a role; every answer must be the one that the story expects."""

    def __init__(self, client: Any, user: Any) -> None:
        self.client, self.user = client, user

    def reads(self, path: str, **query: Any) -> Any:
        answer = self.client.get(API + path, query, headers={"Accept-Language": "en"})
        assert answer.status_code == 200, answer.content.decode()
        return answer.json()

    def sends(
        self, path: str, body: Any = None, *, expect: int = 201, form: str = "json", **headers: str
    ) -> Any:
        headers.setdefault("Accept-Language", "en")
        headers.setdefault("Idempotency-Key", f"story-{next(_keys)}")
        answer = self.client.post(API + path, body or {}, format=form, headers=headers)
        assert answer.status_code == expect, answer.content.decode()
        return answer.json()

    def is_refused(self, path: str, body: Any = None, *, status: int) -> str:
        """Return the sentence of a refusal."""
        return str(self.sends(path, body, expect=status)["detail"])

    def aging(self, as_of: str, **query: Any) -> dict[str, str]:
        """Return the total by bucket, without what is nothing."""
        totals = self.reads("aging/", as_of=as_of, **query)["totals"]
        found = totals["amounts"] | {"unapplied": totals["unapplied"], "total": totals["total"]}
        return {code: amount for code, amount in found.items() if amount != "0.00"}


class Department:
    """A unit with its people, and a clock that the story moves."""

    def __init__(self, unit: BusinessUnit, api_client: Any, stop_clock: Any, do_jobs: Any) -> None:
        self.unit, self._stop_clock, self.do_jobs = unit, stop_clock, do_jobs
        self._api_client = api_client
        self.accountant = self._colleague("yan", Role.AR_ACCOUNTANT)
        self.cashier = self._colleague("fang", Role.CASHIER)
        self.collector = self._colleague("zhao", Role.COLLECTOR)
        self.seller = self._colleague("li", Role.SALESPERSON)
        self.analyst = self._colleague("su", Role.CREDIT_ANALYST)
        self.manager = self._colleague("shen", Role.FINANCE_MANAGER)
        self.auditor = self._colleague("he", Role.AUDITOR)

    def _colleague(self, username: str, role: Role) -> Colleague:
        user = factories.UserFactory(
            username=username, roles=[role], units=[self.unit], language="en"
        )
        return Colleague(self._api_client(user), user)

    def on(self, day: str, time: str = "10:00") -> None:
        """Make it that day."""
        self._stop_clock(f"{day} {time}")

    def night_after(self, day: str) -> dict[str, Any]:
        """Review the books as of the end of a day; return the review."""
        self.manager.sends("reviews/", {"unit": self.unit.code, "date": day}, expect=202)
        self.do_jobs()
        (review,) = self.manager.reads("reviews/", date_from=day, date_to=day)["results"]
        return dict(review)

    def trail(self, action: str) -> list[str]:
        """Return who did something, the first first."""
        return [
            event.actor.username
            for event in AuditEvent.objects.filter(action=action).order_by("pk")
        ]


@pytest.fixture
def department(
    db: None, api_client: Any, stop_clock: Any, do_jobs: Callable[[], Any], unit: BusinessUnit
) -> Iterator[Department]:
    yield Department(unit, api_client, stop_clock, do_jobs)
    assert [str(finding) for finding in proof.verify()] == []
