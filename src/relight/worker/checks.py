"""Looks at the checks by a timetable in memory, judges what was seen, and writes it in batches.

One process looks: the one that holds the lease of the timetable, a single due row. It keeps the
states of all checks in memory, judges each result as it comes, and writes what came of it together
half a second later, or at once where somebody waits for it. What it writes counts only
while it holds the lease. A process that is killed loses the looks that were under way.
"""

import asyncio
import resource
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
import structlog

from relight.catalog.catalog import Catalog
from relight.catalog.component import ComponentState
from relight.catalog.service import Check, Service
from relight.catalog.vantage import HERE, vantage_of
from relight.desk.desk import Desk
from relight.desk.rules import ask_triage
from relight.detect.observation import Observation
from relight.detect.probes import Probe
from relight.detect.quorum import cut_off
from relight.kernel.faults import RelightError, Unavailable
from relight.kernel.ledger import Claim, Due
from relight.kernel.plug import PlugFailed
from relight.kernel.ports import Ports
from relight.kernel.secret import Masker
from relight.store.records import CheckRecords, LeaseLost, Outcome
from relight.store.series import Result, Series
from relight.worker.judging import ask_publish, judged, page_changes
from relight.worker.timetable import Timetable, again_at, first_looks

log = structlog.get_logger()

CHECKS = "checks"
LEASE_S = 15.0
_RENEW_S = 5.0
_BATCH_S = 0.5
_TURN_S = 0.025
_MOST_A_TURN = 32  # so that whatever is due, the pages of this process go on answering
_IDLE_S = 1.0
_MOST_AT_ONCE = 200
_MOST_RESULTS = 100_000
_OWN_TROUBLE_AGAIN_S = 5.0
_LONGEST_LOOK_S = 60.0
_SIBLINGS_AGAIN_S = 1.0
_PROBE_KEPT_S = 300.0
_MOST_FILES = 65_536


class Looks(msgspec.Struct, frozen=True):
    """What the row that holds the timetable carries: nothing, its lease is all."""


class NotLooking(Unavailable):
    """This process does not look at the checks now."""

    hint = "Another one does, or the database cannot be reached. Send it again in a moment."


class _Declared(NamedTuple):
    service: Service
    check: Check


class _Built(NamedTuple):
    """A probe that was built from a check, and when: what it refers to may change."""

    check: Check
    probe: Probe
    at_s: float


class Prober:
    """Looks, judges and records."""

    def __init__(
        self,
        *,
        desk: Desk,
        records: CheckRecords,
        series: Series,
        due: Due,
        probe_of: Callable[[Check], Probe],
        ports: Callable[[], Ports],
        masker: Masker,
        on_visible: Callable[[], None],
        everywhere: Callable[[Check], None],
    ) -> None:
        """Take the parts; `on_visible` is called when a batch changed what people see.

        `everywhere` asks the other vantage points to look at a check now.
        """
        self._desk = desk
        self._records = records
        self._series = series
        self._due = due
        self._probe_of = probe_of
        self._ports = ports
        self._masker = masker
        self._on_visible = on_visible
        self._everywhere = everywhere
        self._cut_off: frozenset[str] = frozenset()
        self._cut_off_at_s = 0.0
        self.timetable = Timetable(self._sooner)
        self.dropped = 0
        self._lease: Claim | None = None
        self._lease_ends_s = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stir = asyncio.Event()
        self._came, self._urgent = asyncio.Event(), asyncio.Event()
        self._looking: set[asyncio.Task[None]] = set()
        self._outcomes: list[Outcome] = []
        self._results: list[Result] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._index: tuple[Catalog, Mapping[str, _Declared]] | None = None
        self._probes: dict[str, _Built] = {}
        self._aligned: Mapping[str, Check] = {}
        self._turned: dict[str, Service] = {}
        self._shown: dict[str, ComponentState] = {}
        self._siblings_at: dict[str, datetime] = {}

    # ---- the lease

    @property
    def holds(self) -> bool:
        """Whether this process is the one that looks."""
        return self._lease is not None

    def hold(self) -> bool:
        """Take the timetable where nobody holds it, and fill it; tell whether it is ours."""
        if self._lease is None:
            clock = self._desk.clock
            if CHECKS not in self._due.keys(CHECKS):
                self._due.schedule(CHECKS, CHECKS, due_at=clock.now(), payload=Looks())
            began_s = clock.monotonic_s()
            claims = self._due.claim([CHECKS], now=clock.now(), limit=1, lease_s=LEASE_S)
            if not claims:
                return False
            self._records.hold()
            self._shown = {}
            page_changes(self._desk.catalog.services, self._records.states(), self._shown)
            self._lease, self._lease_ends_s = claims[0], began_s + LEASE_S
            self.align()
        return True

    def renew(self) -> None:
        """Hold the timetable longer, or let go of it where another process has taken it."""
        clock = self._desk.clock
        began_s = clock.monotonic_s()
        until = clock.now() + timedelta(seconds=LEASE_S)
        if self._lease is not None and self._due.renew(self._lease, until=until):
            self._lease_ends_s = began_s + LEASE_S
        else:
            self._let_go("taken over")

    def release(self) -> None:
        """Give the timetable back, for another process to take at once."""
        lease = self._lease
        if lease is not None:
            self._let_go("stopped")
            self._due.defer(lease, due_at=self._desk.clock.now(), attempts=0)

    def _let_go(self, reason: str) -> None:
        log.info("checks.let_go", reason=reason)
        self._lease = None
        self.timetable.clear()
        self._records.let_go()
        self._outcomes.clear()
        self._aligned = {}

    async def keep(self) -> None:
        """Hold the timetable for as long as it goes, and wait for it otherwise."""
        while True:
            try:
                if self._lease is None:
                    await asyncio.to_thread(self.hold)
                else:
                    await asyncio.to_thread(self.renew)
            except RelightError as error:
                log.warning("checks.not_held", reason=self._masker.mask(str(error)))
                if self._lease and self._desk.clock.monotonic_s() > self._lease_ends_s:
                    self._let_go("the lease could not be renewed")
            await asyncio.sleep(_RENEW_S if self.holds else _IDLE_S)

    # ---- the timetable

    def align(self) -> None:
        """Bring timetable and states into line with the kit: what is new, changed or gone."""
        if self._lease is None:
            return
        now, catalog = self._desk.clock.now(), self._desk.catalog
        every = catalog.checks()
        declared = {
            key: check for key, check in every.items() if HERE in vantage_of(check, catalog.vantage)
        }
        known, states = self.timetable.keys(), self._records.states()
        fresh = {key: check for key, check in declared.items() if key not in known}
        for key, at in first_looks(fresh, states, now).items():
            self.timetable.no_later(key, at)
        for key in known & declared.keys():
            if declared[key] != self._aligned.get(key):
                # Its old interval may have been long; what it says now is unknown.
                self.timetable.no_later(key, now)
        for key in known - declared.keys():
            self.timetable.forget(key)
        gone = sorted(states.keys() - every.keys())
        if gone:
            self._records.forget(gone, now, ask=lambda alert: ask_triage(alert, now))
        self._aligned = declared

    def _sooner(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._stir.set)

    async def run(self) -> None:
        """Look at what is due until cancelled."""
        _allow_files()
        self._loop = asyncio.get_running_loop()
        while True:
            self._stir.clear()
            now = self._desk.clock.now()
            for key, due_at in self.timetable.take(now, _MOST_A_TURN):
                task = asyncio.create_task(self._look(key, due_at))
                self._looking.add(task)
                task.add_done_callback(self._looking.discard)
            following = self.timetable.next_at()
            # In turns of some milliseconds, so that a thousand checks cost no turn each: what is
            # done for several at once costs each of them half.
            await asyncio.sleep(_TURN_S)
            wait_s = _IDLE_S
            if following is not None:
                wait_s = min(_IDLE_S, (following - self._desk.clock.now()).total_seconds())
            if wait_s > 0 and not self._stir.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._stir.wait()

    async def look_due(self) -> int:
        """Look at what is due, one after the other, as a replay does; tell how many there were."""
        due = self.timetable.take(self._desk.clock.now())
        for key, due_at in due:
            await self._look(key, due_at)
        return len(due)

    async def _look(self, key: str, due_at: datetime) -> None:
        """Look at one check, and judge what was seen."""
        clock, declared = self._desk.clock, self._declared(key)
        if declared is None:
            self.timetable.forget(key)
            return
        began_s, wait_s = clock.monotonic_s(), _OWN_TROUBLE_AGAIN_S
        try:
            async with asyncio.timeout(_LONGEST_LOOK_S):
                result = await self._probe(declared.check).observe(self._ports())
            mask, now = self._masker.mask, clock.now()
            seen = Observation(
                check=key,
                vantage=HERE,
                at=now,
                ok=result.ok,
                took_s=result.took_s or clock.monotonic_s() - began_s,
                reason=mask(result.reason),
                evidence=tuple((name, mask(value)) for name, value in result.evidence),
            )
            if self._lease is not None:
                wait_s = self._take(seen, declared, now)
        except (PlugFailed, TimeoutError) as error:
            # We could not find out: that says nothing about the target, so nothing is judged.
            reason = self._masker.mask(str(error)) or "no answer in time"
            log.warning("check.not_observed", check=key, reason=reason)
        except Exception as error:  # a plug-in's door: the next look is as due as ever
            reason = self._masker.mask(f"{type(error).__name__}: {error}")
            log.exception("check.broke", check=key, reason=reason)
        finally:
            again = again_at(due_at, wait_s, declared.check.every_s, clock.now())
            self.timetable.ended(key, again)

    def _declared(self, key: str) -> _Declared | None:
        catalog = self._desk.catalog
        if self._index is None or self._index[0] is not catalog:
            self._index = (
                catalog,
                {
                    check.key: _Declared(service, check)
                    for service in catalog.services
                    for check in service.checks
                },
            )
            self._probes.clear()
        return self._index[1].get(key)

    def _probe(self, check: Check) -> Probe:
        now_s, built = self._desk.clock.monotonic_s(), self._probes.get(check.key)
        if built is None or built.check is not check or now_s - built.at_s > _PROBE_KEPT_S:
            built = self._probes[check.key] = _Built(check, self._probe_of(check), now_s)
        return built.probe

    # ---- the results

    async def receive(self, observations: Sequence[Observation]) -> None:
        """Judge and store what was seen elsewhere; it is on disk when this returns.

        What is no longer declared is left out, and what came before: whoever got no answer sends
        all of it again. Raises `NotLooking` where another process looks.
        """
        if self._lease is None:
            raise NotLooking
        now = self._desk.clock.now()
        for seen in observations:
            declared = self._declared(seen.check)
            if declared is not None and not self._known(seen):
                self._take(seen, declared, now)
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(written)
        self._urgent.set()
        self._came.set()
        await written

    def _known(self, seen: Observation) -> bool:
        """Whether this very look came before, from one who did not hear that it had arrived."""
        views = self._records.state(seen.check).views
        return any(each.vantage == seen.vantage and each.last_at == seen.at for each in views)

    def _at_fault(self) -> frozenset[str]:
        """Name the vantage points that reach nothing while others do, as it stood a second ago."""
        catalog, now_s = self._desk.catalog, self._desk.clock.monotonic_s()
        if catalog.vantage and now_s - self._cut_off_at_s >= 1:
            views = {key: state.views for key, state in self._records.states().items()}
            found = frozenset(cut_off(views, catalog.checks()))
            if found != self._cut_off:
                log.warning("vantage.cut_off", names=sorted(found))
            self._cut_off, self._cut_off_at_s = found, now_s
        return self._cut_off

    def _take(self, seen: Observation, declared: _Declared, now: datetime) -> float:
        """Judge one result and have it written; give the seconds until the next look."""
        service, check = declared
        at_fault = frozenset[str]() if seen.ok else self._at_fault()
        done = judged(seen, self._records.state(check.key), check, now, at_fault)
        self._records.put(done.outcome.state)
        self._outcomes.append(done.outcome)
        self._results.append(Result(check=seen.check, at=seen.at, ok=seen.ok, took_s=seen.took_s))
        if done.turned:
            self._turned[service.name] = service
        if done.siblings:
            self._look_at_siblings(service, check, now)
        if done.everywhere and self._desk.catalog.vantage:
            self._everywhere(check)
            if seen.vantage != HERE and check.key in self._aligned:
                self.timetable.no_later(check.key, now)
        if done.urgent:
            self._urgent.set()
        self._came.set()
        return done.next_in_s

    def _look_at_siblings(self, service: Service, check: Check, now: datetime) -> None:
        """Look at the service's other checks now, and at those of what it depends on.

        Where all fail at once, one asks for all.
        """
        asked_at = self._siblings_at.get(service.name)
        if asked_at is not None and abs((now - asked_at).total_seconds()) < _SIBLINGS_AGAIN_S:
            return
        self._siblings_at[service.name] = now
        upstream = [self._desk.catalog.service(name) for name in service.depends_on]
        for other in (each for one in (service, *upstream) if one for each in one.checks):
            if other is not check and other.key in self._aligned:
                self.timetable.no_later(other.key, now)

    async def record(self) -> None:
        """Write what has come, batch by batch, until cancelled."""
        while True:
            await self._came.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(_BATCH_S):
                    await self._urgent.wait()
            self._came.clear()
            self._urgent.clear()
            waiting, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self.flush)
            except LeaseLost:
                self._let_go("taken over")
                _settle(waiting, NotLooking())
            except RelightError as error:
                # It is kept, and tried again with what comes next.
                log.warning("check.not_recorded", reason=self._masker.mask(str(error)))
                self._waiting = waiting + self._waiting
                self._came.set()
                await asyncio.sleep(1)
            else:
                _settle(waiting, None)

    def flush(self) -> None:
        """Write all that has come. What cannot be written is kept. Raises `LeaseLost`."""
        lease = self._lease
        outcomes, self._outcomes = self._outcomes, []
        turned, self._turned = self._turned, {}
        if outcomes and page_changes(turned.values(), self._records.states(), self._shown):
            last, now = outcomes[-1], self._desk.clock.now()
            asks = (*last.asks, ask_publish(now))
            outcomes[-1] = msgspec.structs.replace(last, asks=asks)
        while outcomes and lease is not None:
            batch = outcomes[:_MOST_AT_ONCE]
            until = self._desk.clock.now() + timedelta(seconds=LEASE_S)
            try:
                self._records.save(batch, lease, until=until)
            except LeaseLost:
                raise
            except RelightError:
                self._outcomes = outcomes + self._outcomes
                raise
            outcomes = outcomes[_MOST_AT_ONCE:]
            if any(outcome.asks for outcome in batch):
                self._on_visible()
        results, self._results = self._results, []
        try:
            self._series.append(results)
        except RelightError:
            kept = results + self._results
            self.dropped += max(0, len(kept) - _MOST_RESULTS)
            self._results = kept[-_MOST_RESULTS:]
            raise

    async def stop(self) -> None:
        """End the looks that are under way, write what has come, and let another process look."""
        for task in self._looking:
            task.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)
        with suppress(RelightError):
            await asyncio.to_thread(self.flush)
            await asyncio.to_thread(self.release)


def _allow_files() -> None:
    """Take as many open files as we may have: a thousand silent targets hold a socket each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _settle(waiting: Sequence["asyncio.Future[None]"], error: Exception | None) -> None:
    for each in waiting:
        if each.done():
            continue
        if error is None:
            each.set_result(None)
        else:
            each.set_exception(error)
