"""`/incidents/{ref}`: the room of one incident, whole and as the parts that change."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.params import FromPath, FromQuery

from relight.catalog.person import Role
from relight.communicate.cadence import owed
from relight.incident.state import Incident
from relight.incident.summary import next_steps, plain_sentence
from relight.incident.timeline import rows
from relight.kernel.faults import NotFound
from relight.kernel.ids import public_id
from relight.web.account import Account, account_of, viewer
from relight.web.house import House, TheHouse
from relight.web.pages import forms
from relight.web.pages.forms import Asker, Problem
from relight.web.pages.ledger import calls

_NEWEST = 150
_TOLD = 12
_NO_DOOR = {"draft-postmortem"}
"""Steps that the house takes by itself."""


class NoPostmortem(NotFound):
    """There is no postmortem draft for this incident."""

    hint = "It is written when the incident is resolved."


@get("/incidents/{ref:str}", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def room(
    ref: FromPath[str],
    house: TheHouse,
    request: Request[Any, Any, Any],
    *,
    whole: FromQuery[bool] = False,
) -> Response[bytes]:
    """Show the room; `whole` gives the timeline to its first entry."""
    return draw(request, house, house.desk.find(ref), whole=whole)


@get("/incidents/{ref:str}/fragment", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def fragment(
    ref: FromPath[str],
    house: TheHouse,
    request: Request[Any, Any, Any],
    *,
    whole: FromQuery[bool] = False,
) -> Response[bytes]:
    """Give the parts of the room that change, for swapping into the open page."""
    return draw(request, house, house.desk.find(ref), whole=whole, template="room-fragment.html")


@get(
    "/incidents/{ref:str}/postmortem", guards=[viewer], sync_to_thread=True, include_in_schema=False
)
def postmortem(ref: FromPath[str], house: TheHouse) -> Response[str]:
    """Give the draft as it lies in the kit folder. Raises `NoPostmortem`."""
    incident = house.desk.find(ref)
    folder = house.folder.resolve()
    path = (folder / incident.postmortem).resolve()
    if not incident.postmortem or folder not in path.parents or not path.is_file():
        raise NoPostmortem
    return Response(_read(path), media_type=MediaType.TEXT, headers={"Cache-Control": "no-store"})


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def draw(
    request: Asker,
    house: House,
    incident: Incident,
    problem: Problem | None = None,
    *,
    whole: bool = False,
    template: str = "room.html",
) -> Response[bytes]:
    """Draw the room, with what a form was refused for and what had been typed into it."""
    values = look(house, incident, account_of(request), whole=whole)
    return forms.show(request, template, status=409 if problem else 200, problem=problem, **values)


def look(house: House, incident: Incident, account: Account, *, whole: bool) -> dict[str, object]:
    """Gather what the room shows of an incident."""
    desk, now = house.desk, house.clock.now()
    entries = desk.timeline(incident)
    newest = tuple(reversed(rows(entries)))
    person = account.name if desk.catalog.person(account.name) else None
    steps = [step for step in next_steps(incident, person, now) if step.id not in _NO_DOOR]
    public = public_id(desk.instance_id, "incident", incident.id)
    return {
        "incident": incident,
        "sentence": plain_sentence(incident, now),
        "steps": steps if account.role.includes(Role.RESPONDER) else [],
        "responds": account.role.includes(Role.RESPONDER),
        "timers": owed(incident, now),
        "rows": newest if whole else newest[:_NEWEST],
        "hidden": 0 if whole else max(0, len(newest) - _NEWEST),
        "gate": desk.gate(incident) if incident.live else incident.gate,
        "calls": calls(entries),
        "people": [each.name for each in desk.catalog.people],
        "public_path": f"/status/incidents/{public}.html",
        "last_word": desk.suggested_last_word(incident) if incident.live else "",
        "others": [each for each in desk.incidents.all(live=True) if each.id != incident.id]
        if incident.live
        else [],
        "rules": desk.catalog.severities.rules,
        **told_before(house, incident.services, incident.began_at, incident.resolved_at or now),
        "whole": whole,
    }


def told_before(
    house: House, services: Sequence[str], began_at: datetime, until: datetime
) -> dict[str, object]:
    """Give what changed from an hour before on, what vendors say, and what customers reported."""
    since = began_at - timedelta(hours=1)
    every = house.what_changed.between(since, until)
    about = {"", *services}
    return {
        "changed": [each for each in every if not services or each.service in about][:_TOLD],
        "vendors": house.vendors.views(services),
        "reports": house.handed_in.reports(since, services=services, limit=_TOLD),
    }


HANDLERS = (room, fragment, postmortem)
