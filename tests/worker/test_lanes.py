"""Lanes on a real SQLite file: nothing due is lost, and nothing slow is in the way."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from relight.desk.changes import Changes
from relight.kernel.clock import JumpingClock
from relight.kernel.ledger import Claim
from relight.kernel.secret import Masker, Secret
from relight.store.due import SqlDue
from relight.store.engine import Database, Pulse
from relight.store.schema import prepare
from relight.worker.lanes import Dispatcher, Lane, Run
from tests.peers.outside import settles
from tests.worker.given import NOW


class Nothing(msgspec.Struct):
    """No payload."""


class Bench:
    """Due rows, and a dispatcher for whatever lanes a test wants."""

    def __init__(self, file: Path) -> None:
        self.database = Database.at(file)
        prepare(self.database)
        self.due = SqlDue(self.database)
        self.clock = JumpingClock(NOW)
        self.masker = Masker([Secret("hunter22")])
        self.changes = Changes()

    def ask(self, kind: str, key: str = "a") -> None:
        self.due.schedule(kind, key, due_at=self.clock.now(), payload=Nothing())
        self.changes.announce()

    def jump(self, seconds: float) -> None:
        self.clock.jump(seconds)
        self.changes.announce()

    @asynccontextmanager
    async def running(self, lanes: Sequence[Lane]) -> AsyncGenerator[Dispatcher]:
        pulse = Pulse(self.database)
        dispatcher = Dispatcher(
            due=self.due,
            lanes=lanes,
            changes=self.changes,
            pulse=pulse,
            heads=lambda: 0,
            clock=self.clock,
            masker=self.masker,
        )
        loop = asyncio.create_task(dispatcher.run())
        try:
            yield dispatcher
        finally:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop
            await dispatcher.drain(0)
            pulse.close()
            self.database.close()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "state.db")


def lane(kind: str, run: Run, width: int = 2) -> Lane:
    return Lane(name=kind, handlers={kind: run}, width=width, lease_s=60)


async def test_a_handler_that_raises_is_tried_again_later_and_later(bench: Bench) -> None:
    tried: list[int] = []

    async def breaks(claim: Claim) -> None:
        tried.append(claim.attempts)
        raise ValueError("hunter22")

    async with bench.running([lane("odd", breaks)]):
        bench.ask("odd")
        for attempts, wait_s in enumerate((5, 10, 20, 40)):
            due_at = bench.clock.now() + timedelta(seconds=wait_s)
            assert await settles(lambda due_at=due_at: bench.due.next_due(["odd"]) == due_at)
            assert tried == list(range(attempts + 1))
            bench.jump(wait_s)
        assert bench.due.keys("odd") == {"a"}


async def test_the_wait_for_another_try_is_bounded(bench: Bench) -> None:
    async def breaks(claim: Claim) -> None:
        raise ValueError

    bench.ask("odd")
    (claim,) = bench.due.claim(["odd"], now=NOW, limit=1, lease_s=60)
    bench.due.defer(claim, due_at=NOW, attempts=30)
    async with bench.running([lane("odd", breaks)]):
        most = NOW + timedelta(minutes=5)
        assert await settles(lambda: bench.due.next_due(["odd"]) == most)


async def test_a_slow_lane_holds_up_no_other(bench: Bench) -> None:
    goes_on, done = asyncio.Event(), list[str]()

    async def waits(claim: Claim) -> None:
        await goes_on.wait()
        bench.due.complete(claim)

    async def quick(claim: Claim) -> None:
        done.append(claim.key)
        bench.due.complete(claim)

    async with bench.running([lane("slow", waits, width=1), lane("quick", quick)]):
        bench.ask("slow", "a")
        bench.ask("slow", "b")
        for key in ("x", "y", "z"):
            bench.ask("quick", key)
        assert await settles(lambda: sorted(done) == ["x", "y", "z"])
        assert bench.due.keys("slow") == {"a", "b"}
        goes_on.set()
        assert await settles(lambda: not bench.due.keys("slow"))


async def test_a_lane_runs_no_more_at_once_than_it_is_wide(bench: Bench) -> None:
    now, most = 0, 0

    async def counts(claim: Claim) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        bench.due.complete(claim)

    async with bench.running([lane("narrow", counts, width=2)]):
        for n in range(8):
            bench.ask("narrow", str(n))
        assert await settles(lambda: not bench.due.keys("narrow"))
    assert most == 2


async def test_at_the_end_what_runs_may_finish(bench: Bench) -> None:
    began = asyncio.Event()

    async def finishes(claim: Claim) -> None:
        began.set()
        await asyncio.sleep(0.05)
        bench.due.complete(claim)

    async with bench.running([lane("work", finishes)]) as dispatcher:
        bench.ask("work")
        await began.wait()
        await dispatcher.drain(5)
        assert bench.due.keys("work") == set()


async def test_what_does_not_finish_comes_back_when_its_lease_ends(bench: Bench) -> None:
    began = asyncio.Event()

    async def hangs(claim: Claim) -> None:
        began.set()
        await asyncio.Event().wait()

    async with bench.running([lane("work", hangs)]) as dispatcher:
        bench.ask("work")
        await began.wait()
        await dispatcher.drain(0)
        assert bench.due.keys("work") == {"a"}
        assert bench.due.claim(["work"], now=NOW, limit=1, lease_s=1) == []
        later = NOW + timedelta(seconds=60)
        assert [each.key for each in bench.due.claim(["work"], now=later, limit=1, lease_s=1)]
