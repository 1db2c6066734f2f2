"""From reports of pages to an incident that pages someone, and back."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from relight.detect.edge.tally import Counts, Drained
from relight.kernel.clock import JumpingClock
from relight.kernel.severity import Severity
from relight.store.edge import EdgeRecords
from relight.wiring.house import House, build
from relight.worker.edge import EdgeWatch

NOW = datetime(2026, 5, 4, 2, 3, 1, tzinfo=UTC)
KIT = """\
name: Where2Eat
customers: customers.csv
people:
  - name: sam
services:
  - name: widget
    title: Widget
    edge: {}
"""


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock(NOW)


@pytest.fixture
def house(tmp_path: Path, clock: JumpingClock) -> Iterator[House]:
    (tmp_path / "relight.yaml").write_text(KIT, encoding="utf-8")
    rows = "".join(f"c{n},yes\n" for n in range(12))
    (tmp_path / "customers.csv").write_text(f"key,paying\n{rows}", encoding="utf-8")
    with closing(build(tmp_path, clock=clock)) as house:
        yield house


def watch(house: House) -> EdgeWatch:
    return EdgeWatch(
        desk=house.edge, clock=house.clock, masker=house.masker, on_visible=house.changes.announce
    )


def reported(house: House, loads: int, failed: int, sites: int = 12) -> None:
    counts = tuple(
        Counts(service="widget", site=f"c{n}", loads=loads, failed=failed, visitors=failed)
        for n in range(sites)
    )
    EdgeRecords(house.database).add(Drained(counts, ()), house.clock.now())


def test_pages_that_fail_raise_one_alert_with_its_triage(house: House, clock: JumpingClock):
    watcher = watch(house)
    reported(house, loads=3, failed=0)
    watcher.look()
    assert house.alerts.alerts() == []
    clock.jump(10)
    reported(house, loads=3, failed=3)
    watcher.look()
    watcher.look()
    (alert,) = house.alerts.alerts(only_open=True)
    assert (alert.source, alert.key, alert.service) == ("edge", "widget", "widget")
    assert house.due.keys("triage") == {alert.id}


def test_it_clears_and_asks_for_triage_again(house: House, clock: JumpingClock):
    watcher = watch(house)
    reported(house, loads=3, failed=3)
    watcher.look()
    (alert,) = house.alerts.alerts(only_open=True)
    house.due.cancel("triage", alert.id)
    for _ in range(8):
        clock.jump(10)
        reported(house, loads=3, failed=0)
        watcher.look()
    assert house.alerts.alerts(only_open=True) == []
    assert house.due.keys("triage") == {alert.id}


def test_the_verdict_and_the_severity_see_the_pages(house: House):
    reported(house, loads=4, failed=3)
    service = house.desk.catalog.services[0]
    seen = house.desk.facts.edge(service, house.clock.now())
    assert seen is not None
    assert (seen.loads, seen.failed, len(seen.failing_sites)) == (48, 36, 12)
    reach = house.edge.reach(service, house.clock.now())
    assert reach is not None
    assert (reach.users_ratio, reach.paying_customers) == (0.75, 12)


def test_one_customer_alone_is_a_ticket(house: House):
    reported(house, loads=10, failed=0)
    alone = Counts(service="widget", site="c3", loads=20, failed=20, visitors=9)
    EdgeRecords(house.database).add(Drained((alone,), ()), house.clock.now())
    watch(house).look()
    (alert,) = house.alerts.alerts(only_open=True)
    assert alert.key == "widget/site/c3"
    assert alert.severity is Severity.S3
    assert alert.details == (("Site", "c3"),)


def test_traffic_that_stays_away_is_noticed_once_it_is_known(house: House, clock: JumpingClock):
    records, watcher = EdgeRecords(house.database), watch(house)
    usual = Drained((Counts(service="widget", site="c0", loads=3600),), ())
    start = NOW - timedelta(weeks=5)
    for week in range(5):
        for hour in (-1, 0, 1):
            records.add(usual, start + timedelta(weeks=week, hours=hour))
    watcher.look()
    assert house.alerts.alerts() == [], "nothing was listened to yet"
    clock.jump(120)
    watcher.look()
    (alert,) = house.alerts.alerts(only_open=True)
    assert alert.key == "widget/quiet"
    assert "are usual at this hour" in alert.reason
    for _ in range(3):
        clock.jump(60)
        reported(house, loads=60, failed=0, sites=1)
    clock.jump(60)
    watcher.look()
    assert house.alerts.alerts(only_open=True) == []


def test_an_alert_of_what_reports_no_more_is_cleared(house: House):
    watcher = watch(house)
    reported(house, loads=3, failed=3)
    watcher.look()
    without = KIT.replace("    edge: {}\n", "")
    (house.folder / "relight.yaml").write_text(without, encoding="utf-8")
    house.kit.loaded = house.read_kit(house.folder, house.kit.loaded)
    watcher.look()
    assert house.alerts.alerts(only_open=True) == []
