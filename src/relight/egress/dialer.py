"""Opens TCP connections: to see whether one can be opened, or to speak on it."""

from relight.egress.connect import open_socket
from relight.egress.policy import Egress
from relight.egress.stream import SocketStream, open_stream
from relight.kernel.clock import Clock
from relight.kernel.ports import Dialled, Resolver, TlsWanted


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

    async def open(
        self, host: str, port: int, *, timeout_s: float, tls: TlsWanted | None = None
    ) -> SocketStream:
        """Connect, with TLS from the start where wanted; all of it ends at `timeout_s`.

        Raises `NoAnswer`, `Transient` or `Permanent`.
        """
        stream = await open_stream(
            host,
            port,
            resolver=self._resolver,
            egress=self._egress,
            clock=self._clock,
            timeout_s=timeout_s,
        )
        if tls is not None:
            try:
                await stream.start_tls(tls)
            except BaseException:
                stream.abort()
                raise
        return stream
