"""Real ports on loopback for plug-ins under test."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import msgspec

from relight.catalog.catalog import MailServer
from relight.egress.dialer import GuardedDialer
from relight.egress.dns import NameServers
from relight.egress.http import GuardedHttp
from relight.egress.mailer import SmtpMailer
from relight.egress.ping import IcmpPinger
from relight.egress.policy import Egress
from relight.egress.process import ProcessRunner
from relight.egress.resolver import SystemResolver
from relight.kernel.clock import SystemClock
from relight.kernel.ports import Http, HttpAnswer, HttpRequest, Ports


class Hurried:
    """Real HTTP whose patience is cut to `timeout_s`, so that tests of silence are short."""

    def __init__(self, http: Http, timeout_s: float) -> None:
        self._http = http
        self._timeout_s = timeout_s

    async def request(self, request: HttpRequest) -> HttpAnswer:
        timeout_s = min(request.timeout_s, self._timeout_s)
        return await self._http.request(msgspec.structs.replace(request, timeout_s=timeout_s))


def real_ports(
    *,
    mail: str = "127.0.0.1:9",
    tls: ssl.SSLContext | None = None,
    timeout_s: float = 5.0,
    egress: Egress = Egress.OWNER,
) -> Ports:
    clock = SystemClock()
    resolver = SystemResolver(egress)
    server = MailServer(server=mail, sender="Relight <relight@kit.example>")
    return Ports(
        http=Hurried(GuardedHttp(egress, resolver, clock), timeout_s),
        resolver=resolver,
        dialer=GuardedDialer(egress, resolver, clock),
        dns=NameServers(egress, resolver, clock),
        pinger=IcmpPinger(egress, resolver, clock),
        runner=ProcessRunner(clock),
        mailer=SmtpMailer(server, None, resolver, clock, timeout_s=timeout_s, tls=tls),
        clock=clock,
    )


def dead_port() -> int:
    """Give a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def settles(condition: Callable[[], bool]) -> bool:
    """Wait until it holds; a bound ends a wait that would be for ever."""
    for _ in range(2000):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return condition()
