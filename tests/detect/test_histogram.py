"""Quantiles of buckets, against Prometheus' own figures and what must always hold."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from relight.detect.exposition import Sample, Unreadable
from relight.detect.histogram import buckets_of, grown, quantile

INF = math.inf

# testdata of Prometheus, promql/promqltest/testdata/histograms.test
TESTHISTOGRAM = {0.1: 5.0, 0.2: 7.0, 1e0: 10.0, INF: 12.0}
NEGATIVE = {-0.2: 1.0, -0.1: 2.0, 0.3: 2.0, INF: 3.0}


@pytest.mark.parametrize(
    ("q", "buckets", "wanted"),
    [
        (0.5, {0.1: 5, 0.2: 7, 1: 10, INF: 10}, 0.1),
        (0.6, {0.1: 5, 0.2: 7, 1: 10, INF: 10}, 0.15),
        (0.95, {0.1: 5, 0.2: 7, 1: 10, INF: 10}, 0.2 + 0.8 * (2.5 / 3)),
        (0.99, TESTHISTOGRAM, 1.0),  # beyond the last bound, that bound
        (0.2, NEGATIVE, -0.2),
        (0.5, NEGATIVE, -0.15),
        (0.01, {0.1: 0, 1: 10, INF: 10}, 0.1 + 0.9 * 0.01),
        (0.5, {1: 5, 2: 4, INF: 10}, 1.0),  # a wider bucket that lags counts as the narrower one
    ],
)
def test_it_interpolates_as_prometheus_does(
    q: float, buckets: dict[float, float], wanted: float
) -> None:
    assert quantile(q, buckets) == pytest.approx(wanted)


@pytest.mark.parametrize(
    "buckets", [{}, {INF: 4}, {1: 4, 2: 5}, {1: 0, INF: 0}, {1: math.nan, INF: math.nan}]
)
def test_what_says_nothing_is_not_a_number(buckets: dict[float, float]) -> None:
    assert math.isnan(quantile(0.95, buckets))


COUNTS = st.lists(st.integers(0, 1000), min_size=2, max_size=12)


@given(COUNTS, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_a_higher_quantile_is_never_lower_and_stays_in_its_bucket(
    counts: list[int], p: float, q: float
) -> None:
    assume(sum(counts))
    total, buckets = 0, dict[float, float]()
    bounds = [*(float(i + 1) for i in range(len(counts) - 1)), INF]
    for bound, count in zip(bounds, counts, strict=True):
        total += count
        buckets[bound] = float(total)
    low, high = sorted((p, q))
    found = quantile(high, buckets)
    assert quantile(low, buckets) <= found <= bounds[-2]
    bucket = next((b for b in bounds[:-1] if buckets[b] >= high * total), bounds[-2])
    assert bucket - 1 <= found <= bucket


def test_series_are_added_up_by_their_bound() -> None:
    samples = [
        Sample({"le": "+Inf", "path": "/a"}, 3),
        Sample({"le": "0.5", "path": "/a"}, 1),
        Sample({"le": "+Inf", "path": "/b"}, 5),
        Sample({"le": "5e-1", "path": "/b"}, 2),
    ]
    assert list(buckets_of(samples).items()) == [(0.5, 3), (INF, 8)]
    with pytest.raises(Unreadable):
        buckets_of([Sample({"path": "/a"}, 3)])


def test_what_came_between_counts_and_all_of_it_after_a_new_beginning() -> None:
    assert grown({1.0: 5, INF: 9}, {1.0: 6, INF: 12}) == {1.0: 1, INF: 3}
    assert grown({1.0: 5, INF: 9}, {1.0: 1, INF: 2}) == {1.0: 1, INF: 2}
    assert grown({}, {1.0: 1, INF: 2}) == {1.0: 1, INF: 2}
