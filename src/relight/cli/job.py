"""Runs a job that reports to a heartbeat: its start, its exit status, and the last that it said.

The job comes first. It runs whether or not a ping arrives, and what it prints goes where it would.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import BinaryIO

from relight.egress.http import GuardedHttp
from relight.egress.policy import Egress
from relight.egress.resolver import SystemResolver
from relight.kernel.clock import SystemClock
from relight.kernel.plug import PlugFailed
from relight.kernel.ports import HttpRequest

LONGEST_TAIL = 10_000
"""So many bytes of the end of what the job printed go along, as many as a ping keeps."""

NOT_FOUND, NOT_RUNNABLE = 127, 126
"""The exit statuses that a shell gives where a command cannot be run."""

_PING_S = 5.0
_WAITS_S = (0.0, 1.0, 4.0)
_DRAIN_S = 2.0


class Pinger:
    """Pings one address. What does not arrive is said, never raised."""

    def __init__(self, url: str, said: Callable[[str], None]) -> None:
        """Take the address, and where to say what failed."""
        clock = SystemClock()
        self._http = GuardedHttp(Egress.OWNER, SystemResolver(Egress.OWNER), clock)
        self._url, _, query = url.partition("?")
        self._query = f"?{query}&" if query else "?"
        self._run = uuid.uuid4()
        self._said = said

    def ping(self, action: str, body: bytes = b"", *, tries: int = len(_WAITS_S)) -> None:
        """Report what happened; an address that is not answered is tried again."""
        fault = ""
        for wait_s in _WAITS_S[:tries]:
            time.sleep(wait_s)
            fault, final = asyncio.run(self._send(action, body))
            if final:
                break
        if fault:
            self._said(f"The heartbeat was not told `{action}`: {fault}")

    async def _send(self, action: str, body: bytes) -> tuple[str, bool]:
        """Give what went wrong, and whether trying again would change nothing."""
        request = HttpRequest(
            method="POST",
            url=f"{self._url.rstrip('/')}/{action}{self._query}rid={self._run}",
            headers={"Content-Type": "text/plain"},
            body=body,
            timeout_s=_PING_S,
        )
        try:
            status = (await self._http.request(request)).status
        except PlugFailed as error:
            return str(error), False
        if status in {200, 201}:
            return "", True
        return f"it answered {status}.", status < 500 and status != 429


class _Tail:
    """The last bytes that were printed, of both streams in the order they came."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._lock = threading.Lock()

    def add(self, part: bytes) -> None:
        with self._lock:
            self._kept += part
            del self._kept[:-LONGEST_TAIL]

    def bytes(self) -> bytes:
        with self._lock:
            return bytes(self._kept)


def run_job(command: Sequence[str], pinger: Pinger | None) -> int:
    """Run a command and give its exit status, 128 + N where signal N ended it."""
    started: threading.Thread | None = None
    if pinger is not None:
        # Beside the job, not before it: one that cannot be reached delays nothing.
        started = threading.Thread(target=pinger.ping, args=("start",), kwargs={"tries": 1})
        started.start()
    status, tail = _run(command)
    if pinger is not None and started is not None:
        started.join()
        pinger.ping(str(status), tail)
    return status


def _run(command: Sequence[str]) -> tuple[int, bytes]:
    try:
        job = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        words = f"{command[0]}: {error.strerror or error}"
        sys.stderr.write(f"{words}\n")
        missing = isinstance(error, FileNotFoundError)
        return (NOT_FOUND if missing else NOT_RUNNABLE), words.encode()
    tail = _Tail()
    pumps = [
        threading.Thread(target=_pump, args=(source, to, tail), daemon=True)
        for source, to in (
            (job.stdout, sys.stdout.buffer),
            (job.stderr, sys.stderr.buffer),
        )
        if source is not None
    ]
    with _signals_passed_on(job):
        for each in pumps:
            each.start()
        status = job.wait()
    # What the job left running may hold its output open for ever.
    ends_s = time.monotonic() + _DRAIN_S
    for each in pumps:
        each.join(max(0.0, ends_s - time.monotonic()))
    return (128 - status if status < 0 else status), tail.bytes()


def _pump(source: BinaryIO, to: BinaryIO, tail: _Tail) -> None:
    """Pass on what comes; where nobody reads it any more it is still taken, so the job goes on."""
    fd, reads = source.fileno(), True
    while part := os.read(fd, 65_536):
        tail.add(part)
        if reads:
            try:
                to.write(part)
                to.flush()
            except (OSError, ValueError):
                reads = False


@contextmanager
def _signals_passed_on(job: subprocess.Popen[bytes]) -> Generator[None]:
    """Let the job decide what a request to end means; a terminal sends its own to both."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        job.send_signal(number)

    def leave(number: int, frame: FrameType | None) -> None:
        del number, frame

    handlers = {signal.SIGTERM: pass_on, signal.SIGHUP: pass_on, signal.SIGINT: leave}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
