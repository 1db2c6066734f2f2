"""What every request meets first, as raw ASGI: the public page, our own state, then the app.

The public page and `/health` answer to any host name; all else only to names of this house.
"""

from collections import Counter
from collections.abc import Mapping

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from relight.web.edge import REPORT, SCRIPT, EdgeDoor
from relight.web.headers import Headers, KnownHosts
from relight.web.live import Live
from relight.web.memory import Answer, FilesInMemory
from relight.web.ourselves import Ourselves


class Front:
    """The ASGI app that the server runs. `stop_streams` lets it stop while pages are open."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        site: FilesInMemory,
        edge: EdgeDoor,
        static: FilesInMemory,
        ourselves: Ourselves,
        live: Live,
        hosts: KnownHosts,
        headers: Headers,
        doors: Mapping[str, ASGIApp],
    ) -> None:
        """Take the parts, all built.

        `doors` are apps of their own by the first part of their path (`/ping`), for what programs
        send: each knows its sender by a key and answers to any host name.
        """
        self.app = app
        self.site = site
        self.edge = edge
        self.live = live
        self._static = static
        self._ourselves = ourselves
        self._hosts = hosts
        self._headers = headers
        self._doors: Mapping[str, ASGIApp] = {REPORT: edge, **doors}
        self._names = {name for name, _ in headers}
        text = (b"content-type", b"text/plain; charset=utf-8")
        self._to_site = Answer(307, [*headers, (b"location", b"/status/")], b"")
        self._unreadable = Answer(400, [*headers, text], b"That address cannot be read.\n")
        self._unknown_host = Answer(
            421,
            [*headers, text],
            b"Relight does not know itself by this name.\n"
            b"Open it by its own address, or start it with --allow-host NAME.\n",
        )

    def stop_streams(self) -> None:
        """End every open stream."""
        self.live.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a request on its way."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith("/status/"):
            await self.site(scope, receive, send)
        elif path == "/status":
            await self._to_site.send(scope, send)
        elif path == "/health":
            await self._ourselves.health(scope, receive, send)
        elif path == "/ready":
            await self._ourselves.ready(scope, receive, send)
        elif path == SCRIPT:
            await self.edge.script(scope, receive, send)
        elif door := self._door(path):
            await door(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    def _door(self, path: str) -> ASGIApp | None:
        end = path.find("/", 1)
        return self._doors.get(path if end < 0 else path[:end])

    async def _inner(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        path = scope["path"]
        if host.decode("latin-1") not in self._hosts:
            await self._unknown_host.send(scope, send)
        elif "\0" in path:
            await self._unreadable.send(scope, send)
        elif path == "/metrics":
            await self._ourselves.metrics(scope, receive, send)
        elif path.startswith("/static/"):
            await self._static(scope, receive, send)
        else:
            await self.app(scope, receive, self._guarded(send))

    def _guarded(self, send: Send) -> Send:
        counted: Counter[str] = self._ourselves.requests

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                counted[f"{message['status'] // 100}xx"] += 1
                own = [each for each in message["headers"] if each[0].lower() not in self._names]
                message = {**message, "headers": [*own, *self._headers]}
            await send(message)

        return send_guarded
