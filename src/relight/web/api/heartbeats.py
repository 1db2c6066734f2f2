"""Heartbeats: the jobs that report in."""

from datetime import datetime

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath

from relight.catalog.person import Role
from relight.desk.heartbeats import View
from relight.detect.heartbeat import Status
from relight.kernel.severity import Severity
from relight.web.account import WebRequest, account_of, responder, viewer
from relight.web.api.calling import refusals
from relight.web.house import House, TheHouse


class HeartbeatShape(msgspec.Struct, frozen=True, kw_only=True):
    """A job and how it stands. Whoever has `url` can ping, so it is empty for a viewer.

    `down_at` is when silence puts it down. `last_duration_s` is None where no start was reported.
    """

    name: str
    status: Status
    since: datetime | None
    reason: str
    cron: str
    zone: str
    every_s: int
    grace_s: int
    severity: Severity
    service: str
    expected_at: datetime | None
    down_at: datetime | None
    last_ping_at: datetime | None
    last_success_at: datetime | None
    last_duration_s: float | None
    pings: int
    provisioned: bool
    url: str


def _shape(house: House, view: View, request: WebRequest) -> HeartbeatShape:
    heartbeat, state = view.heartbeat, view.state
    trusted = account_of(request).role.includes(Role.RESPONDER)
    return HeartbeatShape(
        name=heartbeat.name,
        status=view.status,
        since=state.since,
        reason=state.reason,
        cron=heartbeat.cron,
        zone=heartbeat.zone,
        every_s=0 if heartbeat.cron else heartbeat.every_s,
        grace_s=heartbeat.grace_s,
        severity=heartbeat.severity,
        service=heartbeat.service,
        expected_at=view.expected_at,
        down_at=view.down_at,
        last_ping_at=state.last_ping_at,
        last_success_at=state.last_success_at,
        last_duration_s=state.last_duration_s,
        pings=state.pings,
        provisioned=view.provisioned,
        url=house.heartbeats.url(heartbeat.name) if trusted else "",
    )


@get(
    "/heartbeats",
    guards=[viewer],
    sync_to_thread=True,
    summary="List heartbeats",
    responses=refusals(),
)
def list_heartbeats(house: TheHouse, request: WebRequest) -> list[HeartbeatShape]:
    """Give every heartbeat: the kit's in the order written, then those that pings made."""
    return [_shape(house, view, request) for view in house.heartbeats.views()]


@get(
    "/heartbeats/{name:str}",
    guards=[viewer],
    sync_to_thread=True,
    summary="Show a heartbeat",
    responses=refusals(404),
)
def show_heartbeat(house: TheHouse, request: WebRequest, name: FromPath[str]) -> HeartbeatShape:
    """Give one heartbeat."""
    return _shape(house, house.heartbeats.view(name), request)


@post(
    "/heartbeats/{name:str}/pause",
    guards=[responder],
    sync_to_thread=True,
    status_code=200,
    summary="Pause a heartbeat",
    responses=refusals(404),
)
def pause_heartbeat(house: TheHouse, request: WebRequest, name: FromPath[str]) -> HeartbeatShape:
    """Expect nothing of it until it is heard again or resumed; its alert is let go."""
    return _shape(house, house.heartbeats.pause(name), request)


@post(
    "/heartbeats/{name:str}/resume",
    guards=[responder],
    sync_to_thread=True,
    status_code=200,
    summary="Resume a heartbeat",
    responses=refusals(404),
)
def resume_heartbeat(house: TheHouse, request: WebRequest, name: FromPath[str]) -> HeartbeatShape:
    """Expect it again from its next ping on."""
    return _shape(house, house.heartbeats.resume(name), request)


@delete(
    "/heartbeats/{name:str}",
    guards=[responder],
    sync_to_thread=True,
    summary="Forget a heartbeat that a ping made",
    responses=refusals(404, 409),
)
def remove_heartbeat(house: TheHouse, name: FromPath[str]) -> None:
    """Forget it with its pings. One that the kit declares stays."""
    house.heartbeats.remove(name)


HANDLERS = (
    list_heartbeats,
    show_heartbeat,
    pause_heartbeat,
    resume_heartbeat,
    remove_heartbeat,
)
