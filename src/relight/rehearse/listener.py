"""A place on loopback where connections are taken or refused, and none outlives it."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeAlias

LOOPBACK = "127.0.0.1"
_LONGEST_LINE = 1 << 20

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter


class Listener:
    """One port of loopback, kept from the first moment to the last.

    While it refuses, a socket that does not listen goes on holding the port, so that no other
    program can take it and callers hear "connection refused".
    """

    def __init__(self, serve: Callable[[Reader, Writer], Awaitable[None]]) -> None:
        """Take what serves one connection; the connection is closed when that returns."""
        self._serve = serve
        self._held = _bound(0)
        self.port: int = self._held.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], Writer] = {}

    @property
    def url(self) -> str:
        """Where it can be called, as a URL without a path."""
        return f"http://{LOOPBACK}:{self.port}"

    async def listen(self) -> None:
        """Take connections from now on."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accept, sock=_bound(self.port), limit=_LONGEST_LINE
            )

    def refuse(self) -> None:
        """Refuse connections from now on, and cut those that are open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task, writer in self._open.items():
            task.cancel()
            writer.transport.abort()

    async def close(self) -> None:
        """Refuse, wait until every connection has ended, and let go of the port."""
        self.refuse()
        await asyncio.gather(*self._open, return_exceptions=True)
        self._held.close()

    def _accept(self, reader: Reader, writer: Writer) -> None:
        task = asyncio.ensure_future(self._run(reader, writer))
        self._open[task] = writer
        task.add_done_callback(lambda ended: self._open.pop(ended, None))

    async def _run(self, reader: Reader, writer: Writer) -> None:
        # A caller that hangs up in the middle, or sends what cannot be read, has had its answer.
        with contextlib.suppress(OSError, EOFError, ValueError):
            try:
                await self._serve(reader, writer)
                await writer.drain()
            finally:
                writer.close()


@contextlib.asynccontextmanager
async def listening(
    serve: Callable[[Reader, Writer], Awaitable[None]],
) -> AsyncGenerator[Listener]:
    """Listen for as long as the block lasts."""
    listener = Listener(serve)
    try:
        await listener.listen()
        yield listener
    finally:
        await listener.close()


def reset(writer: Writer) -> None:
    """Drop a connection with a reset instead of a goodbye."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Both sockets of a listener share the port; only the one that listens is ever called.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.setblocking(False)
        sock.bind((LOOPBACK, port))
    except BaseException:
        sock.close()
        raise
    return sock
