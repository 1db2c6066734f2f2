"""Judges a job by what it reports, and by its silence.

The meaning of each report is that of Healthchecks (healthchecks.io/docs/http_api), so that its
clients work unchanged. Two things differ. Of overlapping runs each keeps its own start, where
Healthchecks knows the latest alone; and a run may have a longest time of its own.
"""

from datetime import datetime, timedelta
from enum import Enum, StrEnum

import msgspec

from relight.catalog.heartbeat import Heartbeat
from relight.detect.timetable import next_after
from relight.kernel.period import write_duration

MOST_RUNS = 50
LONGEST_DURATION_S = 72 * 3600


class Status(StrEnum):
    """How a heartbeat stands. `new` has not been heard of; `late` may still come in its grace."""

    NEW = "new"
    UP = "up"
    STARTED = "started"
    LATE = "late"
    DOWN = "down"
    PAUSED = "paused"


class Signal(StrEnum):
    """What a ping says. A `log` and what is `ignored` change nothing."""

    SUCCESS = "success"
    START = "start"
    FAIL = "fail"
    LOG = "log"
    IGNORED = "ignored"


class Change(Enum):
    """A judged change, worth telling someone."""

    WENT_DOWN = "went_down"
    CAME_UP = "came_up"
    LET_GO = "let_go"


class Ping(msgspec.Struct, frozen=True, kw_only=True):
    """One report as it came in. `run` pairs a start with its end; empty where none was given."""

    signal: Signal
    at: datetime
    exit_status: int | None = None
    run: str = ""
    method: str = ""
    agent: str = ""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run that was started and has not ended; one that is `overdue` was reported already."""

    run: str
    at: datetime
    overdue: bool = False


class HeartbeatState(msgspec.Struct, frozen=True, kw_only=True):
    """All that is remembered of a heartbeat between two pings. Times are aware UTC.

    `status` is `new`, `up`, `down` or `paused`; `started` and `late` follow from it and the time,
    see `status_at`. `since` is when it began. `reason` is why it is down. `pings` counts all that
    ever came. `armed_at` is when the timer that looks for silence goes off; the desk sets it.
    """

    name: str
    status: Status = Status.NEW
    since: datetime | None = None
    reason: str = ""
    last_ping_at: datetime | None = None
    last_success_at: datetime | None = None
    last_duration_s: float | None = None
    runs: tuple[Run, ...] = ()
    pings: int = 0
    armed_at: datetime | None = None


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The state after a ping or a silence, what changed, and how long the run took that ended."""

    state: HeartbeatState
    change: Change | None = None
    took_s: float | None = None


def hear(state: HeartbeatState, ping: Ping, heartbeat: Heartbeat) -> Judged:
    """Take one ping into account."""
    heard = msgspec.structs.replace(
        state, pings=state.pings + 1, last_ping_at=_later(state.last_ping_at, ping.at)
    )
    match ping.signal:
        case Signal.LOG | Signal.IGNORED:
            return Judged(state=heard)
        case Signal.START:
            return Judged(state=_started(heard, ping))
        case Signal.SUCCESS:
            runs, took_s = _ended(heard, ping)
            after = msgspec.structs.replace(
                _turned(heard, Status.UP, ping.at),
                reason="",
                runs=runs,
                last_success_at=_later(state.last_success_at, ping.at),
                last_duration_s=took_s,
            )
            change = Change.CAME_UP if state.status is Status.DOWN else None
            return Judged(state=after, change=change, took_s=took_s)
        case Signal.FAIL:
            runs, took_s = _ended(heard, ping)
            reason = f"{heartbeat.name} says that it failed"
            if ping.exit_status:
                reason = f"{heartbeat.name} ended with exit status {ping.exit_status}"
            after = msgspec.structs.replace(
                _turned(heard, Status.DOWN, ping.at),
                reason=f"{reason}, at {ping.at:%H:%M} UTC.",
                runs=runs,
                last_duration_s=took_s,
            )
            change = None if state.status is Status.DOWN else Change.WENT_DOWN
            return Judged(state=after, change=change, took_s=took_s)


def wait(state: HeartbeatState, heartbeat: Heartbeat, now: datetime) -> Judged:
    """Take silence into account: what should have been heard by now puts it down."""
    lost = tuple(run for run in state.runs if not run.overdue and _due(run, heartbeat) <= now)
    marked = msgspec.structs.replace(
        state,
        runs=tuple(
            msgspec.structs.replace(run, overdue=True) if run in lost else run for run in state.runs
        ),
    )
    if state.status in {Status.DOWN, Status.PAUSED}:
        return Judged(state=marked)
    expected = expected_at(state, heartbeat)
    if lost:
        longest = write_duration(heartbeat.longest_run_s)
        began = f"began at {lost[0].at:%H:%M} UTC"
        reason = f"A run of {heartbeat.name} {began} and has not ended within {longest}."
    elif expected and expected + timedelta(seconds=heartbeat.grace_s) <= now:
        grace = write_duration(heartbeat.grace_s)
        when = f"{expected:%Y-%m-%d %H:%M} UTC"
        reason = f"{heartbeat.name} was expected at {when} and was not heard within {grace}."
    else:
        return Judged(state=marked)
    after = msgspec.structs.replace(_turned(marked, Status.DOWN, now), reason=reason)
    return Judged(state=after, change=Change.WENT_DOWN)


def pause(state: HeartbeatState, now: datetime) -> Judged:
    """Expect nothing of it until it is heard again or resumed."""
    if state.status is Status.PAUSED:
        return Judged(state=state)
    after = msgspec.structs.replace(_turned(state, Status.PAUSED, now), reason="", runs=())
    return Judged(state=after, change=Change.LET_GO if state.status is Status.DOWN else None)


def resume(state: HeartbeatState, now: datetime) -> Judged:
    """Wait for its first ping as if it were new; one that is not paused stays as it is."""
    if state.status is not Status.PAUSED:
        return Judged(state=state)
    return Judged(state=_turned(state, Status.NEW, now))


def expected_at(state: HeartbeatState, heartbeat: Heartbeat) -> datetime | None:
    """Tell when the next success is expected; None for one that is not up."""
    if state.status is not Status.UP or state.last_success_at is None:
        return None
    if heartbeat.cron:
        return next_after(heartbeat.cron, heartbeat.zone, state.last_success_at)
    return state.last_success_at + timedelta(seconds=heartbeat.every_s)


def deadline(state: HeartbeatState, heartbeat: Heartbeat) -> datetime | None:
    """Tell when silence puts it down; None where silence says nothing."""
    if state.status in {Status.DOWN, Status.PAUSED}:
        return None
    moments = [_due(run, heartbeat) for run in state.runs if not run.overdue]
    expected = expected_at(state, heartbeat)
    if expected is not None:
        moments.append(expected + timedelta(seconds=heartbeat.grace_s))
    return min(moments, default=None)


def status_at(state: HeartbeatState, heartbeat: Heartbeat, now: datetime) -> Status:
    """Tell how it stands at a moment, as people see it."""
    if state.status in {Status.DOWN, Status.PAUSED}:
        return state.status
    if any(not run.overdue for run in state.runs):
        return Status.STARTED
    expected = expected_at(state, heartbeat)
    return Status.LATE if expected is not None and expected <= now else state.status


def shifted(state: HeartbeatState, by: timedelta) -> HeartbeatState:
    """Move all times as the machine's clock was moved, so that lengths stay what they were."""
    return msgspec.structs.replace(
        state,
        since=state.since and state.since + by,
        last_ping_at=state.last_ping_at and state.last_ping_at + by,
        last_success_at=state.last_success_at and state.last_success_at + by,
        runs=tuple(msgspec.structs.replace(run, at=run.at + by) for run in state.runs),
        armed_at=state.armed_at and state.armed_at + by,
    )


def _started(state: HeartbeatState, ping: Ping) -> HeartbeatState:
    others = [run for run in state.runs if run.run != ping.run]
    # Of too many open runs the oldest are forgotten, first those that were reported already.
    others.sort(key=lambda run: (not run.overdue, run.at))
    kept = others[max(0, len(others) - MOST_RUNS + 1) :]
    runs = (*kept, Run(run=ping.run, at=ping.at))
    woken = _turned(state, Status.NEW, ping.at) if state.status is Status.PAUSED else state
    return msgspec.structs.replace(woken, runs=runs)


def _ended(state: HeartbeatState, ping: Ping) -> tuple[tuple[Run, ...], float | None]:
    """Take out the runs that a ping ends: its own, or all where it names none."""
    own = next((run for run in state.runs if run.run == ping.run), None)
    left = tuple(run for run in state.runs if run is not own) if ping.run else ()
    took_s = (ping.at - own.at).total_seconds() if own else None
    if took_s is not None and not 0 <= took_s <= LONGEST_DURATION_S:
        took_s = None
    return left, took_s


def _turned(state: HeartbeatState, status: Status, at: datetime) -> HeartbeatState:
    since = state.since if state.status is status else at
    return msgspec.structs.replace(state, status=status, since=since)


def _due(run: Run, heartbeat: Heartbeat) -> datetime:
    return run.at + timedelta(seconds=heartbeat.longest_run_s)


def _later(before: datetime | None, at: datetime) -> datetime:
    return at if before is None else max(before, at)
