"""A server on loopback that takes connections and then behaves badly, whoever calls."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

Writer = asyncio.StreamWriter
Reader = asyncio.StreamReader


async def _silent(reader: Reader, writer: Writer) -> None:
    while await reader.read(1 << 16):
        pass


async def _closed(reader: Reader, writer: Writer) -> None:
    return


async def _reset(reader: Reader, writer: Writer) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _garbage(reader: Reader, writer: Writer) -> None:
    writer.write(b"\x00\xff\x16\x03 this is \x80 no protocol\r\n" * 3)
    await _silent(reader, writer)


async def _drip(reader: Reader, writer: Writer) -> None:
    while not writer.is_closing():
        writer.write(b"2")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _flood(reader: Reader, writer: Writer) -> None:
    while not writer.is_closing():
        writer.write(b"x" * 65536)
        await writer.drain()
        await asyncio.sleep(0)  # On a connection that is gone, draining never waits.


async def _lines(reader: Reader, writer: Writer) -> None:
    while not writer.is_closing():
        writer.write(b"220-there is more\r\n" * 4096)
        await writer.drain()
        await asyncio.sleep(0)


BEHAVIOURS: dict[str, Callable[[Reader, Writer], Awaitable[None]]] = {
    "silent": _silent,
    "closed": _closed,
    "reset": _reset,
    "garbage": _garbage,
    "drip": _drip,
    "flood": _flood,
    "lines": _lines,
}


@asynccontextmanager
async def hostile(behaviour: str) -> AsyncGenerator[str]:
    """Behave like that to every connection; gives host:port."""
    handlers: dict[asyncio.Task[None], Writer] = {}

    async def serve(reader: Reader, writer: Writer) -> None:
        try:
            await BEHAVIOURS[behaviour](reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    def handle(reader: Reader, writer: Writer) -> None:
        task = asyncio.ensure_future(serve(reader, writer))
        handlers[task] = writer
        task.add_done_callback(handlers.pop)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        left = dict(handlers)
        for task, writer in left.items():
            # One that has not begun closes nothing.
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await server.wait_closed()
