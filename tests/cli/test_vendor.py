"""Vendors at the shell."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from relight.cli import cli
from tests.peers.feed_server import FeedServer, feed_server

SAMPLES = Path(__file__).parents[1] / "detect" / "vendors" / "samples"
PATH = "/api/v2/summary.json"


def relight(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


@pytest.fixture
def server() -> Iterator[FeedServer]:
    """A vendor's page in a thread of its own, since the shell brings its own loop."""
    ready, stop = threading.Event(), threading.Event()
    served: list[FeedServer] = []

    async def run() -> None:
        async with feed_server() as one:
            served.append(one)
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    ready.wait()
    yield served[0]
    stop.set()
    thread.join()


@pytest.fixture
def kit(tmp_path: Path, server: FeedServer) -> Path:
    (tmp_path / "relight.yaml").write_text(
        "name: x\npeople: [{name: a, contacts: [a@example.org]}]\n"
        "services: [{name: api, depends_on: [forge]}]\n"
        f"vendors: [{{name: forge, feed: {{statuspage: {{url: '{server.url()}'}}}}}}]\n"
    )
    return tmp_path


def test_vendors_that_are_known_are_found():
    found = relight("vendor", "search", "cloudflare")
    assert found.exit_code == 0
    assert "statuspage  https://www.cloudflarestatus.com" in found.output
    (one,) = json.loads(relight("vendor", "search", "cloudflare", "--json").output)
    assert one["name"] == "cloudflare"
    assert "None is known" in relight("vendor", "search", "nobody at all").output


def test_a_feed_is_read_once_and_nothing_is_kept(kit: Path, server: FeedServer):
    server.files[PATH] = (SAMPLES / "statuspage-cloudflare.json").read_bytes()
    done = relight("vendor", "try", "forge", str(kit))
    assert done.exit_code == 0, done.output
    assert "CDN/Cache" in done.output
    assert json.loads(relight("vendor", "try", "forge", str(kit), "--json").output)
    listed = relight("vendor", "list", str(kit))
    assert listed.output == "forge  not known: It has not been read yet.\n"
    shown = relight("vendor", "show", "forge", str(kit))
    assert "Never read." in shown.output
    assert "api" in shown.output


def test_what_cannot_be_read_says_nothing_about_the_vendor(kit: Path, server: FeedServer):
    server.status = 503
    done = relight("vendor", "try", "forge", str(kit))
    assert done.exit_code == 3
    assert "answered 503" in done.output
    wrong = relight("vendor", "try", "cloudflair", str(kit))
    assert wrong.exit_code != 0
    assert (
        "cloudflare" in f"{wrong.output}{wrong.exception!r}{getattr(wrong.exception, 'hint', '')}"
    )
    assert relight("vendor", "show", "nobody", str(kit)).exit_code != 0
