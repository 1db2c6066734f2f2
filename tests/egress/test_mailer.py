"""Mail into a real SMTP server."""

import asyncio
import contextlib

import msgspec
import pytest

from relight.catalog.catalog import MailServer
from relight.egress.mailer import SmtpMailer
from relight.egress.policy import Egress
from relight.egress.resolver import SystemResolver
from relight.kernel.clock import SystemClock
from relight.kernel.plug import NoAnswer, Permanent, Transient
from relight.kernel.ports import Mail
from relight.kernel.secret import Secret
from tests.peers.certificates import NAME, make_authority
from tests.peers.mail_sink import mail_sink
from tests.peers.outside import dead_port, open_files, settles

MAIL = Mail(
    to="rebecca@example.org",
    subject="[S1] INC-3 Überlast für Phở",
    text="widget fails. Überlast.\n",
    html="<p>widget fails.</p>",
    message_id="<inc-3-1@relight.example>",
    headers={"Importance": "high"},
)
CLOCK = SystemClock()


def mailer(
    server: str, *, tls: str = "auto", password: str = "", timeout_s: float = 5.0, user: str = ""
) -> SmtpMailer:
    return SmtpMailer(
        MailServer(server=server, sender="Relight <relight@kit.example>", tls=tls, user=user),
        Secret(password) if password else None,
        SystemResolver(Egress.OWNER),
        CLOCK,
        timeout_s=timeout_s,
    )


async def test_the_message_arrives_and_the_servers_answer_comes_back() -> None:
    async with mail_sink() as sink:
        answer = await mailer(sink.server).send(MAIL)
    (message,) = sink.received
    assert answer == "2.0.0 queued as 4F2k"
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == MAIL.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Importance"] == "high"
    assert message["Date"]
    assert sink.senders == ["relight@kit.example"]
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert plain.get_content().splitlines() == ["widget fails. Überlast."]
    assert html is not None
    assert "<p>widget fails.</p>" in html.get_content()


@pytest.mark.parametrize(
    ("answer", "failure"), [("451 4.3.0 try later", Transient), ("550 5.1.1 no", Permanent)]
)
@pytest.mark.parametrize("when", ["answer", "recipient_answer"])
async def test_a_refusal_is_told_apart_by_its_class(
    answer: str, failure: type[Exception], when: str
) -> None:
    async with mail_sink() as sink:
        setattr(sink, when, answer)
        with pytest.raises(failure, match=answer[:3]):
            await mailer(sink.server).send(MAIL)


async def test_nobody_there() -> None:
    with pytest.raises(NoAnswer, match="connection refused"):
        await mailer(f"127.0.0.1:{dead_port()}").send(MAIL)


async def _talks(greeting: bytes) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("greeting", "failure"),
    [(b"", NoAnswer), (b"421 too busy\r\n", Transient), (b"HTTP/1.1 200 OK\r\n\r\n", Exception)],
)
async def test_a_server_that_does_not_speak_smtp(greeting: bytes, failure: type[Exception]) -> None:
    server = await _talks(greeting)
    port = server.sockets[0].getsockname()[1]
    before = open_files()
    with pytest.raises((Transient, Permanent)) as caught:
        await mailer(f"127.0.0.1:{port}", timeout_s=0.3).send(MAIL)
    assert isinstance(caught.value, failure)
    assert await settles(lambda: open_files() <= before)
    server.close()


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "a\r\nBcc: x@example.org"},
        {"to": "a@example.org\nBcc: x@example.org"},
        {"headers": {"X-A": "a\r\nX-B: b"}},
        {"to": "nobody"},
        {"to": ""},
    ],
)
async def test_a_header_cannot_smuggle(change: dict[str, object]) -> None:
    async with mail_sink() as sink:
        with pytest.raises(Permanent):
            await mailer(sink.server).send(msgspec.structs.replace(MAIL, **change))
    assert sink.received == []


async def test_a_wrong_password_is_permanent_and_never_repeated() -> None:
    async with mail_sink(password="right") as sink:
        await mailer(sink.server, user="relight", password="right").send(MAIL)
        with pytest.raises(Permanent, match="535") as caught:
            await mailer(sink.server, user="relight", password="hunter2").send(MAIL)
    assert len(sink.received) == 1
    assert "hunter2" not in str(caught.value)


@pytest.mark.peer("openssl")
async def test_starttls_checks_the_certificate(tmp_path_factory: pytest.TempPathFactory) -> None:
    authority = make_authority(tmp_path_factory.mktemp("mail"))
    names = SystemResolver(Egress.OWNER, lookup=lambda _host, _port: ["127.0.0.1"])
    async with mail_sink(tls=authority.right) as sink:
        server = MailServer(server=f"{NAME}:{sink.port}", sender="a@kit.example", tls="starttls")
        trusting = SmtpMailer(server, None, names, CLOCK, timeout_s=5, tls=authority.trusting())
        await trusting.send(MAIL)
        with pytest.raises(Transient, match="certificate is not valid"):
            await SmtpMailer(server, None, names, CLOCK, timeout_s=5).send(MAIL)
    assert sink.encrypted == [True]


async def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(Permanent, match="host:port"):
        await mailer("mail.example.org").send(MAIL)
