"""Notices a changed kit folder and brings what is due into line with it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import structlog

from relight.catalog.catalog import Catalog
from relight.communicate.react import PUBLISH, Publish
from relight.config.watch import Fingerprint, watched
from relight.desk.kit import Kit, Loaded
from relight.desk.rules import ask_triage
from relight.kernel.clock import Clock
from relight.kernel.ids import uuid7
from relight.kernel.ledger import Due
from relight.store.records import CheckRecords
from relight.worker.checks import CHECK, CheckDue

log = structlog.get_logger()

_LOOK_S = 1.0
_SPREAD_S = 0.2


class KitWatch:
    """Reloads the kit when its files change. A faulty one leaves the old in force, and says so."""

    def __init__(
        self,
        *,
        kit: Kit,
        read: Callable[[Path, Loaded | None], Loaded],
        due: Due,
        records: CheckRecords,
        clock: Clock,
        on_loaded: Callable[[], None],
    ) -> None:
        """Take the kit in force; `read` gives the next, keeping the old catalogue if it must."""
        self._kit = kit
        self._read = read
        self._due = due
        self._records = records
        self._clock = clock
        self._on_loaded = on_loaded
        self._aligned: Catalog | None = None
        # Nothing yet: what changed between the first reading of the kit and now is noticed too.
        self._seen: Fingerprint | None = None

    def align(self) -> None:
        """Make exactly the declared checks due, and the public page published anew."""
        now, catalog = self._clock.now(), self._kit.catalog
        declared = catalog.checks()
        before = self._aligned.checks() if self._aligned else {}
        scheduled = self._due.keys(CHECK)
        for n, key in enumerate(sorted(declared.keys() - scheduled)):
            first = now + timedelta(seconds=_SPREAD_S * n % 10)
            self._due.schedule(CHECK, key, due_at=first, payload=CheckDue(key))
        for key in scheduled & declared.keys() & before.keys():
            if declared[key] != before[key]:
                # Its old interval may have been long; what it says now is unknown.
                self._due.schedule(CHECK, key, due_at=now, payload=CheckDue(key))
        for key in scheduled - declared.keys():
            self._due.cancel(CHECK, key)
        gone = sorted(self._records.states().keys() - declared.keys())
        if gone:
            self._records.forget(gone, now, ask=lambda alert: ask_triage(alert, now))
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
