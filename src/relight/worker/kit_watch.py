"""Notices a changed kit folder and brings what is due into line with it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from relight.catalog.catalog import Catalog
from relight.communicate.react import PUBLISH, Publish
from relight.config.watch import Fingerprint, watched
from relight.desk.kit import Kit, Loaded
from relight.kernel.clock import Clock
from relight.kernel.ids import uuid7
from relight.kernel.ledger import Due
from relight.worker.checks import Prober

log = structlog.get_logger()

_LOOK_S = 1.0


class KitWatch:
    """Reloads the kit when its files change. A faulty one leaves the old in force, and says so."""

    def __init__(
        self,
        *,
        kit: Kit,
        read: Callable[[Path, Loaded | None], Loaded],
        due: Due,
        prober: Prober,
        clock: Clock,
        on_loaded: Callable[[], None],
    ) -> None:
        """Take the kit in force; `read` gives the next, keeping the old catalogue if it must."""
        self._kit = kit
        self._read = read
        self._due = due
        self._prober = prober
        self._clock = clock
        self._on_loaded = on_loaded
        self._aligned: Catalog | None = None
        # Nothing yet: what changed between the first reading of the kit and now is noticed too.
        self._seen: Fingerprint | None = None

    def align(self) -> None:
        """Have exactly the declared checks looked at, and the public page published anew."""
        now, catalog = self._clock.now(), self._kit.catalog
        self._prober.align()
        self._due.schedule(PUBLISH, uuid7(now), due_at=now, payload=Publish())
        self._aligned = catalog

    async def run(self) -> None:
        """Look at the folder every second until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Reload where the folder has changed; a reload that failed is tried at the next look."""
        now = watched(self._kit.folder)
        if now != self._seen:
            self.reload()
            self._seen = now

    def reload(self) -> None:
        """Read the kit again and put it in force, unless it is faulty."""
        after = self._read(self._kit.folder, self._kit.loaded)
        self._kit.loaded = after
        if after.refused:
            for fault in after.faults:
                log.error("kit.faulty", fault=str(fault))
            log.error("kit.kept", version=after.catalog.version)
        elif self._aligned is None or after.catalog.version != self._aligned.version:
            log.info("kit.loaded", version=after.catalog.version)
            self.align()
        self._on_loaded()
