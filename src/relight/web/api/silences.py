"""Silences: what holds alerts back, from the kit and from people."""

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from relight.catalog.service import Route
from relight.catalog.silence import Silence
from relight.kernel.severity import Severity
from relight.web.account import responder, viewer
from relight.web.api.calling import Body, Name, Reason, TheCaller, refusals
from relight.web.house import TheHouse

_LONGEST_S = 30 * 86_400


class NewSilence(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how many seconds alerts with all of these labels call nobody, and why."""

    for_s: Annotated[float, msgspec.Meta(ge=60, le=_LONGEST_S)]
    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{0,63}$")] = ""
    reason: Reason = ""
    services: tuple[Name, ...] = ()
    checks: tuple[Name, ...] = ()
    sources: tuple[Name, ...] = ()
    routes: tuple[Route, ...] = ()
    severities: tuple[Severity, ...] = ()


@get(
    "/silences",
    guards=[viewer],
    sync_to_thread=True,
    summary="List silences and maintenance",
    responses=refusals(),
)
def list_silences(house: TheHouse) -> list[Silence]:
    """Give what has not ended: the kit's, and then those that people made."""
    return house.desk.silences.all(house.desk.catalog, house.clock.now())


@post(
    "/silences",
    guards=[responder],
    sync_to_thread=True,
    summary="Begin a silence",
    responses=refusals(400, 404, 409),
)
def make_silence(house: TheHouse, caller: TheCaller, data: JSONBody[NewSilence]) -> Silence:
    """Hold alerts back from now on; each is kept, and looked at when the silence ends."""
    return house.desk.silence(
        for_s=data.for_s,
        by=caller.actor(house, data),
        name=data.name,
        reason=data.reason,
        services=data.services,
        checks=data.checks,
        sources=data.sources,
        routes=data.routes,
        severities=data.severities,
    )


@delete(
    "/silences/{name:str}",
    guards=[responder],
    sync_to_thread=True,
    summary="End a silence",
    responses=refusals(404, 409),
)
def end_silence(house: TheHouse, name: FromPath[str]) -> None:
    """End one that somebody made; what still fails is looked at within a minute."""
    house.desk.end_silence(name)


HANDLERS = (list_silences, make_silence, end_silence)
