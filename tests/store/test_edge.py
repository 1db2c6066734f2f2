"""What pages reported is added up by ten seconds, minute and hour, the same on both engines."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from relight.detect.edge.tally import Counts, Drained
from relight.store.edge import EdgeRecords
from relight.store.engine import Database

NOW = datetime(2026, 5, 4, 12, 30, 7, tzinfo=UTC)


@pytest.fixture
def records(database: Database) -> EdgeRecords:
    return EdgeRecords(database)


def counted(site: str = "acme", service: str = "widget", **figures: int) -> Drained:
    return Drained((Counts(service=service, site=site, **figures),), ())


def test_what_is_added_twice_is_summed(records: EdgeRecords):
    records.add(counted(loads=3, failed=1, visitors=1), NOW)
    records.add(counted(loads=2, slow=1), NOW + timedelta(seconds=2))
    records.add(counted(loads=1), NOW + timedelta(seconds=5))
    first, second = records.recent(NOW + timedelta(seconds=5))["widget"]
    assert first.at == NOW.replace(second=0)
    assert first.counts == Counts(
        service="widget", site="acme", loads=5, failed=1, slow=1, visitors=1
    )
    assert second.counts.loads == 1
    assert records.by_site("widget", NOW - timedelta(hours=1))[0].loads == 6
    assert records.minutes("widget", NOW.replace(second=0)).keys() == {NOW.replace(second=0)}


def test_each_service_has_its_own(records: EdgeRecords):
    records.add(counted(loads=3), NOW)
    records.add(counted(loads=5, service="search"), NOW)
    assert records.recent(NOW).keys() == {"widget", "search"}
    assert records.recent(NOW, "search").keys() == {"search"}


def test_what_is_older_than_five_minutes_is_not_recent(records: EdgeRecords):
    records.add(counted(loads=3), NOW - timedelta(minutes=6))
    assert records.recent(NOW) == {}


def test_loads_up_to_the_last_full_minute(records: EdgeRecords):
    for minute in range(20):
        records.add(counted(loads=1), NOW - timedelta(minutes=minute))
    assert records.loads(NOW, (60, 300, 3600)) == {"widget": {"acme": {60: 1, 300: 5, 3600: 19}}}


def test_hours(records: EdgeRecords):
    hour = NOW.replace(minute=0, second=0)
    for site in ("acme", "bistro"):
        records.add(counted(site, loads=10, failed=1), NOW - timedelta(weeks=1))
    records.add(counted(loads=4), NOW)
    week_ago = hour - timedelta(weeks=1)
    assert records.in_hours([week_ago, hour - timedelta(weeks=2)]) == {
        "widget": {"acme": {week_ago: 10}, "bistro": {week_ago: 10}}
    }
    assert records.hourly(NOW - timedelta(weeks=2), NOW) == {
        "widget": [Counts(service="widget", site="", loads=20, failed=2)]
    }


def test_sites_with_most_failures_come_first(records: EdgeRecords):
    records.add(counted("good", loads=100), NOW)
    records.add(counted("bad", loads=10, failed=9), NOW)
    found = records.by_site("widget", NOW - timedelta(minutes=5))
    assert [each.site for each in found] == ["bad", "good"]


def test_words_of_failures_are_counted_and_bounded(records: EdgeRecords):
    many = tuple(("widget", f"kind {n:03}", 1) for n in range(80))
    records.add(Drained((), many), NOW)
    records.add(Drained((), (("widget", "kind 070", 5),)), NOW)
    records.retain(NOW)
    (first,) = records.reasons("widget", NOW - timedelta(hours=1), limit=1)
    assert (first.words, first.count) == ("kind 070", 6)
    assert len(records.reasons("widget", NOW - timedelta(hours=1), limit=500)) == 50
    assert records.reasons("widget", NOW + timedelta(hours=1)) == []


def test_what_has_expired_goes(records: EdgeRecords):
    ages = (timedelta(minutes=14), timedelta(minutes=20), timedelta(days=3), timedelta(weeks=7))
    for age in ages:
        records.add(counted(loads=1), NOW - age)
    records.retain(NOW)
    assert len(records.by_site("widget", NOW - timedelta(weeks=9))) == 1
    assert records.by_site("widget", NOW - timedelta(weeks=9))[0].loads == 2
    assert sum(each.loads for each in records.hourly(NOW - timedelta(weeks=9), NOW)["widget"]) == 1
    records.retain(NOW + timedelta(weeks=8))
    assert records.hourly(NOW - timedelta(weeks=9), NOW + timedelta(weeks=8)) == {}


def test_several_processes_add_to_the_same_counts(new_database: Callable[[], Database]):
    from relight.store.schema import prepare

    databases = [new_database() for _ in range(3)]
    prepare(databases[0])
    together = Drained(
        tuple(Counts(service="widget", site=f"s{n}", loads=1) for n in range(20)), ()
    )

    def add(database: Database) -> None:
        for _ in range(10):
            EdgeRecords(database).add(together, NOW)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(add, databases))
    found = EdgeRecords(databases[0]).by_site("widget", NOW - timedelta(minutes=5))
    assert [each.loads for each in found] == [30] * 20
