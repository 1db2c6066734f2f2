"""Reads RSS and Atom feeds, for vendors that have nothing better."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from relight.catalog.component import ComponentState
from relight.detect.situation import Notice
from relight.detect.vendors import Feed
from relight.detect.vendors._entries import LONGEST_FEED, Entry, entries
from relight.detect.vendors._reading import fetched, notice, parsed, recent, web
from relight.kernel.ports import Ports
from relight.kernel.url import check_web_url

_LONGEST_OUTAGE = timedelta(days=7)


class RssFeed(Feed, frozen=True, kw_only=True):
    """Read an RSS or Atom feed of incidents.

    `url` is read within `timeout_s`. Such a feed is a history in prose, so it says less than any
    other format: an entry counts as trouble until its words say `resolved`, `mitigated`,
    `completed` or `operating normally`. Without any word of the kind it counts for `lasts_s`; one
    that says `investigating`, `identified` or `monitoring` counts for at most a week. The
    categories and the title stand for the component. An entry about maintenance is planned work.

    Source: RSS 2.0 (https://www.rssboard.org/rss-specification) and Atom (RFC 4287).
    """

    url: str
    lasts_s: Annotated[float, Meta(ge=60)] = 86400.0
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0

    EXAMPLE: ClassVar[dict[str, Any]] = {"url": "https://www.paypal-status.com/feed/atom"}

    def __post_init__(self) -> None:
        """Refuse what is no web address."""
        check_web_url(self.url)

    async def read(self, vendor: str, ports: Ports) -> tuple[Notice, ...]:
        """Read the feed."""
        raw = await fetched(self.url, ports, timeout_s=self.timeout_s, longest=LONGEST_FEED)
        lasts = timedelta(seconds=self.lasts_s)
        return await parsed(partial(parse, raw, vendor=vendor, lasts=lasts, now=ports.clock.now()))


def parse(raw: bytes, *, vendor: str, lasts: timedelta, now: datetime) -> tuple[Notice, ...]:
    """Make notices of a feed. Raises `Unreadable`."""
    return recent((_notice(each, vendor, lasts, now) for each in entries(raw)), now)


def _notice(entry: Entry, vendor: str, lasts: timedelta, now: datetime) -> Notice:
    began = entry.published_at or entry.updated_at or now
    last = max(began, entry.updated_at or began)
    longest = _LONGEST_OUTAGE if entry.going_on else lasts
    state = ComponentState.DEGRADED_PERFORMANCE
    return notice(
        vendor=vendor,
        id=entry.id,
        component=", ".join(entry.tags) or entry.title,
        state=ComponentState.UNDER_MAINTENANCE if entry.planned else state,
        title=entry.title or entry.text,
        url=web(entry.link),
        began_at=began,
        ended_at=last if entry.over or now - last > longest else None,
        planned=entry.planned,
    )


PLUGIN: type[Feed] = RssFeed
