"""Speaks HTTP under the egress policy: one new connection for each request, to a judged address.

pyreqwest (rustls) was the first choice for its low cost. It pins a name to an address only when a
client is built, and building one reads all root certificates again: measured 13 ms of CPU and
113 kB for each pair of host and address, where a check with a fixed address, a redirect and every
change of a name's address ask for a new pair. So the socket is ours: opened by `egress.connect` to
an address that the policy allowed, wrapped in TLS under the URL's name with one shared context, and
given to httpcore2, which speaks HTTP/1.1 on it. Proxies of the environment are not used, because
behind one nobody could tell which address was called.
"""

import asyncio
import logging
import ssl
import zlib
from collections.abc import Mapping
from typing import NamedTuple

import httpcore2
import httpx2

from relight import __version__
from relight.egress.connect import open_socket, said, unverified_tls, verified_tls
from relight.egress.policy import Egress, NotAllowed
from relight.kernel.clock import Clock
from relight.kernel.plug import NoAnswer, Permanent
from relight.kernel.ports import HttpAnswer, HttpRequest, Resolver

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TO_ONE_HOST = frozenset({"authorization", "cookie", "proxy-authorization"})
_BODY = frozenset({"content-length", "content-type", "content-encoding", "transfer-encoding"})
_DEFAULTS = {
    "User-Agent": f"Relight/{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}


# At DEBUG it writes every header it sends, keys and signatures too.
logging.getLogger("httpcore2").setLevel(logging.WARNING)


class _Hop(NamedTuple):
    """One request of a chain of redirects."""

    method: str
    url: httpx2.URL
    headers: Mapping[str, str]
    body: bytes


class _Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool
    address: str


class GuardedHttp:
    """The `Http` port. One instance serves every plug-in; nothing is kept between requests."""

    def __init__(
        self,
        egress: Egress,
        resolver: Resolver,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take the policy, the resolver, the clock that measures, and other roots if wanted."""
        self._egress = egress
        self._resolver = resolver
        self._clock = clock
        self._tls = tls

    async def request(self, request: HttpRequest) -> HttpAnswer:
        """Send it and follow its redirects where asked, all within `timeout_s`.

        Header names of the answer are in lower case. A `gzip` or `deflate` body is unpacked, up to
        `longest_body`. Raises `NoAnswer`, `Transient` or `Permanent`.
        """
        began_s = self._clock.monotonic_s()
        hop = _Hop(request.method.upper(), _parse(request.url), request.headers, request.body)
        first = hop.url.host
        try:
            async with asyncio.timeout(request.timeout_s):
                reply = await self._exchange(hop, request, fixed=request.connect_to)
                for _ in range(_MOST_REDIRECTS):
                    if not request.follow_redirects or not _redirects(reply):
                        break
                    hop = _next_hop(hop, reply)
                    fixed = request.connect_to if hop.url.host == first else None
                    reply = await self._follow(hop, request, fixed)
        except TimeoutError as error:
            msg = f"{hop.url.host} did not finish its answer within {request.timeout_s:g} s."
            raise NoAnswer(msg) from error
        if request.follow_redirects and _redirects(reply):
            msg = f"{hop.url.host} redirects more than {_MOST_REDIRECTS} times."
            raise NoAnswer(msg)
        return HttpAnswer(
            status=reply.status,
            headers=reply.headers,
            body=reply.body,
            took_s=self._clock.monotonic_s() - began_s,
            cut=reply.cut,
            url=str(hop.url),
            address=reply.address,
        )

    async def _follow(self, hop: _Hop, request: HttpRequest, fixed: str | None) -> _Reply:
        try:
            return await self._exchange(hop, request, fixed=fixed)
        except NotAllowed as error:
            msg = f"It redirects to where Relight does not go: {error}"
            raise NoAnswer(msg) from error

    async def _exchange(self, hop: _Hop, request: HttpRequest, *, fixed: str | None) -> _Reply:
        host = hop.url.raw_host.decode("ascii").strip("[]")
        secure = hop.url.scheme == "https"
        port = hop.url.port or (443 if secure else 80)
        addresses = await self._resolver.addresses(fixed or host, port)
        connection, address = await open_socket(
            addresses, port, egress=self._egress, timeout_s=request.timeout_s
        )
        writer: asyncio.StreamWriter | None = None
        try:
            reader, writer = await asyncio.open_connection(
                sock=connection,
                ssl=self._context(request) if secure else None,
                server_hostname=host.rstrip(".") if secure else None,
            )
            return await _speak(_Stream(reader, writer), hop, request.longest_body, address)
        except (OSError, httpcore2.NetworkError, httpcore2.RemoteProtocolError) as error:
            # A time-out is an OSError too, and belongs to the whole exchange.
            if isinstance(error, TimeoutError):
                raise
            msg = f"{hop.url.host}: {_trouble(error)}."
            raise NoAnswer(msg) from error
        except httpcore2.LocalProtocolError as error:
            msg = "The request cannot be sent: its method or a header is not valid HTTP."
            raise Permanent(msg) from error
        finally:
            # Abort instead of close: nobody waits for the goodbye of a target that is silent.
            if writer is not None:
                writer.transport.abort()
            else:
                connection.close()

    def _context(self, request: HttpRequest) -> ssl.SSLContext:
        if not request.verify_tls:
            return unverified_tls()
        return self._tls or verified_tls()


class _Stream(httpcore2.AsyncNetworkStream):
    """Lets httpcore2 read and write a connection that is open already."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout  # The whole exchange has one.
        return await self._reader.read(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._writer.write(buffer)
        try:
            await self._writer.drain()
        except ConnectionError as error:
            # Some servers answer and hang up before they have read all; the answer still counts.
            raise httpcore2.WriteError(str(error)) from error

    async def aclose(self) -> None:
        self._writer.transport.abort()


async def _speak(stream: _Stream, hop: _Hop, longest_body: int, address: str) -> _Reply:
    named = {**_DEFAULTS, **hop.headers, "Connection": "close"}
    if hop.body or hop.method in {"POST", "PUT", "PATCH"}:
        named["Content-Length"] = str(len(hop.body))
    try:
        headers = [(name.encode("ascii"), value.encode()) for name, value in named.items()]
    except UnicodeEncodeError as error:
        msg = "The request cannot be sent: a header's name is not plain ASCII."
        raise Permanent(msg) from error
    if "host" not in {name.lower() for name in named}:
        headers.insert(0, (b"Host", hop.url.netloc))
    url = httpcore2.URL(
        scheme=hop.url.raw_scheme,
        host=hop.url.raw_host,
        port=hop.url.port,
        target=hop.url.raw_path,
    )
    protocol = httpcore2.AsyncHTTP11Connection(origin=url.origin, stream=stream)
    response = await protocol.handle_async_request(
        httpcore2.Request(hop.method, url, headers=headers, content=hop.body)
    )
    body, cut = bytearray(), False
    try:
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) > longest_body:
                cut = True
                break
    finally:
        await response.aclose()
    answered = _readable(response.headers)
    unpacked, cut_again = _unpack(bytes(body[:longest_body]), answered, longest_body)
    return _Reply(response.status, answered, unpacked, cut or cut_again, address)


def _readable(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _unpack(body: bytes, headers: Mapping[str, str], longest_body: int) -> tuple[bytes, bool]:
    """Unpack what a server packed unasked, never beyond the bound; give whether it was cut."""
    if headers.get("content-encoding", "").strip().lower() not in {"gzip", "deflate"}:
        return body, False
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        unpacked = inflater.decompress(body, longest_body)
    except zlib.error:
        return body, False
    return unpacked, bool(inflater.unconsumed_tail)


def _redirects(reply: _Reply) -> bool:
    return reply.status in _REDIRECTS and "location" in reply.headers


def _next_hop(hop: _Hop, reply: _Reply) -> _Hop:
    try:
        url = hop.url.join(reply.headers["location"])
    except httpx2.InvalidURL as error:
        msg = f"{hop.url.host} redirects to what is not a URL."
        raise NoAnswer(msg) from error
    if url.scheme not in {"http", "https"} or not url.host:
        msg = f"{hop.url.host} redirects to what is not a web address."
        raise NoAnswer(msg)
    dropped: set[str] = {"host"}
    if (url.scheme, url.host, url.port) != (hop.url.scheme, hop.url.host, hop.url.port):
        dropped |= _TO_ONE_HOST
    method, body = hop.method, hop.body
    if reply.status == 303 or (reply.status in {301, 302} and method == "POST"):
        method, body = ("HEAD" if method == "HEAD" else "GET"), b""
        dropped |= _BODY
    kept = {name: value for name, value in hop.headers.items() if name.lower() not in dropped}
    return _Hop(method, url, kept, body)


def _parse(written: str) -> httpx2.URL:
    try:
        url = httpx2.URL(written)
    except httpx2.InvalidURL as error:
        msg = "The address is not a URL."
        raise Permanent(msg) from error
    if url.scheme not in {"http", "https"} or not url.host:
        msg = "The address is not a web address: it has to start with http:// or https://."
        raise Permanent(msg)
    return url


def _trouble(error: Exception) -> str:
    if isinstance(error, httpcore2.RemoteProtocolError):
        return "the answer is not valid HTTP, or broke off"
    return said(error)
