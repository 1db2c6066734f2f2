"""`/`: does everything work, and if not, who has it."""

from typing import Any

from litestar import Request, Response, get

from relight.kernel.faults import Level
from relight.web.account import viewer
from relight.web.house import House, TheHouse
from relight.web.pages import chart, duty, forms
from relight.web.pages.overview import overview


@get("/", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def show(house: TheHouse, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Show how everything stands."""
    return forms.show(request, "home.html", **_values(house))


@get("/fragment", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def fragment(house: TheHouse, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give the parts of the page that change."""
    return forms.show(request, "home-fragment.html", **_values(house))


def _values(house: House) -> dict[str, Any]:
    now, desk, loaded = house.clock.now(), house.desk, house.kit.loaded
    standings = desk.standings()
    live = sorted(
        desk.incidents.all(live=True),
        key=lambda each: (bool(each.acknowledged_by), each.severity.rank, each.declared_at),
    )
    return {
        "answer": overview(standings, live, now),
        "live": live,
        "recent": desk.incidents.all(limit=3, live=False),
        "lines": chart.last_hour(house.series, desk.catalog, now),
        "oncall": duty.on_call(desk.catalog, now),
        "faults": [each for each in loaded.faults if each.level is Level.ERROR],
        "warnings": [each for each in loaded.faults if each.level is Level.WARNING],
        "loaded": loaded,
        "publishing": dict(house.publishing),
    }


HANDLERS = (show, fragment)
