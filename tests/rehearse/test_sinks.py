"""The sinks, asked by what really sends: our mailer, our webhook, and a bare socket."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from relight.catalog.catalog import Catalog, MailServer
from relight.egress.outside import open_ports
from relight.kernel.clock import SystemClock
from relight.kernel.plug import Permanent
from relight.kernel.ports import Mail, Ports
from relight.notify.channels.webhook import WebhookChannel, signature
from relight.rehearse.arrivals import Arrivals
from relight.rehearse.exchange import Request
from relight.rehearse.hook_sink import hook_sink, is_signed
from relight.rehearse.mail_sink import mail_sink
from tests.peers.messages import PAGE

CLOCK = SystemClock()
NOW = datetime(2026, 1, 5, 2, 3, tzinfo=UTC)


def ports(server: str = "127.0.0.1:25") -> Ports:
    mail = MailServer(server=server, sender="relight@widget.example")
    return open_ports(Catalog(name="x", version="1", mail=mail), CLOCK)


def mail(text: str) -> Mail:
    return Mail(to="sam@widget.example", subject="Übel", text=text, message_id="<1@widget.example>")


@pytest.mark.parametrize(
    "text",
    ["plain", ".\r\n..\r\n.leading dots\r\n", "ünïcode – and a line\r\n\r\n.", "x" * 2000],
)
async def test_a_mail_arrives_as_it_was_written(text: str) -> None:
    async with mail_sink(CLOCK) as opened:
        await ports(opened.server).mailer.send(mail(text))
        letter = await opened.sink.letters.first()
    assert letter.recipients == ("sam@widget.example",)
    assert letter.sender == "relight@widget.example"
    assert letter.message["Subject"] == "Übel"
    assert letter.text.replace("\r\n", "\n").strip() == text.replace("\r\n", "\n").strip()


async def test_a_closed_mailbox_refuses() -> None:
    async with mail_sink(CLOCK, refusal="554 5.7.1 No") as opened:
        with pytest.raises(Permanent, match="554"):
            await ports(opened.server).mailer.send(mail("hello"))
        assert not opened.sink.letters.all


async def test_commands_out_of_order_are_refused_one_by_one() -> None:
    async with mail_sink(CLOCK) as opened:
        host, _, port = opened.server.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        assert (await reader.readline()).startswith(b"220 ")
        for said, answer in (
            ("DATA", b"503"),
            ("RCPT TO:<a@b.example>", b"503"),
            ("WHAT", b"500"),
            ("HELO me", b"250"),
            ("MAIL FROM:<a@b.example>", b"250"),
            ("DATA", b"503"),
            ("RSET", b"250"),
            ("RCPT TO:<a@b.example>", b"503"),
            ("NOOP", b"250"),
            ("QUIT", b"221"),
        ):
            writer.write(f"{said}\r\n".encode())
            assert (await reader.readline()).startswith(answer), said
        assert await reader.read() == b""
        writer.close()
        assert not opened.sink.letters.all


async def test_a_mail_that_breaks_off_is_no_mail() -> None:
    async with mail_sink(CLOCK) as opened:
        host, _, port = opened.server.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        lines = "HELO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<a@b.example>\r\nDATA\r\nhalf\r\n"
        writer.write(lines.encode())
        writer.write_eof()
        await reader.read()
        writer.close()
        assert not opened.sink.letters.all


async def test_a_signed_call_is_kept_and_an_unsigned_one_refused() -> None:
    async with hook_sink(CLOCK, "the key") as opened:
        answer = await WebhookChannel(url=opened.url, key="the key").deliver(PAGE, ports())
        assert "204" in answer
        call = await opened.sink.calls.first()
        assert call.idempotency_key == call.body.delivery_id == PAGE.delivery_id
        for key in ("another key", ""):
            with pytest.raises(Permanent):
                await WebhookChannel(url=opened.url, key=key).deliver(PAGE, ports())
        assert opened.sink.refused == 2
        assert len(opened.sink.calls.all) == 1


@pytest.mark.parametrize(
    ("age_s", "key", "signed"),
    [(0, "k", True), (299, "k", True), (301, "k", False), (-301, "k", False), (0, "x", False)],
)
def test_a_signature_is_of_one_key_and_one_moment(age_s: int, key: str, signed: bool) -> None:
    stamp = str(int((NOW - timedelta(seconds=age_s)).timestamp()))
    headers = {"relight-timestamp": stamp, "relight-signature": signature(key, stamp, b"{}")}
    request = Request(method="POST", target="/pages", headers=headers, body=b"{}")
    assert is_signed(request, "k", NOW) is signed


@pytest.mark.parametrize("stamp", ["", "soon", "١٢٣", "-5"])
def test_a_time_that_is_none_is_no_signature(stamp: str) -> None:
    headers = {"relight-timestamp": stamp, "relight-signature": signature("k", stamp, b"")}
    request = Request(method="POST", target="/pages", headers=headers, body=b"")
    assert not is_signed(request, "k", NOW)


async def test_waiting_ends_with_the_one_that_is_wanted() -> None:
    arrivals: Arrivals[int] = Arrivals()
    arrivals.add(1)
    waiting = asyncio.ensure_future(arrivals.first(lambda number: number == 3))
    for number in (2, 3, 4):
        await asyncio.sleep(0)
        arrivals.add(number)
    assert await waiting == 3
    assert arrivals.all == [1, 2, 3, 4]
