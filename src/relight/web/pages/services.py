"""`/services`: how each stands, and one service with its checks, results and alerts."""

from functools import partial
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from relight.desk.desk import ServiceNotFound
from relight.web.account import account_of, responder, viewer
from relight.web.house import House, TheHouse
from relight.web.pages import chart, forms
from relight.web.pages.edge import panel
from relight.web.pages.forms import Asker, Fields, Form, Problem
from relight.web.pages.overview import overview
from relight.web.pages.room import told_before

_ALERTS = 20
_HOURS_S = {"1": 3600.0, "2": 7200.0, "8": 28_800.0, "24": 86_400.0}

Hours: TypeAlias = Literal[1, 6, 24]
_form = partial(post, guards=[responder], sync_to_thread=True, include_in_schema=False)


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
    return _draw(name, house, request, hours)


@_form("/services/{name:str}/silence")
def silence(name: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Hold the service's alerts back for some hours."""
    form, actor = Form(data), account_of(request).actor

    def do() -> str:
        for_s = _HOURS_S.get(form.text("for"), _HOURS_S["2"])
        house.desk.silence(for_s=for_s, by=actor, reason=form.text("reason"), services=[name])
        return f"/services/{quote(name)}#silence"

    again = partial(_again, name, house, request)
    return forms.attempt(do, said="silenced", again=again, form="silence", fields=form)


@_form("/services/{name:str}/end-silence")
def end_silence(
    name: FromPath[str], house: TheHouse, request: Asker, data: Fields
) -> Response[Any]:
    """End a silence before its time."""
    form = Form(data)

    def do() -> str:
        house.desk.end_silence(form.text("silence"))
        return f"/services/{quote(name)}#silence"

    again = partial(_again, name, house, request)
    return forms.attempt(do, said="silence-ended", again=again, form="silence", fields=form)


def _again(name: str, house: House, request: Asker, problem: Problem) -> Response[bytes]:
    return _draw(name, house, request, 1, problem)


def _draw(
    name: str, house: House, request: Asker, hours: Hours, problem: Problem | None = None
) -> Response[bytes]:
    now, desk = house.clock.now(), house.desk
    found = next((each for each in desk.standings() if each.service.name == name), None)
    if found is None:
        raise ServiceNotFound(f"There is no service `{name}`.", hint="/services lists them.")
    checks = found.service.checks
    lines = {check.key: chart.long(house.series, check, hours, now) for check in checks}
    alerts = [each for each in desk.alerts.alerts() if each.service == name][:_ALERTS]
    silences = [
        each
        for each in desk.silences.lasting(desk.catalog, now)
        if not each.silence.maintenance and name in each.silence.services
    ]
    live = [each for each in desk.incidents.all(live=True) if name in each.services]
    return forms.show(
        request,
        "service.html",
        **told_before(house, (name,), now, now),
        standing=found,
        lines=lines,
        alerts=desk.alerts_shown(alerts),
        silences=silences,
        live=live,
        hours=hours,
        problem=problem,
        status=422 if problem else 200,
        edge=panel(house, found.service, hours, now),
    )


HANDLERS = (index, service, silence, end_silence)
