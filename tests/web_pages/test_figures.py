"""The pure pieces behind the pages: times in sentences, lines from results."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.store.series import Result
from relight.web.pages.chart import gather, line
from relight.web.pages.wording import coarse, read_local, times

NOW = datetime(2026, 5, 2, 2, 17, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1)


@given(st.lists(st.tuples(st.integers(0, 3599), st.booleans(), st.floats(0, 60))))
def test_every_result_of_the_hour_is_counted_once(found: list[tuple[int, bool, float]]) -> None:
    results = [Result("api/http", SINCE + timedelta(seconds=s), ok, took) for s, ok, took in found]
    drawn = line(results, SINCE, NOW, width=120, height=24, buckets=40)
    assert drawn.count == len(found)
    assert drawn.failed == sum(not ok for _s, ok, _took in found)
    assert sum(each.count for each in gather(results, SINCE, NOW, 7)) == len(found)


def test_a_failure_breaks_the_line_and_stands_as_a_bar() -> None:
    results = [Result("x", SINCE + timedelta(minutes=n), n not in {20, 21}, 0.1) for n in range(40)]
    drawn = line(results, SINCE, NOW, width=60, height=10, buckets=60)
    assert len(drawn.paths) == 2
    assert [x for x, _width in drawn.bars] == [20.0, 21.0]


def test_times_in_a_sentence_are_marked_up_and_the_rest_is_escaped() -> None:
    told = times("<b> fails since 02:03 UTC, before 2026-05-01 23:59 UTC.", NOW)
    assert '<time datetime="2026-05-02T02:03:00Z"' in told
    assert '<time datetime="2026-05-01T23:59:00Z"' in told
    assert "&lt;b&gt;" in told


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.4, "0 s"), (59.9, "59 s"), (61, "1 min"), (3700, "1 h 1 min"), (90000, "1 d 1 h")],
)
def test_a_length_is_written_without_what_does_not_matter(seconds: float, written: str) -> None:
    assert coarse(seconds) == written


def test_a_local_time_is_read_with_the_readers_offset() -> None:
    assert read_local("2026-05-02T04:03", "120", NOW) == datetime(2026, 5, 2, 2, 3, tzinfo=UTC)
    assert read_local(" ", "", NOW) is None
    with pytest.raises(ValueError, match="ahead"):
        read_local("2026-05-02T04:03", "", NOW)
