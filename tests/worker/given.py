"""A small real house on SQLite whose outside is scripted, and ways to run what is due in it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from relight.incident import events as ev
from relight.incident.state import Incident
from relight.kernel.actor import person
from relight.kernel.clock import Clock, JumpingClock
from relight.kernel.ledger import Claim
from relight.kernel.severity import Severity
from relight.wiring.house import House, build
from relight.worker.lanes import Run
from relight.worker.timetable import Timetable
from relight.worker.work import Worker
from tests.outages.outside import Outside, Site

NOW = datetime(2026, 5, 2, 2, 3, tzinfo=UTC)
SAM = person("sam")
KIT = """\
name: Where2Eat
people:
  - name: sam
    contacts:
      - email: sam@example.org
services:
  - name: api
    title: The API
    checks:
      - http: {name: front, url: https://api.example.org/health}
status_page:
  publish:
    - folder: ./public
"""


@dataclass
class Place:
    """A house with its worker, its kit folder, its outside and a clock that jumps."""

    folder: Path
    house: House
    worker: Worker
    outside: Outside
    clock: JumpingClock
    more: list[House] = field(default_factory=list[House])

    @property
    def timetable(self) -> Timetable:
        return self.worker.prober.timetable

    def declare(self, severity: Severity = Severity.S1) -> Incident:
        return self.house.desk.declare("API is down", by=SAM, severity=severity, services=["api"])

    def incident(self) -> Incident:
        return self.house.incidents.all(limit=1)[0]

    def events(self) -> list[ev.IncidentEvent]:
        return [entry.event for entry in self.house.desk.timeline(self.incident())]

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events()]

    def handlers(self) -> dict[str, Run]:
        lanes = self.worker.lanes
        return {kind: run for lane in lanes for kind, run in lane.handlers.items()}

    def claim(self, *kinds: str) -> list[Claim]:
        return self.house.due.claim(kinds, now=self.clock.now(), limit=100, lease_s=60)

    async def run(self, *kinds: str) -> int:
        """Do what is due of these kinds, and what follows from it, and count it."""
        done = 0
        while claims := self.claim(*kinds):
            for claim in claims:
                await self.handlers()[claim.kind](claim)
            done += len(claims)
        return done

    async def look(self) -> None:
        """Do what is due of every kind, with the checks' results written."""
        while await self.check() + await self.run(*self.handlers()):
            pass

    async def check(self) -> int:
        """Look at the checks that are due, write what was seen, and count them."""
        done = await self.worker.prober.look_due()
        self.worker.prober.flush()
        return done

    def write_kit(self, kit: str) -> None:
        (self.folder / "relight.yaml").write_text(kit, encoding="utf-8")


def place(folder: Path, kit: str = KIT, *, clock: Clock | None = None) -> Place:
    folder.mkdir(exist_ok=True)
    (folder / "relight.yaml").write_text(kit, encoding="utf-8")
    jumping = JumpingClock(NOW)
    outside = Outside([Site("api", "api.example.org", "192.0.2.1")])
    house = build(folder, clock=clock or jumping, outside=outside.opener())
    return Place(folder, house, Worker(house), outside, jumping)
