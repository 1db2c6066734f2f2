"""API tokens: for programs that call. Only an admin sees or changes them."""

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from relight.catalog.person import Role
from relight.store.access import TokenRecord
from relight.web.account import admin
from relight.web.api.calling import refusals
from relight.web.house import TheHouse


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which program calls, and what it may do."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    role: Role = Role.RESPONDER


class TokenMade(msgspec.Struct, frozen=True, kw_only=True):
    """The token in plain, this once."""

    name: str
    role: Role
    token: str


@get(
    "/tokens", guards=[admin], sync_to_thread=True, summary="List API tokens", responses=refusals()
)
def list_tokens(house: TheHouse) -> list[TokenRecord]:
    """Give every token by name; what it reads itself is known to nobody."""
    return house.access.tokens()


@post(
    "/tokens",
    guards=[admin],
    sync_to_thread=True,
    summary="Make an API token",
    responses=refusals(400, 409),
)
def make_token(house: TheHouse, data: JSONBody[NewToken]) -> TokenMade:
    """Make a token and show it this once. It lasts until it is revoked."""
    secret = house.access.new_token(data.name, data.role, house.clock.now())
    return TokenMade(name=data.name, role=data.role, token=secret.reveal())


@delete(
    "/tokens/{name:str}",
    guards=[admin],
    sync_to_thread=True,
    summary="Revoke an API token",
    responses=refusals(404),
)
def revoke_token(house: TheHouse, name: FromPath[str]) -> None:
    """Let a token count no longer, from now on."""
    house.access.revoke_token(name)


HANDLERS = (list_tokens, make_token, revoke_token)
