"""Opens a TCP connection, and listens for a word on it."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from relight.detect.probes import Probe, Result, failed, unanswered
from relight.detect.probes._quoted import quoted
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import Ports, Stream
from relight.kernel.url import split_host_port

_MOST = 65536


class TcpProbe(Probe, frozen=True, kw_only=True):
    r"""Open a TCP connection to `address` (host:port) and, where asked, speak on it.

    It is good when the other side takes the connection within `timeout_s`. A server that takes
    connections and then hangs looks well that way, so give it something to do: `send` is written
    to it first (in double quotes `\r\n` ends a line), and the text `expect` has to stand in the
    first 64 KiB that come back.
    """

    address: str
    send: str = ""
    expect: str = ""
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 10.0

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "address": "cache.where2eat.example:6379",
        "send": "PING\r\n",
        "expect": "+PONG",
        "timeout_s": 5,
    }

    def __post_init__(self) -> None:
        """Refuse what is not host:port."""
        split_host_port(self.address)

    async def observe(self, ports: Ports) -> Result:
        """Connect once."""
        host, port = split_host_port(self.address)
        began_s = ports.clock.monotonic_s()
        try:
            stream = await ports.dialer.open(host, port, timeout_s=self.timeout_s)
        except NoAnswer as error:
            return unanswered(error, took_s=ports.clock.monotonic_s() - began_s)
        async with stream:
            return await self._speak(stream)

    async def _speak(self, stream: Stream) -> Result:
        evidence = (("address", stream.address),)
        heard, ended = bytearray(), ""
        try:
            if self.send:
                await stream.write(self.send.encode())
            while self.expect.encode() not in heard and not ended:
                data = await stream.read()
                heard += data
                if not data:
                    ended = "then hung up"
                elif len(heard) > _MOST:
                    ended = f"and more than {_MOST} bytes"
        except NoAnswer as error:
            if not heard:
                phases = stream.phases()
                return unanswered(error, took_s=phases.total, evidence=evidence, phases=phases)
            ended = f"then nothing more within {self.timeout_s:g} s"
        phases = stream.phases()
        if ended:
            said = f"said {quoted(bytes(heard))}, {ended}" if heard else "hung up without a word"
            reason = f"{said}; wanted {quoted(self.expect)}"
            return failed("answer", reason, took_s=phases.total, evidence=evidence, phases=phases)
        reason = f"answered with {quoted(self.expect)}" if self.expect else "took the connection"
        return Result(ok=True, took_s=phases.total, reason=reason, evidence=evidence, phases=phases)


PLUGIN: type[Probe] = TcpProbe
