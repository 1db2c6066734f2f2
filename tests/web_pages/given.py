"""Kits of three sizes, and an incident to look at."""

from pathlib import Path

import msgspec
from sqlalchemy import insert

from relight.detect.judge import CheckState, judge
from relight.detect.observation import Observation
from relight.incident.state import Incident
from relight.kernel.actor import person
from relight.kernel.severity import Severity
from relight.store import tables as t
from relight.store.series import Result
from relight.wiring.house import House
from tests.web.given import house_at

SAM = person("sam")
UGLY = "<img src=x onerror=alert(1)> & \"quoted\" 'title' 🍜 "
_PEOPLE = """\
people:
  - {name: rebecca, role: admin, contacts: [{email: rebecca@example.org}]}
  - {name: sam, contacts: [{email: sam@example.org}]}
  - {name: vera, role: viewer}
oncall:
  - {name: primary, zone: Europe/Amsterdam, rotation: {every: 1w, from: 2026-01-05T09:00, people: [rebecca, sam]}}
"""


def house_of(folder: Path, services: int, *, people: bool = True) -> House:
    """Build a house with so many services, each with one check."""
    lines = ["name: Where2Eat", *(_PEOPLE.splitlines() if people else [])]
    if services:
        lines.append("services:")
    for n in range(services):
        lines += [f"  - name: service-{n}", "    checks:", f"      - http://127.0.0.1:9/{n}"]
    return house_at(folder, kit="\n".join(lines) + "\n")


def looked(house: House, *, down: str = "") -> None:
    """Let every check have three results, bad ones for the service that is down."""
    states: list[CheckState] = []
    for key, check in house.desk.catalog.checks().items():
        state = CheckState.fresh(key)
        for n in range(3):
            at = house.clock.now()
            ok = check.service != down
            reason = "200" if ok else "connection <refused>"
            seen = Observation(check=key, vantage="", at=at, ok=ok, took_s=0.02 + n, reason=reason)
            state = judge(state, seen, check).state
            house.series.append([Result(key, at, ok, seen.took_s)])
        states.append(state)
    with house.database.write() as tx:
        for state in states:
            body = msgspec.json.encode(state)
            tx.execute(insert(t.check_state).values(check=state.check, state=body))


def declared(house: House, title: str = "Checkout fails", **changes: object) -> Incident:
    """Declare an S1 by hand on the first service."""
    names = [each.name for each in house.desk.catalog.services[:1]]
    given: dict[str, object] = {"severity": Severity.S1, "services": names, "by": SAM}
    return house.desk.declare(title, **(given | changes))  # pyright: ignore[reportArgumentType]
