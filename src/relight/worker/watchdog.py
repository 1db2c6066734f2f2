"""Tells an address outside, again and again, that Relight is here: only while it is well."""

import asyncio
from collections.abc import Callable, MutableMapping
from datetime import timedelta

import structlog

from relight.catalog.watchdog import Watchdog as Declared
from relight.desk.kit import Kit
from relight.kernel.clock import Clock
from relight.kernel.faults import RelightError
from relight.kernel.plug import PlugFailed
from relight.kernel.ports import HttpRequest, Ports
from relight.kernel.secret import Masker, Secret, is_reference
from relight.worker.checks import Prober

log = structlog.get_logger()

LATE_S = 30.0
_LONGEST_S = 10.0


class Watchdog:
    """Pings while the loops turn, the database takes a write and looks are not late.

    `failing` is told under `watchdog`, in words, why the last ping was not sent or not taken.
    """

    def __init__(
        self,
        *,
        kit: Kit,
        prober: Prober,
        idle_s: Callable[[], float],
        write: Callable[[], None],
        ports: Callable[[], Ports],
        secret: Callable[[str], Secret],
        clock: Clock,
        masker: Masker,
        failing: MutableMapping[str, str],
    ) -> None:
        """Take the parts; `idle_s` tells when the dispatcher turned, `write` writes something."""
        self._kit = kit
        self._prober = prober
        self._idle_s = idle_s
        self._write = write
        self._ports = ports
        self._secret = secret
        self._clock = clock
        self._masker = masker
        self._failing = failing
        self._next_s = 0.0

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(1)
            await self.turn()

    async def turn(self) -> None:
        """Ping where it is time to."""
        declared, now_s = self._kit.catalog.watchdog, self._clock.monotonic_s()
        if declared is None:
            self._failing.pop("watchdog", None)
            self._next_s = 0.0
            return
        if now_s < self._next_s:
            return
        self._next_s = now_s + declared.every_s
        fault = await self._unwell()
        fault = f"It was not pinged. {fault}" if fault else await self._ping(declared)
        if fault:
            if self._failing.get("watchdog") != fault:
                log.warning("watchdog.not_pinged", reason=fault)
            self._failing["watchdog"] = fault
        else:
            self._failing.pop("watchdog", None)

    async def _unwell(self) -> str:
        """Say why outside should think that we are gone, or nothing."""
        if (idle_s := self._idle_s()) > LATE_S:
            return f"The loop `worker` has not turned for {idle_s:.0f} s."
        if not self._prober.holds:
            return "The checks are not looked at by this process."
        following = self._prober.timetable.next_at()
        if following and self._clock.now() - following > timedelta(seconds=LATE_S):
            return f"A check is more than {LATE_S:.0f} s late."
        try:
            async with asyncio.timeout(_LONGEST_S):
                await asyncio.to_thread(self._write)
        except TimeoutError:
            return "The database does not take a write."
        except RelightError as error:
            return self._masker.mask(str(error))
        return ""

    async def _ping(self, declared: Declared) -> str:
        """Ping once; say what failed, or nothing."""
        try:
            url = declared.url
            if is_reference(url):
                url = self._secret(url).reveal()
            request = HttpRequest(url=url, timeout_s=_LONGEST_S, longest_body=1024)
            answer = await self._ports().http.request(request)
        except (PlugFailed, RelightError) as error:
            return self._masker.mask(str(error))
        if 200 <= answer.status < 300:
            return ""
        return f"It answered {answer.status}."
