"""The machine's clock is moved: what runs keeps its length, and the record says so."""

from datetime import UTC, datetime, timedelta

import pytest

from relight.detect.judge import CheckStatus
from relight.incident import events as ev
from relight.kernel.clock import SystemClock
from relight.oncall.react import ROUND
from tests.worker.conftest import Open
from tests.worker.given import NOW, Place


class Machine:
    """A machine whose two clocks a test can move."""

    def __init__(self) -> None:
        self.wall_s = NOW.timestamp()
        self.uptime_s = 100.0
        self.clock = SystemClock(lambda: self.wall_s, lambda: self.uptime_s)

    def passes(self, seconds: float) -> None:
        self.wall_s += seconds
        self.uptime_s += seconds

    def steps(self, seconds: float) -> None:
        self.wall_s += seconds

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall_s, tz=UTC)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def at(open_place: Open, machine: Machine) -> Place:
    return open_place(clock=machine.clock)


@pytest.mark.parametrize("hours", [1, -1])
def test_delays_keep_their_length_and_the_record_says_so(
    at: Place, machine: Machine, hours: int
) -> None:
    at.declare()
    (claim,) = at.house.due.claim([ROUND], now=machine.now, limit=1, lease_s=60)
    at.house.due.defer(claim, due_at=machine.now + timedelta(minutes=5))
    machine.steps(hours * 3600)
    at.worker.follow_clock()
    assert at.house.clock.now() == machine.now
    assert at.house.due.next_due([ROUND]) == machine.now + timedelta(minutes=5)
    stepped = at.events()[-1]
    assert isinstance(stepped, ev.ClockStepped)
    assert stepped.seconds == hours * 3600


def test_a_small_drift_changes_nothing(at: Place, machine: Machine) -> None:
    at.declare()
    due_at = at.house.due.next_due([ROUND])
    machine.steps(1.5)
    at.worker.follow_clock()
    assert at.house.due.next_due([ROUND]) == due_at
    assert "ClockStepped" not in at.kinds()


async def test_what_fails_after_the_clock_went_back_is_still_noticed(
    at: Place, machine: Machine
) -> None:
    """Otherwise every result would be older than the last one, for an hour."""
    at.worker.prepare()
    await at.check()
    machine.passes(30)
    machine.steps(-3600)
    at.worker.follow_clock()
    at.outside.sites[0].status = 500
    for wait_s in (30, 1, 1):
        machine.passes(wait_s)
        await at.check()
    assert at.house.checks.states()["api/front"].status is CheckStatus.DOWN


async def test_how_long_it_has_been_green_keeps_its_length(at: Place, machine: Machine) -> None:
    at.worker.prepare()
    await at.check()
    machine.passes(10)
    machine.steps(-3600)
    at.worker.follow_clock()
    state = at.house.checks.states()["api/front"]
    assert state.green_since == machine.now - timedelta(seconds=10)
    assert state.age_s(machine.now) == 10
