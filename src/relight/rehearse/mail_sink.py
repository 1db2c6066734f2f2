"""A mail server on loopback that keeps what it is handed and delivers nothing (RFC 5321)."""

import contextlib
from collections.abc import AsyncGenerator
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr

import msgspec

from relight.kernel.clock import Clock
from relight.rehearse.arrivals import Arrivals
from relight.rehearse.listener import LOOPBACK, Reader, Writer, listening

_MOST_BYTES = 1 << 20
_NAME = "mail.rehearsal.invalid"


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One mail as it came over SMTP: the envelope, the message, and when its last byte was read."""

    at: datetime
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        """Its plain text part."""
        part = self.message.get_body(("plain",))
        return "" if part is None else str(part.get_content())


class MailSink:
    """Takes every mail, or answers each with `refusal` where that is set (`554 5.7.1 No`)."""

    def __init__(self, clock: Clock, *, refusal: str = "") -> None:
        """Take the clock that stamps what comes in."""
        self._clock = clock
        self.refusal = refusal
        self.letters: Arrivals[Letter] = Arrivals()

    async def serve(self, reader: Reader, writer: Writer) -> None:
        """Speak one session."""
        await _Session(self, self._clock, reader, writer).run()


class _Session:
    def __init__(self, sink: MailSink, clock: Clock, reader: Reader, writer: Writer) -> None:
        self._sink = sink
        self._clock = clock
        self._reader = reader
        self._writer = writer
        self._sender: str | None = None
        self._recipients: list[str] = []

    async def run(self) -> None:
        await self._say(f"220 {_NAME} ESMTP")
        while line := await self._reader.readline():
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            if verb.upper() == "QUIT":
                await self._say("221 2.0.0 Bye")
                return
            await self._say(await self._answer(verb.upper(), rest))

    async def _say(self, answer: str) -> None:
        self._writer.write(f"{answer}\r\n".encode())
        await self._writer.drain()

    async def _answer(self, verb: str, rest: str) -> str:
        match verb:
            case "EHLO":
                return f"250-{_NAME}\r\n250-SIZE {_MOST_BYTES}\r\n250 8BITMIME"
            case "HELO":
                return f"250 {_NAME}"
            case "MAIL":
                self._forget()
                self._sender = _address(rest)
                return self._sink.refusal or "250 2.1.0 OK"
            case "RCPT" if self._sender is not None:
                self._recipients.append(_address(rest))
                return self._sink.refusal or "250 2.1.5 OK"
            case "DATA" if self._recipients:
                return await self._take()
            case "RCPT" | "DATA":
                return "503 5.5.1 Bad sequence of commands"
            case "RSET":
                self._forget()
                return "250 2.0.0 OK"
            case "NOOP":
                return "250 2.0.0 OK"
            case _:
                return "500 5.5.2 Command not recognised"

    async def _take(self) -> str:
        if self._sink.refusal:
            return self._sink.refusal
        await self._say("354 End with a dot on a line of its own")
        content = bytearray()
        while (line := await self._reader.readline()) != b".\r\n":
            if not line:
                raise EOFError
            if len(content) <= _MOST_BYTES:
                content += line[1:] if line.startswith(b".") else line
        if len(content) > _MOST_BYTES:
            self._forget()
            return "552 5.3.4 Too large"
        message = message_from_bytes(bytes(content), _class=EmailMessage, policy=default)
        letter = Letter(
            at=self._clock.now(),
            sender=self._sender or "",
            recipients=tuple(self._recipients),
            message=message,
        )
        self._forget()
        self._sink.letters.add(letter)
        return f"250 2.0.0 Kept as {len(self._sink.letters.all)}"

    def _forget(self) -> None:
        self._sender = None
        self._recipients = []


def _address(rest: str) -> str:
    """Read `FROM:<sam@example.org> SIZE=100`."""
    return parseaddr(rest.partition(":")[2].strip().split(" ")[0])[1]


class OpenMailSink(msgspec.Struct, frozen=True):
    """A mail sink with the address it listens at, as `host:port`."""

    sink: MailSink
    server: str


@contextlib.asynccontextmanager
async def mail_sink(clock: Clock, *, refusal: str = "") -> AsyncGenerator[OpenMailSink]:
    """Take mail for as long as the block lasts."""
    sink = MailSink(clock, refusal=refusal)
    async with listening(sink.serve) as listener:
        yield OpenMailSink(sink, f"{LOOPBACK}:{listener.port}")
