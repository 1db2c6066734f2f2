"""What pings and silence make of a heartbeat."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.catalog.heartbeat import Heartbeat
from relight.detect.heartbeat import (
    MOST_RUNS,
    Change,
    HeartbeatState,
    Judged,
    Ping,
    Signal,
    Status,
    deadline,
    expected_at,
    hear,
    pause,
    resume,
    shifted,
    status_at,
    wait,
)

NOW = datetime(2026, 5, 2, 2, 0, tzinfo=UTC)
HOURLY = Heartbeat(name="sync", every_s=3600, grace_s=600)
NIGHTLY = Heartbeat(name="report", cron="0 2 * * *", zone="Europe/Berlin", grace_s=1800)


def ping(
    signal: Signal, minutes: float = 0, *, run: str = "", exit_status: int | None = None
) -> Ping:
    at = NOW + timedelta(minutes=minutes)
    return Ping(signal=signal, at=at, run=run, exit_status=exit_status)


def after(*pings: Ping, of: Heartbeat = HOURLY) -> Judged:
    judged = Judged(state=HeartbeatState(name=of.name))
    for each in pings:
        judged = hear(judged.state, each, of)
    return judged


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_one_that_was_never_heard_is_new_and_nothing_is_expected():
    state = HeartbeatState(name="sync")
    assert status_at(state, HOURLY, at(10_000)) is Status.NEW
    assert deadline(state, HOURLY) is None
    assert wait(state, HOURLY, at(10_000)).change is None


def test_it_is_late_at_the_expected_time_and_down_after_the_grace():
    state = after(ping(Signal.SUCCESS)).state
    assert expected_at(state, HOURLY) == at(60)
    assert status_at(state, HOURLY, at(59.9)) is Status.UP
    assert status_at(state, HOURLY, at(60)) is Status.LATE
    assert deadline(state, HOURLY) == at(70)
    assert wait(state, HOURLY, at(69.9)).change is None
    down = wait(state, HOURLY, at(70))
    assert down.change is Change.WENT_DOWN
    assert down.state.status is Status.DOWN
    assert (
        down.state.reason
        == "sync was expected at 2026-05-02 03:00 UTC and was not heard within 10 min."
    )


def test_a_cron_job_is_expected_in_its_own_zone():
    state = after(ping(Signal.SUCCESS), of=NIGHTLY).state
    assert expected_at(state, NIGHTLY) == datetime(2026, 5, 3, 0, 0, tzinfo=UTC)


def test_a_success_brings_it_up_again():
    down = wait(after(ping(Signal.SUCCESS)).state, HOURLY, at(70)).state
    up = hear(down, ping(Signal.SUCCESS, 80), HOURLY)
    assert up.change is Change.CAME_UP
    assert (up.state.status, up.state.reason) == (Status.UP, "")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (ping(Signal.FAIL), "sync says that it failed, at 02:00 UTC."),
        (ping(Signal.FAIL, exit_status=3), "sync ended with exit status 3, at 02:00 UTC."),
    ],
)
def test_a_failure_puts_it_down_at_once(sent: Ping, reason: str):
    judged = after(sent)
    assert judged.change is Change.WENT_DOWN
    assert judged.state.reason == reason
    assert hear(judged.state, sent, HOURLY).change is None


@pytest.mark.parametrize("signal", [Signal.LOG, Signal.IGNORED])
def test_a_log_changes_nothing_but_the_count(signal: Signal):
    up = after(ping(Signal.SUCCESS)).state
    heard = hear(up, ping(signal, 5), HOURLY)
    assert (heard.state.status, heard.state.pings, heard.change) == (Status.UP, 2, None)
    assert deadline(heard.state, HOURLY) == deadline(up, HOURLY)


def test_a_start_arms_its_own_timer():
    started = after(ping(Signal.START)).state
    assert status_at(started, HOURLY, NOW) is Status.STARTED
    assert deadline(started, HOURLY) == at(10)
    down = wait(started, HOURLY, at(10))
    assert down.change is Change.WENT_DOWN
    assert down.state.reason == "A run of sync began at 02:00 UTC and has not ended within 10 min."


def test_a_run_may_have_a_longest_time_of_its_own():
    long = Heartbeat(name="sync", every_s=3600, grace_s=600, max_s=7200)
    assert deadline(after(ping(Signal.START), of=long).state, long) == at(120)


def test_the_duration_is_from_start_to_success():
    judged = after(ping(Signal.START), ping(Signal.SUCCESS, 4))
    assert judged.took_s == judged.state.last_duration_s == 240
    assert judged.state.runs == ()


def test_overlapping_runs_are_paired_by_their_ids():
    begun = after(ping(Signal.START, run="a"), ping(Signal.START, 1, run="b"))
    first = hear(begun.state, ping(Signal.SUCCESS, 3, run="a"), HOURLY)
    assert first.took_s == 180
    assert status_at(first.state, HOURLY, at(3)) is Status.STARTED
    assert hear(first.state, ping(Signal.SUCCESS, 5, run="b"), HOURLY).took_s == 240


def test_a_success_without_a_run_id_ends_every_run():
    judged = after(ping(Signal.START, run="a"), ping(Signal.SUCCESS, 1))
    assert (judged.state.runs, judged.took_s) == ((), None)


def test_a_lost_run_is_reported_once_and_the_next_ones_success_counts():
    lost = wait(after(ping(Signal.START, run="a")).state, HOURLY, at(10)).state
    up = hear(lost, ping(Signal.SUCCESS, 20, run="b"), HOURLY)
    assert up.change is Change.CAME_UP
    assert wait(up.state, HOURLY, at(21)).change is None
    assert deadline(up.state, HOURLY) == at(90)


def test_a_duration_of_more_than_three_days_is_not_one():
    judged = after(ping(Signal.START), ping(Signal.SUCCESS, 73 * 60))
    assert judged.took_s is None


def test_paused_nothing_is_expected_until_it_is_heard():
    paused = pause(after(ping(Signal.SUCCESS)).state, at(1)).state
    assert status_at(paused, HOURLY, at(1000)) is Status.PAUSED
    assert deadline(paused, HOURLY) is None
    assert hear(paused, ping(Signal.SUCCESS, 2), HOURLY).state.status is Status.UP
    assert hear(paused, ping(Signal.LOG, 2), HOURLY).state.status is Status.PAUSED
    assert (
        status_at(hear(paused, ping(Signal.START, 2), HOURLY).state, HOURLY, at(2))
        is Status.STARTED
    )
    assert resume(paused, at(2)).state.status is Status.NEW


def test_pausing_one_that_is_down_lets_its_alert_go():
    assert pause(after(ping(Signal.FAIL)).state, at(1)).change is Change.LET_GO


def test_a_shift_of_the_clock_keeps_every_length():
    state = after(ping(Signal.SUCCESS), ping(Signal.START, 30)).state
    moved = shifted(state, timedelta(hours=1))
    assert deadline(moved, HOURLY) == at(100)


def _ping(signal: Signal, minute: int, run: str) -> Ping:
    return ping(signal, minute, run=run)


SIGNALS = st.builds(
    _ping,
    st.sampled_from(list(Signal)),
    st.integers(0, 500),
    st.sampled_from(["", "a", "b", "c"]),
)


@given(st.lists(SIGNALS, max_size=30))
def test_whatever_comes_the_timer_and_the_state_agree(pings: list[Ping]):
    state = HeartbeatState(name="sync")
    for each in sorted(pings, key=lambda sent: sent.at):
        due = deadline(state, HOURLY)
        if due and due <= each.at:
            state = wait(state, HOURLY, due).state
        before = state
        judged = hear(state, each, HOURLY)
        state = judged.state
        assert (judged.change is Change.CAME_UP) == (
            before.status is Status.DOWN and state.status is Status.UP
        )
        assert (judged.change is Change.WENT_DOWN) == (
            before.status is not Status.DOWN and state.status is Status.DOWN
        )
        due = deadline(state, HOURLY)
        if due is not None:
            assert wait(state, HOURLY, due - timedelta(microseconds=1)).change is None
            assert wait(state, HOURLY, due).change is Change.WENT_DOWN
        assert len({run.run for run in state.runs}) == len(state.runs) <= MOST_RUNS


def test_open_runs_are_bounded():
    state = HeartbeatState(name="sync")
    for n in range(MOST_RUNS + 20):
        state = hear(state, ping(Signal.START, n, run=str(n)), HOURLY).state
    assert [run.run for run in state.runs][-1] == str(MOST_RUNS + 19)
    assert len(state.runs) == MOST_RUNS
