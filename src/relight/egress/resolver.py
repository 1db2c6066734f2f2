"""Turns names into addresses that may be called."""

import asyncio
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from typing import NamedTuple, TypeAlias

from relight.egress.policy import Egress, NotAllowed, is_address, refusal
from relight.kernel.plug import NoAnswer, Transient

Lookup: TypeAlias = Callable[[str, int], Sequence[str]]

# These say that there is no such name or that it has no address; all else is our own trouble.
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_MOST_THREADS = 32
_MOST_WAITING = 1024
_IDLE_S = 10.0
_SAME_BURST_S = 1.0


def system_lookup(host: str, port: int) -> list[str]:
    """Ask the machine, which blocks; the order is that of its address selection (RFC 6724)."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Known(NamedTuple):
    """A lookup under way, or one that was answered a moment ago."""

    found: "asyncio.Future[Sequence[str]]"
    until_s: float


class SystemResolver:
    """Looks names up as every other program on this machine does, off the event loop.

    The C library cannot be interrupted, so lookups have a few daemon threads of their own: a name
    server that is silent must hold up neither other work nor the end of the process. Whoever asks
    for a name that is being looked up waits for that lookup, so one silent name holds one thread.
    An answer counts for all who ask within the same second; there is no other memory.
    """

    def __init__(
        self, egress: Egress, *, timeout_s: float = 5.0, lookup: Lookup = system_lookup
    ) -> None:
        """Take the policy, the time that one lookup may take, and the lookup itself."""
        self._egress = egress
        self._timeout_s = timeout_s
        self._lookup = lookup
        self._known: dict[tuple[str, int], _Known] = {}
        self._threads = _Threads()

    async def addresses(self, host: str, port: int) -> list[str]:
        """Give the allowed addresses, best first, the families taking turns (RFC 8305).

        Raises `NoAnswer` for a name that does not exist, `Transient` where names cannot be looked
        up, `NotAllowed` where the policy allows none.
        """
        found = [host] if is_address(host) else await self._ask(host.rstrip("."), port)
        allowed = [each for each in found if refusal(each, self._egress) is None]
        if not allowed:
            reason = refusal(found[0], self._egress)
            where = host if host == found[0] else f"{host} is {found[0]}, which"
            msg = f"{where} {reason}; Relight does not call it."
            raise NotAllowed(msg)
        return _take_turns(allowed)

    async def _ask(self, host: str, port: int) -> Sequence[str]:
        msg = f"The name server did not answer for {host} within {self._timeout_s:g} s."
        try:
            async with asyncio.timeout(self._timeout_s):
                # Shielded, since others may be waiting for the same lookup.
                found = await asyncio.shield(self._looked_up(host, port))
        except TimeoutError as error:
            raise Transient(msg) from error
        except socket.gaierror as error:
            if error.errno in _NO_SUCH_NAME:
                msg = f"The name {host} does not exist or has no address."
                raise NoAnswer(msg) from error
            msg = f"The name server gave no answer for {host}."
            raise Transient(msg) from error
        except (UnicodeError, ValueError) as error:
            msg = f"{host} cannot be a name."
            raise NoAnswer(msg) from error
        if not found:
            msg = f"The name {host} has no address."
            raise NoAnswer(msg)
        return found

    def _looked_up(self, host: str, port: int) -> "asyncio.Future[Sequence[str]]":
        loop = asyncio.get_running_loop()
        known = self._known.get((host, port))
        if (
            known is not None
            and known.found.get_loop() is loop
            and (not known.found.done() or loop.time() < known.until_s)
        ):
            return known.found
        answer: asyncio.Future[Sequence[str]] = loop.create_future()
        if len(self._known) > _MOST_WAITING:
            self._known = {key: each for key, each in self._known.items() if not each.found.done()}
        self._known[host, port] = _Known(answer, loop.time() + _SAME_BURST_S)

        def settle(found: Sequence[str], error: Exception | None) -> None:
            if error is None:
                answer.set_result(found)
            else:
                self._known.pop((host, port), None)
                answer.set_exception(error)
                answer.exception()  # whoever waited may have gone

        def work() -> None:
            found: Sequence[str] = ()
            failure: Exception | None = None
            try:
                found = self._lookup(host, port)
            except Exception as error:  # noqa: BLE001 - carried over to the caller, as it is
                failure = error
            try:
                loop.call_soon_threadsafe(settle, found, failure)
            except RuntimeError:
                return  # The loop has ended, and with it whoever asked.

        try:
            self._threads.run(work)
        except queue.Full:
            del self._known[host, port]
            msg = "Too many names wait to be looked up."
            raise Transient(msg) from None
        return answer


def _take_turns(addresses: Sequence[str]) -> list[str]:
    first = [each for each in addresses if (":" in each) == (":" in addresses[0])]
    other = [each for each in addresses if each not in first]
    return [each for each in chain.from_iterable(zip_longest(first, other)) if each]


class _Threads:
    """A few threads that are started when there is work and end when there is none."""

    def __init__(self) -> None:
        self._work: queue.Queue[Callable[[], None]] = queue.Queue(_MOST_WAITING)
        self._lock = threading.Lock()
        self._alive = self._idle = 0

    def run(self, work: Callable[[], None]) -> None:
        """Have it done. Raises `queue.Full` where too much waits already."""
        self._work.put_nowait(work)
        with self._lock:
            if self._work.qsize() <= self._idle or self._alive >= _MOST_THREADS:
                return
            self._alive += 1
        threading.Thread(target=self._serve, name="lookup", daemon=True).start()

    def _serve(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            try:
                work = self._work.get(timeout=_IDLE_S)
            except queue.Empty:
                work = None
            with self._lock:
                self._idle -= 1
                if work is None and self._work.empty():
                    self._alive -= 1
                    return
            if work is not None:
                work()
