"""The server that runs the app, stopping promptly while pages are open."""

import socket

import uvicorn

from relight.web.front import Front


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
                http="httptools",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=stop_s,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything else."""
        self._front.stop_streams()
        await super().shutdown(sockets)
