"""One HTTP/1.1 request and its answer, as far as the parts of a rehearsal need it."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from relight.rehearse.listener import Reader, Writer

_MOST_HEADERS = 100
_LONGEST_BODY = 1 << 20


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


async def read_request(reader: Reader) -> Request:
    """Read one request. Raises `EOFError` where the caller hung up, `ValueError` for no HTTP."""
    first = await _line(reader)
    method, target, _version = first.split(" ")
    headers: dict[str, str] = {}
    while line := await _line(reader):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
        if len(headers) > _MOST_HEADERS:
            msg = "too many headers"
            raise ValueError(msg)
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= _LONGEST_BODY:
        msg = "the body is too long"
        raise ValueError(msg)
    body = await reader.readexactly(length)
    return Request(method=method, target=target, headers=headers, body=body)


async def _line(reader: Reader) -> str:
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line.decode("latin-1").rstrip("\r\n")


def write_answer(
    writer: Writer, status: int, body: bytes = b"", *, kind: str = "text/plain; charset=utf-8"
) -> None:
    """Write a whole answer, after which the connection ends."""
    lines = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        "\r\n",
    )
    writer.write("\r\n".join(lines).encode() + body)
