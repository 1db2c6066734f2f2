"""The server that runs the app: quick with what is asked most, and prompt to stop."""

import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from relight.detect.edge.tally import LARGEST
from relight.web.edge import REPORT, SCRIPT, EdgeDoor
from relight.web.front import Front
from relight.web.memory import Answer, FilesInMemory
from relight.web.public import PREFIX

_SITE, _REPORT, _SCRIPT = PREFIX.encode(), REPORT.encode(), SCRIPT.encode()
_SHORT = (_SITE, _REPORT)


def short_way(site: FilesInMemory, edge: EdgeDoor) -> type[HttpToolsProtocol]:
    """Give uvicorn's protocol with a short way for what is asked most: no task, no scope.

    A plain GET below `/status/` or of `/edge.js` is answered where its headers end, with one write
    of what lies ready. So is a report of a customer's page (`/edge`), where it ends. Everything
    unusual (another method, a percent sign, HTTP/1.0, a reader who does not keep up, requests in a
    queue) takes the ordinary way and gets the same answer there.
    """

    class ShortWay(HttpToolsProtocol):
        answered = False
        reports = False
        text = b""
        line: tuple[object, bytes] = (None, b"")

        def on_message_begin(self) -> None:
            self.answered = self.reports = False
            self.url = b""
            self.headers = []
            self.expect_100_continue = False

        def on_header(self, name: bytes, value: bytes) -> None:
            if self.url.startswith(_REPORT):
                self.headers.append((name, value))
            else:
                super().on_header(name, value)

        def on_headers_complete(self) -> None:
            url = self.url
            if not url.startswith(_SHORT) or not self._is_plain():
                self._begin_as_usual()
                super().on_headers_complete()
            elif url.startswith(_SITE):
                self._answer(site.pick(url.partition(b"?")[0].decode("ascii"), self.headers))
            elif url.partition(b"?")[0] == _SCRIPT:
                headers = [(name.lower(), value) for name, value in self.headers]
                self._answer(edge.script.pick(_SCRIPT.decode(), headers))
            else:
                self.answered = self.reports = True
                self.text = b""

        def _answer(self, answer: Answer) -> None:
            self.answered = True
            standing = self.server_state.default_headers
            if standing is not self.line[0]:
                own = b"".join(b"%b: %b\r\n" % each for each in standing)
                type(self).line = (standing, own)
            self.transport.write(b"%b%b\r\n%b" % (answer.head, self.line[1], answer.content))
            self.on_response_complete()

        def _begin_as_usual(self) -> None:
            url, headers = self.url, self.headers
            super().on_message_begin()
            self.url = url
            for name, value in headers:
                super().on_header(name, value)

        def _is_plain(self) -> bool:
            parser = self.parser
            if parser is None:  # the connection is gone
                return False
            running = cast("RequestResponseCycle | None", self.cycle)
            method = parser.get_method()
            return (
                (method == b"GET" or (method == b"POST" and self.url == _REPORT))
                and b"%" not in self.url
                and parser.get_http_version() == "1.1"
                and parser.should_keep_alive()
                and not parser.should_upgrade()
                and not self.flow.write_paused
                and not self.pipeline
                and not self.expect_100_continue
                and (running is None or running.response_complete)
                and (not self.url.startswith(_REPORT) or self._is_report())
            )

        def _is_report(self) -> bool:
            """Whether it is one of ours, and asks for nothing but an answer."""
            path = self.url.partition(b"?")[0]
            return path in {_REPORT, _SCRIPT} and not any(
                len(name) == 6 and name.lower() == b"expect" for name, _ in self.headers
            )

        def on_body(self, body: bytes) -> None:
            if not self.answered:
                super().on_body(body)
            elif self.reports and len(self.text) <= LARGEST:
                self.text += body[: LARGEST + 1]

        def on_message_complete(self) -> None:
            if not self.answered:
                super().on_message_complete()
            elif self.reports:
                peer = self.client[0] if self.client else ""
                asked = self.url.partition(b"?")[2]
                if self.parser and self.parser.get_method() == b"POST":
                    self._answer(edge.report(self.text, peer, self.headers))
                else:
                    self._answer(edge.ask(asked, peer, self.headers))

    return ShortWay


class Server(uvicorn.Server):
    """Uvicorn that ends live streams before it waits for connections to close.

    Without it a page left open would hold up every stop: the app's own shutdown comes only after
    the last connection is gone.
    """

    def __init__(self, app: Front, *, stop_s: int = 2) -> None:
        """Serve an app; connections that are still busy `stop_s` after a stop are cut."""
        self._front = app
        super().__init__(
            uvicorn.Config(
                app,
                http=short_way(app.site, app.edge),
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=stop_s,
            )
        )

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop on a signal without raising it again, so that what runs below is closed too."""
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {each: signal.signal(each, self.handle_exit) for each in signals}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything else."""
        self._front.stop_streams()
        await super().shutdown(sockets)
