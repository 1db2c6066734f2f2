"""Reads the body of a request at a raw door, within bounds of size and time."""

import asyncio

from litestar.types import HTTPScope, Receive

from relight.kernel.faults import RelightError

_PATIENCE_S = 20.0


class BodyTooLarge(RelightError):
    """That is more than is taken at once."""


class BodyTooSlow(RelightError):
    """The rest of it did not come in time."""


async def read_body(scope: HTTPScope, receive: Receive, most: int) -> bytes:
    """Read a body of at most so many bytes. Raises `BodyTooLarge` or `BodyTooSlow`."""
    declared = next((v for n, v in scope["headers"] if n == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > most:
        raise BodyTooLarge
    body = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise BodyTooSlow
                body += message.get("body", b"")
                if len(body) > most:
                    raise BodyTooLarge
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError as error:
        raise BodyTooSlow from error


def bearer(scope: HTTPScope) -> str:
    """Give the bearer token of a request, or nothing."""
    given = next((v for n, v in scope["headers"] if n == b"authorization"), b"")
    scheme, _, token = given.decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
