"""Vantage points at the desk: admitted once, recognised by key, asked, watched."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from relight.desk.vantage import SILENT_S, KeyUnknown, VantageUnknown
from relight.detect.observation import Observation
from relight.detect.vantage import Handed, Seen, offset_s
from relight.kernel.clock import JumpingClock
from relight.store.vantage import InviteInvalid
from relight.wiring.house import House, build

BEGAN = datetime(2026, 1, 16, 2, 0, tzinfo=UTC)
KIT = """\
name: Where2Eat
services:
  - {name: api, checks: [{http: {url: "http://127.0.0.1:9/a", name: a}}, {http: {url: "http://127.0.0.1:9/b", name: b, from: [here]}}]}
  - {name: shop, checks: [{http: {url: "http://127.0.0.1:9/c", name: c}}]}
vantage:
  - ams
  - {name: nyc, services: [shop]}
"""


class Play:
    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "relight.yaml").write_text(KIT, encoding="utf-8")
        self.clock = JumpingClock(BEGAN)
        self.house: House = build(folder, clock=self.clock)
        self.received: list[Observation] = []
        self.house.vantage.receive = self._receive

    async def _receive(self, seen: Sequence[Observation]) -> None:
        self.received += seen

    def joined(self, name: str = "ams") -> str:
        token = self.house.vantage.invite(name).reveal()
        return self.house.vantage.join(token).key

    def handed(self, *seen: Seen, revision: str = "", **changes: object) -> Handed:
        return Handed(
            version="1",
            sent_at=self.clock.now(),
            seen=seen,
            revision=revision,
            **changes,  # pyright: ignore[reportArgumentType]
        )

    def look(self, check: str = "api/a", *, ahead_s: float = 0) -> Seen:
        at = self.clock.now() + timedelta(seconds=ahead_s)
        return Seen(check=check, at=at, ok=False, took_s=0.1, reason="refused")

    def open(self) -> list[str]:
        return [each.summary for each in self.house.alerts.alerts(only_open=True)]


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    play = Play(tmp_path / "kit")
    yield play
    play.house.close()


def test_an_invitation_admits_once_and_for_a_day(play: Play) -> None:
    points = play.house.vantage
    token = points.invite("ams").reveal()
    joined = points.join(token)
    assert joined.name == points.who(joined.key) == "ams"
    with pytest.raises(InviteInvalid):
        points.join(token)
    late = points.invite("nyc").reveal()
    play.clock.jump(25 * 3600)
    with pytest.raises(InviteInvalid):
        points.join(late)


def test_only_those_of_the_kit_are_invited_and_admitted(play: Play) -> None:
    with pytest.raises(VantageUnknown) as caught:
        play.house.vantage.invite("amz")
    assert "ams" in caught.value.hint
    key = play.joined()
    file = play.house.folder / "relight.yaml"
    file.write_text(KIT.replace("  - ams\n", ""), encoding="utf-8")
    play.house.kit.loaded = play.house.read_kit(play.house.folder, play.house.kit.loaded)
    with pytest.raises(KeyUnknown):
        play.house.vantage.who(key)


def test_a_revoked_key_counts_no_longer(play: Play) -> None:
    key = play.joined()
    play.house.vantage.revoke("ams")
    with pytest.raises(KeyUnknown):
        play.house.vantage.who(key)
    with pytest.raises(KeyUnknown):
        play.house.vantage.who("")


def test_each_is_told_the_checks_that_are_its_own(play: Play) -> None:
    def keys(name: str) -> list[str]:
        return [each.key for each in play.house.vantage.checks_of(name)]

    assert keys("ams") == ["api/a", "shop/c"]
    assert keys("nyc") == ["shop/c"]


async def test_an_exchange_takes_results_and_tells_what_is_new(play: Play) -> None:
    points = play.house.vantage
    told = await points.exchange("ams", play.handed(play.look()))
    assert [each.key for each in told.checks or ()] == ["api/a", "shop/c"]
    again = await points.exchange("ams", play.handed(play.look(), revision=told.revision))
    assert again.checks is None
    assert [(each.check, each.vantage) for each in play.received] == [("api/a", "ams")] * 2


async def test_nobody_speaks_of_what_is_not_its_own_or_of_later(play: Play) -> None:
    seen = (play.look("api/b"), play.look("no/such"), play.look("shop/c", ahead_s=3600))
    await play.house.vantage.exchange("nyc", play.handed(*seen))
    (one,) = play.received
    assert (one.check, one.vantage, one.at) == ("shop/c", "nyc", play.clock.now())


async def test_what_is_asked_for_is_heard_at_once(play: Play) -> None:
    points = play.house.vantage
    revision = (await points.exchange("ams", play.handed())).revision
    waiting = asyncio.create_task(points.exchange("ams", play.handed(revision=revision)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    points.ask(play.house.kit.catalog.checks()["api/a"])
    assert (await waiting).look_now == ("api/a",)
    nothing = await points.exchange("ams", play.handed(play.look(), revision=revision))
    assert nothing.look_now == ()


def test_one_that_falls_silent_is_told_and_its_return_too(play: Play) -> None:
    points = play.house.vantage
    points.watch()
    assert play.open() == []
    play.joined()
    play.clock.jump(SILENT_S + 1)
    points.watch()
    points.watch()
    assert play.open() == ["Vantage point ams is silent: nothing heard for 31 s"]
    asyncio.run(points.exchange("ams", play.handed(play.look())))
    points.watch()
    assert play.open() == []


def test_how_they_stand_is_said_in_a_word(play: Play) -> None:
    points = play.house.vantage
    assert [(each.name, each.state) for each in points.views()] == [
        ("ams", "not invited"),
        ("nyc", "not invited"),
    ]
    points.invite("nyc")
    play.joined("ams")
    asyncio.run(
        points.exchange("ams", play.handed(play.look(), unable={"api/a": "no key"}, skew_s=7.5))
    )
    ams, nyc = points.views()
    assert (ams.state, ams.skew_s, ams.unable, nyc.state) == (
        "looking",
        7.5,
        {"api/a": "no key"},
        "invited",
    )


@pytest.mark.parametrize("ahead_s", [-90.0, 0.0, 0.5, 3600.0])
def test_a_clock_that_is_off_is_found_from_one_exchange(ahead_s: float) -> None:
    theirs = BEGAN
    ours = theirs + timedelta(seconds=ahead_s)
    travel = timedelta(seconds=0.2)
    found = offset_s(ours, theirs + travel, theirs + travel * 2, ours + travel * 3)
    assert found == pytest.approx(-ahead_s)
