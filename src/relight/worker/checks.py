"""Looks at what is due to be looked at, judges it, and writes the outcome in batches.

The result path waits for no network: results queue up, one writer judges and commits them, and
only then do alerts go on as due rows of their own.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from relight.catalog.service import Check, Service
from relight.communicate.react import PUBLISH, Publish
from relight.desk.desk import Desk
from relight.desk.rules import ask_triage
from relight.detect.alert import open_alert
from relight.detect.component import component_state
from relight.detect.judge import Change, CheckState, CheckStatus, judge, shifted
from relight.detect.observation import Observation
from relight.detect.probes import Probe
from relight.kernel.faults import RelightError
from relight.kernel.ids import uuid7
from relight.kernel.ledger import Claim, Due
from relight.kernel.plug import PlugFailed
from relight.kernel.ports import Ports
from relight.kernel.secret import Masker
from relight.store.due import Asked
from relight.store.records import CheckRecords, Outcome
from relight.store.series import Result, Series

log = structlog.get_logger()

CHECK = "check"
VANTAGE = "here"
_OWN_TROUBLE_AGAIN_S = 5.0
_LONGEST_LOOK_S = 60.0


class CheckDue(msgspec.Struct, frozen=True):
    """Look at this check."""

    check: str


class Looked(msgspec.Struct, frozen=True):
    """A claimed check with what was seen."""

    claim: Claim
    observation: Observation


class Prober:
    """Runs probes and records what they saw."""

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
    ) -> None:
        """Take the parts; `on_visible` is called when a batch changed what people see."""
        self._desk = desk
        self._records = records
        self._series = series
        self._due = due
        self._probe_of = probe_of
        self._ports = ports
        self._masker = masker
        self._on_visible = on_visible
        self._seen: asyncio.Queue[Looked] = asyncio.Queue()

    async def look(self, claim: Claim) -> None:
        """Run one due check and queue what it saw."""
        key = msgspec.json.decode(claim.payload, type=CheckDue).check
        check = self._desk.catalog.checks().get(key)
        clock = self._desk.clock
        if check is None:
            await asyncio.to_thread(self._due.complete, claim)
            return
        began = clock.monotonic_s()
        try:
            async with asyncio.timeout(_LONGEST_LOOK_S):
                result = await self._probe_of(check).observe(self._ports())
        except (PlugFailed, TimeoutError) as error:
            # We could not find out: that says nothing about the target, so nothing is judged.
            reason = self._masker.mask(str(error)) or "no answer in time"
            log.warning("check.not_observed", check=key, reason=reason)
            again = clock.now() + timedelta(seconds=_OWN_TROUBLE_AGAIN_S)
            await asyncio.to_thread(self._due.defer, claim, due_at=again)
            return
        observation = Observation(
            check=key,
            vantage=VANTAGE,
            at=clock.now(),
            ok=result.ok,
            took_s=result.took_s or clock.monotonic_s() - began,
            reason=self._masker.mask(result.reason),
            evidence=tuple((name, self._masker.mask(value)) for name, value in result.evidence),
        )
        self._seen.put_nowait(Looked(claim, observation))

    async def record(self) -> None:
        """Judge and write whatever has queued up, batch by batch, until cancelled."""
        while True:
            batch = [await self._seen.get(), *self._queued()]
            try:
                await asyncio.to_thread(self._write, batch)
            except RelightError as error:
                # The leases of these checks run out and they are looked at again.
                log.warning("check.not_recorded", count=len(batch), reason=str(error))
                await asyncio.sleep(1)

    def flush(self) -> None:
        """Write what is still queued, when the process ends."""
        batch = self._queued()
        if batch:
            self._write(batch)

    def _queued(self) -> list[Looked]:
        batch: list[Looked] = []
        while not self._seen.empty():
            batch.append(self._seen.get_nowait())
        return batch

    def _write(self, batch: Sequence[Looked]) -> None:
        states = self._records.states()
        outcomes = judged(batch, states, self._desk.catalog.services, self._desk.clock.now())
        self._records.save(outcomes)
        if any(outcome.asks for outcome in outcomes):
            self._on_visible()
        self._series.append(
            [
                Result(
                    check=each.observation.check,
                    at=each.observation.at,
                    ok=each.observation.ok,
                    took_s=each.observation.took_s,
                )
                for each in batch
            ]
        )


def judged(
    batch: Sequence[Looked],
    states: Mapping[str, CheckState],
    services: Sequence[Service],
    now: datetime,
) -> list[Outcome]:
    """Judge a batch of results against the states before it. Pure but for new alerts' ids.

    Of two looks at one check the last counts: the lease of the one before has run out, so nothing
    that it led to would be written.
    """
    known = dict(states)
    batch = list({looked.observation.check: looked for looked in batch}.values())
    by_check = {check.key: (service, check) for service in services for check in service.checks}
    outcomes: list[Outcome] = []
    for looked in batch:
        key = looked.observation.check
        if key not in by_check:
            continue
        service, check = by_check[key]
        before = component_state(service, known, None)[0]
        state = known.get(key) or CheckState.fresh(key)
        if state.last_at and state.last_at > now:
            # The clock went back while a result was on its way, or while nobody was up: without
            # this every result would be older than that one, for as long as the clock went back.
            state = shifted(state, looked.observation.at - state.last_at)
        outcome = _outcome(looked, state, service, check, now)
        known[key] = outcome.state
        if component_state(service, known, None)[0] is not before:
            # A key of its own: a publication under way may have drawn the page before this.
            ask = Asked(kind=PUBLISH, key=uuid7(now), due_at=now, payload=Publish())
            outcome = msgspec.structs.replace(outcome, asks=(*outcome.asks, ask))
        outcomes.append(outcome)
    return outcomes


def _outcome(
    looked: Looked, state: CheckState, service: Service, check: Check, now: datetime
) -> Outcome:
    judgement = judge(state, looked.observation, check)
    after, alert = judgement.state, None
    asks: list[Asked] = []
    if judgement.change is Change.WENT_DOWN:
        alert = open_alert(after, check, now, uuid7(now))
        after = msgspec.structs.replace(after, alert_id=alert.id)
        asks.append(ask_triage(alert.id, now))
    elif judgement.change is Change.CAME_UP and state.alert_id:
        after = msgspec.structs.replace(after, alert_id=None)
        asks.append(ask_triage(state.alert_id, now))
    if after.status is CheckStatus.SUSPECT and state.status is not CheckStatus.SUSPECT:
        # The verdict needs to know how the service's other checks stand now, not a minute ago.
        asks += [
            Asked(kind=CHECK, key=other.key, due_at=now, payload=CheckDue(other.key))
            for other in service.checks
            if other.key != check.key
        ]
    return Outcome(
        check=check.key,
        state=after,
        claim=looked.claim,
        at=now,
        again_at=now + timedelta(seconds=judgement.next_in_s),
        alert=alert,
        clears=state.alert_id if judgement.change is Change.CAME_UP else None,
        asks=tuple(asks),
    )
