"""The icmp probe: pings to this machine, and machines that do not let us ping."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from relight.detect.probes import Probe
from relight.detect.probes.icmp import IcmpProbe
from relight.egress.ping import PingNotAllowed
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import Ping
from relight.kernel.url import split_host_port
from tests.contracts.aim import PATIENCE_S, Aim
from tests.peers.outside import real_ports


def may_ping() -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP).close()
        except PermissionError:
            continue
        return True
    return False


PINGS = may_ping()


def at(host_port: str) -> IcmpProbe:
    return IcmpProbe(host=split_host_port(host_port)[0], timeout_s=PATIENCE_S)


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    if not PINGS:
        pytest.skip("this machine does not let us ping")
    yield IcmpProbe(host="127.0.0.1", packets=2)


AIM = Aim(working, at=at, dials="host")


class Line:
    """A way on which pings take these times, None for one that is lost."""

    def __init__(self, *took_s: float | None) -> None:
        self._took_s = iter(took_s)

    async def ping(self, host: str, *, timeout_s: float) -> Ping:
        took_s = next(self._took_s)
        if took_s is None:
            msg = f"{host} did not answer a ping within {timeout_s:g} s."
            raise NoAnswer(msg)
        return Ping(host, took_s)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
async def test_this_machine_answers(host: str) -> None:
    if not PINGS:
        pytest.skip("this machine does not let us ping")
    result = await IcmpProbe(host=host, packets=3).observe(real_ports())
    assert result.ok
    assert result.reason.startswith("3 of 3 pings came back, in ")
    assert dict(result.evidence)["lost"] == "0 of 3"


@pytest.mark.parametrize(
    ("took_s", "ok", "fault", "reason"),
    [
        ((0.01, 0.02, 0.03), True, "", "3 of 3 pings came back, in 20 ms"),
        ((0.01, None, 0.03), True, "", "2 of 3 pings came back, in 20 ms"),
        ((0.3, 0.4, 0.5), False, "slow", "in 400 ms; wanted 200 ms"),
        ((None, 0.02, None), False, "lost", "1 of 3 pings came back, in 20 ms; wanted at most 1"),
        ((None, None, None), False, "connection", "127.0.0.1 did not answer a ping within 2 s"),
    ],
)
async def test_it_counts_what_comes_back(
    took_s: tuple[float | None, ...], ok: bool, fault: str, reason: str
) -> None:
    ports = msgspec.structs.replace(real_ports(), pinger=Line(*took_s))
    result = await IcmpProbe(host="127.0.0.1", packets=3, slow_ms=200).observe(ports)
    assert result.ok is ok
    assert dict(result.evidence).get("fault", "") == fault
    assert reason in result.reason


async def test_a_machine_that_does_not_let_us_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Forbidden(socket.socket):
        def __init__(self, *args: int) -> None:
            raise PermissionError

    monkeypatch.setattr(socket, "socket", Forbidden)
    with pytest.raises(PingNotAllowed) as caught:
        await real_ports().pinger.ping("127.0.0.1", timeout_s=1)
    assert str(caught.value) == "This machine does not let Relight send pings."
    assert "net.ipv4.ping_group_range" in caught.value.hint


@pytest.mark.parametrize("host", ["", "a b", "https://x.test", "[::1]"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"host": host}, IcmpProbe)
