"""Who is asking, and what they may do: the guards that every route names one of."""

from enum import StrEnum
from typing import Any, TypeAlias, cast

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import HTTPScope

from relight.catalog.person import Role
from relight.kernel.actor import Actor, machine, person
from relight.kernel.faults import Denied

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
WebRequest: TypeAlias = Request[Any, Any, Any]


class SignInNeeded(Denied):
    """Sign in first."""

    hint = "Open /sign-in, or send an API token."


class RoleTooLow(Denied):
    """Your role does not allow that."""

    hint = "Ask an admin to give you the role, or to do it for you."


class NoAccessRule(Denied):
    """Nobody may come here."""


class Proof(StrEnum):
    """What showed who is asking."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a word, not a secret


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Someone signed in, or a program with an API token.

    `csrf` is what a form of this session must send back; a token has none.
    """

    name: str
    role: Role
    proof: Proof
    csrf: str = ""

    @property
    def actor(self) -> Actor:
        """Name the author of what this account does."""
        return person(self.name) if self.proof is Proof.SESSION else machine(self.name)


def account_or_none(connection: Connection) -> Account | None:
    """Give the account behind a request, or None where nobody is signed in."""
    # Where no route was found, nobody has looked yet.
    found = cast("dict[str, object]", connection.scope).get("user")
    return found if isinstance(found, Account) else None


def account_of(connection: Connection) -> Account:
    """Give the account behind a request of a guarded route. Raises `SignInNeeded`."""
    found = account_or_none(connection)
    if found is None:
        raise SignInNeeded
    return found


def require(connection: Connection, role: Role) -> None:
    """Refuse whoever has a lower role. Raises `SignInNeeded` or `RoleTooLow`."""
    if not account_of(connection).role.includes(role):
        msg = f"This needs the role {role}."
        raise RoleTooLow(msg)


async def open_to_all(connection: Connection, _: BaseRouteHandler) -> None:
    """Let everyone in, on purpose. Such a route never acts on a session."""


async def viewer(connection: Connection, _: BaseRouteHandler) -> None:
    """Let in who may look."""
    require(connection, Role.VIEWER)


async def responder(connection: Connection, _: BaseRouteHandler) -> None:
    """Let in who may work on incidents."""
    require(connection, Role.RESPONDER)


async def admin(connection: Connection, _: BaseRouteHandler) -> None:
    """Let in who may change this installation."""
    require(connection, Role.ADMIN)


GUARDS = (open_to_all, viewer, responder, admin)


async def deny_by_default(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse any route that names none of the four guards; runs before them."""
    if method_of(connection) == "OPTIONS":
        require(connection, Role.VIEWER)
    elif not any(names_guard(handler, guard) for guard in GUARDS):
        raise NoAccessRule


def method_of(connection: Connection) -> str:
    """Give the method of a request; there are no websockets here."""
    return cast("HTTPScope", connection.scope)["method"]


def names_guard(handler: BaseRouteHandler, guard: object) -> bool:
    """Whether a route, or what it lies in, names this guard."""
    return guard in handler.resolve_guards()  # pyright: ignore[reportUnknownMemberType]
