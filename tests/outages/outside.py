"""The world around Relight in a story: sites that fail as told, mail and hooks that are kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from relight.catalog.catalog import Catalog
from relight.egress.dialer import GuardedDialer
from relight.egress.dns import NameServers
from relight.egress.ping import IcmpPinger
from relight.egress.policy import Egress
from relight.egress.process import ProcessRunner
from relight.egress.resolver import SystemResolver
from relight.kernel.clock import Clock
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import HttpAnswer, HttpRequest, Mail, Ports
from relight.kernel.secret import Secret
from relight.notify.message import Message

_TOOK_S = 0.08


class Killed(BaseException):
    """The process ends here and now, as by `kill -9`."""


@dataclass
class Site:
    """One thing that answers, known by the beginning of its URL or by its address."""

    name: str
    where: str
    address: str
    status: int = 200
    refuses: bool = False
    lost: int = 0

    def serves(self, request: HttpRequest) -> bool:
        if request.connect_to:
            return request.connect_to == self.where
        parts = urlsplit(request.url)
        return f"{parts.hostname}{parts.path}".startswith(self.where)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        if self.lost:
            self.lost -= 1
            msg = f"{urlsplit(request.url).hostname}: the connection was reset."
            raise NoAnswer(msg)
        if self.refuses:
            msg = f"No connection: {self.address} port 443: connection refused."
            raise NoAnswer(msg)
        return HttpAnswer(
            status=self.status,
            headers={},
            body=b"ok",
            took_s=_TOOK_S,
            url=request.url,
            address=self.address,
        )


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What one person got: by which way, under which delivery id, in which words."""

    at: datetime
    by: str
    delivery: str
    subject: str
    text: str


@dataclass
class Outside:
    """Answers as the story says and keeps what people were sent; outlives every restart."""

    sites: list[Site]
    received: list[Received] = field(default_factory=list[Received])
    mail_refused: bool = False
    kills_at_next_mail: bool = False

    def site(self, name: str) -> Site:
        return next(site for site in self.sites if site.name == name)

    def opener(self) -> Callable[[Catalog, Clock, Secret | None], Ports]:
        """Give what `build` asks for the ways out."""

        def opened(catalog: Catalog, clock: Clock, password: Secret | None) -> Ports:
            resolver = SystemResolver(Egress.OWNER)
            return Ports(
                http=_Web(self, clock),
                resolver=resolver,
                dialer=GuardedDialer(Egress.OWNER, resolver, clock),
                dns=NameServers(Egress.OWNER, resolver, clock),
                pinger=IcmpPinger(Egress.OWNER, resolver, clock),
                runner=ProcessRunner(clock),
                mailer=_Post(self, clock),
                clock=clock,
            )

        return opened


class _Web:
    """Every site of the story; whatever else is posted to is a person's hook."""

    def __init__(self, outside: Outside, clock: Clock) -> None:
        self._outside = outside
        self._clock = clock

    async def request(self, request: HttpRequest) -> HttpAnswer:
        for site in self._outside.sites:
            if site.serves(request):
                return site.answer(request)
        message = msgspec.json.decode(request.body, type=Message)
        links = f"Acknowledge: {message.acknowledge_url}" if message.acknowledge_url else ""
        self._outside.received.append(
            Received(
                at=self._clock.now(),
                by=f"webhook to {urlsplit(request.url).hostname}",
                delivery=request.headers["Idempotency-Key"],
                subject=message.subject,
                text=f"{message.sentence}\n\n{links}\n",
            )
        )
        return HttpAnswer(status=202, headers={}, body=b"", took_s=_TOOK_S, url=request.url)


class _Post:
    """A mail server."""

    def __init__(self, outside: Outside, clock: Clock) -> None:
        self._outside = outside
        self._clock = clock

    async def send(self, mail: Mail) -> str:
        if self._outside.mail_refused:
            msg = "The mail server mail.example.org: connection refused."
            raise NoAnswer(msg)
        self._outside.received.append(
            Received(
                at=self._clock.now(),
                by=f"mail to {mail.to}",
                delivery=mail.message_id.strip("<>").partition("@")[0],
                subject=mail.subject,
                text=mail.text,
            )
        )
        if self._outside.kills_at_next_mail:
            self._outside.kills_at_next_mail = False
            raise Killed
        return "250 2.0.0 queued"
