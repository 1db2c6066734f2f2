"""A vendor's status page on loopback: serves files by path, marks them, and changes when told."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class FeedServer:
    """`files` are bodies by path; with `status`, everything is answered by that alone."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    status: int = 200
    retry_after: str = ""
    answered: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, list[str], bytes]:
        if self.status != 200:
            return self.status, [f"Retry-After: {self.retry_after}"] * bool(self.retry_after), b""
        if path not in self.files:
            return 404, [], b""
        body = self.files[path]
        mark = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
        if headers.get("if-none-match") == mark:
            return 304, [f"ETag: {mark}"], b""
        return 200, [f"ETag: {mark}"], body


@asynccontextmanager
async def feed_server(files: dict[str, bytes] | None = None) -> AsyncGenerator[FeedServer]:
    """Serve on a free port."""
    served = FeedServer(files=files or {})

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        path = first.split(" ")[1]
        pairs = (line.split(":", 1) for line in lines if line)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        status, more, body = served.answer(path, headers)
        served.answered.append((path, status))
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *more, "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    async with server:
        yield served
