"""A changed kit comes into force; a faulty one does not, and says so."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from relight.store.engine import DiskFull
from relight.wiring.house import build
from relight.worker.work import Worker
from tests.peers.outside import settles
from tests.worker.given import KIT, NOW, Place

TWO = KIT.replace(
    "status_page:",
    "      - http: {name: search, url: https://api.example.org/search}\nstatus_page:",
)


def test_every_check_is_due_at_the_start(at: Place) -> None:
    at.worker.prepare()
    assert at.timetable.keys() == {"api/front"}
    assert at.timetable.next_at() == NOW


async def test_a_new_check_becomes_due_and_the_others_keep_their_time(at: Place) -> None:
    at.worker.prepare()
    await at.check()
    at.write_kit(TWO)
    at.worker.kit_watch.reload()
    assert at.timetable.keys() == {"api/front", "api/search"}
    assert at.timetable.take(NOW) == [("api/search", NOW)]
    assert at.timetable.next_at() == NOW + timedelta(seconds=60)


async def test_a_check_that_was_changed_is_looked_at_now(at: Place) -> None:
    at.write_kit(KIT.replace("/health}", "/health, every: 1d}"))
    at.worker.kit_watch.reload()
    at.worker.prepare()
    await at.check()
    assert at.timetable.next_at() == NOW + timedelta(days=1)
    at.write_kit(KIT)
    at.worker.kit_watch.reload()
    assert at.timetable.next_at() == NOW


async def test_a_check_that_is_gone_leaves_no_alert_behind(at: Place) -> None:
    at.write_kit(TWO)
    at.worker.prepare()
    at.worker.kit_watch.reload()
    at.outside.sites[0].status = 500
    for _ in range(4):
        await at.look()
        at.clock.jump(1)
    await at.look()
    assert {each.check for each in at.incident().open_alerts} == {"api/front", "api/search"}

    at.write_kit(KIT)
    at.worker.kit_watch.reload()
    await at.look()
    assert at.timetable.keys() == {"api/front"}
    assert set(at.house.checks.states()) == {"api/front"}
    assert [each.key for each in at.house.alerts.alerts(only_open=True)] == ["api/front"]
    assert [each.check for each in at.incident().open_alerts] == ["api/front"]
    assert at.incident().live


async def test_a_service_that_is_gone_leaves_no_alert_behind(at: Place) -> None:
    at.worker.prepare()
    at.outside.sites[0].status = 500
    for _ in range(4):
        await at.look()
        at.clock.jump(1)
    assert at.incident().open_alerts
    at.write_kit("name: Where2Eat\n")
    at.worker.kit_watch.reload()
    await at.look()
    assert at.incident().open_alerts == ()
    assert at.timetable.keys() == set()


def test_a_faulty_kit_leaves_the_old_one_in_force_and_says_where(at: Place) -> None:
    before = at.house.kit.catalog
    at.write_kit(KIT.replace("checks:", "cheks:"))
    at.worker.kit_watch.reload()
    assert at.house.kit.catalog is before
    assert at.house.kit.loaded.refused
    assert any("cheks" in str(fault) for fault in at.house.kit.loaded.faults)
    assert at.timetable.keys() == set()

    at.write_kit(KIT)
    at.worker.kit_watch.reload()
    assert not at.house.kit.loaded.refused


def test_a_kit_that_is_away_for_a_moment_leaves_the_old_one_in_force(at: Place) -> None:
    before = at.house.kit.catalog
    (at.folder / "relight.yaml").unlink()
    at.worker.kit_watch.reload()
    assert at.house.kit.catalog is before
    assert at.house.kit.loaded.refused
    at.write_kit(TWO)
    at.worker.kit_watch.reload()
    assert len(at.house.kit.catalog.checks()) == 2


async def test_a_crash_while_a_check_is_taken_out_loses_no_clearing(
    at: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the alert's end asks for is written with it, or not at all."""
    at.worker.prepare()
    at.outside.sites[0].status = 500
    for _ in range(4):
        await at.look()
        at.clock.jump(1)
    assert at.incident().open_alerts
    at.write_kit("name: Where2Eat\n")

    class Killed(BaseException):
        """As if the process ended here."""

    def end(*_given: object, **_named: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(at.house.due, "schedule", end)
        with pytest.raises(Killed):
            at.worker.kit_watch.reload()

    reborn = build(at.folder, clock=at.clock, outside=at.outside.opener())
    other = Place(at.folder, reborn, Worker(reborn), at.outside, at.clock)
    try:
        other.worker.prepare()
        await other.look()
        assert other.incident().open_alerts == ()
    finally:
        reborn.close()


def test_a_reload_that_the_store_kept_from_ending_is_done_again(
    at: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.worker.prepare()
    at.worker.kit_watch.look()
    at.write_kit(TWO)

    def full(*_given: object, **_named: object) -> None:
        raise DiskFull

    with monkeypatch.context() as failing:
        failing.setattr(at.house.due, "schedule", full)
        with pytest.raises(DiskFull):
            at.worker.kit_watch.look()
    at.worker.kit_watch.look()
    assert at.timetable.keys() == {"api/front", "api/search"}


def test_a_change_before_the_first_look_is_noticed(at: Place) -> None:
    at.worker.prepare()
    at.write_kit(TWO)
    at.worker.kit_watch.look()
    assert at.timetable.keys() == {"api/front", "api/search"}


async def test_the_folder_is_watched(at: Place) -> None:
    loop = asyncio.create_task(at.worker.kit_watch.run())
    await asyncio.sleep(0.1)
    at.write_kit(TWO)
    assert await settles(lambda: len(at.house.kit.catalog.checks()) == 2)
    loop.cancel()
    with suppress(asyncio.CancelledError):
        await loop
