"""The benchmark compares like with like: hand-written SQL and selectors give the same figures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from receivables.selectors.open_amounts import scope_for
from receivables.services.demo import company
from tests.benchmarks import aging, data, harness, run
from tests.benchmarks import reference as by_hand
from tests.demo_data import TODAY, DemoCompany, small_order

DAYS = (TODAY, TODAY - timedelta(days=180), date(2025, 2, 28), date(2024, 2, 29), date(2023, 11, 1))


def questions(day: date) -> list[Any]:
    return by_hand.today(day) if day == TODAY else by_hand.rolled_back(day)


@pytest.mark.django_db
@pytest.mark.parametrize("day", DAYS)
def test_every_reference_agrees_with_the_selector(demo_company: DemoCompany, day: date) -> None:
    user = demo_company.user("finance_manager")
    units = {"units": user.unit_ids()}
    fetches = [aging.fetching(sql, {**values, **units}) for sql, values in questions(day)]
    report = aging.selecting(scope_for(user), day)()
    aging.check_same(report, fetches)
    assert report.rows or day == DAYS[-1]


@pytest.mark.django_db
def test_a_difference_of_one_cent_is_noticed(demo_company: DemoCompany) -> None:
    user = demo_company.user("finance_manager")
    sql, values = by_hand.today(TODAY)[0]
    fetch = aging.fetching(sql, {**values, "units": user.unit_ids()})

    def wrong() -> list[tuple[Any, ...]]:
        first, *rest = fetch()
        return [(*first[:5], first[5] + 1, *first[6:]), *rest]

    report = aging.selecting(scope_for(user), TODAY)()
    with pytest.raises(aging.FiguresDiffer):
        aging.check_same(report, [wrong])


@pytest.fixture
def committed_company(transactional_db: None) -> company.Outcome:
    return company.create(order=small_order())


def test_a_burst_keeps_the_rules_of_the_ledger(committed_company: company.Outcome) -> None:
    assert data.burst(count=25, day=TODAY - timedelta(days=1)) == 25
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM receivables_openitem i
            WHERE i.open_amount <> i.amount - COALESCE((SELECT SUM(a.amount) FROM receivables_allocation a
                WHERE i.id IN (a.debit_item_id, a.credit_item_id)), 0)
            """
        )
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT count(*) FROM receivables_openitem WHERE source = 'burst' AND open_amount = 0"
        )
        assert cursor.fetchone() == (25,)


class TestTable:
    LINES = (
        harness.Line("quick work", "1.0 ms", "2.0 ms", "0.50 ×", "≤ 1.5 ×", True),
        harness.Line(
            "账龄分析", "9.0 ms", "2.0 ms", "4.50 ×", "≤ 1.5 ×", False, note="three places"
        ),
        harness.Line("told only", "3.0 ms"),
    )

    def test_misses_are_listed_at_the_end(self) -> None:
        text = harness.table(self.LINES)
        assert "1 of 2 targets met." in text
        missed = text.split("Missed:")[1]
        assert "账龄分析" in missed
        assert "quick work" not in missed
        assert "told only" not in missed

    def test_columns_stand_below_each_other_with_chinese_words_too(self) -> None:
        rows = harness.table(self.LINES).splitlines()[:5]
        assert len({harness._width(row) for row in rows}) == 1

    def test_a_percentile_is_a_time_that_happened(self) -> None:
        times = [n / 100 for n in range(1, 101)]
        assert harness.percentile(times, 0.95) == 0.95
        assert harness.percentile(times, 0.5) == 0.5
        assert harness.percentile([0.2], 0.95) == 0.2

    def test_the_quickest_reference_counts(self) -> None:
        def busy(rounds: int) -> Any:
            return lambda: sum(range(rounds))

        line = harness.compare("sums", busy(200_000), [busy(2_000_000), busy(100_000)], limit=100)
        assert line.met
        assert float(line.ratio.split()[0]) > 1


def test_the_command_refuses_a_section_that_is_not_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as leaving:
        call_command("bench", only=["speed"])
    assert leaving.value.code == 2
    assert "speed" in capsys.readouterr().err
    assert set(run.SECTIONS) == {"aging", "review", "pages", "burst", "import"}
