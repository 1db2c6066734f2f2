"""When each check is looked at: by the interval, at once where asked, never twice at a time."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from relight.catalog.service import Check
from relight.detect.judge import CheckState, CheckStatus
from relight.kernel.plug import Plugged
from relight.worker.timetable import Timetable, again_at, first_looks

NOW = datetime(2026, 5, 2, 2, 3, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def checks(count: int, every_s: int) -> dict[str, Check]:
    probe = Plugged("tcp", {"address": "127.0.0.1:9"})
    made = (Check(service="s", name=f"c{n}", probe=probe, every_s=every_s) for n in range(count))
    return {check.key: check for check in made}


@given(st.integers(1, 1200), st.sampled_from([5, 30, 60, 86400]))
def test_the_first_looks_are_spread_and_none_is_later_than_its_interval(
    count: int, every_s: int
) -> None:
    moments = sorted(first_looks(checks(count, every_s), {}, NOW).values())
    assert moments[0] == NOW
    assert moments[-1] <= after(every_s)
    steps = {round((b - a).total_seconds(), 4) for a, b in itertools.pairwise(moments)}
    assert len(steps) <= 2


def test_after_a_restart_the_rhythm_goes_on_and_trouble_is_looked_at_now() -> None:
    declared = checks(3, 60)
    up = CheckState(check="s/c0", status=CheckStatus.UP, last_at=after(-20))
    old = CheckState(check="s/c1", status=CheckStatus.UP, last_at=after(-9000))
    down = CheckState(check="s/c2", status=CheckStatus.DOWN, last_at=after(-1))
    states = {each.check: each for each in (up, old, down)}
    moments = first_looks(declared, states, NOW)
    assert moments == {"s/c0": after(40), "s/c1": NOW, "s/c2": NOW}


def test_the_rhythm_is_kept_however_long_a_look_takes() -> None:
    assert again_at(NOW, 5, 5, after(0.3)) == after(5)
    assert again_at(NOW, 5, 5, after(10)) == after(10)
    assert again_at(NOW, 1, 5, after(0.3)) == after(1.3)


def test_one_look_at_a_time_and_what_is_asked_meanwhile_comes_right_after() -> None:
    table = Timetable()
    table.no_later("a", NOW)
    assert table.take(NOW) == [("a", NOW)]
    table.no_later("a", after(1))
    assert table.take(after(2)) == []
    table.ended("a", after(60))
    assert table.next_at() == after(1)


def test_what_finds_no_room_in_a_turn_comes_in_the_next() -> None:
    table = Timetable()
    for n in range(5):
        table.no_later(f"c{n}", after(n))
    assert [key for key, _ in table.take(after(9), 3)] == ["c0", "c1", "c2"]
    assert [key for key, _ in table.take(after(9), 3)] == ["c3", "c4"]


def test_a_moment_is_only_ever_brought_forward() -> None:
    table = Timetable()
    table.no_later("a", after(60))
    table.no_later("a", after(90))
    assert table.next_at() == after(60)
    table.no_later("a", NOW)
    assert table.take(NOW) == [("a", NOW)]
    table.ended("a", after(60))
    assert table.take(after(59)) == []


def test_what_is_gone_is_looked_at_no_more() -> None:
    table = Timetable()
    table.no_later("a", NOW)
    table.no_later("b", NOW)
    table.take(NOW)
    table.forget("a")
    table.ended("a", NOW)
    table.ended("b", after(5))
    assert table.keys() == {"b"}
    assert table.next_at() == after(5)


def test_delays_keep_their_length_when_the_clock_is_moved() -> None:
    table = Timetable()
    table.no_later("a", after(10))
    table.shift(timedelta(hours=-1))
    assert table.next_at() == after(10 - 3600)


def test_whoever_waits_is_told_of_what_comes_sooner() -> None:
    told: list[int] = []
    table = Timetable(lambda: told.append(1))
    table.no_later("a", after(10))
    table.no_later("b", after(20))
    table.no_later("b", after(5))
    assert len(told) == 2


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), max_size=40))
def test_no_look_is_lost_or_doubled(asked: list[tuple[str, int]]) -> None:
    table = Timetable()
    wanted: dict[str, int] = {}
    for key, seconds in asked:
        table.no_later(key, after(seconds))
        wanted[key] = min(seconds, wanted.get(key, seconds))
    taken = table.take(after(50))
    assert sorted(taken) == sorted((key, after(seconds)) for key, seconds in wanted.items())
    assert [at for _, at in taken] == sorted(at for _, at in taken)
