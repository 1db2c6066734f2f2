"""A real SMTP server on loopback that keeps what it was sent and answers what it is told."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class MailSink:
    """`answer` is given to DATA, `recipient_answer` to RCPT where set."""

    port: int = 0
    answer: str = "250 2.0.0 queued as 4F2k"
    recipient_answer: str = ""
    received: list[EmailMessage] = field(default_factory=list[EmailMessage])
    senders: list[str] = field(default_factory=list[str])
    encrypted: list[bool] = field(default_factory=list[bool])

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_answer:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, _class=EmailMessage, policy=default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        self.senders.append(envelope.mail_from or "")
        self.encrypted.append(session.ssl is not None)
        return self.answer


@asynccontextmanager
async def mail_sink(
    *, tls: ssl.SSLContext | None = None, password: str | None = None
) -> AsyncGenerator[MailSink]:
    """Serve on a free port; with `tls` it offers STARTTLS, with `password` it wants a sign-in."""
    sink = MailSink()

    def authenticator(*args: object) -> AuthResult:
        given = args[-1]
        assert isinstance(given, LoginPassword)
        return AuthResult(handled=False, success=given.password == (password or "").encode())

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # It warns of what a test wants on purpose: a password without TLS, TLS not required.
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(
                sink,
                hostname="mail.test",
                tls_context=tls,
                require_starttls=False,
                auth_required=password is not None,
                auth_require_tls=tls is not None,
                authenticator=authenticator if password is not None else None,
            )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        await server.wait_closed()
