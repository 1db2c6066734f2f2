"""One TCP connection for plug-ins that speak a protocol of their own, in plain or in TLS.

TLS is spoken over memory instead of by asyncio's transports: what arrives in clear text ahead of a
STARTTLS stays apart from what comes after, and leaving waits for nobody.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Protocol, Self, TypeVar, cast

from relight.egress.connect import open_socket, said
from relight.egress.policy import Egress
from relight.kernel.clock import Clock
from relight.kernel.plug import NoAnswer, Permanent, Transient
from relight.kernel.ports import CertificateRefused, Phases, Resolver, TlsSeen, TlsWanted

T = TypeVar("T")

_CHUNK = 65536


async def open_stream(
    host: str,
    port: int,
    *,
    resolver: Resolver,
    egress: Egress,
    clock: Clock,
    timeout_s: float,
) -> "SocketStream":
    """Look the name up and connect. Raises `NoAnswer`, `Transient` or `Permanent`."""
    ends = asyncio.get_running_loop().time() + timeout_s
    began_s = clock.monotonic_s()
    try:
        async with asyncio.timeout_at(ends):
            addresses = await resolver.addresses(host, port)
    except TimeoutError as error:
        msg = f"The name server did not answer for {host} within {timeout_s:g} s."
        raise Transient(msg) from error
    resolved_s = clock.monotonic_s()
    left_s = max(0.0, ends - asyncio.get_running_loop().time())
    connection, address = await open_socket(addresses, port, egress=egress, timeout_s=left_s)
    return SocketStream(
        connection,
        host=host,
        address=address,
        clock=clock,
        timeout_s=timeout_s,
        ends=ends,
        began_s=began_s,
        resolved_s=resolved_s,
        # An address that is written as one was not looked up.
        looked_up=addresses != [host],
    )


class SocketStream:
    """The `Stream` port on a connected, non-blocking socket."""

    def __init__(
        self,
        connection: socket.socket,
        *,
        host: str,
        address: str,
        clock: Clock,
        timeout_s: float,
        ends: float,
        began_s: float,
        resolved_s: float,
        looked_up: bool,
    ) -> None:
        """Take the socket, what to call the other side, and when all of it has to be over."""
        self._socket = connection
        self._host = host
        self._address = address
        self._clock = clock
        self._timeout_s = timeout_s
        self._ends = ends
        self._began_s = began_s
        self._resolve_s = resolved_s - began_s if looked_up else None
        self._connect_s = clock.monotonic_s() - resolved_s
        self._tls_s: float | None = None
        self._quiet_since_s = clock.monotonic_s()
        self._first_byte_s: float | None = None
        self._held = bytearray()
        self._ssl: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._seen: TlsSeen | None = None

    @property
    def address(self) -> str:
        """The address that was dialled."""
        return self._address

    @property
    def tls(self) -> TlsSeen | None:
        """The last handshake, or None on a plain connection."""
        return self._seen

    def phases(self) -> Phases:
        """Say where the time went until now."""
        return Phases(
            resolve=self._resolve_s,
            connect=self._connect_s,
            tls=self._tls_s,
            first_byte=self._first_byte_s,
            total=self._clock.monotonic_s() - self._began_s,
        )

    async def read(self, most: int = _CHUNK) -> bytes:
        """Give the next bytes, at most so many, or nothing where the other side has ended."""
        if not self._held:
            async with self._in_time():
                await self._receive(most)
        found = bytes(self._held[:most])
        del self._held[:most]
        return found

    async def read_until(self, end: bytes, *, most: int) -> bytes:
        """Give everything up to and with `end`."""
        async with self._in_time():
            looked = 0
            while (at := self._held.find(end, looked)) < 0 or at + len(end) > most:
                if len(self._held) >= most:
                    msg = f"{self._host} sent {most} bytes without an end to its answer."
                    raise NoAnswer(msg)
                looked = max(0, len(self._held) - len(end) + 1)
                if not await self._receive(most - len(self._held)):
                    raise NoAnswer(self._hung_up())
        found = bytes(self._held[: at + len(end)])
        del self._held[: at + len(end)]
        return found

    async def read_exactly(self, size: int) -> bytes:
        """Give so many bytes."""
        async with self._in_time():
            while len(self._held) < size:
                if not await self._receive(size - len(self._held)):
                    raise NoAnswer(self._hung_up())
        found = bytes(self._held[:size])
        del self._held[:size]
        return found

    async def write(self, data: bytes) -> None:
        """Send it all."""
        async with self._in_time():
            if self._ssl is not None:
                self._ssl.write(data)
                data = self._outgoing.read()
            await self._loop().sock_sendall(self._socket, data)
        self._quiet_since_s = self._clock.monotonic_s()

    async def start_tls(self, wanted: TlsWanted) -> None:
        """Go on in TLS."""
        if self._held:
            msg = f"{self._host} sent more than its answer before TLS began."
            raise NoAnswer(msg)
        context = tls_context(wanted.verify, wanted.check_name, wanted.roots, wanted.alpn)
        name = wanted.name.rstrip(".")
        if context.check_hostname and not name:
            # Without one, OpenSSL would take a certificate of any name.
            msg = "TLS needs a name to ask for."
            raise Permanent(msg)
        began_s = self._clock.monotonic_s()
        try:
            layer = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name or None)
        except (ValueError, UnicodeError) as error:
            msg = f"`{wanted.name}` cannot be asked for in TLS."
            raise Permanent(msg) from error
        async with self._in_time():
            await self._pump(layer.do_handshake)
        self._ssl = layer
        self._tls_s = self._clock.monotonic_s() - began_s
        self._quiet_since_s = self._clock.monotonic_s()
        cipher = layer.cipher()
        self._seen = TlsSeen(
            version=layer.version() or "",
            cipher=cipher[0] if cipher else "",
            alpn=layer.selected_alpn_protocol() or "",
            chain=_sent_chain(layer),
        )

    def abort(self) -> None:
        """End the connection now, without a goodbye."""
        self._socket.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.abort()

    def _hung_up(self) -> str:
        where = "in the middle of its answer" if self._held else "without an answer"
        return f"{self._host} closed the connection {where}."

    def _loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    @asynccontextmanager
    async def _in_time(self) -> AsyncGenerator[None]:
        """Make a `NoAnswer` of every way in which the other side can fail, and say which."""
        try:
            async with asyncio.timeout_at(self._ends):
                yield
        except TimeoutError as error:
            silent = self._first_byte_s is None
            what = "said nothing" if silent else "did not finish its answer"
            msg = f"{self._host} {what} within {self._timeout_s:g} s."
            raise NoAnswer(msg) from error
        except ssl.SSLCertVerificationError as error:
            msg = f"{self._host}: {said(error)}."
            raise CertificateRefused(
                msg, code=error.verify_code, why=error.verify_message.rstrip(".")
            ) from error
        except OSError as error:
            msg = f"{self._host}: {said(error)}."
            raise NoAnswer(msg) from error

    async def _receive(self, most: int) -> bool:
        """Add what comes next to what is held; False where the other side has ended."""
        layer = self._ssl
        if layer is None:
            data = await self._arrived(most)
        else:
            try:
                data = await self._pump(lambda: layer.read(most))
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                data = b""
        if data and self._first_byte_s is None:
            self._first_byte_s = self._clock.monotonic_s() - self._quiet_since_s
        self._held += data
        return bool(data)

    async def _arrived(self, most: int) -> bytes:
        return await self._loop().sock_recv(self._socket, most)

    async def _pump(self, step: Callable[[], T]) -> T:
        """Take a step of TLS, sending and fetching what it needs, until it is done."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._arrived(_CHUNK)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                # The alert says to the other side why; whether it still listens matters to nobody.
                self._last_words()
                raise
            else:
                await self._flush()
                return done

    async def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            await self._loop().sock_sendall(self._socket, data)

    def _last_words(self) -> None:
        try:
            self._socket.send(self._outgoing.read())
        except OSError:
            return


@lru_cache(maxsize=64)
def tls_context(
    verify: bool,  # noqa: FBT001 - the key of a cache
    check_name: bool,  # noqa: FBT001
    roots: str,
    alpn: tuple[str, ...],
) -> ssl.SSLContext:
    """Give the context for what is wanted; making one reads all roots and takes 20 ms.

    Raises `Permanent` where `roots` is not PEM text of certificates.
    """
    try:
        context = ssl.create_default_context(cadata=roots or None)
    except ssl.SSLError as error:
        msg = "The authorities to trust are not certificates in PEM."
        raise Permanent(msg) from error
    if not verify or not check_name:
        context.check_hostname = False
    if not verify:
        context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


class _KnowsItsChain(Protocol):
    def get_unverified_chain(self) -> "list[bytes | _Certificate] | None": ...


class _Certificate(Protocol):
    def public_bytes(self, form: int, /) -> bytes: ...


_DER = 2


def _sent_chain(layer: ssl.SSLObject) -> tuple[bytes, ...]:
    """Give what the server sent. Public since Python 3.13; before, one step further inside."""
    inner = layer if hasattr(layer, "get_unverified_chain") else getattr(layer, "_sslobj")  # noqa: B009 - private
    found = cast("_KnowsItsChain", inner).get_unverified_chain() or []
    return tuple(each if isinstance(each, bytes) else each.public_bytes(_DER) for each in found)
