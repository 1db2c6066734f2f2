"""What plug-ins are handed instead of building it themselves: the network, programs, the clock.

Egress policy, time-outs, secrets' masking and fakes live behind these, in one place (`egress`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, Self

import msgspec

from relight.kernel.clock import Clock
from relight.kernel.plug import NoAnswer


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
    """One request. `connect_to` is a fixed address to dial while Host and SNI stay the URL's.

    `proxy` is the URL of an HTTP proxy to go through. `client_certificate` and `client_key` are
    files in PEM form. Reading the end of the server's certificate costs something, so it is asked
    for by `tell_certificate`.
    """

    method: str = "GET"
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    timeout_s: float = 10.0
    connect_to: str | None = None
    follow_redirects: bool = False
    verify_tls: bool = True
    longest_body: int = 1 << 20
    http2: bool = False
    proxy: str = ""
    client_certificate: str = ""
    client_key: str = ""
    tell_certificate: bool = False


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


class TlsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """TLS on a stream.

    `name` is what the server is asked for and what its certificate has to hold. `verify: False`
    takes any certificate, `check_name: False` one of any name. `roots` is PEM text of the only
    authorities to trust, instead of the machine's. `alpn` offers protocols.
    """

    name: str
    verify: bool = True
    check_name: bool = True
    roots: str = ""
    alpn: tuple[str, ...] = ()


class TlsSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What a handshake came to.

    `chain` is what the server sent in DER, its own certificate first.
    """

    version: str
    cipher: str
    alpn: str = ""
    chain: tuple[bytes, ...] = ()


class CertificateRefused(NoAnswer):
    """The server's certificate is not valid.

    `code` is OpenSSL's X509_V_ERR number, `why` its words.
    """

    def __init__(self, sentence: str, *, code: int, why: str) -> None:
        """Take the sentence, the number and the words."""
        super().__init__(sentence)
        self.code = code
        self.why = why


class Stream(Protocol):
    """One TCP connection, with or without TLS, under the time-out that it was opened with.

    Every verb raises `NoAnswer`, with the host's name, where the other side is silent, resets,
    sends too much, or hangs up before what was asked for. Use it in `async with`; leaving aborts.
    """

    @property
    def address(self) -> str:
        """The address that was dialled."""
        ...

    @property
    def tls(self) -> TlsSeen | None:
        """The last handshake, or None on a plain connection."""
        ...

    def phases(self) -> Phases:
        """Say where the time went until now; `first_byte` is the wait for the first answer."""
        ...

    async def read(self, most: int = 65536) -> bytes:
        """Give the next bytes, at most so many, or nothing where the other side has ended."""
        ...

    async def read_until(self, end: bytes, *, most: int) -> bytes:
        """Give everything up to and with `end`, which has to come within `most` bytes."""
        ...

    async def read_exactly(self, size: int) -> bytes:
        """Give so many bytes."""
        ...

    async def write(self, data: bytes) -> None:
        """Send it all."""
        ...

    async def start_tls(self, wanted: TlsWanted) -> None:
        """Go on in TLS. Raises `CertificateRefused` too; bytes sent ahead of it are refused."""
        ...

    def abort(self) -> None:
        """End the connection now, without a goodbye. May be called again."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exception: object) -> None: ...


class Dialer(Protocol):
    """Opens TCP connections under the egress policy."""

    async def open(
        self, host: str, port: int, *, timeout_s: float, tls: TlsWanted | None = None
    ) -> Stream:
        """Connect, with TLS from the start where wanted; everything on it ends at `timeout_s`.

        Raises as `Http.request` does, and `CertificateRefused`. A driver that opens its own socket
        is given one of `Resolver.addresses` instead, which the policy has judged.
        """
        ...


class DnsRecord(msgspec.Struct, frozen=True):
    """One record: its data as in a zone file, without a dot at a name's end, and its TTL."""

    text: str
    ttl_s: int


class DnsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a name server answered; `rcode` is NOERROR, NXDOMAIN, SERVFAIL, REFUSED and so on.

    `records` are those of the asked type, behind CNAMEs too. `authenticated` is the AD bit: the
    server says that it has checked DNSSEC.
    """

    rcode: str
    records: tuple[DnsRecord, ...] = ()
    authenticated: bool = False
    over_tcp: bool = False
    server: str
    took_s: float


class Dns(Protocol):
    """Asks name servers."""

    async def ask(
        self,
        name: str,
        kind: str,
        *,
        server: str = "",
        timeout_s: float,
        dnssec: bool = False,
        unchecked: bool = False,
    ) -> DnsAnswer:
        """Ask for records of a kind (A, MX, …). An answer without records is an answer.

        `server` is host or host:port; without one, those of the machine are asked in turn, and
        only then is no egress policy applied. `dnssec` wants signatures checked; `unchecked` wants
        the answer even where they do not hold (the CD bit). Raises `NoAnswer` where none answers
        in time, `Transient` or `Permanent` as `Resolver.addresses` does.
        """
        ...


class Ping(msgspec.Struct, frozen=True):
    """An echo that came back: from which address, and how long it took."""

    address: str
    took_s: float


class Pinger(Protocol):
    """Sends ICMP echoes under the egress policy."""

    async def ping(self, host: str, *, timeout_s: float) -> Ping:
        """Send one and wait for it to come back.

        Raises `NoAnswer` where none comes, `Permanent` where this machine does not let us.
        """
        ...


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """A program that has ended.

    `status` is its exit status, negative for the signal that ended it, None where its time ran out.
    `output` and `errors` are the beginnings of what it wrote; `cut` says that there was more.
    """

    status: int | None
    output: bytes
    errors: bytes
    cut: bool = False
    took_s: float


class Runner(Protocol):
    """Runs the owner's own programs, without a shell."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        timeout_s: float,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        most_output: int = 65536,
    ) -> Ran:
        """Run it to its end, and end every process it started with it.

        `env` is added to PATH, HOME and the language alone, so that no secret of ours is in it.
        Raises `Permanent` where it cannot be started.
        """
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
    dns: Dns
    pinger: Pinger
    runner: Runner
    mailer: Mailer
    clock: Clock
