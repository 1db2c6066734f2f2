"""Opens a TCP connection."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from relight.detect.probes import Probe, Result
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import Ports
from relight.kernel.url import split_host_port


class TcpProbe(Probe, frozen=True, kw_only=True):
    """Open a TCP connection to `address` (host:port) and close it again.

    It is good when the other side takes the connection within `timeout_s`. Nothing is sent, so a
    server that takes connections and then hangs still looks well: use `http` where it speaks HTTP.
    """

    address: str
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 10.0

    EXAMPLE: ClassVar[dict[str, Any]] = {"address": "db.where2eat.example:5432", "timeout_s": 5}

    def __post_init__(self) -> None:
        """Refuse what is not host:port."""
        split_host_port(self.address)

    async def observe(self, ports: Ports) -> Result:
        """Dial once."""
        host, port = split_host_port(self.address)
        began_s = ports.clock.monotonic_s()
        try:
            dialled = await ports.dialer.dial(host, port, timeout_s=self.timeout_s)
        except NoAnswer as error:
            took_s = ports.clock.monotonic_s() - began_s
            reason = str(error).rstrip(".")
            return Result(
                ok=False, took_s=took_s, reason=reason, evidence=(("fault", "connection"),)
            )
        return Result(
            ok=True,
            took_s=dialled.took_s,
            reason="took the connection",
            evidence=(("address", dialled.address),),
        )


PLUGIN: type[Probe] = TcpProbe
