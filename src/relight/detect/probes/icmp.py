"""Sends pings and counts those that come back."""

import asyncio
from statistics import median
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from relight.detect.probes import Probe, Result, failed, unanswered
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import Phases, Ping, Ports

_APART_S = 0.1


class IcmpProbe(Probe, frozen=True, kw_only=True):
    """Ping `host` and look at how many pings come back, and how soon.

    `packets` are sent a tenth of a second apart, and each has `timeout_s` to come back. It is good
    when at most `max_lost` of them are lost and, with `slow_ms`, half of those that come back took
    no more milliseconds than that. A machine that answers pings may still serve nobody, and many
    networks drop pings on purpose: look at the service itself, and use this for the way there.

    Pings need a word from the machine: on Linux the setting `net.ipv4.ping_group_range`, or the
    capability CAP_NET_RAW. Without either the check says so and judges nothing.
    """

    host: str
    packets: Annotated[int, Meta(ge=1, le=20)] = 3
    max_lost: Annotated[int, Meta(ge=0, le=19)] = 1
    slow_ms: Annotated[float, Meta(gt=0)] | None = None
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 2.0

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "host": "gateway.where2eat.example",
        "packets": 5,
        "max_lost": 2,
        "slow_ms": 200,
    }

    def __post_init__(self) -> None:
        """Refuse what is no host."""
        if not self.host or any(c.isspace() or c in "/@[]" for c in self.host):
            msg = f"`{self.host}` is not a host. Write a name or an address, without a port."
            raise ValueError(msg)

    async def observe(self, ports: Ports) -> Result:
        """Send the pings."""
        began_s = ports.clock.monotonic_s()
        try:
            address = (await ports.resolver.addresses(self.host, 0))[0]
        except NoAnswer as error:
            return unanswered(error, took_s=ports.clock.monotonic_s() - began_s)
        looked_up_s = ports.clock.monotonic_s() - began_s
        outcomes = await asyncio.gather(
            *(self._ping(ports, address, index * _APART_S) for index in range(self.packets)),
            return_exceptions=True,
        )
        for each in outcomes:
            if isinstance(each, BaseException) and not isinstance(each, NoAnswer):
                raise each
        back = [each.took_s for each in outcomes if isinstance(each, Ping)]
        lost = [each for each in outcomes if isinstance(each, NoAnswer)]
        phases = Phases(
            resolve=looked_up_s,
            first_byte=median(back) if back else None,
            total=ports.clock.monotonic_s() - began_s,
        )
        trip = f"{median(back) * 1000:.3g} ms" if back else "none"
        evidence = (
            ("address", address),
            ("lost", f"{len(lost)} of {self.packets}"),
            ("round trip", trip),
        )
        took_s = median(back) if back else phases.total
        fault, reason = self._fault(back, lost)
        if fault:
            return failed(fault, reason, took_s=took_s, evidence=evidence, phases=phases)
        return Result(ok=True, took_s=took_s, reason=reason, evidence=evidence, phases=phases)

    async def _ping(self, ports: Ports, address: str, after_s: float) -> Ping:
        await asyncio.sleep(after_s)
        return await ports.pinger.ping(address, timeout_s=self.timeout_s)

    def _fault(self, back: list[float], lost: list[NoAnswer]) -> tuple[str, str]:
        if not back:
            return "connection", str(lost[0]).rstrip(".")
        said = f"{len(back)} of {self.packets} pings came back, in {median(back) * 1000:.3g} ms"
        if len(lost) > self.max_lost:
            return "lost", f"{said}; wanted at most {self.max_lost} lost"
        if self.slow_ms is not None and median(back) * 1000 > self.slow_ms:
            return "slow", f"{said}; wanted {self.slow_ms:g} ms"
        return "", said


PLUGIN: type[Probe] = IcmpProbe
