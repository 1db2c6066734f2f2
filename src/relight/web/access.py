"""Finds out who is asking: a session cookie or an API token, looked up by digest."""

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from anyio import to_thread
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from relight.catalog.person import Role
from relight.kernel.faults import Denied
from relight.store.records import admins
from relight.web.account import (
    Account,
    Connection,
    Proof,
    account_or_none,
    method_of,
    names_guard,
    open_to_all,
)
from relight.web.house import House

COOKIE = "relight_session"
OWNER = "owner"
"""Who signs in where `relight.yaml` declares nobody."""
SESSION_S = 30 * 86400.0
CSRF_FIELD = "_csrf"
CSRF_HEADER = "x-csrf-token"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class ForeignForm(Denied):
    """That form does not come from this page."""

    hint = "Go back, load the page again and repeat what you wanted."


def role_of(house: House, name: str) -> Role | None:
    """Give what a person may do as the kit stands now; None for someone it no longer names."""
    declared = house.kit.catalog.person(name)
    if declared is None and name != OWNER:
        return None
    if name in admins(house.database):
        return Role.ADMIN
    return declared.role if declared else None


def account_behind(house: House, cookie: str, authorization: str) -> Account | None:
    """Look up who sent these headers. A request with a token is never taken for a session."""
    now = house.clock.now()
    if authorization:
        scheme, _, plain = authorization.partition(" ")
        found = house.access.token_role(plain.strip(), now) if scheme.lower() == "bearer" else None
        return Account(name=found[0], role=found[1], proof=Proof.TOKEN) if found else None
    plain = session_cookie(cookie)
    session = house.access.session(plain, now) if plain else None
    role = role_of(house, session.person) if session else None
    if session is None or role is None:
        return None
    csrf = csrf_of(house.instance.key, plain)
    return Account(name=session.person, role=role, proof=Proof.SESSION, csrf=csrf)


def session_cookie(header: str) -> str:
    """Read our own cookie from a Cookie header, or nothing."""
    try:
        cookies = SimpleCookie(header)
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def csrf_of(key: bytes, session: str) -> str:
    """Give the word that forms of this session carry; it follows from the session, unguessably."""
    return hmac.digest(key, f"csrf\0{session}".encode(), hashlib.sha256).hex()


def set_session(house: House, plain: str) -> Cookie:
    """Write the cookie of a new session; an empty one takes it away."""
    return Cookie(
        key=COOKIE,
        value=plain,
        path="/",
        max_age=int(SESSION_S) if plain else 0,
        httponly=True,
        secure=house.base_url.startswith("https:"),
        samesite="lax",
    )


class Authentication:
    """Puts the account, or None, into `scope["user"]` before any guard looks."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before the rest of the app."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look up who is asking, in a thread and only where there is something to look up."""
        connection = ASGIConnection[Any, Any, Any, Any](scope)
        cookie = connection.headers.get("cookie", "")
        authorization = connection.headers.get("authorization", "")
        scope["user"] = None
        scope["auth"] = None
        if authorization or COOKIE in cookie:
            house: House = scope["litestar_app"].state.house
            scope["user"] = await to_thread.run_sync(account_behind, house, cookie, authorization)
        await self.app(scope, receive, send)


async def genuine(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse what another site makes a browser send. Raises `ForeignForm`.

    A token is never sent by a browser on its own, so it needs no further proof.
    """
    if method_of(connection) in _SAFE:
        return
    account = account_or_none(connection)
    if account is not None and account.proof is Proof.TOKEN:
        return
    if not _from_here(connection):
        raise ForeignForm
    if account is None or names_guard(handler, open_to_all):
        return
    given = connection.headers.get(CSRF_HEADER, "") or await _form_field(connection)
    if not hmac.compare_digest(given.encode(), account.csrf.encode()):
        raise ForeignForm


def _from_here(connection: Connection) -> bool:
    """Ask what the browser itself says; without referrers an own form's Origin is `null`."""
    site = connection.headers.get("sec-fetch-site", "")
    if site:
        return site in {"same-origin", "none"}
    origin = connection.headers.get("origin", "null")
    return origin == "null" or urlsplit(origin).netloc == connection.headers.get("host", "")


async def _form_field(connection: Connection) -> str:
    kind = connection.headers.get("content-type", "")
    if not isinstance(connection, Request) or not kind.startswith(_FORMS):
        return ""
    return str((await connection.form()).get(CSRF_FIELD, ""))
