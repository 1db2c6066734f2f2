"""Reads status pages made with Better Stack."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from relight.catalog.component import ComponentState
from relight.detect.situation import Notice
from relight.detect.vendors import Feed
from relight.detect.vendors._reading import decoded, fetched, moment, notice, parsed, recent
from relight.kernel.ports import Ports
from relight.kernel.url import check_web_url


class BetterstackFeed(Feed, frozen=True, kw_only=True):
    """Read a status page made with Better Stack.

    `url` is the page itself, like https://status.plausible.io; its `/index.json` is read within
    `timeout_s`. Reports that are not resolved and resources in trouble become notices; downtime is
    a major outage. Whether a report is over is read from its state, since its end may be left
    empty. What the page does not watch is left out.

    Source: https://betterstack.com/docs/uptime/status-pages/subscribing-to-status-updates/
    subscribing-to-api, read 2026-09.
    """

    url: str
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0

    EXAMPLE: ClassVar[dict[str, Any]] = {"url": "https://status.plausible.io"}

    def __post_init__(self) -> None:
        """Refuse what is no web address."""
        check_web_url(self.url)

    async def read(self, vendor: str, ports: Ports) -> tuple[Notice, ...]:
        """Read the index."""
        url = self.url.rstrip("/")
        raw = await fetched(f"{url}/index.json", ports, timeout_s=self.timeout_s)
        return await parsed(partial(parse, raw, vendor=vendor, page=url, now=ports.clock.now()))


class _Affected(msgspec.Struct, frozen=True):
    status_page_resource_id: str | int | None = ""
    status: str | None = ""


class _Attributes(msgspec.Struct, frozen=True):
    public_name: str | None = ""
    status: str | None = ""
    title: str | None = ""
    report_type: str | None = ""
    starts_at: str | None = None
    ends_at: str | None = None
    updated_at: str | None = None
    aggregate_state: str | None = ""
    affected_resources: list[_Affected] | None = None


class _Thing(msgspec.Struct, frozen=True):
    id: str | int
    type: str
    attributes: _Attributes


class _Index(msgspec.Struct, frozen=True):
    data: _Thing
    included: list[_Thing]


_STATES = {
    "operational": ComponentState.OPERATIONAL,
    "resolved": ComponentState.OPERATIONAL,
    "not_monitored": ComponentState.OPERATIONAL,
    "degraded": ComponentState.DEGRADED_PERFORMANCE,
    "downtime": ComponentState.MAJOR_OUTAGE,
    "maintenance": ComponentState.UNDER_MAINTENANCE,
}


def parse(raw: bytes, *, vendor: str, page: str, now: datetime) -> tuple[Notice, ...]:
    """Make notices of an index. Raises `Unreadable`."""
    included = decoded(raw, _Index).included
    resources = [each for each in included if each.type == "status_page_resource"]
    names = {str(each.id): each.attributes.public_name or "" for each in resources}
    told: list[Notice] = []
    for report in included:
        if report.type == "status_report":
            told += _report(report, names, vendor, page, now)
    named = {each.component for each in told if each.ended_at is None}
    for resource in resources:
        name = resource.attributes.public_name or ""
        state = _state(resource.attributes.status)
        if state.rank and name not in named:
            told.append(
                notice(
                    vendor=vendor,
                    id=f"component/{resource.id}",
                    component=name,
                    state=state,
                    title=f"{name}: {state.label.lower()}",
                    url=page,
                    began_at=now,
                    planned=state is ComponentState.UNDER_MAINTENANCE,
                )
            )
    return recent(told, now)


def _state(word: str | None) -> ComponentState:
    return _STATES.get(word or "", ComponentState.DEGRADED_PERFORMANCE)


def _report(
    report: _Thing, names: dict[str, str], vendor: str, page: str, now: datetime
) -> list[Notice]:
    said = report.attributes
    planned = said.report_type == "maintenance"
    until = moment(said.ends_at)
    began = moment(said.starts_at) or now
    ended = None
    if said.aggregate_state == "resolved":
        ended = until or moment(said.updated_at) or began
    elif planned and until and until < now:
        ended = until
    whole = _state(said.aggregate_state)
    parts = [
        (names.get(str(each.status_page_resource_id), ""), _state(each.status))
        for each in said.affected_resources or ()
        if ended or each.status != "resolved"
    ]
    return [
        notice(
            vendor=vendor,
            id=f"report/{report.id}",
            component=name,
            state=_worded(state, planned=planned),
            title=said.title or "A report",
            url=page,
            began_at=began,
            ended_at=ended,
            planned=planned,
        )
        for name, state in parts or [("", whole)]
    ]


def _worded(state: ComponentState, *, planned: bool) -> ComponentState:
    if planned:
        return ComponentState.UNDER_MAINTENANCE
    return state if state.rank else ComponentState.DEGRADED_PERFORMANCE


PLUGIN: type[Feed] = BetterstackFeed
