"""What is seldom done in a room: other words for it, no incident at all, the same as another."""

from functools import partial
from typing import Any

from litestar import Response, post
from litestar.params import FromPath

from relight.incident import commands as cmd
from relight.incident.state import Incident
from relight.web.account import responder
from relight.web.house import TheHouse
from relight.web.pages.act import Act
from relight.web.pages.forms import Asker, Fields


@post(
    "/incidents/{ref:str}/title", guards=[responder], sync_to_thread=True, include_in_schema=False
)
def retitle(ref: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Call it by better words."""
    act = Act(house, request, ref, data)
    command = cmd.Retitle(title=act.form.text("title"))
    do = partial(house.desk.run, ref, command, act.by, act.command_id)
    return act.answer(do, "retitled", "title")


@post(
    "/incidents/{ref:str}/decline", guards=[responder], sync_to_thread=True, include_in_schema=False
)
def decline(ref: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Say that it was no incident."""
    act = Act(house, request, ref, data)
    command = cmd.Decline(reason=act.form.text("reason"))
    do = partial(house.desk.run, ref, command, act.by, act.command_id)
    return act.answer(do, "declined", "decline")


@post(
    "/incidents/{ref:str}/merge", guards=[responder], sync_to_thread=True, include_in_schema=False
)
def merge(ref: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Say that another incident is the same, and go on to that one."""
    act = Act(house, request, ref, data)
    return act.answer(partial(_merge, act), "merged", "merge")


def _merge(act: Act) -> Incident:
    into = act.form.text("into")
    reason = act.form.text("reason")
    act.desk.merge(act.ref, into=into, by=act.by, reason=reason, command_id=act.command_id)
    return act.desk.find(into)


HANDLERS = (retitle, decline, merge)
