"""Looks at what a vantage point was told to look at, in the house's own rhythm."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from relight.catalog.service import Check
from relight.detect.judge import CheckState, judge
from relight.detect.observation import Observation
from relight.detect.probes import PROBES, Probe
from relight.detect.vantage import Seen
from relight.kernel.clock import Clock
from relight.kernel.faults import RelightError
from relight.kernel.plug import PlugFailed
from relight.kernel.ports import Ports
from relight.kernel.secret import Masker, Secret, resolve
from relight.wiring.plugs import plug_in
from relight.worker.timetable import Timetable, again_at, first_looks

log = structlog.get_logger()

_TURN_S = 0.02
_OWN_TROUBLE_AGAIN_S = 5.0
_LONGEST_LOOK_S = 60.0
_NEEDS_LEAVE = frozenset({"exec", "browser"})


class Looker:
    """Holds the checks and looks at them. `unable` says by check why it cannot be looked at."""

    def __init__(
        self,
        *,
        clock: Clock,
        ports: Ports,
        masker: Masker,
        folder: Path,
        allowed: frozenset[str],
        seen: Callable[[Seen], None],
    ) -> None:
        """Take the parts; `allowed` are the kinds that run programs here and may."""
        self._clock = clock
        self._ports = ports
        self._masker = masker
        self._folder = folder
        self._allowed = allowed
        self._seen = seen
        self._stir = asyncio.Event()
        self._timetable = Timetable(self._stir.set)
        self._checks: dict[str, tuple[Check, Probe]] = {}
        self._states: dict[str, CheckState] = {}
        self._looking: set[asyncio.Task[None]] = set()
        self.unable: dict[str, str] = {}

    def follow(self, checks: Sequence[Check]) -> None:
        """Look at exactly these from now on."""
        self.unable = {}
        built: dict[str, tuple[Check, Probe]] = {}
        for check in checks:
            try:
                built[check.key] = (check, self._built(check))
            except (RelightError, ValueError) as error:
                self.unable[check.key] = self._masker.mask(str(error))[:300]
        for key in self._checks.keys() - built.keys():
            self._timetable.forget(key)
            self._states.pop(key, None)
        now = self._clock.now()
        new: Mapping[str, Check] = {
            key: check for key, (check, _) in built.items() if key not in self._checks
        }
        for key, at in first_looks(new, {}, now).items():
            self._timetable.no_later(key, at)
        for key in built.keys() & self._checks.keys():
            if built[key][0] != self._checks[key][0]:
                self._timetable.no_later(key, now)
        self._checks = built

    def _built(self, check: Check) -> Probe:
        kind = check.probe.kind
        if kind in _NEEDS_LEAVE - self._allowed:
            msg = f"`{kind}` runs programs here; `--allow {kind}` lets it."
            raise ValueError(msg)
        return plug_in(PROBES, check.probe, self._secret).within(self._folder)

    def _secret(self, reference: str) -> Secret:
        secret = resolve(reference, root=self._folder)
        self._masker.learn(secret)
        return secret

    def look_now(self, keys: Sequence[str]) -> None:
        """Look at these as soon as it goes."""
        for key in keys:
            if key in self._checks:
                self._timetable.no_later(key, self._clock.now())

    async def run(self) -> None:
        """Look at what is due until cancelled."""
        try:
            while True:
                self._stir.clear()
                for key, due_at in self._timetable.take(self._clock.now()):
                    task = asyncio.create_task(self._look(key, due_at))
                    self._looking.add(task)
                    task.add_done_callback(self._looking.discard)
                await asyncio.sleep(_TURN_S)
                await self._rest()
        finally:
            for task in self._looking:
                task.cancel()

    async def _rest(self) -> None:
        following = self._timetable.next_at()
        wait_s = 1.0 if following is None else (following - self._clock.now()).total_seconds()
        if wait_s > 0 and not self._stir.is_set():
            try:
                async with asyncio.timeout(min(wait_s, 1.0)):
                    await self._stir.wait()
            except TimeoutError:
                return

    async def _look(self, key: str, due_at: datetime) -> None:
        found = self._checks.get(key)
        if found is None:
            self._timetable.forget(key)
            return
        check, probe = found
        began_s, wait_s = self._clock.monotonic_s(), _OWN_TROUBLE_AGAIN_S
        try:
            async with asyncio.timeout(_LONGEST_LOOK_S):
                result = await probe.observe(self._ports)
            seen = Seen(
                check=key,
                at=self._clock.now(),
                ok=result.ok,
                took_s=result.took_s or self._clock.monotonic_s() - began_s,
                reason=self._masker.mask(result.reason),
                evidence=tuple((n, self._masker.mask(v)) for n, v in result.evidence),
            )
            wait_s = self._rhythm(seen, check)
            self._seen(seen)
        except (PlugFailed, TimeoutError) as error:
            # Our own trouble says nothing about the target.
            reason = self._masker.mask(str(error)) or "no answer in time"
            log.warning("check.not_observed", check=key, reason=reason)
        except Exception as error:  # a plug-in's door: the next look is as due as ever
            reason = self._masker.mask(f"{type(error).__name__}: {error}")
            log.exception("check.broke", check=key, reason=reason)
        finally:
            again = again_at(due_at, wait_s, check.every_s, self._clock.now())
            self._timetable.ended(key, again)

    def _rhythm(self, seen: Seen, check: Check) -> float:
        """Tell how soon to look again, as the house would judge what is seen from here alone."""
        judgement = judge(
            self._states.get(check.key) or CheckState.fresh(check.key),
            Observation(
                check=check.key,
                vantage="",
                at=seen.at,
                ok=seen.ok,
                took_s=seen.took_s,
                reason=seen.reason,
            ),
            check,
        )
        self._states[check.key] = judgement.state
        return judgement.next_in_s

    def shift(self, by: timedelta) -> None:
        """Move all moments as the machine's clock was moved."""
        self._timetable.shift(by)
