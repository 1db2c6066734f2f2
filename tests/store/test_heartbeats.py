"""Heartbeats on disk, with what follows from them, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from relight.catalog.catalog import Catalog
from relight.catalog.heartbeat import Heartbeat
from relight.desk.heartbeats import DeclaredInKit, Heard, HeartbeatNotFound, Heartbeats
from relight.desk.kit import Kit, Loaded
from relight.desk.rules import TRIAGE, ask_triage
from relight.detect.alert import UNWATCHED, Alert
from relight.detect.heartbeat import Ping, Signal, Status
from relight.kernel.clock import JumpingClock
from relight.kernel.ledger import Claim
from relight.kernel.severity import Severity
from relight.store import tables as t
from relight.store.alerts import AlertRecords
from relight.store.due import SqlDue
from relight.store.engine import Database
from relight.store.heartbeats import HEARTBEAT, KEPT_PINGS, HeartbeatRecords

NOW = datetime(2026, 5, 2, 2, 0, tzinfo=UTC)
SYNC = Heartbeat(name="sync", every_s=3600, grace_s=600, service="api", severity=Severity.S2)
REPORT = Heartbeat(name="Nightly report", cron="0 2 * * *", grace_s=1800)


class Place:
    """Heartbeats over one database, as one process has them."""

    def __init__(self, database: Database, clock: JumpingClock, *declared: Heartbeat) -> None:
        catalog = Catalog(name="Where2Eat", version="1", heartbeats=declared)
        self.kit = Kit(Path(), Loaded(catalog=catalog, faults=(), at=NOW))
        self.database = database
        self.clock = clock
        self.due = SqlDue(database, owner="here")
        self.alerts = AlertRecords(database)
        self.heartbeats = Heartbeats(
            kit=self.kit,
            records=HeartbeatRecords(database, ask_triage=ask_triage),
            clock=clock,
            key=b"k" * 32,
            base_url="http://relight.test",
        )
        self.heartbeats.align()

    def declare(self, *declared: Heartbeat) -> None:
        catalog = Catalog(name="Where2Eat", version="2", heartbeats=declared)
        self.kit.loaded = Loaded(catalog=catalog, faults=(), at=NOW)
        self.heartbeats.align()

    def heard(self, signal: Signal, name: str = "sync", **more: str) -> Heard:
        ping = Ping(signal=signal, at=self.clock.now(), run=more.get("run", ""))
        return Heard(name=name, ping=ping, body=more.get("body", "").encode())

    def ping(self, signal: Signal = Signal.SUCCESS, name: str = "sync", **more: str) -> None:
        assert self.heartbeats.take([self.heard(signal, name, **more)]) == [False]

    def claim(self, kind: str = HEARTBEAT) -> list[Claim]:
        return self.due.claim([kind], now=self.clock.now(), limit=100, lease_s=60)

    def expire(self) -> int:
        claims = self.claim()
        for claim in claims:
            if not self.heartbeats.expire(claim, claim.key):
                self.due.complete(claim)
        return len(claims)

    def status(self, name: str = "sync") -> Status:
        return self.heartbeats.view(name).status

    def open_alert(self, name: str = "sync") -> Alert | None:
        return self.alerts.find_open(HEARTBEAT, name)


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock(NOW)


@pytest.fixture
def at(database: Database, clock: JumpingClock) -> Place:
    return Place(database, clock, SYNC, REPORT)


def test_silence_opens_an_alert_that_asks_for_triage(at: Place):
    at.ping()
    assert at.due.next_due([HEARTBEAT]) == NOW + timedelta(minutes=70)
    at.clock.jump(4199)
    assert at.expire() == 0
    at.clock.jump(1)
    assert at.expire() == 1
    alert = at.open_alert()
    assert alert is not None
    assert (alert.service, alert.severity, alert.title) == ("api", Severity.S2, "sync is overdue")
    assert [claim.key for claim in at.claim(TRIAGE)] == [alert.id]
    assert at.due.keys(HEARTBEAT) == set()


def test_a_success_clears_it_and_arms_the_timer_anew(at: Place):
    at.ping(Signal.FAIL)
    opened = at.open_alert()
    assert opened is not None
    assert opened.title == "sync failed"
    for claim in at.claim(TRIAGE):
        at.due.complete(claim)
    at.clock.jump(60)
    at.ping()
    assert at.open_alert() is None
    assert [claim.key for claim in at.claim(TRIAGE)] == [opened.id]
    assert at.due.next_due([HEARTBEAT]) == at.clock.now() + timedelta(minutes=70)


def test_a_timer_that_goes_off_early_comes_back_when_it_may_be(at: Place):
    at.ping()
    at.clock.jump(3000)
    at.ping()
    at.clock.jump(1200)
    assert at.expire() == 1
    assert at.open_alert() is None
    assert at.due.next_due([HEARTBEAT]) == NOW + timedelta(seconds=3000 + 4200)


def test_up_and_down_within_one_batch_is_one_alert(at: Place):
    at.ping(Signal.FAIL)
    first = at.open_alert()
    batch = [at.heard(Signal.SUCCESS), at.heard(Signal.FAIL)]
    assert at.heartbeats.take(batch) == [False, False]
    again = at.open_alert()
    assert first is not None
    assert again is not None
    assert again.id == first.id
    assert at.heartbeats.take(
        [at.heard(Signal.SUCCESS), at.heard(Signal.FAIL), at.heard(Signal.SUCCESS)]
    )
    assert at.open_alert() is None


def test_the_last_hundred_pings_are_kept_with_their_bodies(at: Place):
    for n in range(KEPT_PINGS + 30):
        at.ping(Signal.LOG, body=f"line {n}")
    kept = at.heartbeats.pings("sync")
    assert [each.number for each in kept] == list(range(130, 30, -1))
    assert kept[0].body == b"line 129"
    with at.database.read() as tx:
        rows = tx.execute(select(func.count()).select_from(t.heartbeat_ping)).scalar_one()
    assert rows == KEPT_PINGS


def test_a_run_has_its_duration(at: Place):
    at.ping(Signal.START, run="a")
    at.clock.jump(30)
    at.ping(run="a")
    assert at.heartbeats.durations() == {"sync": [30.0]}
    assert at.heartbeats.pings("sync")[0].took_s == 30


def test_a_start_without_a_success_is_down_before_the_next_is_expected(at: Place):
    at.ping()
    at.clock.jump(60)
    at.ping(Signal.START)
    at.clock.jump(600)
    assert at.expire() == 1
    assert at.status() is Status.DOWN


def test_a_restart_loses_no_timer_and_no_state(at: Place, new_database: Callable[[], Database]):
    at.ping()
    again = Place(new_database(), at.clock, SYNC, REPORT)
    assert again.status() is Status.UP
    again.clock.jump(4200)
    assert again.expire() == 1
    assert again.open_alert() is not None


def test_what_fell_due_while_nobody_listened_gets_its_grace_again(
    at: Place, new_database: Callable[[], Database]
):
    at.ping()
    at.clock.jump(8 * 3600)
    again = Place(new_database(), at.clock, SYNC, REPORT)
    assert again.expire() == 1
    assert again.open_alert() is None
    again.clock.jump(600)
    assert again.expire() == 1
    assert again.open_alert() is not None


def test_a_timer_that_got_lost_is_set_again(at: Place, new_database: Callable[[], Database]):
    at.ping()
    at.due.cancel(HEARTBEAT, "sync")
    again = Place(new_database(), at.clock, SYNC, REPORT)
    assert again.due.next_due([HEARTBEAT]) == NOW + timedelta(minutes=70)


def test_two_processes_agree(at: Place, new_database: Callable[[], Database]):
    other = Place(new_database(), at.clock, SYNC, REPORT)
    at.ping(Signal.START)
    other.ping()
    at.ping(Signal.LOG)
    other.ping(Signal.FAIL)
    at.clock.jump(10)
    at.ping()
    assert at.heartbeats.view("sync").state.pings == 5
    assert at.open_alert() is None
    assert [each.number for each in other.heartbeats.pings("sync")] == [5, 4, 3, 2, 1]


def test_many_threads_of_two_processes_lose_no_ping(
    at: Place, new_database: Callable[[], Database]
):
    other = Place(new_database(), at.clock, SYNC, REPORT)

    def one(n: int) -> None:
        (at, other)[n % 2].ping(Signal.LOG)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(40)))
    assert at.heartbeats.view("sync").state.pings == 40


def test_a_ping_makes_its_heartbeat_once(at: Place, new_database: Callable[[], Database]):
    other = Place(new_database(), at.clock, SYNC, REPORT)
    made = Heard(
        name="srv01",
        ping=Ping(signal=Signal.SUCCESS, at=NOW),
        creates=Heartbeat(name="srv01"),
    )
    assert at.heartbeats.take([made, made]) == [True, False]
    assert other.heartbeats.take([made]) == [False]
    view = other.heartbeats.view("srv01")
    assert (view.provisioned, view.expected_at, view.state.pings) == (
        True,
        NOW + timedelta(days=1),
        3,
    )
    other.heartbeats.remove("srv01")
    # The one that has not heard of it yet says so when the next ping comes.
    gone = at.heard(Signal.SUCCESS, "srv01")
    assert at.heartbeats.take([gone]) == [None]


def test_what_the_kit_declares_is_removed_there(at: Place):
    with pytest.raises(DeclaredInKit):
        at.heartbeats.remove("sync")
    with pytest.raises(HeartbeatNotFound, match="There is no heartbeat `synk`"):
        at.heartbeats.remove("synk")


def test_taken_out_of_the_kit_its_alert_ends_unproven(at: Place):
    at.ping(Signal.FAIL)
    alert = at.open_alert()
    at.declare(REPORT)
    assert alert is not None
    ended = at.alerts.alert(alert.id)
    assert ended is not None
    assert ended.cleared_at is not None
    assert dict(ended.details)[UNWATCHED] == "It was taken out of the kit."
    assert [view.heartbeat.name for view in at.heartbeats.views()] == ["Nightly report"]
    assert at.heartbeats.pings("sync") == []


def test_paused_nothing_is_looked_for_until_it_is_heard(at: Place):
    at.ping()
    assert at.heartbeats.pause("sync").status is Status.PAUSED
    at.clock.jump(100_000)
    assert at.expire() == 1
    assert at.open_alert() is None
    assert at.heartbeats.resume("sync").status is Status.NEW
    at.ping()
    assert at.status() is Status.UP
    assert at.due.next_due([HEARTBEAT]) == at.clock.now() + timedelta(minutes=70)


def test_a_shorter_period_sets_the_timer_earlier(at: Place):
    at.ping()
    at.declare(Heartbeat(name="sync", every_s=60, grace_s=60), REPORT)
    assert at.due.next_due([HEARTBEAT]) == NOW + timedelta(minutes=2)


def test_when_the_clock_steps_every_length_stays(at: Place):
    at.ping()
    step = timedelta(hours=3)
    at.due.shift(step)
    at.clock.jump(step.total_seconds())
    at.heartbeats.shift(step)
    assert at.status() is Status.UP
    assert at.due.next_due([HEARTBEAT]) == NOW + step + timedelta(minutes=70)


def test_names_and_ids_lead_to_it(at: Place):
    book = at.heartbeats.book()
    ident = at.heartbeats.url("sync").rpartition("/")[2]
    assert book.ids[ident] == "sync"
    assert book.slugs["nightly-report"] == ("Nightly report",)
    assert at.heartbeats.slug_url(REPORT).endswith(f"/{at.heartbeats.ping_key}/nightly-report")
