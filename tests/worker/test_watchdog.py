"""Pings a real address outside while Relight is well, and is silent otherwise."""

from collections.abc import Callable

import pytest

from relight.store.records import prove_write
from relight.worker.watchdog import Watchdog
from tests.peers.http_sink import http_sink
from tests.peers.outside import real_ports
from tests.worker.conftest import Open
from tests.worker.given import KIT, Place

URL = "env:WATCHDOG_URL"


def watchdog(at: Place, idle_s: Callable[[], float] = lambda: 0.0) -> Watchdog:
    return Watchdog(
        kit=at.house.kit,
        prober=at.worker.prober,
        idle_s=idle_s,
        write=lambda: prove_write(at.house.database),
        ports=real_ports,
        secret=at.house.secret,
        clock=at.clock,
        masker=at.house.masker,
        failing=at.house.failing,
    )


@pytest.fixture
def place(open_place: Open) -> Place:
    kit = f"{KIT}watchdog: {{url: '{URL}', every: 30s}}\n"
    return open_place(kit)


async def test_it_pings_once_in_its_time_while_all_is_well(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    place.worker.prober.hold()
    async with http_sink() as sink:
        monkeypatch.setenv("WATCHDOG_URL", sink.url("/200"))
        dog = watchdog(place)
        await dog.turn()
        await dog.turn()
        assert [each.method for each in sink.received] == ["GET"]
        place.clock.jump(19)
        await dog.turn()
        assert len(sink.received) == 1
        place.clock.jump(11)
        await dog.turn()
        assert len(sink.received) == 2
    assert place.house.failing == {}


async def test_it_is_silent_while_a_loop_stalls_or_looks_are_late(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    async with http_sink() as sink:
        monkeypatch.setenv("WATCHDOG_URL", sink.url("/200"))

        await watchdog(place).turn()
        assert "not looked at" in place.house.failing["watchdog"]

        place.worker.prober.hold()
        await watchdog(place, idle_s=lambda: 31.0).turn()
        assert "has not turned for 31 s" in place.house.failing["watchdog"]

        place.clock.jump(120)
        await watchdog(place).turn()
        assert "30 s late" in place.house.failing["watchdog"]
        assert sink.received == []


async def test_a_refused_ping_is_told_without_its_address(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    place.worker.prober.hold()
    async with http_sink() as sink:
        monkeypatch.setenv("WATCHDOG_URL", sink.url("/500?secret-word"))
        await watchdog(place).turn()
    assert place.house.failing["watchdog"] == "It answered 500."
    assert "secret-word" not in str(place.house.failing)
