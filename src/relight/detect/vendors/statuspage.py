"""Reads Atlassian Statuspage, and the pages that speak its language."""

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


class StatuspageFeed(Feed, frozen=True, kw_only=True):
    """Read a status page made with Atlassian Statuspage.

    `url` is the page itself, like https://www.githubstatus.com; its `/api/v2/summary.json` is read
    within `timeout_s`. Incidents, planned maintenance and components in trouble become notices. An
    incident that is being monitored and whose components all work again has ended, from its last
    word on. Pages of incident.io and of Relight itself serve this format too; incident.io leaves
    out which components an incident touches.

    Source: https://metastatuspage.com/api, read 2026-09; incident.io's differences as observed
    2026-09-23.
    """

    url: str
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0

    EXAMPLE: ClassVar[dict[str, Any]] = {"url": "https://www.githubstatus.com"}

    def __post_init__(self) -> None:
        """Refuse what is no web address."""
        check_web_url(self.url)

    async def read(self, vendor: str, ports: Ports) -> tuple[Notice, ...]:
        """Read the summary."""
        url = self.url.rstrip("/")
        raw = await fetched(f"{url}/api/v2/summary.json", ports, timeout_s=self.timeout_s)
        return await parsed(partial(parse, raw, vendor=vendor, page=url, now=ports.clock.now()))


class _Component(msgspec.Struct, frozen=True):
    name: str
    status: str
    id: str = ""
    group: bool | None = False
    group_id: str | None = None
    updated_at: str | None = None


class _Word(msgspec.Struct, frozen=True):
    status: str | None = ""
    display_at: str | None = None
    created_at: str | None = None


class _Incident(msgspec.Struct, frozen=True):
    id: str
    name: str
    status: str
    impact: str | None = "minor"
    shortlink: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    updated_at: str | None = None
    resolved_at: str | None = None
    scheduled_for: str | None = None
    scheduled_until: str | None = None
    components: list[_Component] | None = None
    incident_updates: list[_Word] | None = None


class _Summary(msgspec.Struct, frozen=True):
    components: list[_Component] | None
    incidents: list[_Incident] | None = None
    scheduled_maintenances: list[_Incident] | None = None


_IMPACT = {
    "none": ComponentState.OPERATIONAL,
    "minor": ComponentState.DEGRADED_PERFORMANCE,
    "major": ComponentState.PARTIAL_OUTAGE,
    "critical": ComponentState.MAJOR_OUTAGE,
    "maintenance": ComponentState.UNDER_MAINTENANCE,
}
_OVER = frozenset({"resolved", "postmortem", "completed"})


def parse(raw: bytes, *, vendor: str, page: str, now: datetime) -> tuple[Notice, ...]:
    """Make notices of a `summary.json`. Raises `Unreadable`."""
    summary = decoded(raw, _Summary)
    states = {each.id: state_of(each.status) for each in summary.components or ()}
    told: list[Notice] = []
    named: set[str] = set()
    for incident in summary.incidents or ():
        found = _incident(incident, states, vendor, page, now)
        named.update(each.component for each in found if each.ended_at is None)
        told += found
    for work in summary.scheduled_maintenances or ():
        found = _maintenance(work, vendor, page, now)
        if work.status in {"in_progress", "verifying"}:
            named.update(each.component for each in found)
        told += found
    for part in summary.components or ():
        state = state_of(part.status)
        if part.group or state is ComponentState.OPERATIONAL or part.name in named:
            continue
        told.append(
            notice(
                vendor=vendor,
                id=f"component/{part.id or part.name}",
                component=part.name,
                state=state,
                title=f"{part.name}: {state.label.lower()}",
                url=page,
                began_at=moment(part.updated_at) or now,
                planned=state is ComponentState.UNDER_MAINTENANCE,
            )
        )
    return recent(told, now)


def state_of(word: str) -> ComponentState:
    """Read a component's status; a word that nobody knows is trouble of some kind."""
    try:
        return ComponentState(word)
    except ValueError:
        return ComponentState.DEGRADED_PERFORMANCE


def _incident(
    incident: _Incident,
    states: dict[str, ComponentState],
    vendor: str,
    page: str,
    now: datetime,
) -> list[Notice]:
    parts = incident.components or []
    now_states = [states.get(each.id, state_of(each.status)) for each in parts]
    words = incident.incident_updates or []
    last = moment(words[0].display_at or words[0].created_at) if words else None
    last = last or moment(incident.updated_at) or moment(incident.created_at) or now
    impact = _IMPACT.get(incident.impact or "", ComponentState.DEGRADED_PERFORMANCE)
    ended = None
    if incident.status in _OVER:
        ended = moment(incident.resolved_at) or last
    elif incident.status == "monitoring" and parts and not any(each.rank for each in now_states):
        ended = last
    named = [
        (each.name, state if state.rank else impact)
        for each, state in zip(parts, now_states, strict=True)
    ]
    return [
        notice(
            vendor=vendor,
            id=incident.id,
            component=name,
            state=state,
            title=incident.name,
            url=web(incident.shortlink, page),
            began_at=moment(incident.started_at) or moment(incident.created_at) or now,
            ended_at=ended,
        )
        for name, state in named or [("", impact)]
        if state.rank  # without any impact it is information
    ]


def _maintenance(work: _Incident, vendor: str, page: str, now: datetime) -> list[Notice]:
    until = moment(work.scheduled_until)
    ended = None
    if work.status in _OVER:
        ended = moment(work.resolved_at) or until or now
    elif work.status == "scheduled" and until and until < now:
        ended = until  # Nobody marked it as begun, and its time is over.
    return [
        notice(
            vendor=vendor,
            id=work.id,
            component=name,
            state=ComponentState.UNDER_MAINTENANCE,
            title=work.name,
            url=web(work.shortlink, page),
            began_at=moment(work.scheduled_for) or moment(work.created_at) or now,
            ended_at=ended,
            planned=True,
        )
        for name in [each.name for each in work.components or ()] or [""]
    ]


PLUGIN: type[Feed] = StatuspageFeed
