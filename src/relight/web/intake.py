"""The doors through which programs hand in alerts: `/in/NAME/KEY`, and those that vendors know.

Raw ASGI: a body within bounds, a known key, the format's reading, one commit shared with whoever
else waits, and only then the vendor's own 2xx.
"""

import asyncio
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Receive, Scope, Send

from relight.desk.intake import Intake
from relight.desk.intake_terms import Sender, Taken
from relight.detect.handed import (
    Answer,
    Handed,
    NotChecked,
    NotGenuine,
    NotTaken,
    TooLarge,
    TooMany,
    TooSlow,
)
from relight.detect.intake import INTAKE, Format
from relight.kernel.faults import RelightError
from relight.kernel.plug import PlugFailed
from relight.kernel.ports import HttpRequest
from relight.web.group_commit import GroupCommit, Overloaded
from relight.web.house import House
from relight.web.memory import Answer as Prepared

log = structlog.get_logger("relight.web")

OWN = "/in/"
_LARGEST = 4 << 20
_MOST_HELD = 64 << 20
_BODY_S = 20.0
_FETCH_S = 5.0
_BIG = 32 * 1024
_MOST_CERTIFICATES = 32
_UNAVAILABLE = Answer(status=503, body=b'{"error":"unavailable","sentence":"Try again."}')


class Knock(NamedTuple):
    """Who a request is for: a sender by name and key, or the format whose own address it is."""

    name: str
    key: str
    rest: str
    kind: type[Format] | None


class IntakeDoor:
    """Answers senders. Bodies that are being read hold no more than 64 MiB together."""

    def __init__(self, house: House) -> None:
        """Serve one house; `commit` is closed with the server."""
        self._house = house
        self._intake: Intake = house.intake
        self.commit: GroupCommit[Taken, Answer] = GroupCommit(
            house.intake.write, name="intake", most=5_000
        )
        self._held = 0
        self._certificates: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            return
        # As it came: an alias in a path of Opsgenie's may hold a slash that was written `%2F`.
        knock = find(scope["raw_path"].partition(b"?")[0].decode("latin-1"))
        handed = bare(scope, knock.rest, self._house.clock.now())
        kind = knock.kind or Format
        sender: Sender | None = None
        try:
            if knock.kind is None:
                sender = self._intake.sender(knock.name, knock.key)
                kind = type(sender.format)
            answer = await self._take(sender, kind, scope, receive, handed)
        except NotTaken as error:
            answer = kind.refusal(error, handed)
        except Overloaded:
            answer = kind.refusal(TooMany(), handed)
        except RelightError as error:
            reason = self._house.masker.mask(f"{type(error).__name__}: {error}")
            log.warning("intake.not_taken", source=knock.name, reason=reason)
            answer = _UNAVAILABLE
        await _prepared(answer).send(scope, send)

    async def _take(
        self,
        sender: Sender | None,
        kind: type[Format],
        scope: HTTPScope,
        receive: Receive,
        handed: Handed,
    ) -> Answer:
        body = await read_body(scope, receive, min(kind.LARGEST, _LARGEST), self._held)
        self._held += len(body)
        try:
            handed = msgspec.structs.replace(handed, body=body)
            if sender is None:
                sender = self._intake.sender_by_key(kind.key_of(handed), kind)
            try:
                handed = await self._fetched(sender, handed)
            except NotTaken as error:
                return await self.commit.put(self._intake.refuse(sender, handed, error))
            if len(body) > _BIG:
                taken = await asyncio.to_thread(self._intake.read, sender, handed)
            else:
                taken = self._intake.read(sender, handed)
            return await self.commit.put(taken)
        finally:
            self._held -= len(body)

    async def _fetched(self, sender: Sender, handed: Handed) -> Handed:
        """Add what reading needs from outside, through the one way out that there is.

        Raises `NotChecked` where it cannot be had now, so that the sender tries again.
        """
        url = sender.format.needs(handed)
        if not url:
            return handed
        if url not in self._certificates:
            request = HttpRequest(url=url, timeout_s=_FETCH_S, longest_body=64 * 1024)
            try:
                answer = await self._house.ports().http.request(request)
            except PlugFailed as error:
                raise NotChecked from error
            if answer.status == 429 or answer.status >= 500:
                raise NotChecked
            if answer.status != 200:
                msg = "What the signature is checked by is not there."
                raise NotGenuine(msg)
            if len(self._certificates) >= _MOST_CERTIFICATES:
                self._certificates.clear()
            self._certificates[url] = answer.body
        return msgspec.structs.replace(handed, fetched=self._certificates[url])


def find(path: str) -> Knock:
    """Tell whom a path is for; a path of nobody's has an empty name."""
    if path.startswith(OWN):
        name, _, rest = path.removeprefix(OWN).partition("/")
        key, slash, rest = rest.partition("/")
        return Knock(unquote(name), key, slash + rest, None)
    for door, kind in _doors().items():
        if path == door or path.startswith(f"{door}/"):
            return Knock("", "", path, kind)
    return Knock("", "", path, None)


_DOORS: dict[str, type[Format]] = {}


def _doors() -> Mapping[str, type[Format]]:
    """Name the addresses that senders know by heart; each format is imported once."""
    if not _DOORS:
        kinds = (INTAKE.get(kind) for kind in INTAKE.kinds())
        _DOORS.update({door: kind for kind in kinds for door in kind.DOORS})
    return _DOORS


def bare(scope: HTTPScope, path: str, now: datetime) -> Handed:
    """Give a request without its body."""
    query = scope["query_string"].decode("latin-1")
    return Handed(
        id=str(uuid.uuid4()),
        now=now,
        method=scope["method"],
        path=path,
        query=dict(parse_qsl(query, max_num_fields=100)) if query.count("&") < 100 else {},
        headers={n.decode("latin-1").lower(): v.decode("latin-1") for n, v in scope["headers"]},
    )


async def read_body(scope: HTTPScope, receive: Receive, most: int, held: int = 0) -> bytes:
    """Read a body within bounds, where others `held` so many bytes of all that may be held.

    Raises `TooLarge`, `TooSlow` or `TooMany`.
    """
    declared = next((v for n, v in scope["headers"] if n == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > most:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise TooSlow
                part = message.get("body", b"")
                size += len(part)
                if size > most:
                    raise TooLarge
                if held + size > _MOST_HELD:
                    raise TooMany
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise TooSlow from None


def _prepared(answer: Answer) -> Prepared:
    headers = [(b"content-type", answer.kind.encode()), (b"cache-control", b"no-store")]
    if answer.status in {408, 413}:
        headers.append((b"connection", b"close"))
    return Prepared(answer.status, headers, answer.body)
