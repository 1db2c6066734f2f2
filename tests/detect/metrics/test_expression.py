from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.catalog.metric import Combine, MetricRule
from relight.detect.exposition import read_selector
from relight.detect.metrics.expression import Expression, rate, reckon
from relight.detect.metrics.reading import History, Point
from relight.detect.metrics.rule import stands

NOW = datetime(2026, 1, 16, 2, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def points(*values: float, every_s: int = 15, end_s: int = 0) -> list[Point]:
    """The newest value is `end_s` before now."""
    last = len(values) - 1
    return [
        Point(NOW_MS - (end_s + every_s * (last - n)) * 1000, value)
        for n, value in enumerate(values)
    ]


def series(values: list[Point], **labels: str) -> History:
    return History(tuple(sorted(labels.items())), values)


def figure(expression: Expression, *histories: History) -> float | None:
    return reckon(expression, histories, NOW).get(())


def test_series_are_selected_and_combined() -> None:
    five = series(points(3), code="500")
    six = series(points(4), code="503")
    fine = series(points(100), code="200")
    chosen = Expression(selector=read_selector('requests{code=~"5.."}'))
    assert figure(chosen, five, six, fine) == 7
    for how, wanted in ((Combine.MAX, 4), (Combine.MIN, 3), (Combine.AVERAGE, 3.5)):
        combined = Expression(selector=chosen.selector, combine=how)
        assert figure(combined, five, six, fine) == wanted


def test_groups_stay_apart() -> None:
    by_host = Expression(selector=read_selector("used"), by=("host",))
    found = reckon(by_host, [series(points(1), host="a"), series(points(2), host="b")], NOW)
    assert found == {(("host", "a"),): 1, (("host", "b"),): 2}


def test_what_stopped_is_no_value() -> None:
    stopped = series(points(5, end_s=121))
    assert figure(Expression(selector=read_selector("used")), stopped) is None
    counted = Expression(selector=read_selector("used"), rate_s=600)
    assert figure(counted, series(points(1, 2, 3, end_s=200))) is None


def test_a_rate_is_per_second_and_survives_a_new_beginning() -> None:
    assert rate(points(0, 15, 30), NOW_MS, 60) == 1
    # It counted 10, began anew, counted 20: 10 + 20 over 30 s.
    assert rate(points(100, 110, 20), NOW_MS, 60) == 1
    assert rate(points(7), NOW_MS, 60) is None


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=30))
def test_a_rate_is_never_below_nothing(values: list[float]) -> None:
    found = rate(points(*values), NOW_MS, 3600)
    assert found is not None
    assert found >= 0


def test_a_quantile_is_of_what_came_in_the_window() -> None:
    p95 = Expression(selector=read_selector("took_seconds"), quantile=0.95)
    assert p95.name == "took_seconds_bucket"
    buckets = [
        series(points(1000, 1000), le="0.5"),
        series(points(1000, 1100), le="1"),
        series(points(1000, 1100), le="+Inf"),
    ]
    found = figure(p95, *buckets)
    assert found == pytest.approx(0.975)


LATE = MetricRule(name="late", metric="took_seconds", below=1, for_s=60)


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ((2, 2, 2, 2, 2), False),
        ((0.5, 2, 2, 2, 2), None),
        ((2, 2, 0.5, 2, 2), None),
        ((0.5, 0.5, 0.5, 0.5, 0.5), True),
        ((2, 0.5, 0.5, 0.5, 0.5), None),
    ],
)
def test_a_bound_is_broken_or_kept_only_when_it_lasts(
    values: tuple[float, ...], kept: bool | None
) -> None:
    (stand,) = stands(LATE, [series(points(*values))], NOW)
    assert stand.kept is kept


def test_the_reason_has_figure_bound_and_length() -> None:
    (stand,) = stands(LATE, [series(points(2, 2, 2, 2, 2))], NOW)
    assert stand.reason == "took_seconds is 2 s, wanted below 1 s, for 1 min"


def test_nothing_new_says_nothing() -> None:
    (stand,) = stands(LATE, [series(points(2, 2, 2, 2, 2, end_s=100))], NOW + timedelta(seconds=50))
    assert stand.kept is None
    assert stands(LATE, [], NOW) == ()


def test_a_restart_changes_no_judgement() -> None:
    # It follows from the points alone: nothing is remembered between two looks.
    history = [series(points(2, 2, 2, 2, 2))]
    assert stands(LATE, history, NOW) == stands(LATE, history, NOW)
