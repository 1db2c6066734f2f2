"""What one does in an incident's room: one address a form, each a thin layer over the desk."""

from collections.abc import Callable
from functools import partial
from typing import Any

from litestar import Response, post
from litestar.params import FromPath

from relight.incident import commands as cmd
from relight.incident.state import Incident
from relight.incident.status import Audience, Duty, Status
from relight.kernel.actor import Actor
from relight.kernel.severity import Severity
from relight.web.account import account_of, responder
from relight.web.house import House, TheHouse
from relight.web.pages import forms
from relight.web.pages.forms import Asker, Fields, Form
from relight.web.pages.room import draw
from relight.web.pages.wording import read_local

_form = partial(post, guards=[responder], sync_to_thread=True, include_in_schema=False)
_NEXT_S = {"15": 900.0, "30": 1800.0, "60": 3600.0}


class Act:
    """One posted form of a room: who posted it, to which incident, with which fields."""

    def __init__(self, house: House, request: Asker, ref: str, data: Fields) -> None:
        account = account_of(request)
        self.house = house
        self.request = request
        self.desk = house.desk
        self.person = account.name
        self.by: Actor = account.actor
        self.ref = ref
        self.form = Form(data)
        self.command_id = self.form.command_id(account.name)

    def answer(
        self, do: Callable[[], Incident], said: str, form: str, to: str = ""
    ) -> Response[Any]:
        """Run the command; go back to the room at `to`, or show it with the words kept."""
        return forms.attempt(
            lambda: f"/incidents/{do().name}{to}",
            said=said,
            again=partial(draw, self.request, self.house, self.desk.find(self.ref)),
            form=form,
            fields=self.form,
        )


@post(
    "/incidents/{ref:str}/acknowledge",
    guards=[responder],
    sync_to_thread=True,
    include_in_schema=False,
)
def acknowledge(ref: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Say that whoever is signed in has it."""
    act = Act(house, request, ref, data)
    do = partial(house.desk.acknowledge, ref, person=act.person, via="page", by=act.by)
    return act.answer(do, "acknowledged", "acknowledge")


@_form("/incidents/{ref:str}/duty")
def duty(ref: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Take a role, or hand it to another."""
    act = Act(house, request, ref, data)
    return act.answer(partial(_duty, act), "duty", "duty", "#people")


def _duty(act: Act) -> Incident:
    return act.desk.take_duty(
        act.ref,
        Duty(act.form.text("duty")),
        person=act.form.text("person") or act.person,
        by=act.by,
        command_id=act.command_id,
    )


@_form("/incidents/{ref:str}/note")
def note(ref: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Write something down, also with the time it happened."""
    act = Act(house, request, ref, data)
    return act.answer(partial(_note, act), "noted", "note", "#timeline")


def _note(act: Act) -> Incident:
    now = act.house.clock.now()
    return act.desk.note(
        act.ref,
        act.form.text("text"),
        by=act.by,
        command_id=act.command_id,
        occurred_at=read_local(act.form.text("at"), act.form.text("offset_min"), now),
    )


@post(
    "/incidents/{ref:str}/update", guards=[responder], sync_to_thread=True, include_in_schema=False
)
def update(ref: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Give word inside at once; word to the public is shown first and posted on confirmation."""
    act = Act(house, request, ref, data)
    if act.form.text("audience") != Audience.PUBLIC:
        do = partial(_update, act, Audience.INTERNAL)
        return act.answer(do, "told", "internal-update", "#updates")
    if act.form.text("text") and not act.form.text("confirmed"):
        return _preview(act)
    do = partial(_update, act, Audience.PUBLIC)
    return act.answer(do, "published", "public-update", "#updates")


def _preview(act: Act) -> Response[bytes]:
    """Show how a public update will read, with the button that posts it."""
    now = act.house.clock.now()
    incident = act.desk.find(act.ref)
    next_in = act.form.text("next_in")
    return forms.show(
        act.request,
        "confirm-update.html",
        incident=incident,
        typed=act.form.typed,
        status_chosen=act.form.text("status") or incident.status.value,
        next_in_s=_NEXT_S.get(next_in),
        at=now,
    )


def _update(act: Act, audience: Audience) -> Incident:
    status = act.form.text("status")
    return act.desk.update(
        act.ref,
        act.form.text("text"),
        audience=audience,
        by=act.by,
        status=Status(status) if status else None,
        next_in_s=_NEXT_S.get(act.form.text("next_in")),
        command_id=act.command_id,
    )


@post(
    "/incidents/{ref:str}/severity",
    guards=[responder],
    sync_to_thread=True,
    include_in_schema=False,
)
def severity(ref: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Override the severity, with a reason."""
    act = Act(house, request, ref, data)
    return act.answer(partial(_severity, act), "severity", "severity")


def _severity(act: Act) -> Incident:
    return act.desk.set_severity(
        act.ref,
        Severity(act.form.text("severity")),
        reason=act.form.text("reason"),
        by=act.by,
        command_id=act.command_id,
    )


@post(
    "/incidents/{ref:str}/resolve", guards=[responder], sync_to_thread=True, include_in_schema=False
)
def resolve(ref: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """End it, by the gate's figures or over them with a reason."""
    act = Act(house, request, ref, data)
    do = partial(
        house.desk.resolve,
        ref,
        by=act.by,
        override_reason=act.form.text("override_reason"),
        last_word=act.form.text("last_word"),
        command_id=act.command_id,
    )
    return act.answer(do, "resolved", "resolve")


@post(
    "/incidents/{ref:str}/reopen", guards=[responder], sync_to_thread=True, include_in_schema=False
)
def reopen(ref: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Say that it was not over."""
    act = Act(house, request, ref, data)
    reason = act.form.text("reason")
    do = partial(house.desk.reopen, ref, reason=reason, by=act.by, command_id=act.command_id)
    return act.answer(do, "reopened", "reopen")


@post(
    "/incidents/{ref:str}/close", guards=[responder], sync_to_thread=True, include_in_schema=False
)
def close(ref: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Say that nothing is left to do."""
    act = Act(house, request, ref, data)
    do = partial(house.desk.run, ref, cmd.Close(), act.by, act.command_id)
    return act.answer(do, "closed", "close")


HANDLERS = (acknowledge, duty, note, update, severity, resolve, reopen, close)
