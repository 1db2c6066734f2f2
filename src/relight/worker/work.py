"""Puts the lanes together and runs them beside the other loops of the process."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta

import msgspec
import structlog

from relight.communicate.react import PUBLISH, Publish
from relight.desk.intake_tasks import INTAKE
from relight.desk.placing import Waiting
from relight.desk.rules import TRIAGE, TriageAlert
from relight.desk.sign_in import SIGN_IN
from relight.detect.judge import shifted
from relight.detect.react import VERDICT, RefreshVerdict
from relight.incident.commands import RecordClockStep
from relight.kernel.actor import rule
from relight.kernel.clock import SystemClock
from relight.kernel.faults import RelightError
from relight.kernel.ids import uuid7
from relight.kernel.ledger import Claim
from relight.learn.react import POSTMORTEM
from relight.oncall.react import DELIVER, ROUND, CallRound
from relight.recover.react import STABILITY, CheckStability
from relight.store.engine import Pulse
from relight.store.heartbeats import HEARTBEAT
from relight.store.records import forget_commands, prove_write
from relight.store.vendors import VENDOR
from relight.wiring.house import House
from relight.worker.checks import Prober
from relight.worker.copies import Copies
from relight.worker.drafts import Postmortems
from relight.worker.edge import EdgeWatch
from relight.worker.heartbeats import Silence
from relight.worker.intake import IntakeLane
from relight.worker.kit_watch import KitWatch
from relight.worker.lanes import Dispatcher, Lane
from relight.worker.metrics import Judge, Scraper
from relight.worker.pages import Pages
from relight.worker.vendors import FeedReader
from relight.worker.watchdog import Watchdog

log = structlog.get_logger()

_STEP_S = 2.0
_DRAIN_S = 1.5
_WATCH_S = 5.0
_SWEEP_S = 300.0
_MAINTENANCE_S = 10.0
_COMMANDS_KEPT = timedelta(days=30)
_RULE_LEASE_S = 20.0
_TRIAGE_MOST = 2000
_CLOCK = rule("clock")


class Worker:
    """All that runs without being asked. `start` and `stop` belong to the server's lifespan.

    `lanes` and `prober` can also be run by hand, step by step, as a replay does.
    """

    def __init__(self, house: House) -> None:
        """Build the loops for one house."""
        self._house = house
        self._tasks: list[asyncio.Task[None]] = []
        self.prober = Prober(
            desk=house.desk,
            records=house.checks,
            series=house.series,
            due=house.due,
            probe_of=lambda check: house.probe(check.probe),
            ports=house.ports,
            masker=house.masker,
            on_visible=house.changes.announce,
            everywhere=house.vantage.ask,
        )
        house.vantage.receive = self.prober.receive
        self.kit_watch = KitWatch(
            kit=house.kit,
            read=house.read_kit,
            due=house.due,
            prober=self.prober,
            clock=house.clock,
            on_loaded=self._on_loaded,
        )
        self.scraper = Scraper(
            kit=house.kit,
            metrics=house.metrics,
            ports=house.ports,
            secret=house.secret,
            clock=house.clock,
            masker=house.masker,
        )
        self.watchdog = Watchdog(
            kit=house.kit,
            prober=self.prober,
            idle_s=lambda: self.idle_s,
            write=lambda: prove_write(house.database),
            ports=house.ports,
            secret=house.secret,
            clock=house.clock,
            masker=house.masker,
            failing=house.failing,
        )
        self._metrics_judge = Judge(metrics=house.metrics, now=house.clock.now)
        self._edge = EdgeWatch(
            desk=house.edge,
            clock=house.clock,
            masker=house.masker,
            on_visible=house.changes.announce,
        )
        self._pulse = Pulse(house.database)
        self._copies = Copies(
            desk=house.desk,
            due=house.due,
            render=house.render_site,
            publisher_of=house.publisher,
            ports=house.ports,
            masker=house.masker,
            failing=house.publishing,
        )
        self.lanes = self._lanes()
        self._dispatcher = Dispatcher(
            due=house.due,
            lanes=self.lanes,
            changes=house.changes,
            pulse=self._pulse,
            heads=house.incidents.heads,
            clock=house.clock,
            masker=house.masker,
        )

    def _lanes(self) -> list[Lane]:
        house = self._house
        pages = Pages(
            desk=house.desk,
            due=house.due,
            channel_of=house.channel,
            ports=house.ports,
            masker=house.masker,
            key=house.instance.key,
            base_url=house.base_url,
            new_link=house.new_link,
        )
        drafts = Postmortems(desk=house.desk, due=house.due)
        silence = Silence(heartbeats=house.heartbeats, due=house.due)
        feeds = FeedReader(
            vendors=house.vendors,
            due=house.due,
            feed_of=house.feed,
            ports=house.ports,
            masker=house.masker,
        )
        rules = {
            TRIAGE: self._triage,
            ROUND: self._round,
            STABILITY: self._stability,
            VERDICT: self._verdict,
        }
        return [
            Lane(name="rules", handlers=rules, width=1, lease_s=_RULE_LEASE_S),
            Lane(
                name="pages",
                handlers={DELIVER: pages.deliver, SIGN_IN: pages.send_sign_in},
                width=20,
                lease_s=90,
            ),
            Lane(name="copies", handlers={PUBLISH: self._copies.publish}, width=1, lease_s=180),
            Lane(name="drafts", handlers={POSTMORTEM: drafts.draft}, width=1, lease_s=30),
            Lane(name="heartbeats", handlers={HEARTBEAT: silence.look}, width=4, lease_s=20),
            Lane(name="vendors", handlers={VENDOR: feeds.read}, width=4, lease_s=120),
            Lane(name="intake", handlers={INTAKE: IntakeLane(house).do}, width=1, lease_s=30),
        ]

    async def _triage(self, claim: Claim) -> None:
        """Place an alert, and with it whatever else waits to be placed."""
        error = await asyncio.to_thread(self._place, claim)
        if error is not None:
            raise error

    def _place(self, claim: Claim) -> RelightError | None:
        house, now = self._house, self._house.clock.now()
        more = house.due.claim([TRIAGE], now=now, limit=_TRIAGE_MOST, lease_s=_RULE_LEASE_S)
        asked = {
            msgspec.json.decode(each.payload, type=TriageAlert).alert: each
            for each in (claim, *more)
        }
        alerts = house.alerts.find([*asked])
        waiting = [Waiting(alert, asked.pop(alert.id)) for alert in alerts]
        placed = house.placing.place(waiting)
        later = [(each, now + timedelta(seconds=wait_s)) for each, wait_s in placed.later]
        house.due.settle(done=[*asked.values(), *placed.done], later=later)
        house.vendors.ask({each.service for each in alerts if each.is_open})
        return placed.error

    async def _round(self, claim: Claim) -> None:
        task = msgspec.json.decode(claim.payload, type=CallRound)
        if not await asyncio.to_thread(self._house.rules.call_round, task, claim):
            await asyncio.to_thread(self._house.due.complete, claim)

    async def _stability(self, claim: Claim) -> None:
        task = msgspec.json.decode(claim.payload, type=CheckStability)
        again_s = await asyncio.to_thread(self._house.rules.check_stability, task, claim)
        if again_s is None:
            await asyncio.to_thread(self._house.due.complete, claim)
        else:
            due_at = self._house.clock.now() + timedelta(seconds=again_s)
            await asyncio.to_thread(self._house.due.defer, claim, due_at=due_at)

    async def _verdict(self, claim: Claim) -> None:
        task = msgspec.json.decode(claim.payload, type=RefreshVerdict)
        again_s = await asyncio.to_thread(self._house.verdicts.refresh, task, claim)
        if again_s is None:
            await asyncio.to_thread(self._house.due.complete, claim)
        else:
            due_at = self._house.clock.now() + timedelta(seconds=again_s)
            await asyncio.to_thread(self._house.due.defer, claim, due_at=due_at)

    def prepare(self) -> None:
        """Bring what is due into line with the kit; what a dead process held is free again."""
        self._house.due.release()
        self.prober.hold()
        self.kit_watch.align()
        self._house.heartbeats.align()
        self._house.vendors.align()

    def _on_loaded(self) -> None:
        self._house.heartbeats.align()
        self._house.vendors.align()
        self._house.changes.announce()

    async def start(self) -> None:
        """Prepare and begin."""
        await asyncio.to_thread(self.prepare)
        self._begin("dispatcher", self._dispatcher.run)
        self._begin("timetable", self.prober.keep)
        self._begin("looks", self.prober.run)
        self._begin("results", self.prober.record)
        self._begin("kit", self.kit_watch.run)
        self._begin("edge", self._edge.run)
        self._begin("clock", self._keep_time)
        self._begin("mail", self._take_mail)
        self._begin("scrapes", self.scraper.run)
        self._begin("vantage points", self._watch_vantage)
        self._begin("metric rules", self._metrics_judge.run)
        self._begin("sweep", self._sweep)
        self._begin("watchdog", self.watchdog.run)
        self._begin("maintenance", self._keep_maintenance)

    def _begin(self, name: str, loop: Callable[[], Coroutine[None, None, None]]) -> None:
        self._tasks.append(asyncio.create_task(self._for_ever(name, loop), name=name))

    async def _for_ever(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Keep one loop going: what it did not expect is logged, and it begins again."""
        while True:
            try:
                await loop()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # the loops' own door
                reason = self._house.masker.mask(f"{type(error).__name__}: {error}")
                log.exception("worker.loop_failed", loop=name, reason=reason)
                await asyncio.sleep(1)

    async def stop(self) -> None:
        """End the loops; what was running is finished or left to its lease."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._dispatcher.drain(_DRAIN_S)
        await self.prober.stop()
        self._pulse.close()

    @property
    def idle_s(self) -> float:
        """Tell how long ago the dispatcher last turned."""
        return self._house.clock.monotonic_s() - self._dispatcher.turned_at_s

    async def _watch_vantage(self) -> None:
        """Look every few seconds whether a vantage point has become silent."""
        while True:
            await asyncio.sleep(_WATCH_S)
            await asyncio.to_thread(self._house.vantage.watch)

    async def _keep_time(self) -> None:
        """Look every second whether the machine's clock has stepped."""
        while True:
            await asyncio.sleep(1)
            await asyncio.to_thread(self.follow_clock)

    def follow_clock(self) -> None:
        """Adopt the machine's time where it stepped; all that runs keeps its length."""
        house = self._house
        if not isinstance(house.clock, SystemClock) or abs(house.clock.step_s()) <= _STEP_S:
            return
        step = timedelta(seconds=house.clock.follow())
        step_s = round(step.total_seconds(), 1)
        log.warning("clock.stepped", seconds=step_s)
        house.due.shift(step)
        self.prober.timetable.shift(step)
        # Otherwise every result would be older than the last one for as long as it went back.
        house.checks.rewrite(lambda state: shifted(state, step))
        house.heartbeats.shift(step)
        for incident in house.incidents.all(live=True):
            house.desk.run(incident.id, RecordClockStep(seconds=step_s), _CLOCK)

    async def _take_mail(self) -> None:
        """Listen for mail once a sender is declared; importing what it needs takes its time."""
        while not self._house.kit.catalog.intake:  # noqa: ASYNC110 - the kit says when
            await asyncio.sleep(1)
        from relight.worker.mail_in import MailIn

        await MailIn(self._house).run()

    async def _keep_maintenance(self) -> None:
        """Have the public page say when a maintenance window begins and ends."""
        before: frozenset[str] | None = None
        while True:
            maintained = await asyncio.to_thread(self._house.desk.maintained)
            if before is not None and maintained != before:
                now = self._house.clock.now()
                await asyncio.to_thread(
                    self._house.due.schedule, PUBLISH, uuid7(now), due_at=now, payload=Publish()
                )
                self._house.changes.announce()
            before = maintained
            await asyncio.sleep(_MAINTENANCE_S)

    async def _sweep(self) -> None:
        """Pack old results and drop what has expired."""
        house = self._house
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = house.clock.now()
            try:
                await asyncio.to_thread(house.series.compact, now)
                await asyncio.to_thread(house.series.retain, now)
                await asyncio.to_thread(house.access.sweep, now)
                await asyncio.to_thread(house.intake.forget, now)
                await asyncio.to_thread(
                    forget_commands, house.database, before=now - _COMMANDS_KEPT
                )
            except RelightError as error:
                log.warning("sweep.put_off", reason=str(error))
