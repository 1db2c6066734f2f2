"""The series on both engines, against a plain list of all results ever appended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import inspect, text

from relight.store import series_tables as t
from relight.store.engine import Database
from relight.store.schema import DatabaseTooNew
from relight.store.series import DayUptime, Result, Series, Uptime
from relight.store.series_compact import days_to_forget, hours_to_pack, pack_hour
from relight.store.series_pack import DAY_MS, HOUR_MS

MIDNIGHT = datetime(2026, 5, 2, tzinfo=UTC)
LATER = timedelta(hours=1)


@pytest.fixture
def series(new_database: Callable[[], Database]) -> Iterator[Series]:
    opened = Series(new_database())
    yield opened
    opened.close()


def minute_by_minute(check: str, start: datetime, minutes: int) -> list[Result]:
    return [
        Result(check, start + timedelta(minutes=n, milliseconds=n % 7), n % 10 != 3, 0.08)
        for n in range(minutes)
    ]


def raw_tables(series: Series) -> set[str]:
    with series.database.read() as tx:
        names = inspect(tx).get_table_names()
    return {name for name in names if name.startswith("raw_2")}


def test_results_come_back_in_order_and_within_the_span(series: Series):
    results = minute_by_minute("api/http", MIDNIGHT - LATER, 120)
    series.append(results[60:])
    series.append(results[:60])
    series.append([])
    assert series.recent("api/http", MIDNIGHT - LATER, MIDNIGHT + LATER) == results
    some = series.recent("api/http", results[10].at, results[20].at)
    assert some == results[10:20]
    assert series.recent("nothing", MIDNIGHT - LATER, MIDNIGHT + LATER) == []


def test_a_batch_written_twice_counts_once(series: Series):
    results = minute_by_minute("api/http", MIDNIGHT, 10)
    series.append(results)
    series.append(results)
    assert series.uptime(["api/http"], MIDNIGHT, MIDNIGHT + LATER) == {"api/http": Uptime(10, 9)}


def test_uptime_counts_each_check_and_knows_who_has_no_results(series: Series):
    series.append(minute_by_minute("a", MIDNIGHT, 10) + minute_by_minute("b", MIDNIGHT, 3))
    found = series.uptime(["a", "b", "c"], MIDNIGHT, MIDNIGHT + LATER)
    assert found == {"a": Uptime(10, 9), "b": Uptime(3, 3), "c": Uptime(0, 0)}


def test_packing_changes_no_answer_and_lets_raw_tables_go(series: Series):
    results = minute_by_minute("api/http", MIDNIGHT, 3 * 24 * 60)
    series.append(results)
    end = MIDNIGHT + timedelta(days=3)
    odd = (MIDNIGHT + timedelta(minutes=90), end - timedelta(hours=5, minutes=1))

    def answers() -> tuple[object, ...]:
        return (
            series.recent("api/http", *odd),
            series.uptime(["api/http"], *odd),
            series.uptime(["api/http"], MIDNIGHT, end),
            series.days("api/http", date(2026, 5, 1), date(2026, 5, 9)),
        )

    before = answers()
    assert before[3] == [DayUptime(date(2026, 5, n), 1440, 1296) for n in (2, 3, 4)]
    assert series.compact(end) == 72
    assert series.compact(end) == 0
    assert answers() == before
    series.retain(end)
    assert answers() == before
    series.retain(end)
    assert raw_tables(series) == {"raw_20260503", "raw_20260504"}
    assert answers() == before


def test_a_running_hour_is_left_alone(series: Series):
    series.append(minute_by_minute("a", MIDNIGHT, 90))
    assert series.compact(MIDNIGHT + timedelta(minutes=119, seconds=59)) == 1


def test_what_comes_late_is_packed_too_even_when_its_day_has_gone(series: Series):
    series.append(minute_by_minute("a", MIDNIGHT, 60))
    now = MIDNIGHT + timedelta(days=5)
    series.compact(now)
    series.retain(now)
    series.retain(now)
    assert raw_tables(series) == set()
    late = Result("a", MIDNIGHT + timedelta(seconds=30), False, 1.5)
    series.append([late])
    for _ in range(2):
        assert late in series.recent("a", MIDNIGHT, MIDNIGHT + LATER)
        assert series.days("a", date(2026, 5, 2), date(2026, 5, 2))[0].n == 61
        assert series.uptime(["a"], MIDNIGHT, MIDNIGHT + LATER) == {"a": Uptime(61, 54)}
        series.compact(now)
        series.retain(now)
        series.retain(now)
    assert raw_tables(series) == set()


def test_rollups_outlive_packs(series: Series):
    series.append(minute_by_minute("a", MIDNIGHT, 60))
    now = MIDNIGHT + timedelta(days=91)
    series.compact(now)
    series.retain(now)
    assert series.recent("a", MIDNIGHT, MIDNIGHT + LATER) == []
    assert series.days("a", date(2026, 5, 2), date(2026, 5, 2)) == [
        DayUptime(date(2026, 5, 2), 60, 54)
    ]
    whole = (MIDNIGHT, MIDNIGHT + timedelta(days=30))
    assert series.uptime(["a"], *whole) == {"a": Uptime(60, 54)}


def test_raw_results_that_are_not_packed_never_go(series: Series):
    series.append(minute_by_minute("a", MIDNIGHT, 60))
    now = MIDNIGHT + timedelta(days=30)
    series.retain(now)
    series.retain(now)
    assert len(series.recent("a", MIDNIGHT, MIDNIGHT + LATER)) == 60


def test_an_hour_that_was_cut_off_is_packed_again(series: Series):
    series.append(minute_by_minute("a", MIDNIGHT, 60))

    def cut_off() -> None:
        with series.database.write() as tx:
            pack_hour(tx, int(MIDNIGHT.timestamp()) // 3600)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_off()
    assert series.compact(MIDNIGHT + LATER) == 1
    assert series.uptime(["a"], MIDNIGHT, MIDNIGHT + LATER) == {"a": Uptime(60, 54)}


def test_many_may_append_and_compact_at_once(new_database: Callable[[], Database]):
    def work(n: int) -> None:
        mine = Series(new_database())
        for part in range(6):
            start = MIDNIGHT + part * timedelta(minutes=10)
            mine.append(minute_by_minute(f"c{n}", start, 10) + minute_by_minute("all", start, 10))
            if n == 0:
                mine.compact(MIDNIGHT + LATER)
        mine.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    series = Series(new_database())
    names = ["all", "c0", "c1", "c2", "c3"]
    for _ in range(2):
        found = series.uptime(names, MIDNIGHT, MIDNIGHT + LATER)
        assert found == dict.fromkeys(names, Uptime(60, 54))
        series.compact(MIDNIGHT + LATER)
    series.close()


def test_a_newer_series_is_left_alone(new_database: Callable[[], Database], series: Series):
    with series.database.write() as tx:
        tx.execute(text("UPDATE series_version SET version = 99"))
    with pytest.raises(DatabaseTooNew):
        Series(new_database())


def test_it_lies_beside_the_state_and_may_be_opened_twice(tmp_path: Path):
    state = Database.at(tmp_path / "state.db")
    one, two = Series(state), Series(state)
    one.append(minute_by_minute("a", MIDNIGHT, 1))
    two.append(minute_by_minute("b", MIDNIGHT, 1))
    assert len(one.recent("b", MIDNIGHT, MIDNIGHT + LATER)) == 1
    one.close()
    two.close()
    assert {each.name for each in tmp_path.iterdir()} == {"series.db"}


def test_a_kill_while_packing_loses_nothing(tmp_path: Path):
    program = (
        "import sys, pathlib\n"
        "from datetime import datetime, timedelta, UTC\n"
        "from relight.store.engine import Database\n"
        "from relight.store.series import Series\n"
        "from relight.store import series\n"
        "real = series.pack_hour\n"
        "def loud(tx, hour):\n"
        "    real(tx, hour); print(hour, flush=True)\n"
        "series.pack_hour = loud\n"
        "made = Series(Database.at(pathlib.Path(sys.argv[1])))\n"
        "made.compact(datetime(2026, 5, 3, tzinfo=UTC))\n"
    )
    state = Database.at(tmp_path / "state.db")
    series = Series(state)
    checks = [f"c{n}" for n in range(20)]
    for check in checks:
        series.append(minute_by_minute(check, MIDNIGHT, 24 * 60))
    for hours in (1, 3, 5):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "state.db")], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(hours):
            process.stdout.readline()
        process.kill()
        process.communicate()
        found = series.uptime(checks, MIDNIGHT, MIDNIGHT + timedelta(days=1))
        assert found == dict.fromkeys(checks, Uptime(1440, 1296))
    assert series.compact(MIDNIGHT + timedelta(days=1)) <= 24 - 1 - 3
    assert series.days("c7", date(2026, 5, 2), date(2026, 5, 2))[0].n == 1440
    series.close()


def test_only_ended_hours_are_planned():
    day = 7
    hours = hours_to_pack([day], {day * 24}, day * DAY_MS + 3 * HOUR_MS)
    assert hours == [day * 24 + 1, day * 24 + 2]


def test_only_days_packed_whole_and_long_ended_are_forgotten():
    whole = set(range(7 * 24, 8 * 24))
    assert days_to_forget([7], whole, 8 * DAY_MS) == [7]
    assert days_to_forget([7], whole, 8 * DAY_MS - 1) == []
    assert days_to_forget([7], whole - {7 * 24 + 5}, 9 * DAY_MS) == []


class Against(RuleBasedStateMachine):
    """Appending, packing and forgetting in any order gives what a plain list gives."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.series = Series(self.database)
        with self.series.database.write() as tx:
            for name in raw_tables(self.series):
                tx.execute(text(f'DROP TABLE "{name}"'))
            for table in t.metadata.sorted_tables:
                if table is not t.version:
                    tx.execute(table.delete())
        self.now = MIDNIGHT + timedelta(hours=5)
        self.all: dict[tuple[str, datetime], Result] = {}

    def teardown(self) -> None:
        self.series.close()

    @rule(
        check=st.sampled_from("ab"),
        ago=st.integers(1, 3 * 24 * 60),
        oks=st.lists(st.booleans(), min_size=1, max_size=8),
        every=st.sampled_from([1, 17, 45]),
    )
    def append(self, check: str, ago: int, oks: list[bool], every: int) -> None:
        start = self.now - timedelta(minutes=ago)
        batch = [
            Result(check, start + timedelta(minutes=n * every), ok, n / 4)
            for n, ok in enumerate(oks)
        ]
        self.series.append(batch)
        for each in batch:
            self.all.setdefault((each.check, each.at), each)

    @rule(hours=st.integers(1, 40))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def compact(self) -> None:
        self.series.compact(self.now)

    @rule()
    def retain(self) -> None:
        self.series.retain(self.now, raw_h=6)

    @invariant()
    def every_answer_is_that_of_the_list(self) -> None:
        mine = sorted(
            (each for each in self.all.values() if each.check == "a"), key=lambda each: each.at
        )
        since, until = self.now - timedelta(hours=50, minutes=7), self.now - timedelta(minutes=3)
        within = [each for each in mine if since <= each.at < until]
        assert self.series.recent("a", since, until) == within
        up = sum(each.ok for each in within)
        assert self.series.uptime(["a"], since, until) == {"a": Uptime(len(within), up)}
        days: dict[date, list[bool]] = {}
        for each in mine:
            days.setdefault(each.at.date(), []).append(each.ok)
        expected = [DayUptime(day, len(oks), sum(oks)) for day, oks in sorted(days.items())]
        assert self.series.days("a", date(2026, 1, 1), date(2027, 1, 1)) == expected


@pytest.fixture
def machine(new_database: Callable[[], Database]) -> type[Against]:
    Against.database = new_database()
    return Against


def test_any_order_of_work_gives_the_answers_of_a_plain_list(machine: type[Against]):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
