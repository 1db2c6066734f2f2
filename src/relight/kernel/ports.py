"""What plug-ins are handed instead of building it themselves: HTTP, names, mail, the clock.

Egress policy, time-outs, secrets' masking and fakes live behind these, in one place (`egress`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from relight.kernel.clock import Clock


class Phases(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time of one look went, in seconds; None where a phase does not apply.

    `resolve` is the name's lookup, `connect` the connection's opening, `tls` the handshake,
    `first_byte` from the request being sent until the answer began, `total` all of it to the last
    byte. Of redirects, the first four speak of the last hop, and `total` of all.
    """

    resolve: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `connect_to` is a fixed address to dial while Host and SNI stay the URL's."""

    method: str = "GET"
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    timeout_s: float = 10.0
    connect_to: str | None = None
    follow_redirects: bool = False
    verify_tls: bool = True
    longest_body: int = 1 << 20


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer; `body` is cut at `longest_body`, `took_s` runs until the last byte.

    `url` is where the last redirect led, `address` the one that was dialled there. `http_version`
    is the one it was spoken in ("1.1", "2"), `certificate_ends` when the server's certificate does.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    took_s: float
    cut: bool = False
    url: str = ""
    address: str = ""
    phases: Phases | None = None
    http_version: str = ""
    certificate_ends: datetime | None = None


class Http(Protocol):
    """Speaks HTTP under the egress policy, with one new connection per request."""

    async def request(self, request: HttpRequest) -> HttpAnswer:
        """Send it.

        Raises `NoAnswer` where the target is at fault, `Transient` where we could not find out,
        `Permanent` where the request can never be sent (egress policy, a bad URL).
        """
        ...


class Resolver(Protocol):
    """Turns names into addresses that the egress policy allows."""

    async def addresses(self, host: str, port: int) -> list[str]:
        """Give the addresses, best first.

        Raises `NoAnswer` for a name that does not exist, `Transient` where names cannot be looked
        up at all, `Permanent` where the egress policy allows none of them.
        """
        ...


class Dialled(msgspec.Struct, frozen=True):
    """A TCP connection that came about: with which address, and how long it took."""

    address: str
    took_s: float


class Dialer(Protocol):
    """Opens TCP connections under the egress policy."""

    async def dial(self, host: str, port: int, *, timeout_s: float) -> Dialled:
        """Connect and close again. Raises as `Http.request` does."""
        ...


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One message in plain text and, where given, HTML."""

    to: str
    subject: str
    text: str
    html: str = ""
    message_id: str
    headers: Mapping[str, str] = {}


class Mailer(Protocol):
    """Hands mail to the configured SMTP server."""

    async def send(self, mail: Mail) -> str:
        """Give the server's own answer. Raises `Transient` or `Permanent`."""
        ...


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """All that a plug-in may use of the outside."""

    http: Http
    resolver: Resolver
    dialer: Dialer
    mailer: Mailer
    clock: Clock
