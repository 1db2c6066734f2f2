"""Takes in mail for the senders that write letters: alerts by mail, and customers' reports.

A letter is answered 250 only once it is on disk. One recipient a letter; mail servers send the
others a letter of their own.
"""

import asyncio
import re
import uuid
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from relight.desk.intake_terms import Sender
from relight.detect.handed import Handed, NotTaken
from relight.detect.intake.email import EmailFormat
from relight.detect.intake.report import ReportFormat
from relight.kernel.faults import RelightError
from relight.kernel.url import split_host_port
from relight.wiring.house import House

log = structlog.get_logger()

_LARGEST = 1 << 20
_LOOK_S = 2.0
_IDLE_S = 60.0
_MOST_SESSIONS = 64
_HEADERS = ("from", "to", "subject", "date", "message-id", "auto-submitted", "reply-to")
_TAGS = re.compile(r"<(style|script).*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


class MailIn:
    """Listens wherever the kit in force says, and for as long as it says so."""

    def __init__(self, house: House) -> None:
        """Serve one house."""
        self._house = house
        self._servers: dict[str, asyncio.Server] = {}
        self.sessions = 0

    @property
    def ports(self) -> dict[str, int]:
        """Give the port of each address that is listened on."""
        return {where: each.sockets[0].getsockname()[1] for where, each in self._servers.items()}

    async def run(self) -> None:
        """Follow the kit until cancelled."""
        try:
            while True:
                await self.align()
                await asyncio.sleep(_LOOK_S)
        finally:
            for server in self._servers.values():
                server.close()
            self._servers.clear()

    async def align(self) -> None:
        """Listen on every address that is declared, and on no other."""
        declared = await asyncio.to_thread(_addresses, self._house)
        for where in self._servers.keys() - declared:
            self._servers.pop(where).close()
        for where in declared - self._servers.keys():
            try:
                host, port = split_host_port(where.removeprefix("lmtp:"))
                self._servers[where] = await asyncio.get_running_loop().create_server(
                    partial(self._protocol, where), host, port
                )
            except (OSError, ValueError) as error:
                log.warning("intake.mail_not_listening", address=where, reason=str(error))

    def _protocol(self, where: str) -> SMTP:
        kind = _Lmtp if where.startswith("lmtp:") else _Smtp
        return kind(
            self,
            data_size_limit=_LARGEST,
            hostname="relight",
            ident="Relight",
            timeout=_IDLE_S,
            enable_SMTPUTF8=True,
        )

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient that is a source's address."""
        del server, session, options
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient a letter"
        try:
            found = await asyncio.to_thread(self._sender, address)
        except RelightError:
            return "451 4.3.0 Try again later"
        if found is None:
            return "550 5.1.1 There is no such address here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Write a letter down, then say that it was taken."""
        del server, session
        content = envelope.content
        if not isinstance(content, bytes):
            return "451 4.3.0 Try again later"
        try:
            status = await asyncio.to_thread(self._take, envelope.rcpt_tos[0], content)
        except RelightError as error:
            log.warning("intake.mail_not_taken", reason=self._house.masker.mask(str(error)))
            return "451 4.3.0 Try again later"
        if status >= 400:
            return "554 5.6.0 That letter cannot be read here"
        return "250 2.0.0 Taken"

    def _sender(self, address: str) -> Sender | None:
        intake = self._house.intake
        local = address.rpartition("@")[0]
        name, _, key = local.rpartition("+")
        try:
            found = intake.sender(name, key)
        except NotTaken:
            boxes = [
                each
                for each in intake.senders().values()
                if isinstance(each.format, ReportFormat)
                and each.format.mailbox
                and each.format.mailbox.lower() == address.lower()
            ]
            return boxes[0] if boxes else None
        return found if isinstance(found.format, EmailFormat | ReportFormat) else None

    def _take(self, address: str, content: bytes) -> int:
        sender = self._sender(address)
        if sender is None:
            return 404
        message = message_from_bytes(content, _class=EmailMessage, policy=default)
        handed = Handed(
            id=str(uuid.uuid4()),
            now=self._house.clock.now(),
            method="MAIL",
            headers={name: text for name in _HEADERS if (text := _header(message, name))},
            body=_text(message).encode("utf-8", "replace"),
            by_mail=True,
        )
        intake = self._house.intake
        (answer,) = intake.write([intake.read(sender, handed)])
        return answer.status


class _Smtp(SMTP):
    """SMTP with so many sessions at a time."""

    event_handler: MailIn

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.event_handler.sessions += 1
        if self.event_handler.sessions > _MOST_SESSIONS and isinstance(
            transport, asyncio.WriteTransport
        ):
            transport.write(b"421 4.3.2 Too many at once\r\n")
            transport.close()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler.sessions -= 1
        super().connection_lost(error)


class _Lmtp(_Smtp, LMTP):
    """The same by LMTP (RFC 2033)."""


def _addresses(house: House) -> set[str]:
    formats = (each.format for each in house.intake.senders().values())
    listening = (each for each in formats if isinstance(each, EmailFormat | ReportFormat))
    return {each.listen for each in listening if each.listen}


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))[:2000]
    except (ValueError, LookupError, AttributeError, IndexError):
        return ""  # The library gives up on some headers that were made to be broken.


def _text(message: EmailMessage) -> str:
    try:
        part = message.get_body(("plain", "html"))
        text = "" if part is None else str(part.get_content())
        kind = "" if part is None else part.get_content_type()
    except (ValueError, LookupError, AttributeError):
        return ""
    return _TAGS.sub(" ", text) if kind == "text/html" else text
