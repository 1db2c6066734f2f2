"""The http probe: what it takes for good, and what it says when it is not."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from relight.detect.probes import Probe, Result
from relight.detect.probes.http import HttpProbe
from tests.contracts.aim import PATIENCE_S, Aim
from tests.peers.http_sink import HttpSink, http_sink
from tests.peers.outside import real_ports


def at(url: str) -> HttpProbe:
    return HttpProbe(url=url, timeout_s=PATIENCE_S)


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    async with http_sink() as sink:
        yield at(sink.url("/ok"))


AIM = Aim(working, at=lambda host_port: at(f"http://{host_port}/"), url=at)


async def look(sink: HttpSink, target: str, **settings: object) -> Result:
    probe = msgspec.convert({"url": sink.url(target), **settings}, HttpProbe)
    return await probe.observe(real_ports())


@pytest.mark.parametrize(
    ("status", "target", "ok"),
    [
        ("2xx", "/204", True),
        ("2xx", "/502", False),
        (404, "/404", True),
        ("410", "/410", True),
        ("200-399", "/304", True),
        (("2xx", 404), "/404", True),
        (("2xx", 404), "/410", False),
    ],
)
async def test_the_status_that_is_wanted(status: object, target: str, ok: bool) -> None:
    async with http_sink() as sink:
        result = await look(sink, target, status=status)
    assert result.ok is ok


async def test_it_says_what_was_answered_and_what_was_wanted() -> None:
    async with http_sink() as sink:
        bad = await look(sink, "/502")
        good = await look(sink, "/ok", body="pho")
        lacks = await look(sink, "/ok", body="bun")
        slow = await look(sink, "/ok", slow_s=1e-9)
        odd = await look(sink, "/599", status=[200, "3xx"])
    assert bad.reason == "answered 502 Bad Gateway, wanted 2xx"
    assert (good.ok, good.reason) == (True, "answered 200 OK")
    assert lacks.reason == "answered 200 OK, but the body did not hold `bun`"
    assert (slow.ok, dict(slow.evidence)["fault"]) == (False, "slow")
    assert odd.reason == "answered 599, wanted 200 or 3xx"
    assert dict(bad.evidence) == {"fault": "status", "status": "502", "address": "127.0.0.1"}


async def test_a_redirect_is_followed_or_not() -> None:
    async with http_sink() as sink:
        assert (await look(sink, "/moved")).ok
        stays = await look(sink, "/moved", follow_redirects=False)
        away = await look(sink, "/metadata")
    assert stays.reason == "answered 303 See Other, wanted 2xx"
    assert not away.ok
    assert "169.254.169.254" in away.reason


async def test_it_goes_past_the_edge_to_a_fixed_address() -> None:
    async with http_sink() as sink:
        url = f"http://widget.invalid:{sink.port}/ok"
        probe = msgspec.convert({"url": url, "connect_to": "127.0.0.1"}, HttpProbe)
        result = await probe.observe(real_ports())
    assert result.ok
    assert sink.received[0].headers["host"] == f"widget.invalid:{sink.port}"


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "ftp://x.test/"},
        {"url": "https://"},
        {"url": "x.test/health"},
        {"url": "https://x.test/a b"},
        {"url": "https://x.test:99999/"},
        {"url": "https://user:hunter2@x.test/"},
        {"url": "https://x.test/", "status": "teapot"},
        {"url": "https://x.test/", "status": [200, 999]},
        {"url": "https://x.test/", "connect_to": "widget.test"},
        {"url": "https://x.test/", "method": "GET /"},
        {"url": "https://x.test/", "timeout_s": 0},
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(settings: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(settings, HttpProbe)
    assert "hunter2" not in str(caught.value)


def answering(body: str, *, head: str = "") -> dict[str, bytes]:
    told = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{head}\r\n{body}"
    return {"json": told.encode()}


@pytest.mark.parametrize(
    ("path", "wanted", "reason"),
    [
        ("jobs.waiting", 3, "answered 200 OK"),
        ("jobs.waiting", 4, "answered 200 OK, but `jobs.waiting` is 3, wanted 4"),
        ("well", True, "answered 200 OK"),
        ("jobs.waiting", True, "answered 200 OK, but `jobs.waiting` is 3, wanted true"),
        ("nowhere", "x", 'answered 200 OK, but `nowhere` is null, wanted "x"'),
    ],
)
async def test_what_json_finds(path: str, wanted: object, reason: str) -> None:
    answers = answering('{"well": true, "jobs": {"waiting": 3}}')
    async with http_sink(answers=answers) as sink:
        result = await look(sink, "/json", json=path, json_is=wanted)
    assert result.reason == reason


async def test_what_is_no_json_is_said() -> None:
    async with http_sink() as sink:
        result = await look(sink, "/ok", json="a", json_is=1)
    assert dict(result.evidence)["fault"] == "body"
    assert "not JSON" in result.reason


async def test_a_body_without_an_end_is_no_good_answer_unless_it_held_the_text() -> None:
    async with http_sink() as sink:
        endless = await look(sink, "/flood")
        held = await look(sink, "/flood", body="0")
    assert not endless.ok
    assert "did not end within" in endless.reason
    assert held.ok or "did not hold" in held.reason


async def test_what_is_sent() -> None:
    async with http_sink() as sink:
        await look(sink, "/ok", method="POST", send={"a": 1}, bearer="token-of-ours")
        await look(sink, "/ok", method="POST", send="plain", user="sam", password="word")
    first, second = sink.received
    assert first.body == b'{"a":1}'
    assert first.headers["content-type"] == "application/json"
    assert first.headers["authorization"] == "Bearer token-of-ours"
    assert second.body == b"plain"
    assert second.headers["authorization"] == "Basic c2FtOndvcmQ="
    assert "content-type" not in second.headers
