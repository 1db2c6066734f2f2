"""Reads the incidents of Google Cloud, and of Google Workspace and Firebase beside it."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar
from urllib.parse import urljoin

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

_LONGEST = 16 << 20  # The file holds finished incidents too, with every word said in them.


class GoogleFeed(Feed, frozen=True, kw_only=True):
    """Read the incidents of Google Cloud.

    `url` is https://status.cloud.google.com/incidents.json; Google Workspace has
    https://www.google.com/appsstatus/dashboard/incidents.json in the same format. It is read within
    `timeout_s`. Each product that an incident touches becomes a notice whose component is written
    like `Cloud SQL (europe-west4, europe-west1)`, so `Cloud SQL + europe-west4` in `depends_on`
    means this product in this region. Information that nobody has added to for a day has ended with
    its last word.

    Source: https://status.cloud.google.com/incidents.schema.json; fields as observed 2026-09-23.
    """

    url: str
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 20.0

    EXAMPLE: ClassVar[dict[str, Any]] = {"url": "https://status.cloud.google.com/incidents.json"}

    def __post_init__(self) -> None:
        """Refuse what is no web address."""
        check_web_url(self.url)

    async def read(self, vendor: str, ports: Ports) -> tuple[Notice, ...]:
        """Read all incidents, of which most are over."""
        raw = await fetched(self.url, ports, timeout_s=self.timeout_s, longest=_LONGEST)
        now = ports.clock.now()
        return await parsed(partial(parse, raw, vendor=vendor, page=self.url, now=now))


class _Named(msgspec.Struct, frozen=True):
    title: str | None = ""
    id: str | None = ""


class _Update(msgspec.Struct, frozen=True):
    status: str | None = ""
    when: str | None = None


class _Incident(msgspec.Struct, frozen=True):
    id: str
    begin: str | None
    end: str | None = None
    modified: str | None = None
    external_desc: str | None = ""
    status_impact: str | None = ""
    most_recent_update: _Update | None = None
    service_name: str | None = ""
    affected_products: list[_Named] | None = None
    currently_affected_locations: list[_Named] | None = None
    uri: str | None = ""


_STATES = {
    "SERVICE_INFORMATION": ComponentState.DEGRADED_PERFORMANCE,
    "SERVICE_DISRUPTION": ComponentState.PARTIAL_OUTAGE,
    "SERVICE_OUTAGE": ComponentState.MAJOR_OUTAGE,
}


def parse(raw: bytes, *, vendor: str, page: str, now: datetime) -> tuple[Notice, ...]:
    """Make notices of `incidents.json`. Raises `Unreadable`."""
    told: list[Notice] = []
    for incident in decoded(raw, list[_Incident]):
        places = ", ".join(each.id or "" for each in incident.currently_affected_locations or ())
        products = [each.title or "" for each in incident.affected_products or ()]
        said = (incident.external_desc or "").replace("**Title:**", "").replace("**", "")
        told += [
            notice(
                vendor=vendor,
                id=incident.id,
                component=f"{name} ({places})" if places else name,
                state=_STATES.get(incident.status_impact or "", ComponentState.PARTIAL_OUTAGE),
                title=said or incident.service_name or "An incident",
                url=web(_joined(page, incident.uri or "")),
                began_at=moment(incident.begin) or now,
                ended_at=_ended(incident, now),
            )
            for name in products or [incident.service_name or ""]
        ]
    return recent(told, now)


def _ended(incident: _Incident, now: datetime) -> datetime | None:
    if end := moment(incident.end):
        return end
    update = incident.most_recent_update or _Update()
    last = moment(update.when) or moment(incident.modified) or moment(incident.begin) or now
    if update.status == "AVAILABLE":
        return last
    information = incident.status_impact == "SERVICE_INFORMATION"
    return last if information and now - last > LINGERS else None


def _joined(page: str, path: str) -> str:
    try:
        return urljoin(page, path)
    except ValueError:
        return ""


PLUGIN: type[Feed] = GoogleFeed
