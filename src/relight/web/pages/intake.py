"""`/intake`: the senders outside, what they sent, and what a sample would become."""

import uuid
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from relight.catalog.person import Role
from relight.desk.intake_terms import Taken
from relight.detect.handed import Handed, NotTaken
from relight.web.account import account_of, responder, viewer
from relight.web.house import House, TheHouse
from relight.web.pages import forms
from relight.web.pages.forms import Asker, Fields, Form, Problem


@get("/intake", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def index(house: TheHouse, request: Asker) -> Response[bytes]:
    """List the senders."""
    sources, last = house.kit.catalog.intake, house.handed_in.last_at()
    return forms.show(request, "intake.html", sender=None, sources=sources, last=last)


@get("/intake/{name:str}", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def sender(name: FromPath[str], house: TheHouse, request: Asker) -> Response[bytes]:
    """Show one sender. Raises `SourceNotFound`."""
    return _draw(request, house, name, Form({}))


@post(
    "/intake/{name:str}/try",
    guards=[responder],
    sync_to_thread=True,
    include_in_schema=False,
    status_code=200,
)
def try_sample(name: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Say what a sample would become; nothing is written."""
    form = Form(data)
    pairs = (line.partition(":") for line in form.text("headers").splitlines())
    handed = Handed(
        id=str(uuid.uuid4()),
        now=house.clock.now(),
        headers={each.strip().lower(): value.strip() for each, _, value in pairs},
        body=form.text("body").encode(),
    )
    try:
        taken = house.intake.trial(house.intake.named(name), handed)
    except NotTaken as error:
        wrong = Problem(form="sample", sentence=str(error), hint=error.hint, typed=form.typed)
        return _draw(request, house, name, form, problem=wrong)
    return _draw(request, house, name, form, taken=taken)


def _draw(
    request: Asker,
    house: House,
    name: str,
    form: Form,
    *,
    problem: Problem | None = None,
    taken: Taken | None = None,
) -> Response[bytes]:
    return forms.show(
        request,
        "intake.html",
        status=409 if problem else 200,
        sender=house.intake.named(name),
        is_admin=account_of(request).role.includes(Role.ADMIN),
        newest=house.handed_in.newest(name),
        problem=problem,
        taken=taken,
        typed=form.typed,
    )


HANDLERS = (index, sender, try_sample)
