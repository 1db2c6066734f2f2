"""A small HTTP server on loopback that keeps what it was sent and can behave badly."""

import asyncio
import gzip
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Received:
    """One request as it came; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpSink:
    """Answers by the first part of the path; see `ANSWERS`."""

    port: int = 0
    scheme: str = "http"
    received: list[Received] = field(default_factory=list[Received])
    connections: int = 0

    def url(self, target: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{target}"


Writer = asyncio.StreamWriter
Reader = asyncio.StreamReader


def plain(status: int, body: bytes = b"", *extra: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *extra, "", ""]
    return "\r\n".join(lines).encode() + body


async def _until_gone(reader: Reader) -> None:
    while await reader.read(1 << 16):
        pass


async def _silent(reader: Reader, writer: Writer) -> None:
    await _until_gone(reader)


async def _drip(reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"1\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _flood(reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x" * 65536)
        await writer.drain()
        await asyncio.sleep(0)  # On a connection that is gone, draining never waits.


async def _headers(reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-More: " + b"x" * 4096 + b"\r\n")
        await writer.drain()


async def _reset(reader: Reader, writer: Writer) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _says(answer: bytes) -> Callable[[Reader, Writer], Awaitable[None]]:
    async def answer_it(reader: Reader, writer: Writer) -> None:
        writer.write(answer)
        await writer.drain()

    return answer_it


_HTML = b"<html>This is not what you asked for</html>"
ANSWERS: dict[str, Callable[[Reader, Writer], Awaitable[None]]] = {
    "silent": _silent,
    "drip": _drip,
    "flood": _flood,
    "headers": _headers,
    "reset": _reset,
    "ok": _says(plain(200, b"fine pho", "X-Twice: a", "X-Twice: b")),
    "garbage": _says(b"\x16\x03\x01 hello, this is not HTTP\r\n\r\n"),
    "closed": _says(b""),
    "half": _says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
    "html": _says(plain(200, _HTML, "Content-Type: text/html")),
    "busy": _says(plain(429, b"", "Retry-After: 7")),
    "bomb": _says(plain(200, gzip.compress(b"0" * (8 << 20)), "Content-Encoding: gzip")),
    "notgzip": _says(plain(200, b"plain", "Content-Encoding: gzip")),
    "metadata": _says(plain(302, b"", "Location: http://169.254.169.254/latest/meta-data")),
    "nowhere": _says(plain(302, b"", "Location: ftp://127.0.0.1/")),
    "loop": _says(plain(302, b"", "Location: /loop")),
    "moved": _says(plain(303, b"", "Location: /ok")),
    "kept": _says(plain(307, b"", "Location: /ok")),
    "ntfy": _says(plain(200, b'{"id":"xE73Iyuabi","event":"message"}')),
    "ntfyerror": _says(plain(200, b'{"code":40301,"http":403,"error":"forbidden"}')),
}
GOOD = {"ok", "moved", "kept", "notgzip", "ntfy"}
BAD = [name for name in ANSWERS if name not in GOOD]


@asynccontextmanager
async def http_sink(
    tls: ssl.SSLContext | None = None, answers: dict[str, bytes] | None = None
) -> AsyncGenerator[HttpSink]:
    """Serve on a free port; `answers` adds raw answers by the first part of the path."""
    sink = HttpSink(scheme="https" if tls else "http")
    own = {name: _says(answer) for name, answer in (answers or {}).items()}
    handlers: set[asyncio.Task[None]] = set()

    async def serve(reader: Reader, writer: Writer) -> None:
        sink.connections += 1
        try:
            request = await _receive(reader)
            if request is None:
                return
            sink.received.append(request)
            name = request.target.strip("/").partition("/")[0].partition("?")[0]
            if name.isdigit():
                writer.write(plain(int(name)))
            else:
                await (own.get(name) or ANSWERS[name])(reader, writer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def handle(reader: Reader, writer: Writer) -> None:
        task = asyncio.ensure_future(serve(reader, writer))
        handlers.add(task)
        task.add_done_callback(handlers.discard)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        for task in tuple(handlers):
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await server.wait_closed()


async def _receive(reader: Reader) -> Received | None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = await reader.readline()
        if not line:
            return None
        head += line
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    named = (line.split(":", 1) for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, value in named}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body)
