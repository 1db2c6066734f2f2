"""What each channel sends, and how it takes what comes back."""

import hashlib
import hmac
import json

import msgspec
import pytest

from relight.kernel.plug import Permanent, Transient
from relight.notify.channels.email import EmailChannel
from relight.notify.channels.ntfy import NtfyChannel
from relight.notify.channels.webhook import WebhookChannel
from relight.notify.message import Kind
from tests.peers.http_sink import http_sink, plain
from tests.peers.mail_sink import mail_sink
from tests.peers.messages import PAGE
from tests.peers.outside import real_ports


async def test_a_webhook_is_signed_so_that_the_receiver_can_tell() -> None:
    async with http_sink() as sink:
        channel = WebhookChannel(url=sink.url("/ok"), key="hook-key")
        assert await channel.deliver(PAGE, real_ports()) == "127.0.0.1 answered 200."
    (received,) = sink.received
    signed = received.headers["relight-timestamp"].encode() + b"." + received.body
    expected = hmac.new(b"hook-key", signed, hashlib.sha256).hexdigest()
    assert received.headers["relight-signature"] == f"v1={expected}"
    assert received.headers["idempotency-key"] == PAGE.delivery_id
    body = json.loads(received.body)
    assert body["incident"] == {"id": "0190", "number": "INC-3", "title": "widget fails"}
    assert (body["severity"], body["services"]) == ("S1", ["widget", "api"])
    assert body["delivery_id"] == PAGE.delivery_id
    assert body["acknowledge_url"] == PAGE.acknowledge_url


async def test_without_a_key_there_is_no_signature() -> None:
    async with http_sink() as sink:
        await WebhookChannel(url=sink.url("/ok")).deliver(PAGE, real_ports())
    assert "relight-signature" not in sink.received[0].headers


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (302, Permanent),
        (400, Permanent),
        (404, Permanent),
        (408, Transient),
        (429, Transient),
        (500, Transient),
        (503, Transient),
    ],
)
async def test_a_refusal_is_told_apart(status: int, failure: type[Exception]) -> None:
    async with http_sink() as sink:
        with pytest.raises(failure, match=str(status)):
            await WebhookChannel(url=sink.url(f"/{status}")).deliver(PAGE, real_ports())


@pytest.mark.parametrize(
    ("written", "wanted_s"),
    [("7", 7), ("Mon, 05 Jan 1970 00:00:00 GMT", 0), ("soon", None), ("-3", None)],
)
async def test_a_wait_that_is_asked_for_is_passed_on(written: str, wanted_s: float | None) -> None:
    answers = {"later": plain(503, b"", f"Retry-After: {written}")}
    async with http_sink(answers=answers) as sink:
        with pytest.raises(Transient) as caught:
            await WebhookChannel(url=sink.url("/later")).deliver(PAGE, real_ports())
    assert caught.value.retry_after_s == wanted_s


async def test_ntfy_gets_a_priority_a_click_and_a_button() -> None:
    answers = {"": plain(200, b'{"id":"xE73Iyuabi","event":"message"}')}
    async with http_sink(answers=answers) as sink:
        channel = NtfyChannel(url=sink.url("/where2eat"), token="tk_1")
        assert await channel.deliver(PAGE, real_ports()) == "127.0.0.1 took it as xE73Iyuabi."
        resolved = msgspec.structs.replace(PAGE, kind=Kind.RESOLVED, acknowledge_url="")
        await channel.deliver(resolved, real_ports())
    page, news = (json.loads(each.body) for each in sink.received)
    assert sink.received[0].target == "/"
    assert sink.received[0].headers["authorization"] == "Bearer tk_1"
    assert (page["topic"], page["priority"], page["click"]) == ("where2eat", 5, PAGE.url)
    assert page["title"] == PAGE.subject
    assert page["actions"][0]["url"] == PAGE.acknowledge_url
    assert (news["priority"], "actions" in news) == (3, False)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b'{"code":40301,"http":403,"error":"forbidden"}', Permanent),
        (b'{"code":42901,"http":429,"error":"limit reached"}', Transient),
        (b"<html>hello</html>", Transient),
        (b"{}", Transient),
    ],
)
async def test_an_error_inside_a_200_is_not_a_delivery(
    answer: bytes, failure: type[Exception]
) -> None:
    async with http_sink(answers={"": plain(200, answer)}) as sink:
        with pytest.raises(failure):
            await NtfyChannel(url=sink.url("/topic")).deliver(PAGE, real_ports())


async def test_mail_of_one_incident_is_one_thread() -> None:
    async with mail_sink() as sink:
        channel = EmailChannel(to="rebecca@example.org")
        answer = await channel.deliver(PAGE, real_ports(mail=sink.server))
        news = msgspec.structs.replace(PAGE, kind=Kind.RESOLVED, delivery_id="2")
        await channel.deliver(news, real_ports(mail=sink.server))
    first, second = sink.received
    assert answer == "The mail server took it: 2.0.0 queued as 4F2k"
    assert first["Message-ID"] == "<inc-0190-7-oncall-1@relight.example>"
    assert first["References"] == second["References"] == "<0190@relight.example>"
    assert (first["Importance"], second["Importance"]) == ("high", None)


@pytest.mark.parametrize("to", ["nobody", "a@b, c@d", "a@b\nBcc: c@d", "@x", "Rebecca <a@b>"])
def test_what_is_not_one_mail_address_is_refused(to: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"to": to}, EmailChannel)


@pytest.mark.parametrize("url", ["https://ntfy.sh", "https://ntfy.sh/", "ntfy.sh/topic"])
def test_a_url_without_a_topic_is_refused(url: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"url": url}, NtfyChannel)
