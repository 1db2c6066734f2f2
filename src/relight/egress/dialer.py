"""Opens TCP connections for plug-ins to speak on."""

from relight.egress.policy import Egress
from relight.egress.stream import SocketStream, open_stream
from relight.kernel.clock import Clock
from relight.kernel.ports import Resolver, TlsWanted


class GuardedDialer:
    """Dials under the egress policy."""

    def __init__(self, egress: Egress, resolver: Resolver, clock: Clock) -> None:
        """Take the policy, the resolver and the clock that measures."""
        self._egress = egress
        self._resolver = resolver
        self._clock = clock

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
