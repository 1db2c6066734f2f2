"""`/services`: how each stands, and one service with its checks, results and alerts."""

from typing import Literal

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from relight.desk.desk import ServiceNotFound
from relight.web.account import viewer
from relight.web.house import TheHouse
from relight.web.pages import chart, forms
from relight.web.pages.edge import panel
from relight.web.pages.forms import Asker
from relight.web.pages.overview import overview

_ALERTS = 20


@get("/services", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def index(house: TheHouse, request: Asker) -> Response[bytes]:
    """List the services, trouble first."""
    now, desk = house.clock.now(), house.desk
    answer = overview(desk.standings(), desk.incidents.all(live=True), now)
    lines = chart.last_hour(house.series, desk.catalog, now)
    return forms.show(request, "services.html", answer=answer, lines=lines)


@get("/services/{name:str}", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def service(
    name: FromPath[str], house: TheHouse, request: Asker, hours: FromQuery[Literal[1, 6, 24]] = 1
) -> Response[bytes]:
    """Show one service. Raises `ServiceNotFound`."""
    now, desk = house.clock.now(), house.desk
    found = next((each for each in desk.standings() if each.service.name == name), None)
    if found is None:
        raise ServiceNotFound(f"There is no service `{name}`.", hint="/services lists them.")
    checks = found.service.checks
    lines = {check.key: chart.long(house.series, check, hours, now) for check in checks}
    alerts = [each for each in desk.alerts.alerts() if each.service == name][:_ALERTS]
    live = [each for each in desk.incidents.all(live=True) if name in each.services]
    return forms.show(
        request,
        "service.html",
        standing=found,
        lines=lines,
        alerts=alerts,
        live=live,
        hours=hours,
        edge=panel(house, found.service, hours, now),
    )


HANDLERS = (index, service)
