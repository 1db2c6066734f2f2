"""Hands mail to the configured SMTP server, one session for each message."""

import asyncio
import ipaddress
import ssl
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr

import aiosmtplib

from relight.catalog.catalog import MailServer
from relight.egress.connect import open_socket, said, verified_tls
from relight.egress.policy import Egress
from relight.kernel.clock import Clock
from relight.kernel.plug import NoAnswer, Permanent, PlugFailed, Transient
from relight.kernel.ports import Mail, Resolver
from relight.kernel.secret import MASK, Secret
from relight.kernel.url import split_host_port

_TLS_FROM_THE_START = 465
_LONGEST_ANSWER = 200


class SmtpMailer:
    """The `Mailer` port.

    With `tls: auto`, port 465 is TLS from the start; elsewhere STARTTLS is used where the server
    offers it, except on loopback, where nobody listens in and certificates seldom fit. A password
    never goes over a plain connection to another machine.
    """

    def __init__(
        self,
        server: MailServer,
        password: Secret | None,
        resolver: Resolver,
        clock: Clock,
        *,
        egress: Egress = Egress.OWNER,
        timeout_s: float = 20.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take the server, its resolved password, and the bound for one whole session."""
        self._server = server
        self._password = password
        self._resolver = resolver
        self._clock = clock
        self._egress = egress
        self._timeout_s = timeout_s
        self._tls = tls

    async def send(self, mail: Mail) -> str:
        """Give the server's own answer to the message.

        Raises `NoAnswer` or `Transient` for connection trouble and 4xx answers, `Permanent` for
        5xx answers and for mail that cannot be written.
        """
        message = compose(mail, sender=self._server.sender, at=format_datetime(self._clock.now()))
        try:
            host, port = split_host_port(self._server.server)
        except ValueError as error:
            msg = f"The mail server's address cannot be used. {error}"
            raise Permanent(msg) from error
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._session(message, mail.to, host, port)
        except aiosmtplib.SMTPException as error:
            raise self._failure(error, host) from error
        except TimeoutError as error:
            msg = f"The mail server {host} did not finish within {self._timeout_s:g} s."
            raise NoAnswer(msg) from error
        except OSError as error:
            msg = f"The mail server {host}: {said(error)}."
            raise NoAnswer(msg) from error
        except ValueError as error:
            msg = "The mail cannot be sent: its sender or recipient is not an address."
            raise Permanent(msg) from error

    async def _session(self, message: EmailMessage, to: str, host: str, port: int) -> str:
        addresses = await self._resolver.addresses(host, port)
        connection, address = await open_socket(
            addresses, port, egress=self._egress, timeout_s=self._timeout_s
        )
        here = str(connection.getsockname()[0])
        at_home = ipaddress.ip_address(address).is_loopback
        tls = self._server.tls
        from_the_start = tls == "tls" or (tls == "auto" and port == _TLS_FROM_THE_START)
        upgrade = {"starttls": True, "none": False, "tls": False}.get(
            tls, False if at_home else None
        )
        client = aiosmtplib.SMTP(
            hostname=host,
            sock=connection,
            # An address in brackets is a valid name (RFC 5321) and costs no look-up.
            local_hostname=f"[IPv6:{here}]" if ":" in here else f"[{here}]",
            timeout=self._timeout_s,
            use_tls=from_the_start,
            start_tls=False if from_the_start else upgrade,
            tls_context=self._tls or verified_tls(),
        )
        try:
            await client.connect()
            if self._server.user:
                await self._sign_in(client, host, at_home=at_home)
            _, answer = await client.send_message(
                message, sender=_bare(self._server.sender), recipients=[_bare(to)]
            )
            return self._quoted(answer)
        finally:
            # The message is handed over; a server that will not say goodbye changes nothing.
            transport = client.transport
            client.close()
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
            connection.close()

    async def _sign_in(self, client: aiosmtplib.SMTP, host: str, *, at_home: bool) -> None:
        if client.get_transport_info("sslcontext") is None and not at_home:
            msg = f"The mail server {host} offers no TLS, so the password was not sent."
            raise Permanent(msg, hint="Set `tls: starttls` or use port 465.")
        password = self._password.reveal() if self._password else ""
        await client.login(self._server.user, password)

    def _failure(self, error: aiosmtplib.SMTPException, host: str) -> PlugFailed:
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
            error = error.recipients[0]
        if isinstance(error, aiosmtplib.SMTPResponseException):
            sentence = f"The mail server {host} answered {error.code} {self._quoted(error.message)}"
            # 421 and a greeting of 4xx pass; a wrong password is 5xx and does not.
            return Permanent(sentence) if 500 <= error.code < 600 else Transient(sentence)
        if isinstance(error, aiosmtplib.SMTPTimeoutError):
            return NoAnswer(f"The mail server {host} did not answer in time.")
        if isinstance(error.__cause__, OSError):
            return NoAnswer(f"The mail server {host}: {said(error.__cause__)}.")
        if isinstance(error, aiosmtplib.SMTPServerDisconnected | aiosmtplib.SMTPConnectError):
            return NoAnswer(f"The mail server {host} closed the connection.")
        return Permanent(f"The mail server {host} cannot take this: {self._quoted(error.message)}")

    def _quoted(self, answer: str) -> str:
        line = " ".join(answer.split())[:_LONGEST_ANSWER]
        secret = self._password.reveal() if self._password else ""
        return line.replace(secret, MASK) if secret else line


def compose(mail: Mail, *, sender: str, at: str) -> EmailMessage:
    """Write the message; `at` is the Date header.

    Raises `Permanent` where a header cannot hold what it was given, a line break above all.
    """
    message = EmailMessage(policy=SMTP_POLICY)
    headers = {
        "From": sender,
        "To": mail.to,
        "Subject": mail.subject,
        "Date": at,
        "Message-ID": mail.message_id,
        "Auto-Submitted": "auto-generated",
        **mail.headers,
    }
    try:
        for name, value in headers.items():
            message[name] = value
    except (ValueError, MessageError, IndexError) as error:
        msg = "The mail cannot be written: a header holds a line break or is not an address."
        raise Permanent(msg) from error
    if "@" not in _bare(mail.to):
        msg = f"`{mail.to}` is not a mail address."
        raise Permanent(msg)
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    return message


def _bare(address: str) -> str:
    return parseaddr(address)[1]
