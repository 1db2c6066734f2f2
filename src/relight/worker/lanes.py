"""Claims what is due and runs it, lane by lane, so that a slow effect never holds up another.

The loop asks "what is due now?" and remembers nothing that a restart would lose.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
import structlog

from relight.desk.changes import Changes
from relight.kernel.clock import Clock
from relight.kernel.faults import RelightError
from relight.kernel.ledger import Claim, Due
from relight.kernel.secret import Masker
from relight.store.engine import Pulse

log = structlog.get_logger()

_POLL_S = 0.25
_AGAIN_S = 5.0
_AGAIN_MOST_S = 300.0

Run = Callable[[Claim], Awaitable[None]]


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """Some kinds of due rows with their handlers, at most `width` at a time.

    A handler ends or defers its claim itself. `lease_s` is longer than it may take at most.
    """

    name: str
    handlers: Mapping[str, Run]
    width: int
    lease_s: float


class Dispatcher:
    """Hands due rows to their lanes and waits, cheaply, for the next."""

    def __init__(
        self,
        *,
        due: Due,
        lanes: Sequence[Lane],
        changes: Changes,
        pulse: Pulse,
        heads: Callable[[], object],
        clock: Clock,
        masker: Masker,
    ) -> None:
        """Take the lanes; `heads` tells whether any stream has grown, in any process."""
        self._due = due
        self._lanes = tuple(lanes)
        self._changes = changes
        self._pulse = pulse
        self._heads = heads
        self._clock = clock
        self._masker = masker
        self._running: dict[str, set[asyncio.Task[None]]] = {lane.name: set() for lane in lanes}
        self._kinds = tuple(kind for lane in lanes for kind in lane.handlers)
        self._stirred = asyncio.Event()
        self.turned_at_s = clock.monotonic_s()

    async def run(self) -> None:
        """Go on until cancelled."""
        self._changes.stir(self._stirred)
        version, head = -1, await asyncio.to_thread(self._heads)
        next_due = self._clock.now()
        while True:
            self.turned_at_s = self._clock.monotonic_s()
            try:
                foreign = await self._foreign()
                if foreign:
                    grown = await asyncio.to_thread(self._heads)
                    if grown != head:
                        head = grown
                        self._changes.announce()
                moved = version != self._changes.version
                version = self._changes.version
                if foreign or moved or self._clock.now() >= next_due:
                    next_due = await self._upcoming()
                    if next_due <= self._clock.now():
                        await self._claim_all()
                        next_due = await self._upcoming()
            except RelightError as error:
                log.warning("worker.store_unavailable", reason=self._masker.mask(str(error)))
                await asyncio.sleep(1)
            await self._wait(version, (next_due - self._clock.now()).total_seconds())

    async def _upcoming(self) -> datetime:
        """Tell when the next row falls due; a day ahead where there is none."""
        following = await asyncio.to_thread(self._due.next_due, self._kinds)
        return following or self._clock.now() + timedelta(days=1)

    async def _wait(self, version: int, until_due_s: float) -> None:
        """Wait for a change, a free place or the next due row, at most as long as the poll."""
        # What is due already found no room in its lane, or another worker holds it.
        timeout_s = _POLL_S if until_due_s <= 0 else min(max(until_due_s, 0.005), _POLL_S)
        if version == self._changes.version:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._stirred.wait()
        self._stirred.clear()

    async def _foreign(self) -> bool:
        """Whether anyone may have written since the last turn, in any process."""
        if self._pulse.instant:
            return self._pulse.changed()
        return await asyncio.to_thread(self._pulse.changed)

    async def _claim_all(self) -> None:
        for lane in self._lanes:
            running = self._running[lane.name]
            free = lane.width - len(running)
            if free <= 0:
                continue
            claims = await asyncio.to_thread(
                self._due.claim,
                tuple(lane.handlers),
                now=self._clock.now(),
                limit=free,
                lease_s=lane.lease_s,
            )
            for claim in claims:
                task = asyncio.create_task(self._do(lane, claim), name=f"{claim.kind} {claim.key}")
                running.add(task)
                task.add_done_callback(running.discard)
                task.add_done_callback(lambda _task: self._stirred.set())

    async def _do(self, lane: Lane, claim: Claim) -> None:
        """Run one claim. Whatever goes wrong, the row stays and is tried again, later each time."""
        try:
            await lane.handlers[claim.kind](claim)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the loop's own door: nothing due may be lost
            reason = self._masker.mask(f"{type(error).__name__}: {error}")
            log.exception("worker.handler_failed", kind=claim.kind, key=claim.key, reason=reason)
            await self._put_off(claim)

    async def _put_off(self, claim: Claim) -> None:
        """Give a row back for later; when even that cannot be written, its lease runs out."""
        wait_s = min(_AGAIN_S * 2**claim.attempts, _AGAIN_MOST_S)
        due_at = self._clock.now() + timedelta(seconds=wait_s)
        try:
            await asyncio.to_thread(self._due.defer, claim, due_at=due_at)
        except RelightError as error:
            log.warning("worker.not_put_off", key=claim.key, reason=self._masker.mask(str(error)))

    async def drain(self, timeout_s: float) -> None:
        """Let what is running end, then cancel the rest; their leases bring them back."""
        tasks = [task for running in self._running.values() for task in running]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
