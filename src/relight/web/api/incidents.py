"""Incidents: looking at them, and declaring one."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from relight.incident.state import Incident
from relight.kernel.severity import Severity
from relight.web.account import responder, viewer
from relight.web.api.calling import (
    Body,
    Limit,
    Moment,
    Name,
    Reason,
    TheCaller,
    happened,
    refusals,
)
from relight.web.api.shapes import (
    EntryShape,
    GateShape,
    IncidentShape,
    entry_shapes,
    incident_shape,
)
from relight.web.house import TheHouse


class Declaration(Body, frozen=True, kw_only=True):
    """What to declare. Without a severity it is S2: unknown reach never lowers it."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    severity: Severity | None = None
    services: Annotated[tuple[Name, ...], msgspec.Meta(max_length=100)] = ()
    reason: Reason = ""
    occurred_at: Moment | None = None


@get(
    "/incidents",
    guards=[viewer],
    sync_to_thread=True,
    summary="List incidents, newest first",
    responses=refusals(400),
)
def list_incidents(
    house: TheHouse, limit: Limit = 100, *, live: FromQuery[bool | None] = None
) -> list[IncidentShape]:
    """Give incidents, newest first; `live` asks only for those with work left, or without."""
    found = house.desk.incidents.all(limit=limit, live=live)
    return [incident_shape(house, each) for each in found]


@post(
    "/incidents",
    guards=[responder],
    sync_to_thread=True,
    summary="Declare an incident",
    responses=refusals(400, 404, 409),
)
def declare_incident(
    house: TheHouse, caller: TheCaller, data: JSONBody[Declaration]
) -> IncidentShape:
    """Declare an incident; a severity that pages begins to call people."""
    done = house.desk.declare(
        data.title,
        by=caller.actor(house, data),
        severity=data.severity,
        services=data.services,
        reason=data.reason,
        command_id=caller.command_id,
        occurred_at=happened(data.occurred_at, house.clock.now()),
    )
    return incident_shape(house, done)


@get(
    "/incidents/{ref:str}",
    guards=[viewer],
    sync_to_thread=True,
    summary="Show one incident",
    responses=refusals(404),
)
def show_incident(house: TheHouse, ref: FromPath[str]) -> IncidentShape:
    """Find an incident by `INC-3`, `3` or its id."""
    return incident_shape(house, house.desk.find(ref))


@get(
    "/incidents/{ref:str}/timeline",
    guards=[viewer],
    sync_to_thread=True,
    summary="Read the timeline",
    responses=refusals(400, 404),
)
def read_timeline(
    house: TheHouse,
    ref: FromPath[str],
    limit: Limit = 100,
    after: Annotated[int, QueryParameter(ge=0, le=2**31, description="After this `seq`.")] = 0,
) -> list[EntryShape]:
    """Give the entries after a sequence number, in order."""
    incident: Incident = house.desk.find(ref)
    return entry_shapes(house.desk.incidents.entries(incident.id, after=after, limit=limit))


@get(
    "/incidents/{ref:str}/gate",
    guards=[viewer],
    sync_to_thread=True,
    summary="See what speaks for and against resolving",
    responses=refusals(404),
)
def show_gate(house: TheHouse, ref: FromPath[str]) -> GateShape:
    """Give the close gate's criteria with their figures, as they stand now."""
    found = house.desk.gate(house.desk.find(ref))
    return GateShape(found.passed, found)


HANDLERS = (list_incidents, declare_incident, show_incident, read_timeline, show_gate)
