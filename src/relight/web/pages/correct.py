"""Putting right what an earlier entry of the timeline says; both stay."""

from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from relight.incident import commands as cmd
from relight.incident.refusals import NoSuchEntry
from relight.incident.timeline import rows
from relight.web.account import account_of, responder
from relight.web.house import House, TheHouse
from relight.web.pages import forms
from relight.web.pages.forms import Asker, Fields, Form, Problem

_PATH = "/incidents/{ref:str}/entries/{seq:int}/correct"


@get(_PATH, guards=[responder], sync_to_thread=True, include_in_schema=False)
def ask(ref: FromPath[str], seq: FromPath[int], house: TheHouse, request: Asker) -> Response[bytes]:
    """Show the entry and the form."""
    return _form(request, house, ref, seq, None)


@post(_PATH, guards=[responder], sync_to_thread=True, include_in_schema=False)
def correct(
    ref: FromPath[str], seq: FromPath[int], house: TheHouse, request: Asker, data: Fields
) -> Response[Any]:
    """Record the right words, and why they were needed."""
    form, account = Form(data), account_of(request)
    command = cmd.Correct(seq=seq, text=form.text("text"), reason=form.text("reason"))
    once = form.command_id(account.name)

    def do() -> str:
        return f"/incidents/{house.desk.run(ref, command, account.actor, once).name}#entry-{seq}"

    again = partial(_form, request, house, ref, seq)
    return forms.attempt(do, said="corrected", again=again, form="correct", fields=form)


def _form(
    request: Asker, house: House, ref: str, seq: int, problem: Problem | None
) -> Response[bytes]:
    incident = house.desk.find(ref)
    found = [row for row in rows(house.desk.timeline(incident)) if row.seq == seq]
    if not found:
        raise NoSuchEntry
    status = 409 if problem else 200
    return forms.show(
        request, "correct.html", status=status, incident=incident, row=found[0], problem=problem
    )


HANDLERS = (ask, correct)
