"""Tells open pages that something moved, by server-sent events.

One task looks at the database when something was written; streams only wait for it, so a hundred
open pages hold no thread.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import structlog
from anyio import to_thread
from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from relight.desk.changes import Changes
from relight.kernel.faults import RelightError
from relight.web.account import WebRequest, viewer
from relight.web.house import House, TheHouse

log = structlog.get_logger("relight.web")
_PING_S = 15.0
_LONGEST_S = 900.0
"""A stream ends after this long; the browser opens it again and has to be signed in still."""
_LOOK_S = 60.0
_BREATH_S = 0.1
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Live:
    """Knows a mark of everything that people see, and wakes who waits when it changes."""

    def __init__(self, house: House) -> None:
        """Watch one house; `run` does the watching."""
        self._house = house
        self.seen = Changes()
        self.mark = ""
        self.closed = False

    async def run(self) -> None:
        """Look whenever something was written, until cancelled."""
        version = -1
        while True:
            version = await self._house.changes.after(version, timeout_s=_LOOK_S)
            try:
                mark = await to_thread.run_sync(self._look)
            except RelightError as error:
                log.warning("live.not_looked", reason=str(error))
                await asyncio.sleep(1)
                version = -1
                continue
            if mark != self.mark:
                self.mark = mark
                self.seen.announce()
            await asyncio.sleep(_BREATH_S)

    def _look(self) -> str:
        house = self._house
        loaded = house.kit.loaded
        checks = [
            (each.service.name, each.state, each.since, [s.status for s in each.checks.values()])
            for each in house.desk.standings()
        ]
        seen = repr((house.incidents.heads(), checks, loaded.catalog.version, loaded.faults))
        return hashlib.sha256(seen.encode()).hexdigest()[:16]

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self.closed = True
        self.seen.announce()


def _event(id: object, data: object) -> bytes:  # noqa: A002 - the field's own word
    return f"id: {id}\nevent: changed\ndata: {data}\n\n".encode()


async def incident_events(
    live: Live, house: House, incident: str, shown: int
) -> AsyncIterator[bytes]:
    """Give an event with the newest `seq` each time it is past what was shown last."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + _LONGEST_S
    yield b"retry: 2000\n\n"
    while not live.closed and loop.time() < ends:
        version = live.seen.version
        try:
            state = await to_thread.run_sync(house.desk.incidents.read, incident)
        except RelightError:
            return  # the browser comes back by itself
        if state is not None and state.seq != shown:
            shown = state.seq
            yield _event(shown, shown)
        if not live.closed and await live.seen.after(version, timeout_s=_PING_S) == version:
            yield b": still here\n\n"


async def home_events(live: Live, shown: str) -> AsyncIterator[bytes]:
    """Give an event whenever anything that people see has moved."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + _LONGEST_S
    yield b"retry: 2000\n\n"
    while not live.closed and loop.time() < ends:
        version = live.seen.version
        if live.mark and shown and live.mark != shown:
            yield _event(live.mark, version)
        shown = live.mark
        if not live.closed and await live.seen.after(version, timeout_s=_PING_S) == version:
            yield b": still here\n\n"


def _last_seen(request: WebRequest, after: int) -> int:
    given = request.headers.get("last-event-id", "")
    return int(given) if given.isdigit() and len(given) < 10 else after


@get("/live/incidents/{ref:str}", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def incident_stream(
    ref: FromPath[str], house: TheHouse, request: WebRequest, after: FromQuery[int] = 0
) -> Stream:
    """Follow one incident. `after` is the `seq` that the page shows already."""
    incident = house.desk.find(ref)
    live: Live = request.app.state.live
    shown = _last_seen(request, after)
    events = incident_events(live, house, incident.id, shown)
    return Stream(events, media_type="text/event-stream", headers=_HEADERS)


@get("/live/home", guards=[viewer], sync_to_thread=False, include_in_schema=False)
def home_stream(request: WebRequest, mark: FromQuery[str] = "") -> Stream:
    """Follow everything. `mark` is what the page was drawn at (`live_mark`), or empty for now."""
    live: Live = request.app.state.live
    shown = request.headers.get("last-event-id", "") or mark
    events = home_events(live, shown)
    return Stream(events, media_type="text/event-stream", headers=_HEADERS)


HANDLERS = (incident_stream, home_stream)
