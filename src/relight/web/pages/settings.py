"""`/settings`: this installation, its API tokens, and signing out."""

from functools import partial
from typing import Any

from litestar import Response, get, post

import relight
from relight.catalog.person import Role
from relight.detect.vantage import SKEWED_S
from relight.kernel.faults import Refused
from relight.web.account import account_of, admin, viewer
from relight.web.house import House, TheHouse
from relight.web.pages import forms
from relight.web.pages.forms import Asker, Fields, Form, Problem


class TokenNameMissing(Refused):
    """A token needs a name."""

    hint = "Name what will use it, like `deploy`."


@get("/settings", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def show(house: TheHouse, request: Asker) -> Response[bytes]:
    """Show the installation; tokens are for admins."""
    return _draw(request, house)


@post(
    "/settings/tokens",
    guards=[admin],
    sync_to_thread=True,
    include_in_schema=False,
    status_code=200,
)
def make_token(house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Make a token and show its secret, this once."""
    form = Form(data)
    try:
        secret = _new_token(house, form)
    except (Refused, ValueError) as error:
        hint = getattr(error, "hint", "")
        wrong = Problem(form="token", sentence=str(error), hint=hint, typed=form.typed)
        return _draw(request, house, wrong)
    return _draw(request, house, made=(form.text("name"), secret))


def _new_token(house: House, form: Form) -> str:
    name = form.text("name")
    if not name:
        raise TokenNameMissing
    return house.access.new_token(name, Role(form.text("role")), house.clock.now()).reveal()


@post("/settings/tokens/revoke", guards=[admin], sync_to_thread=True, include_in_schema=False)
def revoke_token(house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Let a token count no longer."""
    form = Form(data)

    def do() -> str:
        house.access.revoke_token(form.text("name"))
        return "/settings#tokens"

    again = partial(_draw, request, house)
    return forms.attempt(do, said="revoked", again=again, form="token", fields=form)


def _draw(
    request: Asker,
    house: House,
    problem: Problem | None = None,
    *,
    made: tuple[str, str] | None = None,
) -> Response[bytes]:
    is_admin = account_of(request).role.includes(Role.ADMIN)
    return forms.show(
        request,
        "settings.html",
        status=409 if problem else 200,
        problem=problem,
        made=made,
        tokens=house.access.tokens() if is_admin else [],
        is_admin=is_admin,
        roles=list(Role),
        loaded=house.kit.loaded,
        version=relight.__version__,
        vantage=house.vantage.views(),
        skewed_s=SKEWED_S,
    )


HANDLERS = (show, make_token, revoke_token)
