"""Judges what customers' pages report, every second, beside all that is due at a time."""

import asyncio
from collections.abc import Callable

import structlog

from relight.desk.edge import EdgeDesk
from relight.kernel.clock import Clock
from relight.kernel.faults import RelightError
from relight.kernel.secret import Masker

log = structlog.get_logger()

_LOOK_S = 1.0
_RETAIN_S = 60.0


class EdgeWatch:
    """Looks at the newest reports. It remembers nothing: what is open stands in the database."""

    def __init__(
        self, *, desk: EdgeDesk, clock: Clock, masker: Masker, on_visible: Callable[[], None]
    ) -> None:
        """Take the parts; `on_visible` is called when an alert was raised or cleared."""
        self._desk = desk
        self._clock = clock
        self._masker = masker
        self._on_visible = on_visible
        self._retain_at_s = 0.0

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await asyncio.to_thread(self.look)
            except RelightError as error:
                log.warning("edge.not_judged", reason=self._masker.mask(str(error)))

    def look(self) -> None:
        """Judge once; now and then drop what has expired."""
        if self._desk.judge():
            self._on_visible()
        now_s = self._clock.monotonic_s()
        if self._desk.is_used and now_s >= self._retain_at_s:
            self._retain_at_s = now_s + _RETAIN_S
            self._desk.records.retain(self._clock.now())
