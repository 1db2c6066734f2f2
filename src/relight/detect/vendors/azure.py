"""Reads the status feed of Azure."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from relight.catalog.component import ComponentState
from relight.detect.situation import Notice
from relight.detect.vendors import Feed
from relight.detect.vendors._entries import LONGEST_FEED, entries
from relight.detect.vendors._reading import fetched, notice, parsed, recent, web
from relight.kernel.ports import Ports
from relight.kernel.url import check_web_url

_FORGOTTEN = timedelta(days=3)


class AzureFeed(Feed, frozen=True, kw_only=True):
    """Read Azure's public status feed.

    `url` is https://rssfeed.azure.status.microsoft/en-us/status/feed/, read within `timeout_s`. The
    feed holds what goes on now and nothing while all is well. Each category (a service or a region)
    is a component; the title is one where there is none. The feed gives no severity, so everything
    in it is degraded performance. An entry has ended when its title says so, or when nothing was
    added to it for three days. Use this address and not status.azure.com: that one leads to the
    nearest region, which answered with an empty feed while it was itself down.

    Source: https://azure.status.microsoft, the feed as observed 2026-07 to 2026-09.
    """

    url: str
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "url": "https://rssfeed.azure.status.microsoft/en-us/status/feed/"
    }

    def __post_init__(self) -> None:
        """Refuse what is no web address."""
        check_web_url(self.url)

    async def read(self, vendor: str, ports: Ports) -> tuple[Notice, ...]:
        """Read the feed."""
        raw = await fetched(self.url, ports, timeout_s=self.timeout_s, longest=LONGEST_FEED)
        return await parsed(partial(parse, raw, vendor=vendor, now=ports.clock.now()))


def parse(raw: bytes, *, vendor: str, now: datetime) -> tuple[Notice, ...]:
    """Make notices of the feed. Raises `Unreadable`."""
    told: list[Notice] = []
    for entry in entries(raw):
        began = entry.published_at or entry.updated_at or now
        last = max(began, entry.updated_at or began)
        told += [
            notice(
                vendor=vendor,
                id=entry.id or entry.title,
                component=name,
                state=ComponentState.DEGRADED_PERFORMANCE,
                title=entry.title or entry.text,
                url=web(entry.link, "https://azure.status.microsoft/en-us/status/"),
                began_at=began,
                ended_at=last if entry.over or now - last > _FORGOTTEN else None,
            )
            for name in entry.tags or (entry.title,)
        ]
    return recent(told, now)


PLUGIN: type[Feed] = AzureFeed
