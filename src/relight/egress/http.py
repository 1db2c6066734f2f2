"""Speaks HTTP under the egress policy: one new connection for each request, to a judged address.

The name is looked up and judged here, and libcurl (`egress.curl`) is told the one address to dial
while `Host`, SNI and the certificate's name stay the URL's. Redirects are followed here, each hop
judged anew. Proxies of the environment are not used, because behind one nobody could tell which
address was called; one that the owner names is judged itself. See docs/adr/0023-engine.md.
"""

import asyncio
import os
import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import httpx2

from relight import __version__
from relight.egress.curl import Broke, Order, Reply, Roots, engine
from relight.egress.policy import Egress, NotAllowed, is_address, refusal
from relight.egress.roots import machine_roots
from relight.kernel.clock import Clock
from relight.kernel.plug import NoAnswer, Permanent, Transient
from relight.kernel.ports import HttpAnswer, HttpRequest, Phases, Resolver

_MOST_ADDRESSES = 4
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TO_ONE_HOST = frozenset({"authorization", "cookie", "proxy-authorization"})
_BODY = frozenset({"content-length", "content-type", "content-encoding", "transfer-encoding"})
_DEFAULTS = {
    "user-agent": f"User-Agent: Relight/{__version__}".encode(),
    "accept": b"Accept: */*",
    "accept-encoding": b"Accept-Encoding: identity",
}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# libcurl's own codes, from curl.h.
_REFUSED, _LATE, _CUT_OFF, _OUR_ROOTS, _OUR_CERTIFICATE = 7, 28, 23, 77, 58
_TLS = frozenset({35, 60, 83, 90, 91})
_NOT_HTTP = frozenset({1, 8, 16, 18, 52, 61, 92})


class _Target(NamedTuple):
    """A URL taken apart. `asked` holds no credentials; `shown` is the host for people."""

    url: httpx2.URL
    written: str
    asked: str
    host: str
    port: int
    shown: str


class _Hop(NamedTuple):
    """One request of a chain of redirects."""

    method: str
    target: _Target
    headers: Mapping[str, str]
    body: bytes


class _Answer(NamedTuple):
    status: int
    version: str
    headers: Mapping[str, str]
    body: bytes
    cut: bool
    address: str
    resolve_s: float | None
    reply: Reply


class GuardedHttp:
    """The `Http` port. One instance serves every plug-in; nothing is kept between requests."""

    def __init__(
        self, egress: Egress, resolver: Resolver, clock: Clock, *, roots: Roots | None = None
    ) -> None:
        """Take the policy, the resolver, the clock that measures, and other roots if wanted."""
        self._egress = egress
        self._resolver = resolver
        self._clock = clock
        self._roots = roots

    async def request(self, request: HttpRequest) -> HttpAnswer:
        """Send it and follow its redirects where asked, all within `timeout_s`.

        Header names of the answer are in lower case. A `gzip` or `deflate` body is unpacked, up to
        `longest_body`. Raises `NoAnswer`, `Transient` or `Permanent`.
        """
        began_s = self._clock.monotonic_s()
        ends_s = asyncio.get_running_loop().time() + request.timeout_s
        hop = _Hop(request.method.upper(), _parse(request.url), request.headers, request.body)
        first = hop.target.host
        answer = await self._exchange(hop, request, request.connect_to, ends_s)
        if request.follow_redirects and _redirects(answer):
            for _ in range(_MOST_REDIRECTS):
                hop = _next_hop(hop, answer)
                fixed = request.connect_to if hop.target.host == first else None
                answer = await self._follow(hop, request, fixed, ends_s)
                if not _redirects(answer):
                    break
            else:
                msg = f"{hop.target.shown} redirects more than {_MOST_REDIRECTS} times."
                raise NoAnswer(msg)
        took_s = self._clock.monotonic_s() - began_s
        return HttpAnswer(
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            took_s=took_s,
            cut=answer.cut,
            url=hop.target.written,
            address=answer.address,
            phases=_phases(answer, took_s),
            http_version=answer.version,
            certificate_ends=answer.reply.certificate_ends,
        )

    async def _follow(
        self, hop: _Hop, request: HttpRequest, fixed: str | None, ends_s: float
    ) -> _Answer:
        try:
            return await self._exchange(hop, request, fixed, ends_s)
        except NotAllowed as error:
            msg = f"It redirects to where Relight does not go: {error}"
            raise NoAnswer(msg) from error

    async def _exchange(
        self, hop: _Hop, request: HttpRequest, fixed: str | None, ends_s: float
    ) -> _Answer:
        loop, target = asyncio.get_running_loop(), hop.target
        began_s = loop.time()
        proxy = await self._proxy(request, ends_s) if request.proxy else ""
        # Behind a proxy it is the proxy that looks the name up; what it is told stays the URL's.
        host = target.host if proxy and not fixed else (fixed or target.host)
        addresses = (
            [host] if proxy else await self._addresses(host, target, request.timeout_s, ends_s)
        )
        resolve_s = loop.time() - began_s if addresses != [host] else None
        headers = _lines(hop)
        failure = "it has no address"
        for index, address in enumerate(addresses):
            left_s = ends_s - loop.time()
            if left_s <= 0:
                raise _too_late(target, request)
            share_s = left_s / (len(addresses) - index)
            order = Order(
                url=target.asked,
                host=target.host,
                port=target.port,
                address=address,
                method=hop.method,
                headers=headers,
                body=hop.body if hop.body or hop.method in {"POST", "PUT", "PATCH"} else None,
                timeout_s=left_s,
                connect_s=share_s,
                longest_body=request.longest_body,
                roots=self._trusted(request) if target.url.scheme == "https" else None,
                http2=request.http2,
                proxy=proxy,
                certificate=request.client_certificate,
                certificate_key=request.client_key,
                wants_certificate=request.tell_certificate,
            )
            try:
                reply = await engine().run(order)
            except Broke as error:
                if error.code == _REFUSED or (error.code == _LATE and not error.connected):
                    failure = _unreached(error, address, target.port, share_s)
                    continue
                raise _fault(error, target, request) from error
            return _answer(reply, address, resolve_s, request.longest_body)
        msg = f"No connection: {failure}."
        raise NoAnswer(msg)

    async def _addresses(
        self, host: str, target: _Target, timeout_s: float, ends_s: float
    ) -> list[str]:
        """Look a name up and judge every address that it leads to."""
        found = [host]
        if not is_address(host):
            try:
                async with asyncio.timeout_at(ends_s):
                    found = await self._resolver.addresses(host, target.port)
            except TimeoutError as error:
                msg = f"The name {target.shown} was not looked up within {timeout_s:g} s."
                raise Transient(msg) from error
        found = found[:_MOST_ADDRESSES]
        for address in found:
            reason = refusal(address, self._egress)
            if reason:
                msg = f"{address} {reason}; Relight does not call it."
                raise NotAllowed(msg)
        return found

    async def _proxy(self, request: HttpRequest, ends_s: float) -> str:
        """Give the proxy by its judged address."""
        if self._egress is not Egress.OWNER:
            msg = "Only what stands in relight.yaml may go through a proxy."
            raise NotAllowed(msg)
        proxy = _parse(request.proxy)
        address, *_ = await self._addresses(proxy.host, proxy, request.timeout_s, ends_s)
        return f"http://{f'[{address}]' if ':' in address else address}:{proxy.port}"

    def _trusted(self, request: HttpRequest) -> Roots | None:
        return (self._roots or machine_roots()) if request.verify_tls else None


def _lines(hop: _Hop) -> list[bytes]:
    """Write the headers as libcurl takes them; `Host` it writes itself, from the URL."""
    lines = dict(_DEFAULTS)
    for name, value in hop.headers.items():
        if not _TOKEN.fullmatch(name) or _CONTROL.search(value):
            msg = "The request cannot be sent: its method or a header is not valid HTTP."
            raise Permanent(msg)
        # Without a value libcurl would take the header out.
        lines[name.lower()] = (f"{name}: {value}" if value.strip() else f"{name};").encode()
    # What libcurl would add by itself, it leaves out where the name stands without a value.
    for name in ("content-type", "expect"):
        lines.setdefault(name, f"{name}:".encode())
    lines["connection"] = b"Connection: close"
    return list(lines.values())


def _answer(reply: Reply, address: str, resolve_s: float | None, longest_body: int) -> _Answer:
    status_line, *lines = reply.head.decode("latin-1").split("\r\n")
    version, _, rest = status_line.partition(" ")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    body, cut = reply.body, False
    if "content-encoding" in headers:
        body, cut = _unpack(body, headers["content-encoding"], longest_body)
    return _Answer(
        int(rest[:3]),
        version.removeprefix("HTTP/"),
        headers,
        body,
        reply.cut or cut,
        address,
        resolve_s,
        reply,
    )


def _phases(answer: _Answer, took_s: float) -> Phases:
    connect, tls, before, first = answer.reply.times
    return Phases(
        resolve=answer.resolve_s,
        connect=connect,
        tls=tls - connect if tls else None,
        first_byte=max(0.0, first - before),
        total=took_s,
    )


def _unpack(body: bytes, encoding: str, longest_body: int) -> tuple[bytes, bool]:
    """Unpack what a server packed unasked, never beyond the bound; give whether it was cut."""
    if encoding.lower() not in {"gzip", "deflate"}:
        return body, False
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        unpacked = inflater.decompress(body, longest_body)
    except zlib.error:
        return body, False
    return unpacked, bool(inflater.unconsumed_tail)


def _redirects(answer: _Answer) -> bool:
    return answer.status in _REDIRECTS and "location" in answer.headers


def _next_hop(hop: _Hop, answer: _Answer) -> _Hop:
    before = hop.target.url
    try:
        target = _parse(str(before.join(answer.headers["location"])))
    except (httpx2.InvalidURL, Permanent) as error:
        msg = f"{hop.target.shown} redirects to what is not a web address."
        raise NoAnswer(msg) from error
    url = target.url
    dropped: set[str] = {"host"}
    if (url.scheme, url.host, url.port) != (before.scheme, before.host, before.port):
        dropped |= _TO_ONE_HOST
    method, body = hop.method, hop.body
    if answer.status == 303 or (answer.status in {301, 302} and method == "POST"):
        method, body = ("HEAD" if method == "HEAD" else "GET"), b""
        dropped |= _BODY
    kept = {name: value for name, value in hop.headers.items() if name.lower() not in dropped}
    return _Hop(method, target, kept, body)


@lru_cache(maxsize=4096)
def _parse(written: str) -> _Target:
    try:
        url = httpx2.URL(written)
    except httpx2.InvalidURL as error:
        msg = "The address is not a URL."
        raise Permanent(msg) from error
    if url.scheme not in {"http", "https"} or not url.host:
        msg = "The address is not a web address: it has to start with http:// or https://."
        raise Permanent(msg)
    netloc = url.netloc.decode("ascii")
    return _Target(
        url=url,
        written=str(url),
        asked=f"{url.scheme}://{netloc}{url.raw_path.decode('ascii')}",
        host=url.raw_host.decode("ascii").strip("[]"),
        port=url.port or (443 if url.scheme == "https" else 80),
        shown=url.host,
    )


def _unreached(error: Broke, address: str, port: int, share_s: float) -> str:
    if error.code == _LATE:
        return f"{address} port {port} did not answer within {share_s:.3g} s"
    return f"{address} port {port}: {_system_words(error)}"


def _system_words(error: Broke) -> str:
    return os.strerror(error.errno).lower() if error.errno else "the connection was lost"


def _too_late(target: _Target, request: HttpRequest) -> NoAnswer:
    return NoAnswer(f"{target.shown} did not finish its answer within {request.timeout_s:g} s.")


def _fault(error: Broke, target: _Target, request: HttpRequest) -> NoAnswer | Transient | Permanent:
    """Say what libcurl's code means, in words that hold nothing of the request."""
    if error.code == _LATE:
        return _too_late(target, request)
    if error.code == _OUR_ROOTS:
        return Transient("The root certificates of this machine cannot be read.")
    if error.code == _OUR_CERTIFICATE:
        return Permanent("The client certificate or its key cannot be read.")
    if error.flood or error.code == 100:
        said = "it sent more headers than Relight reads"
    elif error.code in _TLS:
        said = _tls_words(error.words)
    elif error.code in _NOT_HTTP:
        said = "the answer is not valid HTTP, or broke off"
    else:
        said = _system_words(error)
    return NoAnswer(f"{target.shown}: {said}.")


def _tls_words(words: str) -> str:
    problem = words.partition("certificate problem: ")[2]
    if "subject name" in words or "hostname mismatch" in words.lower():
        return "the certificate is not valid (hostname mismatch)"
    if problem:
        return f"the certificate is not valid ({problem.strip().rstrip('.')})"
    reason = words.rpartition(":")[2].strip().replace("_", " ").lower()
    return f"TLS failed ({reason or 'no reason given'})"
