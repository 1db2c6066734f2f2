"""Reads Slack's own status API."""

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
    web,
)
from relight.kernel.ports import Ports
from relight.kernel.url import check_web_url


class SlackFeed(Feed, frozen=True, kw_only=True):
    """Read what Slack says of itself.

    `url` is https://slack-status.com/api/v2.0.0/current, read within `timeout_s`. Each service that
    Slack names is a component: Login/SSO, Messaging, Files, Huddles, Search, Connectivity,
    Notifications, Workflows, Canvases, Apps/Integrations/APIs, Workspace/Org Administration. An
    outage is a major outage, an incident a partial one, a notice degraded performance. A notice
    that nobody has added to for a day has ended with its last word.

    Source: https://docs.slack.dev/reference/slack-status-api, read 2026-09.
    """

    url: str
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0

    EXAMPLE: ClassVar[dict[str, Any]] = {"url": "https://slack-status.com/api/v2.0.0/current"}

    def __post_init__(self) -> None:
        """Refuse what is no web address."""
        check_web_url(self.url)

    async def read(self, vendor: str, ports: Ports) -> tuple[Notice, ...]:
        """Read the current state."""
        raw = await fetched(self.url, ports, timeout_s=self.timeout_s)
        return await parsed(partial(parse, raw, vendor=vendor, now=ports.clock.now()))


class _Note(msgspec.Struct, frozen=True):
    date_created: str | None = None


class _Incident(msgspec.Struct, frozen=True):
    id: str | int
    title: str
    status: str
    type: str | None = "incident"
    date_created: str | None = None
    date_updated: str | None = None
    url: str | None = ""
    services: list[str] | None = None
    notes: list[_Note] | None = None


class _Current(msgspec.Struct, frozen=True):
    status: str
    active_incidents: list[_Incident] | None


_STATES = {
    "notice": ComponentState.DEGRADED_PERFORMANCE,
    "incident": ComponentState.PARTIAL_OUTAGE,
    "outage": ComponentState.MAJOR_OUTAGE,
    "maintenance": ComponentState.UNDER_MAINTENANCE,
}
_OVER = frozenset({"resolved", "completed", "cancelled"})


def parse(raw: bytes, *, vendor: str, now: datetime) -> tuple[Notice, ...]:
    """Make notices of `current`. Raises `Unreadable`."""
    told: list[Notice] = []
    for incident in decoded(raw, _Current).active_incidents or ():
        planned = incident.type == "maintenance" or incident.status in {"scheduled", "completed"}
        said = [moment(each.date_created) for each in incident.notes or ()]
        said += [moment(incident.date_updated), moment(incident.date_created)]
        last = max((each for each in said if each), default=now)
        lingers = incident.type == "notice" and now - last > LINGERS
        state = _STATES.get(incident.type or "", ComponentState.PARTIAL_OUTAGE)
        told += [
            notice(
                vendor=vendor,
                id=str(incident.id),
                component=name,
                state=ComponentState.UNDER_MAINTENANCE if planned else state,
                title=incident.title,
                url=web(incident.url),
                began_at=moment(incident.date_created) or now,
                ended_at=last if incident.status in _OVER or lingers else None,
                planned=planned,
            )
            for name in incident.services or [""]
        ]
    return recent(told, now)


PLUGIN: type[Feed] = SlackFeed
