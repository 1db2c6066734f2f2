"""Reads the public events of AWS."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from relight.catalog.component import ComponentState
from relight.detect.situation import Notice
from relight.detect.vendors import Feed
from relight.detect.vendors._reading import (
    LINGERS,
    decoded,
    fetched,
    moment,
    notice,
    parsed,
    recent,
)
from relight.kernel.ports import Ports
from relight.kernel.url import check_web_url

_PAGE = "https://health.aws.amazon.com/health/status"


class AwsFeed(Feed, frozen=True, kw_only=True):
    """Read the current events of AWS's public health dashboard.

    `url` is https://health.aws.amazon.com/public/currentevents, read within `timeout_s`. Each
    service that an event touches becomes a notice whose component is written like
    `Amazon Elastic Compute Cloud, N. Virginia (ec2-us-east-1)`. Say in `depends_on` which regions
    or services you use, like `us-east-1` or `s3-eu-west-1`: without that, an event anywhere in the
    world counts. Event status 1 is information, 2 degraded, 3 disrupted, 0 over. Information that
    nobody has added to for a day has ended with its last word, since AWS leaves it standing.

    Source: no schema is published; the format as observed 2023-03 to 2026-09. The body is UTF-16.
    """

    url: str
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "url": "https://health.aws.amazon.com/public/currentevents"
    }

    def __post_init__(self) -> None:
        """Refuse what is no web address."""
        check_web_url(self.url)

    async def read(self, vendor: str, ports: Ports) -> tuple[Notice, ...]:
        """Read the current events."""
        raw = await fetched(self.url, ports, timeout_s=self.timeout_s)
        return await parsed(partial(parse, raw, vendor=vendor, now=ports.clock.now()))


class _Touched(msgspec.Struct, frozen=True):
    service_name: str | None = ""
    current: str | int | None = None


class _Entry(msgspec.Struct, frozen=True):
    timestamp: str | int | float | None = None


class _Event(msgspec.Struct, frozen=True):
    status: str | int
    service: str
    date: str | int | float | None = None
    arn: str | None = ""
    region_name: str | None = ""
    service_name: str | None = ""
    summary: str | None = ""
    end_time: str | int | float | None = None
    event_log: list[_Entry] | None = None
    impacted_services: dict[str, _Touched] | None = None


_STATES = {
    "1": ComponentState.DEGRADED_PERFORMANCE,
    "2": ComponentState.PARTIAL_OUTAGE,
    "3": ComponentState.MAJOR_OUTAGE,
}
_OVER = "0"
_INFORMATION = "1"


def parse(raw: bytes, *, vendor: str, now: datetime) -> tuple[Notice, ...]:
    """Make notices of the list of events. Raises `Unreadable`."""
    told: list[Notice] = []
    for event in decoded(raw, list[_Event]):
        touched = event.impacted_services or {event.service: _Touched(event.service_name)}
        for key, part in touched.items():
            code = str(event.status if part.current is None else part.current)
            told.append(
                notice(
                    vendor=vendor,
                    id=event.arn or f"{event.service}/{event.date}",
                    component=_component(key, part, event),
                    state=_STATES.get(code, ComponentState.DEGRADED_PERFORMANCE),
                    title=event.summary or event.service_name or event.service,
                    url=_PAGE,
                    began_at=moment(event.date) or now,
                    ended_at=_ended(event, code, now),
                )
            )
    return recent(told, now)


def _component(key: str, part: _Touched, event: _Event) -> str:
    name = part.service_name or key
    where = "" if not event.region_name or event.region_name in name else f", {event.region_name}"
    return f"{name}{where} ({key})"


def _ended(event: _Event, code: str, now: datetime) -> datetime | None:
    words = [moment(entry.timestamp) for entry in event.event_log or ()]
    last = max((each for each in words if each), default=moment(event.date) or now)
    if end := moment(event.end_time):
        return end
    title = (event.summary or "").strip().upper()
    if _OVER in {code, str(event.status)} or title.startswith("[RESOLVED]"):
        return last
    return last if code == _INFORMATION and now - last > LINGERS else None


PLUGIN: type[Feed] = AwsFeed
