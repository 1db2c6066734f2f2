"""The door for heartbeats: `/ping/UUID` and `/ping/PING-KEY/SLUG`, as Healthchecks answers them.

After either may come `/start`, `/fail`, `/log` or an exit status from 0 to 255. GET, HEAD and POST
count alike. `?rid=UUID` pairs the start and the end of one run; `?create=1` makes the heartbeat of
a slug that nobody declared. 200 `OK` means that the ping and what it changed are on disk.
Source: healthchecks.io/docs/http_api.
"""

import asyncio
import hmac
import uuid
from urllib.parse import parse_qs

import msgspec
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Receive, Scope, Send

from relight.catalog.heartbeat import Heartbeat, is_slug
from relight.desk.heartbeats import MOST_PROVISIONED, Heard, Heartbeats
from relight.detect.heartbeat import Ping, Signal
from relight.kernel.clock import Clock
from relight.kernel.faults import RelightError
from relight.web.group_commit import GroupCommit
from relight.web.memory import Answer

KEPT_BODY = 10_000
"""So many bytes of a body are kept, the first; `Ping-Body-Limit` says so to clients."""

PREFIX = "/ping/"
_LONGEST_BODY = 1 << 20
_BODY_S = 20.0
_LONGEST_AGENT = 120
_BURST = 100.0
_PER_S = 10.0
_SIGNALS = {"": Signal.SUCCESS, "start": Signal.START, "fail": Signal.FAIL, "log": Signal.LOG}


def _answer(status: int, text: bytes, *more: tuple[bytes, bytes]) -> Answer:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"access-control-allow-origin", b"*"),
        (b"ping-body-limit", b"%d" % KEPT_BODY),
        *more,
    ]
    return Answer(status, headers, text)


_AGAIN = (b"retry-after", b"1")
_OK = _answer(200, b"OK")
_CREATED = _answer(201, b"Created")
_BAD_URL = _answer(400, b"invalid url format")
_BAD_RUN = _answer(400, b"invalid uuid format")
_TOO_MANY = _answer(403, b"too many heartbeats")
_NOT_FOUND = _answer(404, b"not found")
_METHOD = _answer(405, b"method not allowed", (b"allow", b"GET, HEAD, POST"))
_SLOW = _answer(408, b"request timeout")
_AMBIGUOUS = _answer(409, b"ambiguous slug")
_LIMITED = _answer(429, b"rate limited", _AGAIN)
_NOT_WRITTEN = _answer(503, b"not written", _AGAIN)


class _Refused(Exception):
    """The ping counts for nothing; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an address says: either `ident`, or `key` and `slug`; and what happened."""

    ident: str = ""
    key: str = ""
    slug: str = ""
    signal: Signal
    exit_status: int | None = None


class PingDoor:
    """Takes pings as raw ASGI."""

    def __init__(self, heartbeats: Heartbeats, clock: Clock) -> None:
        """Serve these heartbeats."""
        self._heartbeats = heartbeats
        self._clock = clock
        self._commit: GroupCommit[Heard, bool | None] = GroupCommit(heartbeats.take, name="pings")
        self._allowed: dict[str, tuple[float, float]] = {}

    async def close(self) -> None:
        """Write what still waits."""
        await self._commit.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one ping."""
        if scope["type"] == ScopeType.HTTP:
            await (await self._take(scope, receive)).send(scope, send)

    async def _take(self, scope: HTTPScope, receive: Receive) -> Answer:
        try:
            heard = await self._hear(scope, receive)
            made = await self._commit.put(heard)
        except _Refused as refused:
            return refused.answer
        except RelightError:
            return _NOT_WRITTEN
        if made is None:
            return _NOT_FOUND
        return _CREATED if made else _OK

    async def _hear(self, scope: HTTPScope, receive: Receive) -> Heard:
        method = scope["method"]
        if method not in {"GET", "HEAD", "POST"}:
            raise _Refused(_METHOD)
        asked = read_path(scope["path"])
        if asked is None:
            raise _Refused(_BAD_URL)
        query = parse_qs(scope["query_string"].decode("latin-1")) if scope["query_string"] else {}
        run = _run(query["rid"][0]) if "rid" in query else ""
        name, creates = await self._find(asked, create=query.get("create") == ["1"])
        self._restrain(name)
        body, cut = await _body(receive) if method == "POST" else (b"", False)
        heartbeat = creates or self._heartbeats.book().declared.get(name)
        ignored = heartbeat is not None and heartbeat.post_only and method != "POST"
        agent = next((value for key, value in scope["headers"] if key == b"user-agent"), b"")
        return Heard(
            name=name,
            ping=Ping(
                signal=Signal.IGNORED if ignored else asked.signal,
                at=self._clock.now(),
                exit_status=asked.exit_status,
                run=run,
                method=method,
                agent=_printable(agent[:_LONGEST_AGENT]),
            ),
            body=body,
            cut=cut,
            creates=creates,
        )

    async def _find(self, asked: Asked, *, create: bool) -> tuple[str, Heartbeat | None]:
        """Name the heartbeat that is meant, with its declaration where the ping makes it."""
        known = hmac.compare_digest(asked.key.encode(), self._heartbeats.ping_key.encode())
        if not (asked.ident or known):
            raise _Refused(_NOT_FOUND)
        names = self._named(asked)
        if not names:
            # Another process may have made it.
            await asyncio.to_thread(self._heartbeats.refresh)
            names = self._named(asked)
        if len(names) > 1:
            raise _Refused(_AMBIGUOUS)
        if names:
            return names[0], None
        if asked.ident or not create:
            raise _Refused(_NOT_FOUND)
        if self._heartbeats.book().provisioned >= MOST_PROVISIONED:
            raise _Refused(_TOO_MANY)
        return asked.slug, Heartbeat(name=asked.slug)

    def _named(self, asked: Asked) -> tuple[str, ...]:
        book = self._heartbeats.book()
        if asked.ident:
            name = book.ids.get(asked.ident)
            return () if name is None else (name,)
        return book.slugs.get(asked.slug, ())

    def _restrain(self, name: str) -> None:
        """Refuse a heartbeat that pings more often than ten times a second for long."""
        now_s = self._clock.monotonic_s()
        left, at_s = self._allowed.get(name, (_BURST, now_s))
        left = min(_BURST, left + (now_s - at_s) * _PER_S)
        if left < 1:
            raise _Refused(_LIMITED)
        self._allowed[name] = (left - 1, now_s)


def read_path(path: str) -> Asked | None:
    """Read what comes after `/ping/`; None where it is not of that form."""
    if not path.startswith(PREFIX):
        return None
    parts = path.removeprefix(PREFIX).removesuffix("/").split("/")
    ident = _uuid(parts[0])
    where, rest = (1, parts[1:]) if ident else (2, parts[2:])
    if len(parts) < where or len(rest) > 1 or not (ident or is_slug(parts[1])):
        return None
    action = rest[0] if rest else ""
    signal, status = _SIGNALS.get(action), None
    if signal is None:
        if not (action.isascii() and action.isdecimal() and len(action) <= 3):
            return None
        status = int(action)
        if status > 255:
            return None
        signal = Signal.FAIL if status else Signal.SUCCESS
    if ident:
        return Asked(ident=ident, signal=signal, exit_status=status)
    return Asked(key=parts[0], slug=parts[1], signal=signal, exit_status=status)


def _uuid(text: str) -> str:
    """Give a UUID as it is usually written; empty for what is none."""
    if len(text) not in {32, 36}:
        return ""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


def _run(text: str) -> str:
    found = _uuid(text)
    if not found:
        raise _Refused(_BAD_RUN)
    return found


async def _body(receive: Receive) -> tuple[bytes, bool]:
    """Give the first bytes of a body, and whether there were more. Reads no more than 1 MiB."""
    kept, seen = bytearray(), 0
    try:
        async with asyncio.timeout(_BODY_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise _Refused(_SLOW)  # the sender is gone
                part = message["body"]
                seen += len(part)
                kept += part[: KEPT_BODY - len(kept)]
                if not message["more_body"] or seen > _LONGEST_BODY:
                    return bytes(kept), seen > KEPT_BODY
    except TimeoutError:
        raise _Refused(_SLOW) from None


def _printable(raw: bytes) -> str:
    return "".join(c for c in raw.decode("latin-1") if c.isprintable())
