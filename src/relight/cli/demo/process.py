"""`relight up` as a process of its own, started and stopped from outside."""

import asyncio
import contextlib
import re
import signal
import sys
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from relight.kernel.faults import RelightError

_STOP_S = 8.0
_COMMAND_S = 30.0
_KEPT_LINES = 200
_SHOWN_LINES = 8
_LINK = re.compile(r"https?://\S+/sign-in\?\S+")


class UpEnded(RelightError):
    """`relight up` ended by itself."""


class CommandFailed(RelightError):
    """A command of Relight failed."""


class Up:
    """A running `relight up`, with the newest lines it printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Take the process; `running` starts one."""
        self._process = process
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._reading = asyncio.ensure_future(self._read())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def sign_in_link(self) -> str:
        """The one-time link it printed at its first start, or nothing."""
        found = (match[0] for line in self.lines if (match := _LINK.search(line)))
        return next(found, "")

    def must_run(self) -> None:
        """Raise `UpEnded` with its last lines where it has ended."""
        code = self._process.returncode
        if code is not None:
            last = "\n".join(list(self.lines)[-_SHOWN_LINES:]) or "It printed nothing."
            msg = f"`relight up` ended by itself with code {code}. Its last lines:\n{last}"
            raise UpEnded(msg)

    async def stop(self) -> None:
        """Ask it to stop, and end it where it does not; returns once it is gone."""
        self._send(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_S)
        finally:
            # Also where the wait was too long or was itself cancelled.
            await self.kill()

    async def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._send(signal.SIGKILL)
        await self._process.wait()
        await self._reading

    def _send(self, what: signal.Signals) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(what)

    async def _read(self) -> None:
        output = self._process.stdout
        while output is not None and (line := await output.readline()):
            self.lines.append(line.decode("utf-8", "replace").rstrip())


async def start_up(folder: Path, port: int, *more: str) -> Up:
    """Start `relight up FOLDER --port PORT` in a session of its own, so that Ctrl-C is ours."""
    process = await asyncio.create_subprocess_exec(
        *_relight("up", str(folder), "--port", str(port), *more),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    return Up(process)


@contextlib.asynccontextmanager
async def running(folder: Path, port: int, *more: str) -> AsyncGenerator[Up]:
    """Run `relight up` for as long as the block lasts."""
    up = await start_up(folder, port, *more)
    try:
        yield up
    finally:
        with contextlib.suppress(TimeoutError):
            await up.stop()


async def command(*words: str) -> str:
    """Run another command of Relight and give what it printed. Raises `CommandFailed`."""
    process = await asyncio.create_subprocess_exec(
        *_relight(*words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        printed, complaint = await asyncio.wait_for(process.communicate(), _COMMAND_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = complaint.decode("utf-8", "replace").strip()
        msg = f"`relight {words[0]}` ended with code {process.returncode}: {said}"
        raise CommandFailed(msg)
    return printed.decode()


def _relight(*words: str) -> Sequence[str]:
    return (sys.executable, "-m", "relight", *words)
