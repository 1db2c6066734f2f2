"""`/report`: where customers say that something does not work, beside the public page.

It works without script, keeps no address, and asks no third party. What comes in goes the way of
every other delivery, so it is on disk before anybody is thanked.
"""

import hashlib
import secrets
from collections import OrderedDict, deque
from urllib.parse import parse_qs

import msgspec
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Receive, Scope, Send

from relight.desk.intake_terms import Sender
from relight.detect.handed import NotTaken
from relight.detect.intake.report import FORM, ReportFormat
from relight.kernel.clock import Clock
from relight.kernel.faults import RelightError
from relight.web.headers import Headers
from relight.web.house import House
from relight.web.intake import IntakeDoor, bare, read_body
from relight.web.memory import Answer
from relight.web.shell import environment

_LARGEST = 32 * 1024
_HONEYPOT = "website"
_EACH, _EACH_S = 5, 600.0
_ALL, _ALL_S = 120, 60.0
_MOST_KNOWN = 10_000


class ReportDoor:
    """Shows the form, and takes what is written in it where a source of that kind is declared."""

    def __init__(self, house: House, intake: IntakeDoor, headers: Headers) -> None:
        """Serve one house; reports are committed together with what programs hand in."""
        self._house = house
        self._intake = intake
        self._headers = headers
        self._restraint = Restraint(house.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            return
        sender = self._sender()
        if scope["path"] != "/report" or sender is None:
            answer = self._page(404, "There is no form here.")
        elif scope["method"] == "POST":
            answer = await self._post(sender, scope, receive)
        else:
            answer = self._page(200)
        await answer.send(scope, send)

    def _sender(self) -> Sender | None:
        for sender in self._house.intake.senders().values():
            if isinstance(sender.format, ReportFormat) and sender.format.form:
                return sender
        return None

    async def _post(self, sender: Sender, scope: HTTPScope, receive: Receive) -> Answer:
        try:
            body = await read_body(scope, receive, _LARGEST)
        except NotTaken as error:
            return self._page(error.status, str(error))
        fields = _fields(body)
        if fields.get(_HONEYPOT):
            return self._page(200, thanked=True)
        if not fields.get("text", "").strip():
            return self._page(400, "Write what does not work.", fields)
        if not self._restraint.allows(_peer(scope)):
            sentence = "You have told us already, or many have. We count every report that came in."
            return self._page(429, sentence, fields)
        handed = bare(scope, "/report", self._house.clock.now())
        handed = msgspec.structs.replace(handed, body=body, headers={"content-type": FORM})
        try:
            answer = await self._intake.commit.put(self._house.intake.read(sender, handed))
        except RelightError:
            return self._page(503, "That could not be written down. Send it again.", fields)
        if answer.status >= 400:
            return self._page(400, "That cannot be read. Write it in fewer words.", fields)
        return self._page(200, thanked=True)

    def _page(
        self,
        status: int,
        sentence: str = "",
        typed: dict[str, str] | None = None,
        *,
        thanked: bool = False,
    ) -> Answer:
        catalog = self._house.kit.catalog
        text = (
            environment()
            .get_template("report.html")
            .render(
                title=catalog.status_page.title or catalog.name,
                services=[each for each in catalog.services if each.public],
                sentence=sentence,
                typed=typed or {},
                thanked=thanked,
                closed=status == 404,
                honeypot=_HONEYPOT,
            )
        )
        kind = (b"content-type", b"text/html; charset=utf-8")
        own = [*self._headers, kind, (b"cache-control", b"no-store")]
        return Answer(status, own, text.encode())


class Restraint:
    """Five reports in ten minutes from each address, and 120 a minute from all.

    Addresses are kept in memory alone, as digests with a salt of this process.
    """

    def __init__(self, clock: Clock) -> None:
        """Count by the running clock."""
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._each: OrderedDict[bytes, deque[float]] = OrderedDict()
        self._all: deque[float] = deque()

    def allows(self, peer: str) -> bool:
        """Whether one more may come in now; counts it."""
        now = self._clock.monotonic_s()
        digest = hashlib.blake2b(peer.encode(), key=self._salt, digest_size=12).digest()
        own = self._each.setdefault(digest, deque())
        self._each.move_to_end(digest)
        while len(self._each) > _MOST_KNOWN:
            self._each.popitem(last=False)
        for times, within_s in ((own, _EACH_S), (self._all, _ALL_S)):
            while times and now - times[0] >= within_s:
                times.popleft()
        if len(own) >= _EACH or len(self._all) >= _ALL:
            return False
        own.append(now)
        self._all.append(now)
        return True


def _peer(scope: HTTPScope) -> str:
    client = scope["client"]
    return client[0] if client else ""


def _fields(body: bytes) -> dict[str, str]:
    try:
        found = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}
