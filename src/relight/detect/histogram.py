"""Quantiles of a histogram's buckets, as Prometheus reckons them.

Source: `bucketQuantile`, `coalesceBuckets` and `ensureMonotonicAndIgnoreSmallDeltas` in
https://github.com/prometheus/prometheus/blob/main/promql/quantile.go
"""

import math
from collections.abc import Iterable, Mapping

from relight.detect.exposition import Sample, Unreadable

Buckets = Mapping[float, float]
"""Observations at or below each upper bound, the last of which is infinity."""


def buckets_of(samples: Iterable[Sample]) -> dict[float, float]:
    """Sum the series of `NAME_bucket` by their bound `le`. Raises `Unreadable`."""
    summed: dict[float, float] = {}
    for sample in samples:
        try:
            bound = float(sample.labels["le"])
        except (KeyError, ValueError):
            msg = "a bucket has no bound `le`"
            raise Unreadable(msg) from None
        summed[bound] = summed.get(bound, 0.0) + sample.value
    return dict(sorted(summed.items()))


def grown(before: Buckets, after: Buckets) -> dict[float, float]:
    """Give what came between two looks. Where the process began anew between, all after counts."""
    if any(after.get(bound, 0.0) < count for bound, count in before.items()):
        return dict(after)
    return {bound: count - before.get(bound, 0.0) for bound, count in after.items()}


def quantile(q: float, buckets: Buckets) -> float:
    """Estimate the value below which the share `q` (0 to 1) of the observations lies.

    It is interpolated in a straight line within a bucket; beyond the last finite bound it is that
    bound. NaN where nothing was observed or no bucket says so.
    """
    bounds = sorted(buckets)
    if len(bounds) < 2 or not math.isinf(bounds[-1]):
        return math.nan
    counts = [max(0.0, buckets[bounds[0]])]
    for bound in bounds[1:]:
        # Scraped while they were counted, a wider bucket can lag behind a narrower one.
        counts.append(max(counts[-1], buckets[bound]))
    if not counts[-1] > 0:
        return math.nan
    rank = q * counts[-1]
    place = next(i for i, count in enumerate(counts) if count >= rank or i == len(counts) - 1)
    if place == len(counts) - 1:
        return bounds[-2]
    if place == 0 and bounds[0] <= 0:
        return bounds[0]
    low, under = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0.0)
    inside = counts[place] - under
    return low + (bounds[place] - low) * ((rank - under) / inside) if inside else bounds[place]
