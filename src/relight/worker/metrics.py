"""Scrapes pages of figures and looks at the rules, each on its own beat.

A figure that is lost is asked for again a few seconds later, so nothing of this is due in a row.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from relight.catalog.metric import MetricSource
from relight.desk.kit import Kit
from relight.desk.metrics import Metrics, Pushed
from relight.detect.exposition import Unreadable
from relight.detect.metrics.page import readings_of
from relight.kernel.clock import Clock
from relight.kernel.faults import RelightError
from relight.kernel.plug import PlugFailed
from relight.kernel.ports import HttpRequest, Ports
from relight.kernel.secret import Masker, Secret

log = structlog.get_logger()

JUDGE_S = 15.0
_COMPACT_EACH = 20
_LONGEST_PAGE = 4 << 20
_ACCEPT = "text/plain;version=0.0.4,*/*;q=0.1"


class Scraper:
    """Reads the pages that the kit names. `faults` tells by source why the newest one failed."""

    def __init__(
        self,
        *,
        kit: Kit,
        metrics: Metrics,
        ports: Callable[[], Ports],
        secret: Callable[[str], Secret],
        clock: Clock,
        masker: Masker,
    ) -> None:
        """Take the parts."""
        self._kit = kit
        self._metrics = metrics
        self._ports = ports
        self._secret = secret
        self._clock = clock
        self._masker = masker
        self._next_s: dict[str, float] = {}
        self.faults: dict[str, str] = {}

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await self.turn()
            await asyncio.sleep(1)

    async def turn(self) -> None:
        """Read every page whose time has come, side by side."""
        now_s = self._clock.monotonic_s()
        wanted = [each for each in self._kit.catalog.metrics if each.scrape]
        ready = [each for each in wanted if self._next_s.get(each.name, 0.0) <= now_s]
        for each in ready:
            self._next_s[each.name] = now_s + each.every_s
        await asyncio.gather(*(self._scrape(each) for each in ready))

    async def _scrape(self, source: MetricSource) -> None:
        try:
            headers = {"Accept": _ACCEPT}
            if source.bearer:
                headers["Authorization"] = f"Bearer {self._secret(source.bearer).reveal()}"
            answer = await self._ports().http.request(
                HttpRequest(
                    url=source.scrape,
                    headers=headers,
                    timeout_s=min(10.0, source.every_s),
                    longest_body=_LONGEST_PAGE,
                )
            )
            fault = await asyncio.to_thread(
                self._take, source, answer.status, answer.body, cut=answer.cut
            )
        except (PlugFailed, RelightError) as error:
            fault = self._masker.mask(str(error))
        if fault and self.faults.get(source.name) != fault:
            log.warning("metrics.not_scraped", source=source.name, reason=fault)
        self.faults[source.name] = fault

    def _take(self, source: MetricSource, status: int, body: bytes, *, cut: bool) -> str:
        if not 200 <= status < 300:
            return f"It answered {status}."
        if cut:
            return f"The page is longer than {_LONGEST_PAGE >> 20} MB."
        try:
            readings = readings_of(
                body.decode(errors="replace"),
                labels={"job": source.name},
                keep=source.keep,
                at=self._clock.now(),
            )
        except Unreadable as error:
            return f"The page cannot be read: {error}."
        (left_out,) = self._metrics.take([Pushed(source.name, readings)])
        return f"{left_out} values found no room; name those to keep." if left_out else ""


class Judge:
    """Looks at the rules every few seconds, and now and then tidies up."""

    def __init__(self, *, metrics: Metrics, now: Callable[[], datetime]) -> None:
        """Take the parts."""
        self._metrics = metrics
        self._now = now
        self._turns = 0

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(JUDGE_S)
            await asyncio.to_thread(self.turn)

    def turn(self) -> None:
        """Judge once."""
        self._turns += 1
        try:
            self._metrics.judge()
            if self._turns % _COMPACT_EACH == 0:
                self._metrics.records.compact(self._now())
                self._metrics.records.retain(self._now())
        except RelightError as error:
            log.warning("metrics.put_off", reason=str(error))
