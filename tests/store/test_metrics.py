from datetime import UTC, datetime, timedelta

import pytest

from relight.detect.metrics.reading import Point, Reading
from relight.store import series_tables
from relight.store.engine import Database
from relight.store.metrics import MOST_SERIES, MetricRecords

NOW = datetime(2026, 1, 16, 2, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


@pytest.fixture
def records(database: Database) -> MetricRecords:
    series_tables.prepare(database)
    return MetricRecords(database)


def reading(value: float, ago_s: float = 0, name: str = "used", **labels: str) -> Reading:
    at = NOW - timedelta(seconds=ago_s)
    return Reading(name=name, labels=tuple(sorted(labels.items())), at=at, value=value)


def found(records: MetricRecords, name: str = "used", source: str = "") -> list[list[Point]]:
    since = NOW - timedelta(hours=1)
    return [list(each.points) for each in records.histories(name, since, NOW, source=source)]


def test_what_was_told_can_be_read_in_order(records: MetricRecords) -> None:
    records.append("web-1", [reading(2), reading(1, ago_s=15)], NOW)
    assert found(records) == [[Point(NOW_MS - 15_000, 1), Point(NOW_MS, 2)]]
    assert records.heard_at("web-1") == NOW
    assert records.names() == ["used"]


def test_the_same_moment_counts_once(records: MetricRecords) -> None:
    records.append("web-1", [reading(1)], NOW)
    records.append("web-1", [reading(1), reading(1)], NOW)
    assert found(records) == [[Point(NOW_MS, 1)]]


def test_sources_and_labels_are_series_of_their_own(records: MetricRecords) -> None:
    records.append("web-1", [reading(1, mount="/"), reading(2, mount="/var")], NOW)
    records.append("web-2", [reading(3, mount="/")], NOW)
    assert len(found(records)) == 3
    assert found(records, source="web-2") == [[Point(NOW_MS, 3)]]


def test_a_new_process_knows_them_again(records: MetricRecords, database: Database) -> None:
    records.append("web-1", [reading(1, ago_s=30, mount="/")], NOW)
    again = MetricRecords(database)
    assert found(again) == found(records)
    assert again.heard_at("web-1") == NOW - timedelta(seconds=30)
    again.append("web-1", [reading(2, mount="/")], NOW)
    assert len(found(again)) == 1


def test_a_source_has_room_for_so_many_series(records: MetricRecords) -> None:
    many = [reading(n, n=str(n)) for n in range(MOST_SERIES + 5)]
    assert records.append("wild", many, NOW) == 5
    assert records.series_count("wild") == MOST_SERIES
    assert records.append("wild", [reading(1, n="0"), reading(1, n="new")], NOW) == 1
    assert records.append("tame", [reading(1)], NOW) == 0


def test_spans_keep_what_five_minutes_come_to(records: MetricRecords) -> None:
    records.append("web-1", [reading(n, ago_s=600 - n * 15) for n in range(40)], NOW)
    records.compact(NOW)
    records.compact(NOW)
    (history,) = records.spans("used", NOW - timedelta(hours=1), NOW)
    assert history.points == [Point(NOW_MS - 600_000, 19), Point(NOW_MS - 300_000, 39)]


def test_what_is_old_goes_and_so_does_its_series(records: MetricRecords) -> None:
    records.append("web-1", [reading(1, ago_s=3600)], NOW)
    records.append("web-2", [reading(2)], NOW)
    later = NOW + timedelta(hours=47, minutes=30)
    records.retain(later)
    assert found(records) == [[Point(NOW_MS, 2)]]
    assert records.series_count("web-1") == 0
    records.compact(later)
    records.retain(later + timedelta(hours=5))
    assert found(records) == []
    assert len(records.spans("used", NOW - timedelta(hours=1), NOW)) == 1
