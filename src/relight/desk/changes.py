"""Tells everyone in this process who waits that something was written."""

import asyncio
import threading


class Changes:
    """A counter that one can wait on. `announce` may be called from any thread."""

    def __init__(self) -> None:
        """Begin at zero, with nobody waiting."""
        self.version = 0
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def announce(self) -> None:
        """Count one change and wake all who wait."""
        with self._lock:
            self.version += 1
            waiting = list(self._waiting)
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def stir(self, event: asyncio.Event) -> None:
        """Set this event of the running loop at each change from now on; its owner clears it."""
        with self._lock:
            self._waiting.add((asyncio.get_running_loop(), event))

    async def after(self, version: int, *, timeout_s: float) -> int:
        """Give the newest version once it is past this one, or at the latest after the time-out."""
        ticket = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiting.add(ticket)
            if self.version != version:
                ticket[1].set()
        try:
            # Not `wait_for`: before Python 3.12 it may swallow a cancel that comes with the event.
            async with asyncio.timeout(timeout_s):
                await ticket[1].wait()
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._waiting.discard(ticket)
        return self.version
