"""Turns names into addresses that may be called."""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from typing import TypeAlias

from relight.egress.policy import Egress, NotAllowed, refusal
from relight.kernel.plug import NoAnswer, Transient

Lookup: TypeAlias = Callable[[str, int], Sequence[str]]

# These say that there is no such name or that it has no address; all else is our own trouble.
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_MOST_LOOKUPS = 32


def system_lookup(host: str, port: int) -> list[str]:
    """Ask the machine, which blocks; the order is that of its address selection (RFC 6724)."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class SystemResolver:
    """Looks names up as every other program on this machine does, off the event loop.

    Each lookup has a daemon thread of its own, because the C library cannot be interrupted: a name
    server that is silent must neither hold up other work nor the end of the process.
    """

    def __init__(
        self, egress: Egress, *, timeout_s: float = 5.0, lookup: Lookup = system_lookup
    ) -> None:
        """Take the policy, the time that one lookup may take, and the lookup itself."""
        self._egress = egress
        self._timeout_s = timeout_s
        self._lookup = lookup
        self._room = asyncio.Semaphore(_MOST_LOOKUPS)

    async def addresses(self, host: str, port: int) -> list[str]:
        """Give the allowed addresses, best first, the families taking turns (RFC 8305).

        Raises `NoAnswer` for a name that does not exist, `Transient` where names cannot be looked
        up, `NotAllowed` where the policy allows none.
        """
        found = [host] if _is_address(host) else await self._ask(host.rstrip("."), port)
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
            async with asyncio.timeout(self._timeout_s), self._room:
                found = await _in_thread(lambda: self._lookup(host, port))
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


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _take_turns(addresses: Sequence[str]) -> list[str]:
    first = [each for each in addresses if (":" in each) == (":" in addresses[0])]
    other = [each for each in addresses if each not in first]
    return [each for each in chain.from_iterable(zip_longest(first, other)) if each]


async def _in_thread(work: Callable[[], Sequence[str]]) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(found: Sequence[str] | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(found or ())

    def run() -> None:
        found, failure = None, None
        try:
            found = work()
        except Exception as error:  # noqa: BLE001 - carried over to the caller, as it is
            failure = error
        try:
            loop.call_soon_threadsafe(settle, found, failure)
        except RuntimeError:
            return  # The loop has ended, and with it whoever asked.

    threading.Thread(target=run, name="lookup", daemon=True).start()
    return await answer
