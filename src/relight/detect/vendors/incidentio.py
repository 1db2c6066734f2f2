"""Reads the public summary of pages made with incident.io."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from relight.catalog.component import ComponentState
from relight.detect.situation import Notice
from relight.detect.vendors import Feed
from relight.detect.vendors._reading import decoded, fetched, moment, notice, parsed, recent, web
from relight.kernel.ports import Ports
from relight.kernel.url import check_web_url


class IncidentioFeed(Feed, frozen=True, kw_only=True):
    """Read the public summary (widget API) of a page made with incident.io.

    `url` is the page itself, like https://neonstatus.com; its `/api/v1/summary` is read within
    `timeout_s`. It names the components that an incident touches, written `Group / Component`,
    which the Statuspage-like answer of the same page leaves out; not every page has it switched on,
    and then `statuspage` with the same address is the next best.

    Source: https://help.incident.io, "Widget API", read 2026-09; the summary of Neon's page in
    their own documentation.
    """

    url: str
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0

    EXAMPLE: ClassVar[dict[str, Any]] = {"url": "https://neonstatus.com"}

    def __post_init__(self) -> None:
        """Refuse what is no web address."""
        check_web_url(self.url)

    async def read(self, vendor: str, ports: Ports) -> tuple[Notice, ...]:
        """Read the summary."""
        url = self.url.rstrip("/")
        raw = await fetched(f"{url}/api/v1/summary", ports, timeout_s=self.timeout_s)
        return await parsed(partial(parse, raw, vendor=vendor, page=url, now=ports.clock.now()))


class _Component(msgspec.Struct, frozen=True):
    name: str
    group_name: str | None = ""
    current_status: str | None = ""


class _Item(msgspec.Struct, frozen=True):
    id: str
    name: str
    status: str
    url: str | None = ""
    created_at: str | None = None
    started_at: str | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    scheduled_end_at: str | None = None
    last_update_at: str | None = None
    current_worst_impact: str | None = ""
    affected_components: list[_Component] | None = None


class _Summary(msgspec.Struct, frozen=True):
    ongoing_incidents: list[_Item] | None
    in_progress_maintenances: list[_Item] | None = None
    scheduled_maintenances: list[_Item] | None = None


_STATES = {
    "operational": ComponentState.OPERATIONAL,
    "degraded_performance": ComponentState.DEGRADED_PERFORMANCE,
    "partial_outage": ComponentState.PARTIAL_OUTAGE,
    "full_outage": ComponentState.MAJOR_OUTAGE,
    "major_outage": ComponentState.MAJOR_OUTAGE,
    "under_maintenance": ComponentState.UNDER_MAINTENANCE,
}


def parse(raw: bytes, *, vendor: str, page: str, now: datetime) -> tuple[Notice, ...]:
    """Make notices of a summary. Raises `Unreadable`."""
    summary = decoded(raw, _Summary)
    told: list[Notice] = []
    for incident in summary.ongoing_incidents or ():
        told += _notices(incident, vendor, page, now)
    for work in (
        *(summary.in_progress_maintenances or ()),
        *(summary.scheduled_maintenances or ()),
    ):
        told += _notices(work, vendor, page, now, planned=True)
    return recent(told, now)


def _notices(
    item: _Item, vendor: str, page: str, now: datetime, *, planned: bool = False
) -> list[Notice]:
    begun = (item.started_at, item.starts_at, item.created_at, item.last_update_at)
    until = moment(item.ends_at) or moment(item.scheduled_end_at)
    waits = item.status == "maintenance_scheduled"
    whole = _state(item.current_worst_impact)
    parts = [
        (_written(each), _state(each.current_status)) for each in item.affected_components or ()
    ]
    return [
        notice(
            vendor=vendor,
            id=item.id,
            component=name,
            state=ComponentState.UNDER_MAINTENANCE if planned else state,
            title=item.name,
            url=web(item.url, page),
            began_at=next((at for each in begun if (at := moment(each))), now),
            ended_at=until if planned and waits and until and until < now else None,
            planned=planned,
        )
        for name, state in parts or [("", whole)]
    ]


def _state(word: str | None) -> ComponentState:
    """Read an impact; an ongoing incident is trouble of some kind."""
    state = _STATES.get(word or "", ComponentState.DEGRADED_PERFORMANCE)
    return state if state.rank else ComponentState.DEGRADED_PERFORMANCE


def _written(part: _Component) -> str:
    return f"{part.group_name} / {part.name}" if part.group_name else part.name


PLUGIN: type[Feed] = IncidentioFeed
