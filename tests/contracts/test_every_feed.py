"""What every feed format keeps to, walked over the registry and read over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from relight.detect.vendors import FEEDS, Feed
from relight.kernel.clock import JumpingClock
from relight.kernel.plug import Permanent, Plugged, Transient
from relight.kernel.ports import Ports
from tests.contracts.plugs import check_plug, check_unknown_kind
from tests.peers.feed_server import FeedServer, feed_server
from tests.peers.http_sink import ANSWERS, http_sink
from tests.peers.outside import dead_port, real_ports

SAMPLES = Path(__file__).parents[1] / "detect" / "vendors" / "samples"
KINDS = FEEDS.kinds()
AT = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
SERVED = {
    "aws": {"": "aws-currentevents.json"},
    "azure": {"": "azure-west-us.xml"},
    "betterstack": {"/index.json": "betterstack.json"},
    "google": {"": "google-cloud.json"},
    "incidentio": {"/api/v1/summary": "incidentio.json"},
    "instatus": {
        "/v3/summary.json": "instatus-summary.json",
        "/v3/components.json": "instatus-components.json",
    },
    "json": {"": "json-heroku.json"},
    "rss": {"": "rss-github.xml"},
    "slack": {"": "slack-active.json"},
    "statusio": {"": "statusio-gitlab.json"},
    "statuspage": {"/api/v2/summary.json": "statuspage-github.json"},
}


def aimed(kind: str, url: str) -> Feed:
    plug = FEEDS.get(kind)
    return msgspec.convert({**plug.EXAMPLE, "url": url}, plug)


def ports_at(now: datetime = AT, timeout_s: float = 5.0) -> Ports:
    ports = real_ports(timeout_s=timeout_s)
    return msgspec.structs.replace(ports, clock=JumpingClock(now))


def serve(kind: str, server: FeedServer) -> str:
    files = {f"/page{path}": (SAMPLES / name).read_bytes() for path, name in SERVED[kind].items()}
    server.files.update(files)
    return server.url("/page")


def test_every_format_has_a_sample():
    assert sorted(SERVED) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_plug_in(kind: str):
    plug = FEEDS.get(kind)
    check_plug(plug, Feed, "read")
    assert not plug.SECRETS
    assert Plugged(kind, dict(plug.EXAMPLE)).label()
    for wrong in ("ftp://status.example.org", "status.example.org", ""):
        with pytest.raises(msgspec.ValidationError):
            aimed(kind, wrong)


def test_an_unknown_kind_names_the_nearest():
    check_unknown_kind(FEEDS)


@pytest.mark.parametrize("kind", KINDS)
async def test_it_reads_what_its_vendor_serves(kind: str):
    async with feed_server() as server:
        found = await aimed(kind, serve(kind, server)).read("vendor", ports_at())
        assert sorted(server.answered) == sorted((path, 200) for path in server.files)
    assert all(each.vendor == "vendor" and each.id and each.title for each in found)
    assert all(each.began_at.tzinfo for each in found)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", sorted(ANSWERS))
async def test_what_is_no_feed_is_a_fault_and_never_well(kind: str, answer: str):
    async with http_sink() as sink:
        feed = aimed(kind, sink.url(f"/{answer}"))
        with pytest.raises((Transient, Permanent)) as caught:
            await feed.read("vendor", ports_at(timeout_s=0.3))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("kind", KINDS)
async def test_a_feed_that_is_gone_or_busy_says_so(kind: str):
    async with feed_server() as server:
        with pytest.raises(Permanent, match="404"):
            await aimed(kind, server.url("/page")).read("vendor", ports_at())
        server.status, server.retry_after = 503, "30"
        with pytest.raises(Transient, match="503") as caught:
            await aimed(kind, server.url("/page")).read("vendor", ports_at())
        assert caught.value.retry_after_s == 30
    with pytest.raises(Transient):
        await aimed(kind, f"http://127.0.0.1:{dead_port()}").read("vendor", ports_at())
