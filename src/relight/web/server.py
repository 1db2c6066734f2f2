"""The server that runs the app: quick with the public page, prompt to stop while pages are open."""

import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from relight.web.front import Front
from relight.web.memory import FilesInMemory
from relight.web.public import PREFIX

_PREFIX = PREFIX.encode()


def public_first(site: FilesInMemory) -> type[HttpToolsProtocol]:
    """Give uvicorn's protocol with a short way for the public page.

    A plain GET below `/status/` is answered where its headers end: no task, no scope, one write of
    what lies ready. Everything unusual (another method, a percent sign, HTTP/1.0, a reader who does
    not keep up, requests in a queue) takes the ordinary way and gets the same answer there.
    """

    class PublicFirst(HttpToolsProtocol):
        answered = False

        def on_message_begin(self) -> None:
            self.answered = False
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
            answer = site.pick(path, self.headers)
            own = b"".join(b"%b: %b\r\n" % each for each in self.server_state.default_headers)
            self.transport.write(b"%b%b\r\n%b" % (answer.head, own, answer.content))
            self.on_response_complete()

        def _begin_as_usual(self) -> None:
            url, headers, expects = self.url, self.headers, self.expect_100_continue
            super().on_message_begin()
            self.url, self.expect_100_continue = url, expects
            self.headers.extend(headers)

        def _is_plain(self) -> bool:
            parser = self.parser
            if parser is None:  # the connection is gone
                return False
            running = cast("RequestResponseCycle | None", self.cycle)
            return (
                self.url.startswith(_PREFIX)
                and b"%" not in self.url
                and parser.get_method() == b"GET"
                and parser.get_http_version() == "1.1"
                and parser.should_keep_alive()
                and not parser.should_upgrade()
                and not self.flow.write_paused
                and not self.pipeline
                and (running is None or running.response_complete)
            )

        def on_body(self, body: bytes) -> None:
            if not self.answered:
                super().on_body(body)

        def on_message_complete(self) -> None:
            if not self.answered:
                super().on_message_complete()

    return PublicFirst


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
                http=public_first(app.site),
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
