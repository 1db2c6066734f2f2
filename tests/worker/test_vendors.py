"""A vendor's word on loopback: read, changed, lost and found again, and what that leads to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from relight.desk.rules import TRIAGE, ask_triage
from relight.detect.alert import Alert
from relight.detect.situation import Notice
from relight.incident import events as ev
from relight.kernel.clock import JumpingClock
from relight.kernel.ids import uuid7
from relight.kernel.severity import Severity
from relight.store.alerts import raise_in
from relight.store.vendors import VENDOR
from relight.wiring.house import House, build
from relight.worker.work import Worker
from tests.outages.outside import Outside
from tests.peers.feed_server import FeedServer, feed_server
from tests.peers.outside import real_ports
from tests.worker.given import SAM, Place

SAMPLES = Path(__file__).parents[1] / "detect" / "vendors" / "samples"
TROUBLE = (SAMPLES / "statuspage-github.json").read_bytes()
CALM = b'{"components": [{"name": "API Requests", "status": "operational"}]}'
NOW = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
PATH = "/api/v2/summary.json"
KIT = """\
name: Where2Eat
people:
  - {name: sam, contacts: [sam@example.org]}
services:
  - {name: api, depends_on: [{vendor: forge, components: [API]}]}
  - {name: jobs, depends_on: [forge]}
  - {name: blog}
vendors:
  - {name: forge, feed: {statuspage: {url: "URL"}}MORE}
"""


class Staged:
    """A house over a real server of a vendor's feed."""

    def __init__(self, folder: Path, server: FeedServer, *, more: str = "") -> None:
        folder.mkdir(exist_ok=True)
        kit = KIT.replace("URL", server.url()).replace("MORE", more)
        (folder / "relight.yaml").write_text(kit, encoding="utf-8")
        self.server = server
        self.clock = JumpingClock(NOW)
        ports = msgspec.structs.replace(real_ports(), clock=self.clock)
        self.house: House = build(
            folder, clock=self.clock, outside=lambda _catalog, _clock, _password: ports
        )
        worker = Worker(self.house)
        self.place = Place(folder, self.house, worker, Outside([]), self.clock)
        worker.prepare()

    async def read(self, wait_s: float = 0.0) -> None:
        self.clock.jump(wait_s)
        assert await self.place.run(VENDOR) == 1

    def told(self, service: str = "api") -> tuple[Notice, ...]:
        found = self.house.desk.catalog.service(service)
        assert found is not None
        (standing,) = self.house.desk.facts.vendors(found, self.clock.now())
        return standing.notices

    def fault(self) -> str:
        return self.house.vendors.view("forge").standing.fault

    def notes(self) -> list[str]:
        desk = self.house.desk
        events = [
            entry.event for each in self.house.incidents.all() for entry in desk.timeline(each)
        ]
        return [each.text for each in events if isinstance(each, ev.NoteAdded)]

    def raise_alert(self) -> None:
        now = self.clock.now()
        alert = Alert(
            id=uuid7(now), source="intake/x", key="1", service="api", opened_at=now,
            summary="Slow", reason="Slow", severity=Severity.S3,
        )  # fmt: skip
        with self.house.database.write() as tx:
            raise_in(tx, alert, [ask_triage(alert.id, now)])


@pytest.fixture
def houses() -> Iterator[list[House]]:
    opened: list[House] = []
    yield opened
    for each in opened:
        each.close()


async def test_it_is_read_while_it_changes_is_lost_and_comes_back(
    tmp_path: Path, houses: list[House]
):
    async with feed_server({PATH: CALM}) as server:
        at = Staged(tmp_path / "kit", server)
        houses.append(at.house)
        assert at.fault() == "It has not been read yet."
        await at.read()
        assert (at.fault(), at.told()) == ("", ())

        server.files[PATH] = TROUBLE
        await at.read(140)
        assert [each.component for each in at.told()] == ["API Requests"]
        assert {each.component for each in at.told("jobs")} == {"API Requests", "Actions"}
        assert at.house.desk.facts.vendors(at.house.desk.catalog.services[2], NOW) == ()
        (view,) = at.house.vendors.views(["api"])
        assert [each.component for each in view.lasting(at.clock.now())] == ["API Requests"]
        assert not view.coming(at.clock.now())
        assert at.house.vendors.view("forge").coming(at.clock.now())

        await at.read(140)
        assert [status for _, status in server.answered] == [200, 200, 304]
        assert [each.component for each in at.told()] == ["API Requests"]

        server.status, server.retry_after = 503, "600"
        await at.read(140)
        assert "503" in at.fault()
        assert [each.component for each in at.told()] == ["API Requests"]
        view = at.house.vendors.view("forge")
        assert view.failing_since == at.clock.now()
        assert view.standing.read_at == at.clock.now() - timedelta(seconds=140)
        due = at.house.due.next_due([VENDOR])
        assert due == at.clock.now() + timedelta(seconds=600)

        server.status, server.files[PATH] = 200, CALM
        await at.read(600)
        assert at.fault() == ""
        assert all(each.ended_at for each in at.told())


async def test_what_it_says_is_noted_once_on_a_live_incident(tmp_path: Path, houses: list[House]):
    async with feed_server({PATH: TROUBLE}) as server:
        at = Staged(tmp_path / "kit", server)
        houses.append(at.house)
        desk = at.house.desk
        desk.declare("API is slow", by=SAM, severity=Severity.S3, services=["blog"])
        await at.read()
        assert at.notes() == []
        desk.declare("API is slow", by=SAM, severity=Severity.S3, services=["api"])
        # As by a process that dies after the note and before the reading is kept.
        at.clock.jump(140)
        (claim,) = at.place.claim(VENDOR)
        at.house.due.complete(claim)
        at.house.vendors.take(claim, desk.catalog.vendors[0], at.told("jobs"))
        (note,) = at.notes()
        assert note.startswith("forge says: Incident across several services (")
        assert note.endswith("https://stspg.io/m1ps7yrhp4n8")
        at.house.vendors.align()
        await at.read()
        await at.read(140)
        assert at.notes() == [note]


async def test_an_alert_has_it_read_at_once_and_not_for_every_alert(
    tmp_path: Path, houses: list[House]
):
    async with feed_server({PATH: CALM}) as server:
        at = Staged(tmp_path / "kit", server)
        houses.append(at.house)
        await at.read()
        at.clock.jump(20)
        assert await at.place.run(VENDOR) == 0
        at.raise_alert()
        await at.place.run(TRIAGE)
        assert await at.place.run(VENDOR) == 1
        at.house.vendors.ask(["api", "jobs"])
        assert await at.place.run(VENDOR) == 0


async def test_its_trouble_raises_an_alert_only_where_the_kit_says_so(
    tmp_path: Path, houses: list[House]
):
    async with feed_server({PATH: TROUBLE}) as server:
        quiet = Staged(tmp_path / "quiet", server)
        loud = Staged(tmp_path / "loud", server, more=", declare: S3")
        houses += [quiet.house, loud.house]
        for each in (quiet, loud):
            await each.read()
            await each.read(140)
        assert quiet.house.alerts.alerts() == []
        assert {(each.source, each.service) for each in loud.house.alerts.alerts()} == {
            ("vendor", "api"),
            ("vendor", "jobs"),
        }
        await loud.place.run(TRIAGE)
        (incident,) = loud.house.incidents.all(live=True)
        assert incident.severity is Severity.S3
        server.files[PATH] = CALM
        await loud.read(140)
        assert not any(each.is_open for each in loud.house.alerts.alerts())
