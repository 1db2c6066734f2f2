"""Opens a TCP connection to see whether it can be opened."""

from relight.egress.connect import open_socket
from relight.egress.policy import Egress
from relight.kernel.clock import Clock
from relight.kernel.ports import Dialled, Resolver


class GuardedDialer:
    """Dials under the egress policy."""

    def __init__(self, egress: Egress, resolver: Resolver, clock: Clock) -> None:
        """Take the policy, the resolver and the clock that measures."""
        self._egress = egress
        self._resolver = resolver
        self._clock = clock

    async def dial(self, host: str, port: int, *, timeout_s: float) -> Dialled:
        """Connect and close again; `took_s` leaves out the name's lookup.

        Raises `NoAnswer`, `Transient` or `Permanent`.
        """
        addresses = await self._resolver.addresses(host, port)
        began_s = self._clock.monotonic_s()
        connection, address = await open_socket(
            addresses, port, egress=self._egress, timeout_s=timeout_s
        )
        took_s = self._clock.monotonic_s() - began_s
        connection.close()
        return Dialled(address, took_s)
