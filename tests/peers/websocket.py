"""A small WebSocket server on loopback, by the same rules that a real one keeps."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)

Writer = asyncio.StreamWriter
Reader = asyncio.StreamReader


def _answers(event: Event) -> list[Event]:
    """Answer by the path that is asked for, and by the text that is said."""
    match event:
        case Request(target="/no"):
            return [RejectConnection(status_code=403, headers=[(b"content-length", b"0")])]
        case Request(target="/talk"):
            more = [TextMessage(data="x" * 5000, message_finished=False) for _ in range(400)]
            return [AcceptConnection(), *more]
        case Request(target="/bye"):
            return [AcceptConnection(), CloseConnection(code=1013, reason="try later")]
        case Request():
            spoken = event.subprotocols[0] if event.subprotocols else None
            return [AcceptConnection(subprotocol=spoken)]
        case Ping():
            return [event.response()]
        case TextMessage(data="two parts"):
            halves = (("wel", False), ("come", True))
            return [Ping(), *(TextMessage(data=t, message_finished=end) for t, end in halves)]
        case TextMessage():
            return [TextMessage(data=f"you said {event.data}")]
        case CloseConnection():
            return [event.response()]
        case _:
            return []


async def _serve(reader: Reader, writer: Writer) -> None:
    connection = WSConnection(ConnectionType.SERVER)
    while data := await reader.read(65536):
        connection.receive_data(data)
        for event in connection.events():
            for answer in _answers(event):
                writer.write(connection.send(answer))
        await writer.drain()


@asynccontextmanager
async def websocket(tls: ssl.SSLContext | None = None) -> AsyncGenerator[str]:
    """Serve on a free port; gives the address as ws:// or wss://."""
    handlers: dict[asyncio.Task[None], Writer] = {}

    async def serve(reader: Reader, writer: Writer) -> None:
        try:
            await _serve(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    def handle(reader: Reader, writer: Writer) -> None:
        task = asyncio.ensure_future(serve(reader, writer))
        handlers[task] = writer
        task.add_done_callback(handlers.pop)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"{'wss' if tls else 'ws'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        left = dict(handlers)
        for task, writer in left.items():
            # One that has not begun closes nothing.
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await server.wait_closed()
