"""What vantage points see, judged and stored as what is seen from here."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

import pytest

from relight.detect.judge import CheckStatus
from relight.detect.observation import Observation
from relight.detect.vantage import Handed
from tests.worker.given import KIT, Place

Open: TypeAlias = Callable[..., Place]
CHECK = "api/front"
WIDE = KIT.replace("services:", "vantage: [ams, nyc]\nservices:").replace(
    "health}", "health, every: 10s}"
)


@pytest.fixture
def at(open_place: Open) -> Place:
    at = open_place(WIDE)
    at.worker.prepare()
    return at


def seen(at: Place, vantage: str, *, ok: bool, ago_s: float = 0) -> Observation:
    return Observation(
        check=CHECK,
        vantage=vantage,
        at=at.clock.now() - timedelta(seconds=ago_s),
        ok=ok,
        took_s=0.1,
        reason="answers" if ok else "refused",
        evidence=() if ok else (("fault", "connection"),),
    )


async def receive(at: Place, *observations: Observation) -> None:
    writing = asyncio.create_task(at.worker.prober.record())
    await at.worker.prober.receive(observations)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


async def test_a_first_failure_elsewhere_is_looked_at_from_everywhere_now(at: Place) -> None:
    await receive(at, seen(at, "ams", ok=True), seen(at, "nyc", ok=True))
    at.clock.jump(1)
    at.timetable.take(at.clock.now())
    at.timetable.ended(CHECK, at.clock.now() + timedelta(seconds=9))
    await receive(at, seen(at, "ams", ok=False))
    assert at.timetable.next_at() == at.clock.now()
    points = at.house.vantage
    handed = Handed(version="1", sent_at=at.clock.now(), revision=at.house.kit.catalog.version)
    told = await points.exchange("nyc", handed)
    assert told.look_now == (CHECK,)


async def test_one_region_failing_alone_is_not_an_outage_and_all_are(at: Place) -> None:
    for _ in range(4):
        at.clock.jump(1)
        await receive(
            at,
            seen(at, "here", ok=True),
            seen(at, "nyc", ok=True),
            seen(at, "ams", ok=False),
        )
    state = at.house.checks.states()[CHECK]
    assert state.status is CheckStatus.UP
    assert {view.vantage for view in state.views if view.down} == {"ams"}
    assert at.house.alerts.alerts(only_open=True) == []
    for _ in range(4):
        at.clock.jump(1)
        await receive(at, *(seen(at, each, ok=False) for each in ("here", "nyc", "ams")))
    assert at.house.checks.states()[CHECK].status is CheckStatus.DOWN
    assert [each.key for each in at.house.alerts.alerts(only_open=True)] == [CHECK]


async def test_what_is_handed_over_twice_counts_once(at: Place) -> None:
    once = seen(at, "ams", ok=False)
    for _ in range(5):
        await receive(at, once)
    (view,) = at.house.checks.states()[CHECK].views
    assert view.failures == 1


async def test_what_comes_late_fills_the_series_and_changes_nothing(at: Place) -> None:
    await receive(at, seen(at, "ams", ok=True))
    late = [seen(at, "ams", ok=False, ago_s=600 - n) for n in range(5)]
    await receive(at, *late)
    assert at.house.checks.states()[CHECK].status is CheckStatus.UP
    since = at.clock.now() - timedelta(hours=1)
    found = at.house.series.recent(CHECK, since, at.clock.now() + timedelta(seconds=1))
    assert [each.ok for each in found] == [False] * 5 + [True]


async def test_what_the_kit_no_longer_names_is_left_out(at: Place) -> None:
    strange = Observation(
        check="no/such", vantage="ams", at=at.clock.now(), ok=False, took_s=0.1, reason="refused"
    )
    await receive(at, strange)
    assert "no/such" not in at.house.checks.states()
