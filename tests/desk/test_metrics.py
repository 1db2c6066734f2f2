"""Figures that become alerts, incidents and their end, on the real rules and tables."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from relight.desk.metrics import Pushed
from relight.detect.metrics import host as hosts
from relight.detect.metrics.reading import Reading
from relight.kernel.clock import JumpingClock
from relight.kernel.severity import Severity
from relight.wiring.house import House, build

BEGAN = datetime(2026, 1, 16, 2, 0, tzinfo=UTC)
KIT = """\
name: Where2Eat
services:
  - name: api
hosts:
  - {name: web-1, service: api, severity: S2}
rules:
  - {name: errors, metric: 'http_requests_total{code=~"5.."}', rate: 1m, below: 1, for: 1m, by: [path], service: api, severity: S1}
"""


class Play:
    """A house on a clock that jumps; figures are told every 15 s, and judged after each."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "relight.yaml").write_text(KIT, encoding="utf-8")
        self.clock = JumpingClock(BEGAN)
        self.house: House = build(folder, clock=self.clock)
        self._errors = 0.0

    def go(self, minutes: float, *, memory: float = 0.5, errors_a_second: float = 0) -> int:
        changed = 0
        for _ in range(round(minutes * 4)):
            self.clock.jump(15)
            self._errors += errors_a_second * 15
            labels = (("code", "500"), ("path", "/pay"))
            self.house.metrics.take(
                [
                    Pushed("web-1", (self._reading(hosts.MEMORY, memory),)),
                    Pushed("shop", (self._reading("http_requests_total", self._errors, labels),)),
                ]
            )
            changed += self.house.metrics.judge()
        return changed

    def _reading(
        self, name: str, value: float, labels: tuple[tuple[str, str], ...] = ()
    ) -> Reading:
        return Reading(name=name, labels=labels, at=self.clock.now(), value=value)

    def open(self) -> list[str]:
        return sorted(each.key for each in self.house.alerts.alerts(only_open=True))


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    play = Play(tmp_path / "kit")
    yield play
    play.house.close()


def test_memory_that_is_used_up_is_one_alert_until_it_is_free_again(play: Play) -> None:
    assert play.go(6) == 0
    assert play.go(8, memory=0.99) == 1
    (alert,) = play.house.alerts.alerts(only_open=True)
    assert (alert.source, alert.key, alert.severity) == ("metric", "web-1/memory", Severity.S2)
    assert alert.summary == "Memory of web-1 is used up: 99 % used for 5 min"
    assert play.house.due.keys("triage") == {alert.id}
    assert play.go(1) == 0
    assert play.go(3) == 1
    assert play.open() == []


def test_a_rule_judges_each_label_by_itself(play: Play) -> None:
    play.go(2)
    assert play.go(4, errors_a_second=5) == 1
    assert play.open() == ["errors//pay"]
    (alert,) = play.house.alerts.alerts()
    assert (alert.service, alert.severity) == ("api", Severity.S1)
    assert "wanted below 1/s" in alert.reason
    play.go(5)
    assert play.open() == []


def test_a_host_that_falls_silent_is_told(play: Play) -> None:
    play.go(1)
    play.clock.jump(100)
    assert play.house.metrics.judge() == 1
    assert play.open() == ["web-1/silence"]
    play.go(0.25)
    assert play.open() == []


def test_what_the_kit_no_longer_names_is_let_go(play: Play) -> None:
    play.go(8, memory=0.99)
    assert play.open() == ["web-1/memory"]
    file = play.house.folder / "relight.yaml"
    file.write_text("name: Where2Eat\nservices: [{name: api}]\n", encoding="utf-8")
    play.house.kit.loaded = play.house.read_kit(play.house.folder, play.house.kit.loaded)
    assert play.house.metrics.judge() == 1
    (alert,) = play.house.alerts.alerts()
    assert not alert.is_open
    assert dict(alert.details) == {"no longer watched": "It was taken out of the kit."}


def test_keys_follow_from_the_name_and_tell_who_speaks(play: Play) -> None:
    (host,) = play.house.kit.catalog.hosts
    metrics = play.house.metrics
    assert metrics.who(metrics.key_of(host)) == host
    assert metrics.who("") is None
    assert metrics.who(metrics.key_of(host)[:-1] + "x") is None


def test_a_gap_in_time_is_no_verdict(play: Play) -> None:
    play.go(8, memory=0.99)
    play.clock.jump(timedelta(hours=1).total_seconds())
    play.house.metrics.judge()
    # Silent now; whether memory is free again is not known, so that alert stays.
    assert play.open() == ["web-1/memory", "web-1/silence"]
