"""libcurl on the event loop: one exchange over one new connection to one fixed address.

It calls the C functions that curl_cffi exposes (`curl_cffi._wrapper`) and leaves out its Python
classes, which cost twice as much for each transfer and keep 128 kB for each handle. All that knows
libcurl is here; what an answer or a failure means is for `egress.http` to say. The numbers are
those of curl.h, where they never change.
"""

import asyncio
import importlib
import select
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, TypeAlias, cast
from weakref import WeakKeyDictionary

import msgspec

_LONGEST_HEAD = 256 * 1024
_MOST_SPARE = 64

_URL, _WRITEDATA, _PROXY, _ERRORBUFFER, _POSTFIELDS = 10002, 10001, 10004, 10010, 10015
_HTTPHEADER, _SSLCERT, _HEADERDATA, _CUSTOMREQUEST, _CAINFO = 10023, 10025, 10029, 10036, 10065
_SSLKEY, _CAPATH, _CONNECT_TO = 10087, 10097, 10243
_WRITEFUNCTION, _HEADERFUNCTION = 20011, 20079
_NOBODY, _POSTFIELDSIZE, _VERIFYPEER, _FRESH_CONNECT, _FORBID_REUSE = 44, 60, 64, 74, 75
_VERIFYHOST, _HTTP_VERSION, _NOSIGNAL, _SESSIONID_CACHE = 81, 84, 99, 150
_TIMEOUT_MS, _CONNECTTIMEOUT_MS, _CERTINFO, _PATH_AS_IS = 155, 156, 172, 234
_HTTP_1_1, _HTTP_2_OVER_TLS = 2, 4
_M_SOCKETFUNCTION, _M_SOCKETDATA, _M_TIMERFUNCTION, _M_TIMERDATA = 20001, 10002, 20004, 10005
_I_OS_ERRNO, _I_CERTINFO = 0x200019, 0x400022
_I_TIMES = (0x600034, 0x600038, 0x600035, 0x600036)  # connect, TLS, before the request, first byte
_POLL_IN, _POLL_OUT, _POLL_REMOVE, _CSELECT_ERR, _SOCKET_TIMEOUT = 1, 2, 4, 4, -1

C: TypeAlias = object
"""A value of C: a pointer or a handle."""


class _Ffi(Protocol):
    """What is used of cffi's own object."""

    NULL: Any

    def new(self, kind: str, value: object = ..., /) -> Any: ...  # noqa: ANN401 - memory of C
    def new_handle(self, value: object, /) -> C: ...
    def from_handle(self, value: C, /) -> Any: ...  # noqa: ANN401 - whatever was put in
    def gc(self, pointer: C, free: Callable[[C], None], /) -> C: ...
    def unpack(self, pointer: C, size: int, /) -> bytes: ...
    def string(self, pointer: C, /) -> bytes: ...
    def cast(self, kind: str, value: C, /) -> Any: ...  # noqa: ANN401 - memory of C
    def callback(self, kind: str, /) -> Callable[[Callable[..., int]], C]: ...


class _Message(Protocol):
    easy_handle: C
    data: Any


class _Lib(Protocol):
    """What is used of libcurl."""

    def curl_easy_init(self) -> C: ...
    def curl_easy_reset(self, easy: C, /) -> None: ...
    def curl_easy_cleanup(self, easy: C, /) -> None: ...
    def _curl_easy_setopt(self, easy: C, option: int, value: C, /) -> int: ...
    def curl_easy_getinfo(self, easy: C, info: int, value: C, /) -> int: ...
    def curl_slist_append(self, items: C, item: bytes, /) -> C: ...
    def curl_slist_free_all(self, items: C, /) -> None: ...
    def curl_multi_init(self) -> C: ...
    def curl_multi_cleanup(self, multi: C, /) -> int: ...
    def curl_multi_setopt(self, multi: C, option: int, value: C, /) -> int: ...
    def curl_multi_add_handle(self, multi: C, easy: C, /) -> int: ...
    def curl_multi_remove_handle(self, multi: C, easy: C, /) -> int: ...
    def curl_multi_socket_action(self, multi: C, fd: int, events: int, left: C, /) -> int: ...
    def curl_multi_info_read(self, multi: C, left: C, /) -> _Message: ...


_wrapper = importlib.import_module("curl_cffi._wrapper")
_ffi, _lib = cast("_Ffi", _wrapper.ffi), cast("_Lib", _wrapper.lib)
_set = _lib._curl_easy_setopt  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
_OFF, _ON, _HOST_TOO = (_ffi.new("long*", value) for value in (0, 1, 2))
_EMPTY = _ffi.new("char[]", b"")
_LENGTH = _ffi.new("long*")
_MICROSECONDS = _ffi.new("int64_t*")


class Roots(NamedTuple):
    """Who is trusted to vouch for a server: a PEM file, and a folder of roots named by their hash.

    libcurl reads the whole file for each connection, and of the folder only the root it needs.
    """

    file: str
    folder: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange. `address` stands for the URL's host; `roots` of None takes any certificate."""

    url: str
    host: str
    port: int
    address: str
    method: str
    headers: Sequence[bytes]
    body: bytes | None
    timeout_s: float
    connect_s: float
    longest_body: int
    roots: Roots | None
    http2: bool = False
    proxy: str = ""
    certificate: str = ""
    certificate_key: str = ""
    wants_certificate: bool = False


class Reply(NamedTuple):
    """What came back: the last block of headers as it was, and when, in seconds from the start.

    `times` are those of the connection, of TLS (0 without), before the request, of the first byte.
    """

    head: bytes
    body: bytes
    cut: bool
    times: tuple[float, float, float, float]
    certificate_ends: datetime | None


class Broke(Exception):
    """The exchange came to no answer: libcurl's code and words, and the system's error if any."""

    def __init__(self, code: int, errno: int, words: str, *, connected: bool, flood: bool) -> None:
        """Take what is known; `flood` says that the headers were more than anyone needs."""
        super().__init__(words)
        self.code, self.errno, self.words = code, errno, words
        self.connected, self.flood = connected, flood


class _Easy:
    """A handle of libcurl, and of the exchange it carries out what the callbacks write here.

    What a handle was told once it keeps, so that the next exchange of the same `shape` says only
    what is new. `kept` is memory that libcurl reads during the exchange.
    """

    __slots__ = (
        *("body", "connected", "cut", "done", "easy", "flood", "head", "headers", "kept"),
        *("longest", "me", "room", "shape", "times", "where", "words"),
    )

    def __init__(self) -> None:
        self.easy = _lib.curl_easy_init()
        self.words = _ffi.new("char[]", 256)
        self.me = _ffi.new_handle(self)
        self.shape: _Shape | None = None
        self.headers: C = None
        self.where: C = None
        self.times = (0, 0)
        self.kept: C = None
        self.done: asyncio.Future[int] | None = None
        self.longest = self.room = 0
        self.body: list[bytes] = []
        self.head: list[bytes] = []
        self.cut = self.flood = self.connected = False

    def take(self, order: Order, done: "asyncio.Future[int]") -> None:
        """Get ready for an exchange."""
        shape = _shape(order)
        if shape != self.shape:
            self.forget()
            _prepare(self, shape)
            self.shape = shape
        _set(self.easy, _URL, order.url.encode())
        headers = _list(tuple(order.headers))
        if headers is not self.headers:
            _set(self.easy, _HTTPHEADER, headers)
            self.headers = headers
        # A host that is the address already is reached without being told.
        where = _list((_pin(order),)) if order.host != order.address else _ffi.NULL
        if where is not self.where:
            _set(self.easy, _CONNECT_TO, where)
            self.where = where
        times = (
            max(1, round(order.timeout_s * 1000)),
            max(1, round(order.connect_s * 1000)),
        )
        if times != self.times:
            _number(self.easy, _TIMEOUT_MS, times[0])
            _number(self.easy, _CONNECTTIMEOUT_MS, times[1])
            self.times = times
        if order.body is not None:
            self.kept = _ffi.new("char[]", order.body)
            _number(self.easy, _POSTFIELDSIZE, len(order.body))
            _set(self.easy, _POSTFIELDS, self.kept)
        self.words[0] = b"\0"
        self.done = done
        self.longest, self.room = order.longest_body, _LONGEST_HEAD

    def rest(self) -> None:
        """Let go of what the exchange brought; what was sent in a body does not stay either."""
        self.done = None
        self.body, self.head = [], []
        self.cut = self.flood = self.connected = False
        if self.shape is None or self.kept is not None:
            self.forget()

    def forget(self) -> None:
        """Take back all that libcurl was told."""
        _lib.curl_easy_reset(self.easy)
        self.shape = self.kept = self.headers = self.where = None
        self.times = (0, 0)

    def close(self) -> None:
        """Give libcurl's memory back."""
        _lib.curl_easy_cleanup(self.easy)


@_ffi.callback("size_t(char*, size_t, size_t, void*)")
def _on_body(data: C, _one: int, size: int, easy: C) -> int:
    """Keep what came; anything but `size` ends the transfer."""
    kept: _Easy = _ffi.from_handle(easy)
    if size > kept.longest:
        kept.body.append(_ffi.unpack(data, kept.longest))
        kept.longest = 0
        kept.cut = True
        return 0
    kept.longest -= size
    kept.body.append(_ffi.unpack(data, size))
    return size


@_ffi.callback("size_t(char*, size_t, size_t, void*)")
def _on_head(line: C, _one: int, size: int, easy: C) -> int:
    kept: _Easy = _ffi.from_handle(easy)
    kept.room -= size
    if kept.room < 0:
        kept.flood = True
        return 0
    came = _ffi.unpack(line, size)
    if came.startswith(b"HTTP/"):
        kept.head.clear()  # what came before was a 1xx answer, or the proxy's
    kept.head.append(came)
    return size


@_ffi.callback("int(void*, int, int, void*, void*)")
def _on_socket(easy: C, fd: int, what: int, engine: C, _data: C) -> int:
    served: Engine = _ffi.from_handle(engine)
    served.watch(easy, fd, what)
    return 0


@_ffi.callback("int(void*, long, void*)")
def _on_timer(_multi: C, wait_ms: int, engine: C) -> int:
    served: Engine = _ffi.from_handle(engine)
    served.wake_in(wait_ms)
    return 0


class Engine:
    """All exchanges of one event loop. Sockets are watched by one epoll that the loop watches."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin; `engine()` gives the one of the running loop."""
        self._loop = loop
        self._multi = _lib.curl_multi_init()
        self._poll = select.epoll()
        self._watched: set[int] = set()
        self._running: dict[C, _Easy] = {}
        self._spare: list[_Easy] = []
        self._timer: asyncio.Handle | None = None
        self._at_once = False
        self._left = _ffi.new("int*")
        self._me = _ffi.new_handle(self)
        for option, value in (
            (_M_SOCKETFUNCTION, _on_socket),
            (_M_SOCKETDATA, self._me),
            (_M_TIMERFUNCTION, _on_timer),
            (_M_TIMERDATA, self._me),
        ):
            _lib.curl_multi_setopt(self._multi, option, value)
        loop.add_reader(self._poll.fileno(), self._ready)

    async def run(self, order: Order) -> Reply:
        """Carry one exchange out. Raises `Broke`."""
        done: asyncio.Future[int] = self._loop.create_future()
        kept = self._spare.pop() if self._spare else _Easy()
        easy = kept.easy
        try:
            kept.take(order, done)
            self._running[easy] = kept
            _lib.curl_multi_add_handle(self._multi, easy)
            try:
                code = await done
            finally:
                if self._running.pop(easy, None) is not None:
                    _lib.curl_multi_remove_handle(self._multi, easy)
            return _reply(kept, code, order)
        finally:
            kept.rest()
            if len(self._spare) < _MOST_SPARE:
                self._spare.append(kept)
            else:
                kept.close()

    def watch(self, easy: C, fd: int, what: int) -> None:
        """Watch a socket as libcurl asks, or no longer."""
        if what == _POLL_REMOVE:
            self._watched.discard(fd)
            with suppress(OSError):  # it was closed before
                self._poll.unregister(fd)
            return
        events = 0
        if what & _POLL_IN:
            # Only what has been connected is read from; libcurl itself tells no sooner than after
            # the handshake.
            events = select.EPOLLIN
            kept = self._running.get(easy)
            if kept is not None:
                kept.connected = True
        if what & _POLL_OUT:
            events |= select.EPOLLOUT
        if fd in self._watched:
            with suppress(FileNotFoundError):
                self._poll.modify(fd, events)
                return
        self._watched.add(fd)
        self._poll.register(fd, events)

    def wake_in(self, wait_ms: int) -> None:
        """Come back to libcurl after so many milliseconds; a negative number says never."""
        if wait_ms == 0 and self._at_once:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._at_once = wait_ms == 0
        if wait_ms > 0:
            self._timer = self._loop.call_later(wait_ms / 1000, self._late)
        elif wait_ms == 0:
            self._timer = self._loop.call_soon(self._late)

    def _late(self) -> None:
        self._timer, self._at_once = None, False
        # First what has come: when we are late ourselves, nobody's time is up for it.
        self._ready()
        _lib.curl_multi_socket_action(self._multi, _SOCKET_TIMEOUT, 0, self._left)
        self._collect()

    def _ready(self) -> None:
        for fd, events in self._poll.poll(0):
            wanted = (
                (_POLL_IN if events & select.EPOLLIN else 0)
                | (_POLL_OUT if events & select.EPOLLOUT else 0)
                | (_CSELECT_ERR if events & (select.EPOLLERR | select.EPOLLHUP) else 0)
            )
            _lib.curl_multi_socket_action(self._multi, fd, wanted, self._left)
        self._collect()

    def _collect(self) -> None:
        """Hand out what has ended."""
        while (message := _lib.curl_multi_info_read(self._multi, self._left)) != _ffi.NULL:
            easy, code = message.easy_handle, int(message.data.result)
            _lib.curl_multi_remove_handle(self._multi, easy)
            kept = self._running.pop(easy, None)
            if kept is not None and kept.done is not None and not kept.done.done():
                kept.done.set_result(code)

    def __del__(self) -> None:
        """Give libcurl's memory back when the loop has gone."""
        for kept in self._spare:
            kept.close()
        _lib.curl_multi_cleanup(self._multi)
        self._poll.close()


_engines: WeakKeyDictionary[asyncio.AbstractEventLoop, Engine] = WeakKeyDictionary()


def engine() -> Engine:
    """Give the engine of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _engines.get(loop)
    if found is None:
        found = _engines[loop] = Engine(loop)
    return found


@lru_cache(maxsize=1024)
def _list(items: tuple[bytes, ...]) -> C:
    """Give a list of libcurl's; most looks say what the ones before them said."""
    made = _ffi.NULL
    for item in items:
        made = _lib.curl_slist_append(made, item)
    return _ffi.gc(made, _lib.curl_slist_free_all)


def _pin(order: Order) -> bytes:
    """Say by which address a host is reached (CURLOPT_CONNECT_TO)."""
    host = f"[{order.host}]" if ":" in order.host else order.host
    address = f"[{order.address}]" if ":" in order.address else order.address
    return f"{host}:{order.port}:{address}:{order.port}".encode()


class _Shape(NamedTuple):
    """What of an order is told to a handle once."""

    method: str
    sends: bool
    tls: bool
    roots: Roots | None
    http2: bool
    proxy: str
    certificate: str
    certificate_key: str
    wants_certificate: bool


def _shape(order: Order) -> _Shape:
    return _Shape(
        order.method,
        order.body is not None,
        order.url.startswith("https:"),
        order.roots,
        order.http2,
        order.proxy,
        order.certificate,
        order.certificate_key,
        order.wants_certificate,
    )


def _number(easy: C, option: int, value: int) -> None:
    _LENGTH[0] = value
    _set(easy, option, _LENGTH)


def _prepare(kept: _Easy, shape: _Shape) -> None:
    easy = kept.easy
    _set(easy, _ERRORBUFFER, kept.words)
    for option in (_WRITEDATA, _HEADERDATA):
        _set(easy, option, kept.me)
    _set(easy, _PROXY, shape.proxy.encode() if shape.proxy else _EMPTY)
    for option in (_NOSIGNAL, _FRESH_CONNECT, _FORBID_REUSE, _PATH_AS_IS):
        _set(easy, option, _ON)
    _set(easy, _SESSIONID_CACHE, _OFF)
    _set(easy, _WRITEFUNCTION, _on_body)
    _set(easy, _HEADERFUNCTION, _on_head)
    _number(easy, _HTTP_VERSION, _HTTP_2_OVER_TLS if shape.http2 else _HTTP_1_1)
    if shape.method == "HEAD":
        _set(easy, _NOBODY, _ON)
    elif shape.method != "GET" or shape.sends:
        _set(easy, _CUSTOMREQUEST, shape.method.encode())
    if shape.tls:
        _prepare_tls(easy, shape)


def _prepare_tls(easy: C, shape: _Shape) -> None:
    if shape.roots is None:
        _set(easy, _VERIFYPEER, _OFF)
        _set(easy, _VERIFYHOST, _OFF)
    else:
        _set(easy, _VERIFYPEER, _ON)
        _set(easy, _VERIFYHOST, _HOST_TOO)
        _set(easy, _CAINFO, shape.roots.file.encode())
        _set(easy, _CAPATH, shape.roots.folder.encode() if shape.roots.folder else _ffi.NULL)
    if shape.certificate:
        _set(easy, _SSLCERT, shape.certificate.encode())
        _set(easy, _SSLKEY, (shape.certificate_key or shape.certificate).encode())
    if shape.wants_certificate:
        _set(easy, _CERTINFO, _ON)


def _reply(kept: _Easy, code: int, order: Order) -> Reply:
    easy = kept.easy
    if code and not kept.cut:
        errno = _ffi.new("long*")
        _lib.curl_easy_getinfo(easy, _I_OS_ERRNO, errno)
        raise Broke(
            code,
            int(errno[0]),
            _ffi.string(kept.words).decode(errors="replace"),
            connected=kept.connected,
            flood=kept.flood,
        )
    times: list[float] = []
    for info in _I_TIMES:
        _lib.curl_easy_getinfo(easy, info, _MICROSECONDS)
        times.append(int(_MICROSECONDS[0]) / 1e6)
    connect, tls, before, first = times
    return Reply(
        head=b"".join(kept.head),
        body=b"".join(kept.body),
        cut=kept.cut,
        times=(connect, tls, before, first),
        certificate_ends=_certificate_ends(easy) if order.wants_certificate else None,
    )


def _certificate_ends(easy: C) -> datetime | None:
    """Read the last day of the server's own certificate; the chain lists it first."""
    found = _ffi.new("struct curl_slist**")
    _lib.curl_easy_getinfo(easy, _I_CERTINFO, found)
    if found[0] == _ffi.NULL:
        return None
    # struct curl_certinfo { int num_of_certs; struct curl_slist **certinfo; }
    count = int(_ffi.cast("int*", found[0])[0])
    item = _ffi.cast("struct curl_slist***", found[0])[1][0] if count else _ffi.NULL
    while item != _ffi.NULL:
        name, _, value = _ffi.string(item.data).partition(b":")
        if name == b"Expire date":
            ends_s = ssl.cert_time_to_seconds(value.decode("ascii", errors="replace"))
            return datetime.fromtimestamp(ends_s, UTC)
        item = item.next
    return None
