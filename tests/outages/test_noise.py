"""A day of noise in simulated time, with the real judge and the real triage.

One look in a hundred is lost, targets restart for two seconds and blink for three probes, one of
three vantage points is down for hours: nobody is called. Everything real of half a minute or more
that is planted in it is found.
"""

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from relight.catalog.service import Check, Route, Service
from relight.catalog.severity_matrix import DEFAULT
from relight.detect import triage
from relight.detect.alert import Alert, clear, open_alert
from relight.detect.grouping import OpenIncident
from relight.detect.judge import CheckState, judge
from relight.detect.observation import Observation
from relight.incident.status import Status
from relight.kernel.plug import Plugged

BEGIN = datetime(2026, 1, 16, tzinfo=UTC)
DAY_S = 86_400.0
EVERY_S = 25
FROM = ("frankfurt", "here", "sydney")
LOST = 0.01
_SERVICES = ("api", "web", "mail")


@dataclass(frozen=True)
class Trouble:
    """What really happens to a check: from one second of the day to another, to everyone."""

    check: str
    start: float
    end: float


@dataclass
class Day:
    """One day: what is looked at, what happens, and who is called."""

    seed: int
    troubles: list[Trouble]
    cut_off: tuple[str, float, float]
    states: dict[str, CheckState] = field(default_factory=dict[str, CheckState])
    alerts: dict[str, Alert] = field(default_factory=dict[str, Alert])
    incidents: list[OpenIncident] = field(default_factory=list[OpenIncident])
    pages: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    looks: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.services = {name: _service(name) for name in _SERVICES}
        self.checks = {c.key: c for s in self.services.values() for c in s.checks}
        self.by_check: dict[str, list[Trouble]] = {key: [] for key in self.checks}
        for each in self.troubles:
            self.by_check[each.check].append(each)
        self._order = count()
        self._heap: list[tuple[float, int, str, str]] = []
        self._next: dict[tuple[str, str], float] = {}
        for n, key in enumerate(self.checks):
            self.states[key] = CheckState.fresh(key)
            for m, vantage in enumerate(FROM):
                self._look_at(key, vantage, (n * 5 + m) / 3)

    def _look_at(self, key: str, vantage: str, at: float) -> None:
        if self._next.get((key, vantage), DAY_S * 2) > at:
            self._next[key, vantage] = at
            heapq.heappush(self._heap, (at, next(self._order), key, vantage))

    def run(self) -> None:
        while self._heap and self._heap[0][0] < DAY_S:
            at, _, key, vantage = heapq.heappop(self._heap)
            if vantage == "triage":
                self._triage(key, at)
            elif self._next.get((key, vantage)) == at:
                del self._next[key, vantage]
                self._look(key, vantage, at)

    def _look(self, key: str, vantage: str, at: float) -> None:
        self.looks += 1
        check, state = self.checks[key], self.states[key]
        who, since, until = self.cut_off
        ok = not any(each.start <= at < each.end for each in self.by_check[key])
        ok = ok and self.random.random() >= LOST
        ok = ok and not (who == vantage and since <= at < until)
        took_s = self.random.uniform(0.02, 0.2)
        seen = Observation(
            check=key,
            vantage=vantage,
            at=_moment(at),
            ok=ok,
            took_s=took_s,
            reason="answered 200" if ok else "No connection: timed out",
        )
        judgement = judge(state, seen, check)
        after, change = judgement.state, judgement.change
        if change and change.is_trouble:
            alert = open_alert(after, check, seen.at, f"a{len(self.alerts)}")
            self.alerts[alert.id] = alert
            after = _with_alert(after, alert.id)
            heapq.heappush(self._heap, (at, next(self._order), alert.id, "triage"))
        elif change and state.alert_id:
            self._over(state.alert_id, at)
            after = _with_alert(after, None)
        self.states[key] = after
        self._look_at(key, vantage, at + took_s + judgement.next_in_s)
        if judgement.everywhere:
            for other in self.services[check.service].checks:
                for each in FROM:
                    if (other.key, each) != (key, vantage):
                        self._look_at(other.key, each, at + 0.05)

    def _triage(self, alert_id: str, at: float) -> None:
        alert = self.alerts[alert_id]
        service = self.services[alert.service]
        wait_s = triage.settles_in_s(alert, service, self.states, _moment(at))
        if wait_s:
            heapq.heappush(self._heap, (at + wait_s, next(self._order), alert_id, "triage"))
            return
        proposal = triage.propose(
            alert,
            service,
            self.states,
            open_incidents=[each for each in self.incidents if each.status.live],
            recently_resolved=[each for each in self.incidents if not each.status.live],
            matrix=DEFAULT,
            now=_moment(at),
        )
        match proposal:
            case triage.Declare():
                self._called(service.name, at)
                self.incidents.append(
                    OpenIncident(
                        id=str(len(self.incidents)),
                        services=proposal.services,
                        status=Status.INVESTIGATING,
                        opened_at=_moment(at),
                        stability_s=300,
                        alerts=(alert_id,),
                    )
                )
            case triage.Reopen():
                self._called(service.name, at)
            case triage.Join() | triage.Nothing():
                pass

    def _called(self, service: str, at: float) -> None:
        self.pages.append((at, service))

    def _over(self, alert_id: str, at: float) -> None:
        """Clear an alert; what nothing is open of any more is taken for resolved."""
        self.alerts[alert_id] = clear(self.alerts[alert_id], _moment(at))
        if not any(each.is_open for each in self.alerts.values()):
            self.incidents.clear()


def _service(name: str) -> Service:
    ways = ((Route.THROUGH, "through"), (Route.DIRECT, "direct"))
    checks = tuple(
        Check(service=name, name=way, probe=Plugged("http", {}), route=route, every_s=EVERY_S)
        for route, way in ways
    )
    return Service(name=name, title=name, checks=checks)


def _moment(at: float) -> datetime:
    return BEGIN + timedelta(seconds=at)


def _with_alert(state: CheckState, alert_id: str | None) -> CheckState:
    from msgspec.structs import replace

    return replace(state, alert_id=alert_id)


def _noise(rng: random.Random) -> Iterator[Trouble]:
    for key in (f"{name}/{way}" for name in _SERVICES for way in ("through", "direct")):
        for n in range(12):
            start = n * 7200 + rng.uniform(0, 7000)
            yield Trouble(key, start, start + 2.0)  # a restart by a deploy
        for n in range(6):
            start = n * 14_400 + rng.uniform(0, 14_000)
            yield Trouble(key, start, start + 2.5)  # long enough for three probes in a row


REAL = [
    (7_000.0, 30.0, ("api/through",)),
    (15_000.0, 30.0, ("web/through", "web/direct")),
    (24_000.0, 45.0, ("mail/direct",)),
    (31_000.0, 120.0, ("api/through", "api/direct")),
    (50_000.0, 30.0, ("mail/through", "mail/direct")),
    (62_000.0, 600.0, ("web/through",)),
    (75_000.0, 35.0, ("api/direct",)),
]
CUT_OFF = ("frankfurt", 20_000.0, 40_000.0)


def test_a_day_of_noise_calls_nobody_and_every_real_outage_is_found() -> None:
    rng = random.Random(20260116)
    real = [Trouble(key, at, at + long) for at, long, keys in REAL for key in keys]
    day = Day(seed=7, troubles=[*_noise(rng), *real], cut_off=CUT_OFF)

    day.run()

    assert day.looks > 6 * 3 * DAY_S / EVERY_S
    needless = [page for page in day.pages if not _real(page)]
    assert needless == []
    for start, long, keys in REAL:
        service = keys[0].partition("/")[0]
        found = [at for at, who in day.pages if who == service and start <= at < start + long]
        assert found, f"{service} at {start}"
        assert found[0] - start <= EVERY_S + 6
    assert len(day.pages) == len(REAL)


def _real(page: tuple[float, str]) -> bool:
    at, service = page
    return any(
        keys[0].partition("/")[0] == service and start <= at < start + long
        for start, long, keys in REAL
    )
