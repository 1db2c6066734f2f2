"""All words given, over all incidents."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.params import FromQuery

from relight.incident.status import Audience, Status
from relight.web.account import viewer
from relight.web.api.calling import Limit, refusals
from relight.web.house import TheHouse

_INCIDENTS = 200


class UpdateShape(msgspec.Struct, frozen=True, kw_only=True):
    """One word given, with the incident it is about."""

    incident: str
    incident_id: str
    title: str
    seq: int
    at: datetime
    by: str
    audience: Audience
    status: Status
    text: str
    neutral: bool
    corrected: bool


@get(
    "/updates",
    guards=[viewer],
    sync_to_thread=True,
    summary="List updates, newest first",
    responses=refusals(400),
)
def list_updates(
    house: TheHouse, limit: Limit = 100, audience: FromQuery[Audience | None] = None
) -> list[UpdateShape]:
    """Give the updates of the newest 200 incidents, newest first."""
    found = [
        UpdateShape(
            incident=incident.name,
            incident_id=incident.id,
            title=incident.title,
            **{name: getattr(update, name) for name in _OF_UPDATE},
        )
        for incident in house.desk.incidents.all(limit=_INCIDENTS)
        for update in incident.updates
        if audience is None or update.audience is audience
    ]
    return sorted(found, key=lambda each: (each.at, each.seq), reverse=True)[:limit]


_OF_UPDATE = ("seq", "at", "by", "audience", "status", "text", "neutral", "corrected")

HANDLERS = (list_updates,)
