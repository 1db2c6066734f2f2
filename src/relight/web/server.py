"""The server that runs the app: quick with what is asked most, and prompt to stop."""

import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from relight.web.edge import EdgeDoor
from relight.web.edge.report import whole
from relight.web.front import Front
from relight.web.memory import Answer, FilesInMemory
from relight.web.public import PREFIX

_PREFIX = PREFIX.encode()
_REPORT = b"POST /edge HTTP/1.1\r\n"


def short_way(site: FilesInMemory, edge: EdgeDoor) -> type[HttpToolsProtocol]:
    """Give uvicorn's protocol with a short way for what is asked most: no task, no scope.

    A plain GET below `/status/` is answered where its headers end, with one write of what lies
    ready. A report of a customer's page that comes whole is read as it lies in the buffer, since
    handing over each of a browser's headers costs more than all the rest. Everything unusual
    (another method, a percent sign, HTTP/1.0, a reader who does not keep up, requests in a queue or
    in pieces) takes the ordinary way and gets the same answer there.
    """

    class ShortWay(HttpToolsProtocol):
        answered = False
        resting = True  # between two messages
        used = False
        line: tuple[object, bytes] = (None, b"")

        def data_received(self, data: bytes) -> None:
            if data.startswith(_REPORT) and self.resting and self._may_answer():
                report = whole(data)
                if report:
                    peer = self.client[0] if self.client else ""
                    self._write(edge.report(report, peer))
                    self.server_state.total_requests += 1
                    self.used = True
                    if self.timeout_keep_alive_task is None:
                        self._wait()
                    return
            super().data_received(data)

        def timeout_keep_alive_handler(self) -> None:
            # Cheaper than a timer set anew by each report: one that looks whether any came.
            if self.used:
                self.used = False
                self._wait()
            else:
                super().timeout_keep_alive_handler()

        def _wait(self) -> None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

        def on_message_begin(self) -> None:
            self.answered = self.resting = False
            self.url = b""
            self.headers = []
            self.expect_100_continue = False

        def on_headers_complete(self) -> None:
            if not self._is_plain():
                self._begin_as_usual()
                super().on_headers_complete()
                return
            self.answered = True
            path = self.url.partition(b"?")[0].decode("ascii")
            self._write(site.pick(path, self.headers))
            self.on_response_complete()

        def _write(self, answer: Answer) -> None:
            standing = self.server_state.default_headers
            if standing is not self.line[0]:
                own = b"".join(b"%b: %b\r\n" % each for each in standing)
                ShortWay.line = (standing, own)
            self.transport.write(b"%b%b\r\n%b" % (answer.head, self.line[1], answer.content))

        def _begin_as_usual(self) -> None:
            url, headers, expects = self.url, self.headers, self.expect_100_continue
            super().on_message_begin()
            self.url, self.expect_100_continue = url, expects
            self.headers.extend(headers)

        def _is_plain(self) -> bool:
            parser = self.parser
            if parser is None:  # the connection is gone
                return False
            return (
                self.url.startswith(_PREFIX)
                and b"%" not in self.url
                and parser.get_method() == b"GET"
                and parser.get_http_version() == "1.1"
                and parser.should_keep_alive()
                and not parser.should_upgrade()
                and self._may_answer()
            )

        def _may_answer(self) -> bool:
            """Whether no other answer is under way on this connection."""
            running = cast("RequestResponseCycle | None", self.cycle)
            return (
                not self.flow.write_paused
                and not self.pipeline
                and (running is None or running.response_complete)
            )

        def on_body(self, body: bytes) -> None:
            if not self.answered:
                super().on_body(body)

        def on_message_complete(self) -> None:
            self.resting = True
            if not self.answered:
                super().on_message_complete()

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
