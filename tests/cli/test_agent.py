"""The agent of a host, looking at this machine and telling a real server."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from relight.cli import cli
from relight.cli.agent.machine import Machine
from relight.cli.agent.push import KeyRefused, Pusher, otlp
from relight.detect.metrics import host as hosts
from relight.detect.metrics.otlp import Otlp
from relight.kernel.clock import SystemClock
from relight.wiring.house import House
from tests.peers.outside import dead_port, real_ports
from tests.web.given import KIT, house_at, served


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = house_at(tmp_path / "kit", kit=KIT + "hosts: [web-1]\n")
    yield house
    house.close()


def pusher(url: str, key: str, said: list[str]) -> Pusher:
    return Pusher(
        machine=Machine(),
        http=real_ports().http,
        clock=SystemClock(),
        url=url,
        key=key,
        said=said.append,
    )


def test_what_it_tells_is_what_the_rules_of_a_host_look_at() -> None:
    now = SystemClock().now()
    figures = Machine(units=("nginx.service",)).look(0)
    body = otlp([(now, figures)])
    taken = Otlp().read(body, is_json=True, sender="web-1", labels={"host": "web-1"}, now=now)
    names = {each.name for each in taken.readings}
    assert set(hosts.NAMES) <= names
    shares = [each.value for each in taken.readings if each.name.endswith("_utilization_ratio")]
    assert all(0 <= value <= 1 for value in shares)


async def test_it_keeps_what_nobody_takes_and_hands_it_over_later(house: House) -> None:
    said: list[str] = []
    (host,) = house.kit.catalog.hosts
    cut_off = pusher(f"http://127.0.0.1:{dead_port()}", house.metrics.key_of(host), said)
    await cut_off.turn()
    await cut_off.turn()
    assert len(said) == 1
    assert "refused" in said[0]
    assert "are kept" in said[0]
    with served(house) as (url, _, _):
        cut_off._url = f"{url}/v1/metrics"  # pyright: ignore[reportPrivateUsage]
        await cut_off.turn()
    assert said[1].startswith("Figures arrive")
    now = house.clock.now()
    (memory,) = house.metrics.records.histories(hosts.MEMORY, now - timedelta(minutes=5), now)
    assert len(memory.points) == 3


async def test_a_key_that_is_not_known_ends_it(house: House) -> None:
    with served(house) as (url, _, _), pytest.raises(KeyRefused):
        await pusher(url, "wrong", []).turn()


async def test_the_command_pushes_and_stops_on_a_signal(house: House) -> None:
    (host,) = house.kit.catalog.hosts
    with served(house) as (url, _, _):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "relight", "agent", "run", "--to", url, "--every", "5"),
            env={**os.environ, "RELIGHT_AGENT_KEY": house.metrics.key_of(host)},
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        while b"Figures arrive" not in (line := await process.stderr.readline()):
            assert line, "it ended by itself"
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert house.metrics.records.heard_at("web-1") is not None


def test_keys_are_printed_and_slips_are_answered(house: House) -> None:
    folder = str(house.folder)
    done = CliRunner().invoke(cli, ["agent", "key", "web-1", folder, "--json"])
    (host,) = house.kit.catalog.hosts
    assert json.loads(done.stdout) == {"name": "web-1", "key": house.metrics.key_of(host)}
    slip = CliRunner().invoke(cli, ["agent", "key", "web1", folder])
    assert slip.exit_code != 0


def test_without_a_key_it_says_where_to_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RELIGHT_AGENT_KEY", raising=False)
    done = CliRunner().invoke(cli, ["agent", "run", "--to", "http://127.0.0.1:1", "--once"])
    assert done.exit_code != 0
    assert "no key" in str(done.exception)
