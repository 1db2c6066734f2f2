"""`/incidents`: what is live, what ended, and declaring by hand."""

from functools import partial
from typing import Any, Literal

from litestar import Request, Response, get, post
from litestar.params import FromQuery

from relight.kernel.severity import Severity
from relight.web.account import Account, account_of, responder, viewer
from relight.web.house import House, TheHouse
from relight.web.pages import forms
from relight.web.pages.forms import Asker, Fields, Form, Problem

_MOST = 200


@get("/incidents", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def index(
    house: TheHouse,
    request: Request[Any, Any, Any],
    show: FromQuery[Literal["live", "ended", "all"]] = "all",
) -> Response[bytes]:
    """List incidents, newest first."""
    wanted = {"live": True, "ended": False, "all": None}[show]
    found = house.desk.incidents.all(limit=_MOST, live=wanted)
    return forms.show(request, "incidents.html", incidents=found, shown=show, most=_MOST)


@get("/incidents/new", guards=[responder], sync_to_thread=True, include_in_schema=False)
def new(
    house: TheHouse, request: Request[Any, Any, Any], service: FromQuery[str] = ""
) -> Response[bytes]:
    """Show the form; `service` is ticked beforehand."""
    return _form(request, house, None, services=(service,))


@post("/incidents/new", guards=[responder], sync_to_thread=True, include_in_schema=False)
def declare(house: TheHouse, request: Request[Any, Any, Any], data: Fields) -> Response[Any]:
    """Declare one and go to its room."""
    form = Form(data)
    again = partial(_form, request, house, services=form.several("services"))
    do = partial(_declare, house, account_of(request), form)
    return forms.attempt(do, said="declared", again=again, form="declare", fields=form)


def _declare(house: House, account: Account, form: Form) -> str:
    severity = form.text("severity")
    incident = house.desk.declare(
        form.text("title"),
        by=account.actor,
        severity=Severity(severity) if severity in set(Severity) else None,
        services=form.several("services"),
        reason=form.text("reason"),
        command_id=form.command_id(account.name),
    )
    return f"/incidents/{incident.name}"


def _form(
    request: Asker, house: House, problem: Problem | None, *, services: tuple[str, ...]
) -> Response[bytes]:
    rules = house.desk.catalog.severities.rules
    return forms.show(
        request,
        "declare.html",
        status=409 if problem else 200,
        problem=problem,
        ticked=services,
        rules=[rules[each] for each in Severity],
    )


HANDLERS = (index, new, declare)
