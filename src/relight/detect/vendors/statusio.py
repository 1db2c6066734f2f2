"""Reads status pages made with Status.io."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from relight.catalog.component import ComponentState
from relight.detect.situation import Notice
from relight.detect.vendors import Feed
from relight.detect.vendors._reading import decoded, fetched, moment, notice, parsed, recent, worst
from relight.kernel.ports import Ports
from relight.kernel.url import check_web_url


class StatusioFeed(Feed, frozen=True, kw_only=True):
    """Read a status page made with Status.io.

    `url` is the public status API of the page, https://api.status.io/1.0/status/ followed by the
    page's id, read within `timeout_s`. The page tells its id in the header `x-status-page-id`.
    Components, and the places (containers) where they run, are written `API (Frankfurt)`. Codes:
    100 operational, 200 planned maintenance, 300 degraded, 400 partial, 500 disruption, 600
    security.

    Source: https://kb.status.io/developers/public-status-api/, read 2026-09.
    """

    url: str
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "url": "https://api.status.io/1.0/status/5b36dc6502d06804c08349f7"
    }

    def __post_init__(self) -> None:
        """Refuse what is no web address."""
        check_web_url(self.url)

    async def read(self, vendor: str, ports: Ports) -> tuple[Notice, ...]:
        """Read the status."""
        raw = await fetched(self.url, ports, timeout_s=self.timeout_s)
        return await parsed(partial(parse, raw, vendor=vendor, now=ports.clock.now()))


class _Part(msgspec.Struct, frozen=True):
    name: str
    status_code: int
    id: str | None = ""
    updated: str | None = None
    containers: list["_Part"] | None = None


class _Named(msgspec.Struct, frozen=True):
    name: str | None = ""


class _Message(msgspec.Struct, frozen=True):
    datetime: str | None = None
    state: int | None = None
    status: int | None = None


class _Item(msgspec.Struct, frozen=True):
    name: str
    id: str | None = msgspec.field(default="", name="_id")
    datetime_open: str | None = None
    datetime_planned_start: str | None = None
    datetime_planned_end: str | None = None
    messages: list[_Message] | None = None
    components_affected: list[_Named] | None = None


class _Maintenance(msgspec.Struct, frozen=True):
    active: list[_Item] | None = None
    upcoming: list[_Item] | None = None


class _Result(msgspec.Struct, frozen=True):
    status: list[_Part]
    incidents: list[_Item] | None = None
    maintenance: _Maintenance | None = None


class _Answer(msgspec.Struct, frozen=True):
    result: _Result


_STATES = {
    100: ComponentState.OPERATIONAL,
    200: ComponentState.UNDER_MAINTENANCE,
    300: ComponentState.DEGRADED_PERFORMANCE,
    400: ComponentState.PARTIAL_OUTAGE,
    500: ComponentState.MAJOR_OUTAGE,
    600: ComponentState.DEGRADED_PERFORMANCE,
}
_RESOLVED = 400  # Of a message's state, which counts otherwise than its status.


def parse(raw: bytes, *, vendor: str, now: datetime) -> tuple[Notice, ...]:
    """Make notices of a status. Raises `Unreadable`."""
    result = decoded(raw, _Answer).result
    states = {part.name: _state(part.status_code) for part in result.status}
    told: list[Notice] = []
    named: set[str] = set()
    for incident in result.incidents or ():
        found = _incident(incident, states, vendor, now)
        named.update(each.component for each in found if each.ended_at is None)
        told += found
    work = result.maintenance or _Maintenance()
    told += [_planned(each, vendor, now, begun=True) for each in work.active or ()]
    told += [_planned(each, vendor, now, begun=False) for each in work.upcoming or ()]
    for part in result.status:
        places = [each for each in part.containers or () if _state(each.status_code).rank]
        for each in places or [part]:
            state = _state(each.status_code)
            if not state.rank or part.name in named:
                continue
            name = part.name if each is part else f"{part.name} ({each.name})"
            told.append(
                notice(
                    vendor=vendor,
                    id=f"component/{part.id or part.name}/{each.id or each.name}",
                    component=name,
                    state=state,
                    title=f"{name}: {state.label.lower()}",
                    began_at=moment(each.updated) or now,
                    planned=state is ComponentState.UNDER_MAINTENANCE,
                )
            )
    return recent(told, now)


def _state(code: int) -> ComponentState:
    return _STATES.get(code, ComponentState.DEGRADED_PERFORMANCE)


def _incident(
    incident: _Item, states: dict[str, ComponentState], vendor: str, now: datetime
) -> list[Notice]:
    words = sorted(
        ((at, each) for each in incident.messages or () if (at := moment(each.datetime))),
        key=lambda pair: pair[0],
    )
    last_at, last = words[-1] if words else (now, _Message())
    said = worst(_state(each.status) for _, each in words[-1:] if each.status is not None)
    names = [each.name or "" for each in incident.components_affected or ()]
    return [
        notice(
            vendor=vendor,
            id=incident.id or incident.name,
            component=name,
            state=_troubled(worst((said, states.get(name, said)))),
            title=incident.name,
            began_at=moment(incident.datetime_open) or now,
            ended_at=last_at if last.state == _RESOLVED else None,
        )
        for name in names or [""]
    ]


def _troubled(state: ComponentState) -> ComponentState:
    """An open incident is trouble of some kind, whatever the codes beside it say."""
    return state if state.rank else ComponentState.DEGRADED_PERFORMANCE


def _planned(work: _Item, vendor: str, now: datetime, *, begun: bool) -> Notice:
    until = moment(work.datetime_planned_end)
    names = ", ".join(each.name or "" for each in work.components_affected or ())
    return notice(
        vendor=vendor,
        id=work.id or work.name,
        component=names,
        state=ComponentState.UNDER_MAINTENANCE,
        title=work.name,
        began_at=moment(work.datetime_planned_start) or moment(work.datetime_open) or now,
        ended_at=until if until and until < now and not begun else None,
        planned=True,
    )


PLUGIN: type[Feed] = StatusioFeed
