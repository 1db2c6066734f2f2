"""Opens a WebSocket and speaks on it."""

import re
from collections import deque
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, ClassVar
from urllib.parse import quote, urlsplit

from msgspec import Meta
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from relight.detect.probes import Probe, Result, failed, unanswered
from relight.detect.probes._quoted import quoted
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import CertificateRefused, Ports, Stream, TlsWanted
from relight.kernel.url import check_web_url

_MOST = 1 << 20
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS = b"relight"
_URL_SAFE = "/?%:@!$&'()*+,;=~-._"
_NORMAL = 1000
_FRAME = 16  # What a message counts at least, so that empty ones have an end too.


class _Unwanted(Exception):
    def __init__(self, fault: str, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault


class WebsocketProbe(Probe, frozen=True, kw_only=True):
    """Open a WebSocket at `url` (ws:// or wss://) and see that something lives behind it.

    The upgrade is asked for with `headers` and, where given, a `subprotocol`. Without `send` and
    `expect` a ping is sent, and its pong has to come back. `send` is a text message to begin with;
    `expect` is a text that has to stand in one of the messages that come, at most 1 MiB of them.
    All of it within `timeout_s`, and within `slow_s` where given. Redirects are not followed.
    `verify_tls: false` takes any certificate, and `roots` are the authorities to trust instead of
    this machine's (`file:ca.pem`).
    """

    REFERABLE: ClassVar[frozenset[str]] = frozenset({"roots"})

    url: str
    headers: Mapping[str, str] = {}
    subprotocol: str = ""
    send: str = ""
    expect: str = ""
    verify_tls: bool = True
    roots: str = ""
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 10.0
    slow_s: Annotated[float, Meta(gt=0)] | None = None

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "url": "wss://live.where2eat.example/orders",
        "send": '{"type": "hello"}',
        "expect": "welcome",
        "timeout_s": 5,
    }

    def __post_init__(self) -> None:
        """Refuse what could never be asked."""
        scheme, separator, rest = self.url.partition("://")
        if scheme not in {"ws", "wss"} or not separator:
            msg = f"`{self.url}` is not a WebSocket. Write one like wss://example.org/live."
            raise ValueError(msg)
        check_web_url(f"http://{rest}")
        for name, value in self.headers.items():
            if not _TOKEN.fullmatch(name) or _CONTROL.search(value):
                msg = f"`{name}` is not a header that can be sent."
                raise ValueError(msg)
        if self.subprotocol and not _TOKEN.fullmatch(self.subprotocol):
            msg = f"`{self.subprotocol}` is not the name of a subprotocol."
            raise ValueError(msg)

    async def observe(self, ports: Ports) -> Result:
        """Open it once."""
        parts = urlsplit(self.url)
        host, secure = parts.hostname or "", parts.scheme == "wss"
        port = parts.port or (443 if secure else 80)
        wanted = TlsWanted(name=host, verify=self.verify_tls, roots=self.roots)
        began_s = ports.clock.monotonic_s()
        try:
            stream = await ports.dialer.open(
                host, port, timeout_s=self.timeout_s, tls=wanted if secure else None
            )
        except CertificateRefused as error:
            took_s = ports.clock.monotonic_s() - began_s
            return failed("certificate", str(error).rstrip("."), took_s=took_s)
        except NoAnswer as error:
            return unanswered(error, took_s=ports.clock.monotonic_s() - began_s)
        async with stream:
            return await self._speak(stream, host)

    async def _speak(self, stream: Stream, host: str) -> Result:
        fault, reason = "", ""
        try:
            reason = await self._converse(_Talk(stream, host))
        except NoAnswer as error:
            fault, reason = "connection", str(error).rstrip(".")
        except RemoteProtocolError:
            fault, reason = "protocol", "answered what is not WebSocket"
        except _Unwanted as error:
            fault, reason = error.fault, str(error)
        phases = stream.phases()
        evidence = (("address", stream.address),)
        if not fault and self.slow_s is not None and phases.total > self.slow_s:
            fault = "slow"
            reason = f"{reason} after {phases.total:.2f} s, wanted {self.slow_s:g} s"
        if fault:
            return failed(fault, reason, took_s=phases.total, evidence=evidence, phases=phases)
        return Result(ok=True, took_s=phases.total, reason=reason, evidence=evidence, phases=phases)

    async def _converse(self, talk: "_Talk") -> str:
        await talk.say(self._upgrade())
        while not isinstance(event := await talk.next(), AcceptConnection):
            if isinstance(event, RejectConnection):
                raise _Unwanted("status", f"answered {_named(event.status_code)}, wanted 101")
        if self.subprotocol and event.subprotocol != self.subprotocol:
            raise _Unwanted("protocol", f"does not speak the subprotocol {self.subprotocol}")
        if self.send:
            await talk.say(TextMessage(data=self.send))
        elif not self.expect:
            await talk.say(Ping(payload=_OURS))
        done = await self._listen(talk)
        await talk.say(CloseConnection(code=_NORMAL))
        return done

    def _upgrade(self) -> Request:
        parts = urlsplit(self.url)
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        target = quote(target, safe=_URL_SAFE)
        headers = [(name.encode(), value.strip().encode()) for name, value in self.headers.items()]
        return Request(
            host=parts.netloc,
            target=target,
            extra_headers=headers,
            subprotocols=[self.subprotocol] if self.subprotocol else [],
        )

    async def _listen(self, talk: "_Talk") -> str:
        """Wait for what is wanted, and give it in words."""
        if self.send and not self.expect:
            return "took the upgrade and the message"
        first, tail, size = "", "", 0
        while True:
            match event := await talk.next():
                case Ping():
                    await talk.say(event.response())
                case Pong() if not self.expect:
                    return "took the upgrade and answered a ping"
                case CloseConnection():
                    why = f"closed the WebSocket with {event.code} {event.reason or ''}".rstrip()
                    raise _Unwanted("closed", self._wanting(why, first))
                case TextMessage() | BytesMessage():
                    text = _text(event.data)
                    # A message may come in many parts, and only what is new is searched.
                    tail = tail[-len(self.expect) :] + text
                    if self.expect and self.expect in tail:
                        return f"answered with {quoted(self.expect)}"
                    first = first or text
                    tail = "" if event.message_finished else tail
                    size += len(text) + _FRAME
                    if size > _MOST:
                        much = f"said more than {_MOST} bytes"
                        raise _Unwanted("answer", self._wanting(much, first))
                case _:
                    continue

    def _wanting(self, what: str, heard: str) -> str:
        said = f"{what}, after saying {quoted(heard)}" if heard else what
        return f"{said}; wanted {quoted(self.expect) if self.expect else 'a pong'}"


class _Talk:
    """WebSocket on a stream: one event after the other."""

    def __init__(self, stream: Stream, host: str) -> None:
        self._stream = stream
        self._host = host
        self._socket = WSConnection(ConnectionType.CLIENT)
        self._waiting: deque[Event] = deque()

    async def say(self, event: Event) -> None:
        try:
            data = self._socket.send(event)
        except LocalProtocolError:
            if self._socket.state in {ConnectionState.CONNECTING, ConnectionState.OPEN}:
                raise
            return  # The other side has closed, and its word for that is waiting.
        await self._stream.write(data)

    async def next(self) -> Event:
        while not self._waiting:
            data = await self._stream.read()
            if not data:
                msg = f"{self._host} closed the connection."
                raise NoAnswer(msg)
            self._socket.receive_data(data)
            self._waiting.extend(self._socket.events())
        return self._waiting.popleft()


def _text(data: str | bytes | bytearray) -> str:
    return data if isinstance(data, str) else bytes(data).decode("utf-8", "replace")


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


PLUGIN: type[Probe] = WebsocketProbe
