"""Reads status pages made with Instatus."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from relight.catalog.component import ComponentState
from relight.detect.situation import Notice
from relight.detect.vendors import Feed
from relight.detect.vendors._reading import (
    decoded,
    fetched,
    moment,
    notice,
    parsed,
    recent,
    web,
)
from relight.kernel.ports import Ports
from relight.kernel.url import check_web_url


class InstatusFeed(Feed, frozen=True, kw_only=True):
    """Read a status page made with Instatus.

    `url` is the page itself, like https://status.todoist.net; its `/v3/summary.json` and
    `/v3/components.json` are read, each within `timeout_s`. Incidents of the summary name no
    component and therefore count for every service; components in trouble are notices of their
    own.

    Source: https://instatus.com/help/api, read 2026-09; the live answers differ from it in that
    empty lists are left out.
    """

    url: str
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0

    EXAMPLE: ClassVar[dict[str, Any]] = {"url": "https://status.todoist.net"}

    def __post_init__(self) -> None:
        """Refuse what is no web address."""
        check_web_url(self.url)

    async def read(self, vendor: str, ports: Ports) -> tuple[Notice, ...]:
        """Read the summary and the components."""
        url = self.url.rstrip("/")
        summary = await fetched(f"{url}/v3/summary.json", ports, timeout_s=self.timeout_s)
        parts = await fetched(f"{url}/v3/components.json", ports, timeout_s=self.timeout_s)
        now = ports.clock.now()
        return await parsed(partial(parse, summary, parts, vendor=vendor, page=url, now=now))


class _Page(msgspec.Struct, frozen=True):
    status: str


class _Item(msgspec.Struct, frozen=True):
    name: str
    status: str
    id: str | None = ""
    impact: str | None = ""
    started: str | None = None
    start: str | None = None
    duration: str | float | None = None
    url: str | None = ""
    updatedAt: str | None = None  # noqa: N815 - the vendor's own word


class _Summary(msgspec.Struct, frozen=True, rename="camel"):
    page: _Page
    active_incidents: list[_Item] | None = None
    active_maintenances: list[_Item] | None = None


class _Group(msgspec.Struct, frozen=True):
    id: str | None = ""


class _Component(msgspec.Struct, frozen=True):
    name: str
    status: str
    id: str | None = ""
    group: _Group | str | None = None


class _Components(msgspec.Struct, frozen=True):
    components: list[_Component]


_STATES = {
    "OPERATIONAL": ComponentState.OPERATIONAL,
    "UNDERMAINTENANCE": ComponentState.UNDER_MAINTENANCE,
    "DEGRADEDPERFORMANCE": ComponentState.DEGRADED_PERFORMANCE,
    "MINOROUTAGE": ComponentState.PARTIAL_OUTAGE,
    "PARTIALOUTAGE": ComponentState.PARTIAL_OUTAGE,
    "MAJOROUTAGE": ComponentState.MAJOR_OUTAGE,
}


def parse(
    summary: bytes, components: bytes, *, vendor: str, page: str, now: datetime
) -> tuple[Notice, ...]:
    """Make notices of a summary and its components. Raises `Unreadable`."""
    read = decoded(summary, _Summary)
    told: list[Notice] = []
    for each in read.active_incidents or ():
        state = _STATES.get(each.impact or "", ComponentState.DEGRADED_PERFORMANCE)
        if state is ComponentState.OPERATIONAL:
            continue
        told.append(
            notice(
                vendor=vendor,
                id=each.id or each.url or each.name,
                state=state,
                title=each.name,
                url=web(each.url, page),
                began_at=moment(each.started) or now,
                ended_at=moment(each.updatedAt) or now if each.status == "RESOLVED" else None,
            )
        )
    told += [_maintenance(each, vendor, page, now) for each in read.active_maintenances or ()]
    parts = decoded(components, _Components).components
    groups = {each.group.id for each in parts if isinstance(each.group, _Group)}
    for part in parts:
        state = _STATES.get(part.status, ComponentState.DEGRADED_PERFORMANCE)
        if state is ComponentState.OPERATIONAL or (part.id and part.id in groups):
            continue
        told.append(
            notice(
                vendor=vendor,
                id=f"component/{part.id or part.name}",
                component=part.name,
                state=state,
                title=f"{part.name}: {state.label.lower()}",
                url=page,
                began_at=now,
                planned=state is ComponentState.UNDER_MAINTENANCE,
            )
        )
    return recent(told, now)


def _maintenance(work: _Item, vendor: str, page: str, now: datetime) -> Notice:
    began = moment(work.start) or now
    return notice(
        vendor=vendor,
        id=work.id or work.url or work.name,
        state=ComponentState.UNDER_MAINTENANCE,
        title=work.name,
        url=web(work.url, page),
        began_at=began,
        ended_at=_end(work, began, now),
        planned=True,
    )


def _end(work: _Item, began: datetime, now: datetime) -> datetime | None:
    """Tell when it ended: when it says so, or when its minutes are over and it never began."""
    if work.status == "COMPLETED":
        return moment(work.updatedAt) or now
    try:
        until = began + timedelta(minutes=float(work.duration or 0))
    except (ValueError, OverflowError):
        return None
    return until if work.status == "NOTSTARTEDYET" and until < now else None


PLUGIN: type[Feed] = InstatusFeed
