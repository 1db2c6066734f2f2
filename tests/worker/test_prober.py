"""Who looks, what is written when, and what a lost lease or a full disk does."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from relight.detect.judge import CheckStatus
from relight.detect.observation import Observation
from relight.store.engine import DiskFull
from relight.store.records import CheckRecords, LeaseLost
from relight.worker.checks import CHECKS, LEASE_S, NotLooking, Prober
from relight.worker.work import Worker
from tests.peers.outside import settles
from tests.worker.given import NOW, Place


def stored(at: Place) -> CheckRecords:
    """Read what is on disk."""
    return CheckRecords(at.house.database)


def seen(at: Place, *, ok: bool, seconds: float = 0) -> Observation:
    return Observation(
        check="api/front",
        vantage="elsewhere",
        at=NOW + timedelta(seconds=seconds),
        ok=ok,
        took_s=0.1,
        reason="answered",
    )


async def running(prober: Prober, *loops: str) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(getattr(prober, name)()) for name in loops]


async def ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


def test_of_two_processes_one_looks_and_the_other_takes_over(at: Place) -> None:
    first, second = at.worker.prober, Worker(at.house).prober
    assert first.hold()
    assert not second.hold()
    assert second.timetable.keys() == set()
    at.clock.jump(LEASE_S + 1)
    assert second.hold()
    assert second.timetable.keys() == {"api/front"}
    first.renew()
    assert not first.holds
    assert first.timetable.keys() == set()


async def test_what_a_holder_saw_after_its_lease_was_lost_is_not_written(at: Place) -> None:
    first = at.worker.prober
    first.hold()
    await first.look_due()
    at.house.due.claim([CHECKS], now=NOW + timedelta(seconds=60), limit=1, lease_s=60)
    with pytest.raises(LeaseLost):
        first.flush()
    assert stored(at).states() == {}


def test_a_process_that_ends_lets_another_look_at_once(at: Place) -> None:
    at.worker.prober.hold()
    at.worker.prober.release()
    assert Worker(at.house).prober.hold()


async def test_what_was_seen_elsewhere_is_on_disk_when_it_is_answered(at: Place) -> None:
    prober = at.worker.prober
    prober.hold()
    loops = await running(prober, "record")
    await prober.receive([seen(at, ok=True)])
    assert stored(at).states()["api/front"].vantage == "elsewhere"
    recent = at.house.series.recent("api/front", NOW, NOW + timedelta(seconds=1))
    assert len(recent) == 1
    await ended(loops)


async def test_who_does_not_look_takes_no_results(at: Place) -> None:
    with pytest.raises(NotLooking):
        await at.worker.prober.receive([seen(at, ok=True)])


async def test_a_full_disk_loses_no_result(at: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    prober = at.worker.prober
    at.worker.prepare()
    at.outside.sites[0].status = 500
    await prober.look_due()

    def full(*_given: object, **_named: object) -> None:
        raise DiskFull

    with monkeypatch.context() as failing:
        failing.setattr(at.house.checks, "save", full)
        with pytest.raises(DiskFull):
            prober.flush()
    at.clock.jump(1)
    await prober.look_due()
    prober.flush()
    assert stored(at).states()["api/front"].failures_in_row == 2
    assert len(at.house.series.recent("api/front", NOW, NOW + timedelta(seconds=9))) == 2


async def test_a_killed_process_forgets_nothing_that_counts(at: Place) -> None:
    """Three failures, one of them before the kill, are still three."""
    at.worker.prepare()
    at.outside.sites[0].status = 500
    await at.check()
    reborn = Worker(at.house)
    reborn.prepare()
    for _ in range(2):
        at.clock.jump(1)
        await reborn.prober.look_due()
        reborn.prober.flush()
    assert at.house.checks.states()["api/front"].status is CheckStatus.DOWN
    assert len(at.house.alerts.alerts(only_open=True)) == 1


async def test_it_looks_by_itself(at: Place) -> None:
    prober = at.worker.prober
    at.worker.prepare()
    loops = await running(prober, "keep", "run", "record")
    assert await settles(lambda: "api/front" in stored(at).states())
    await ended(loops)
    await prober.stop()
    assert not prober.holds
