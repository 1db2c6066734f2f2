"""Keeps the static copies of the public page up to date."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from relight.communicate.publishers import Publisher
from relight.desk.desk import Desk
from relight.kernel.faults import RelightError
from relight.kernel.ledger import Claim, Due
from relight.kernel.plug import Plugged
from relight.kernel.ports import Ports
from relight.kernel.secret import Masker

log = structlog.get_logger()

_AGAIN_S = 30.0
_LONGEST_S = 120.0


class Copies:
    """Brings every copy of the public page up to date, and remembers where that failed."""

    def __init__(
        self,
        *,
        desk: Desk,
        due: Due,
        render: Callable[[], Mapping[str, bytes]],
        publisher_of: Callable[[Plugged], Publisher],
        ports: Callable[[], Ports],
        masker: Masker,
        failing: dict[str, str],
    ) -> None:
        """Take the parts; `render` gives the site as it should read now, `failing` is kept."""
        self._desk = desk
        self._due = due
        self._render = render
        self._publisher_of = publisher_of
        self._ports = ports
        self._masker = masker
        self._failing = failing

    async def publish(self, claim: Claim) -> None:
        """Publish to every place. One that fails does not keep the others waiting for ever."""
        places = self._desk.catalog.status_page.publish
        failed: dict[str, str] = {}
        if places:
            site = await asyncio.to_thread(self._render)
            results = await asyncio.gather(*(self._to(place, site) for place in places))
            failed = {
                place.label(): reason
                for place, reason in zip(places, results, strict=True)
                if reason
            }
        self._failing.clear()
        self._failing.update(failed)
        if failed:
            again = self._desk.clock.now() + timedelta(seconds=_AGAIN_S)
            await asyncio.to_thread(self._due.defer, claim, due_at=again)
        else:
            await asyncio.to_thread(self._due.complete, claim)

    async def _to(self, place: Plugged, site: Mapping[str, bytes]) -> str:
        """Publish to one place and give the reason where it did not work."""
        try:
            async with asyncio.timeout(_LONGEST_S):
                await self._publisher_of(place).publish(site, self._ports())
        except (RelightError, TimeoutError) as error:
            reason = self._masker.mask(str(error)) or "no answer in time"
            log.warning("publish.failed", place=place.label(), reason=reason)
            return reason
        return ""
