"""Notices a changed kit folder and brings what is due into line with it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import structlog

from relight.catalog.service import Check
from relight.communicate.react import PUBLISH, Publish
from relight.config.watch import watched
from relight.desk.kit import Kit, Loaded
from relight.desk.rules import TRIAGE, TriageAlert
from relight.kernel.clock import Clock
from relight.kernel.ids import uuid7
from relight.kernel.ledger import Due
from relight.worker.checks import CHECK, CheckDue, Records

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
        records: Records,
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
        self._aligned: dict[str, Check] = {}

    def align(self) -> None:
        """Make exactly the declared checks due, and the public page published anew."""
        now = self._clock.now()
        declared = self._kit.catalog.checks()
        scheduled = self._due.keys(CHECK)
        for n, key in enumerate(sorted(declared.keys() - scheduled)):
            first = now + timedelta(seconds=_SPREAD_S * n % 10)
            self._due.schedule(CHECK, key, due_at=first, payload=CheckDue(key))
        for key in scheduled & declared.keys() & self._aligned.keys():
            if declared[key] != self._aligned[key]:
                # Its old interval may have been long; what it says now is unknown.
                self._due.schedule(CHECK, key, due_at=now, payload=CheckDue(key))
        self._aligned = declared
        for key in scheduled - declared.keys():
            self._due.cancel(CHECK, key)
        gone = sorted(self._records.states().keys() - declared.keys())
        for alert in self._records.forget(gone, now) if gone else ():
            payload = TriageAlert(alert=alert)
            self._due.schedule(TRIAGE, f"{alert}/cleared", due_at=now, payload=payload)
        self._due.schedule(PUBLISH, uuid7(now), due_at=now, payload=Publish())

    async def run(self) -> None:
        """Look at the folder every second until cancelled."""
        last = await asyncio.to_thread(watched, self._kit.folder)
        while True:
            await asyncio.sleep(_LOOK_S)
            now = await asyncio.to_thread(watched, self._kit.folder)
            if now == last:
                continue
            last = now
            await asyncio.to_thread(self.reload)

    def reload(self) -> None:
        """Read the kit again and put it in force, unless it is faulty."""
        before = self._kit.loaded
        after = self._read(self._kit.folder, before)
        self._kit.loaded = after
        if after.refused:
            for fault in after.faults:
                log.error("kit.faulty", fault=str(fault))
            log.error("kit.kept", version=after.catalog.version)
        elif after.catalog.version != before.catalog.version:
            log.info("kit.loaded", version=after.catalog.version)
            self.align()
        self._on_loaded()
