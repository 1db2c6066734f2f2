"""Starts a program of this machine on loopback for a test, and ends it again."""

import socket
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

_PATIENCE_S = 60.0


def free_port() -> int:
    """Give a port of loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(argv: Sequence[str | Path], *, port: int, folder: Path) -> Generator[None]:
    """Run a program until the block ends; it is there once its port takes connections."""
    log = folder / "output.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in argv], cwd=folder, stdout=output, stderr=output
        )
    try:
        ends = time.monotonic() + _PATIENCE_S
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > ends:
                said = log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{argv[0]} did not start:\n{said}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
