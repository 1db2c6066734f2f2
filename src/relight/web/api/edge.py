"""What customers' pages report of a service."""

from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery

from relight.detect.edge.tally import Counts
from relight.detect.situation import EdgeWindow
from relight.web.account import viewer
from relight.web.api.calling import refusals
from relight.web.house import TheHouse

_Hours = Annotated[int, msgspec.Meta(ge=1, le=48)]


class EdgeShape(msgspec.Struct, frozen=True, kw_only=True):
    """The last minutes as the verdict sees them, and the last hours by site."""

    now: EdgeWindow | None
    sites: tuple[Counts, ...]


@get(
    "/services/{name:str}/edge",
    guards=[viewer],
    sync_to_thread=True,
    summary="Show what pages report of a service",
    responses=refusals(400, 404),
)
def show_edge(house: TheHouse, name: FromPath[str], hours: FromQuery[_Hours] = 1) -> EdgeShape:
    """Give what customers' pages reported, the sites with most failed loads first."""
    service, _ = house.edge.service(name)
    now = house.clock.now()
    return EdgeShape(
        now=house.edge.window(service, now),
        sites=tuple(house.edge.records.by_site(name, now - timedelta(hours=hours))),
    )


HANDLERS = (show_edge,)
