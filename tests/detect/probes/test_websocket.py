"""The websocket probe before a real server, and before what is none."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from relight.detect.probes import Probe, Result
from relight.detect.probes.websocket import WebsocketProbe
from tests.contracts.aim import PATIENCE_S, Aim
from tests.peers.chain import World
from tests.peers.http_sink import BAD, http_sink
from tests.peers.outside import real_ports
from tests.peers.websocket import websocket


def at(host_port: str) -> WebsocketProbe:
    return WebsocketProbe(url=f"ws://{host_port}/", timeout_s=PATIENCE_S)


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    async with websocket() as url:
        yield WebsocketProbe(url=url)


AIM = Aim(working, at=at)


async def look(url: str, **settings: object) -> Result:
    probe = msgspec.convert({"url": url, "timeout_s": 10, **settings}, WebsocketProbe)
    return await probe.observe(real_ports())


@pytest.mark.parametrize(
    ("path", "settings", "ok", "reason"),
    [
        ("/", {}, True, "took the upgrade and answered a ping"),
        ("/", {"send": "hi"}, True, "took the upgrade and the message"),
        ("/", {"send": "hi", "expect": "said hi"}, True, "answered with `said hi`"),
        ("/", {"send": "two parts", "expect": "welcome"}, True, "answered with `welcome`"),
        ("/", {"subprotocol": "orders.v1"}, True, "took the upgrade and answered a ping"),
        ("/größe?q=ü#there", {}, True, "took the upgrade and answered a ping"),
        ("/no", {}, False, "answered 403 Forbidden, wanted 101"),
        ("/bye", {}, False, "closed the WebSocket with 1013 try later; wanted a pong"),
        ("/bye", {"expect": "x"}, False, "closed the WebSocket with 1013 try later; wanted `x`"),
        ("/", {"expect": "x"}, False, "127.0.0.1 did not finish its answer within 0.3 s"),
        ("/", {"slow_s": 1e-9}, False, ", wanted 1e-09 s"),
        ("/talk", {"expect": "y"}, False, f"said more than {1 << 20} bytes, after saying `xxx"),
    ],
)
async def test_it_says_what_was_found(
    path: str, settings: dict[str, Any], ok: bool, reason: str
) -> None:
    patience_s = 0.3 if "did not finish" in reason else 5
    async with websocket() as url:
        result = await look(url + path, **settings, timeout_s=patience_s)
    assert result.ok is ok
    assert reason in result.reason
    assert dict(result.evidence)["address"] == "127.0.0.1"


async def test_it_speaks_tls_and_checks_the_certificate(tmp_path: Path) -> None:
    world = World()
    async with websocket(world.serving(tmp_path, "ws", world.leaf, world.between)) as url:
        good = await look(url, roots=world.roots)
        bad = await look(url)
        any_will_do = await look(url, verify_tls=False)
    assert good.ok
    assert good.phases is not None
    assert good.phases.tls is not None
    assert dict(bad.evidence)["fault"] == "certificate"
    assert any_will_do.ok


@pytest.mark.parametrize("name", ["ok", *BAD])
async def test_a_web_server_is_no_websocket(name: str) -> None:
    async with http_sink() as sink:
        url = f"ws://127.0.0.1:{sink.port}/{name}"
        result = await look(url, timeout_s=PATIENCE_S)
    assert not result.ok
    assert dict(result.evidence)["fault"]


@pytest.mark.parametrize(
    "settings",
    [
        {"headers": {"X-Two": "a\r\nb: c"}},
        {"headers": {"X Two": "a"}},
        {"headers": {"": "a"}},
        {"subprotocol": "a, b"},
    ],
)
def test_what_is_no_header_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"url": "ws://x.test/", **settings}, WebsocketProbe)


@pytest.mark.parametrize(
    "url", ["http://x.test/", "x.test", "ws://", "wss://u:p@x.test/", "ws://a b"]
)
def test_what_is_no_websocket_address_is_refused(url: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"url": url}, WebsocketProbe)
