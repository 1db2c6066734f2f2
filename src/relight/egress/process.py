"""Runs the owner's own programs: no shell, bounded output, and nothing left behind."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from contextlib import suppress

from relight.kernel.clock import Clock
from relight.kernel.plug import Permanent
from relight.kernel.ports import Ran

# All that a program gets of our own environment, which may hold secrets.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_CHUNK = 65536
_GOODBYE_S = 1.0


class ProcessRunner:
    """The `Runner` port."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock that measures."""
        self._clock = clock

    async def run(
        self,
        argv: Sequence[str],
        *,
        timeout_s: float,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        most_output: int = 65536,
    ) -> Ran:
        """Run it in a process group of its own, which is ended with it. See the port."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        began_s = self._clock.monotonic_s()
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=PIPE if stdin else DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                env={**kept, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or "not a command"
            msg = f"{argv[0] if argv else 'Nothing'} cannot be run: {why}."
            raise Permanent(msg) from error
        output, errors = _Beginning(most_output), _Beginning(most_output)
        pipes = asyncio.gather(
            _feed(process.stdin, stdin), output.take(process.stdout), errors.take(process.stderr)
        )
        status: int | None = None
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(pipes)
                status = await process.wait()
        except TimeoutError:
            # It may be over, and one that it started holds the pipes.
            status = process.returncode
        finally:
            await _end(process, pipes)
        return Ran(
            status=status,
            output=bytes(output.kept),
            errors=bytes(errors.kept),
            cut=output.cut or errors.cut,
            took_s=self._clock.monotonic_s() - began_s,
        )


class _Beginning:
    """Reads a pipe to its end and keeps the beginning."""

    def __init__(self, most: int) -> None:
        self.kept = bytearray()
        self.cut = False
        self._most = most

    async def take(self, pipe: asyncio.StreamReader | None) -> None:
        while pipe is not None and (data := await pipe.read(_CHUNK)):
            room = self._most - len(self.kept)
            self.kept += data[:room]
            self.cut = self.cut or len(data) > room


async def _feed(pipe: asyncio.StreamWriter | None, data: bytes) -> None:
    if pipe is None:
        return
    # A program need not read what it is given.
    with suppress(ConnectionError):
        pipe.write(data)
        await pipe.drain()
    pipe.close()


async def _end(
    process: asyncio.subprocess.Process, pipes: asyncio.Future[tuple[None, None, None]]
) -> None:
    """End the whole group; wait until the program itself is gone and its pipes are read out."""
    with suppress(ProcessLookupError, PermissionError):
        # The number stays the group's for as long as one of it lives.
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    with suppress(TimeoutError):
        # One that left the group may hold a pipe for as long as it likes.
        await asyncio.wait_for(pipes, _GOODBYE_S)
