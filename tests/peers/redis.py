"""A real Redis server on loopback."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.programs import free_port, running


@contextmanager
def redis(folder: Path, *options: str, tls: bool = False) -> Generator[str]:
    """Run one with these options and give its host:port."""
    port = free_port()
    listens = ["--port", "0", "--tls-port", str(port)] if tls else ["--port", str(port)]
    argv = ["redis-server", "--bind", "127.0.0.1", "--save", "", *listens, *options]
    with running(argv, port=port, folder=folder):
        yield f"127.0.0.1:{port}"
