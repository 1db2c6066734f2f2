"""A tiny origin server: what the edge stands in front of."""

import contextlib
from collections.abc import AsyncGenerator

from relight.rehearse.exchange import read_request, write_answer
from relight.rehearse.listener import Listener, Reader, Writer, listening

_PAGE = b"<!doctype html><html lang=en><title>Widget</title><p>Hello from the widget's origin.\n"
_PLACES = {
    "/": (_PAGE, "text/html; charset=utf-8"),
    "/health": (b'{"status":"ok"}\n', "application/json"),
}


@contextlib.asynccontextmanager
async def origin() -> AsyncGenerator[Listener]:
    """Serve a page at `/` and `{"status":"ok"}` at `/health` for as long as the block lasts."""
    async with listening(_serve) as listener:
        yield listener


async def _serve(reader: Reader, writer: Writer) -> None:
    request = await read_request(reader)
    if request.target not in _PLACES:
        write_answer(writer, 404, b"There is no such page.\n")
        return
    body, kind = _PLACES[request.target]
    write_answer(writer, 200, body, kind=kind)
