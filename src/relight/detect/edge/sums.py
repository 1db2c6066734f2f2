"""Counts added up over the last seconds and minutes, and how far chance explains them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from relight.detect.edge.tally import Counts

BUCKET_S = 10
LOOK_BACK_S = 300
SPANS_S = (10, 20, 60, LOOK_BACK_S)

Sums: TypeAlias = Mapping[int, Counts]
"""Counts by span in seconds."""


class Bucket(msgspec.Struct, frozen=True):
    """What was reported of a service in the ten seconds from `at`."""

    at: datetime
    counts: Counts


NOTHING: Sums = {span_s: Counts(service="", site="") for span_s in SPANS_S}


def add_up(buckets: Sequence[Bucket], now: datetime) -> dict[str, Sums]:
    """Sum the buckets of each site by span in seconds; the empty site is all of them together.

    The bucket that has just begun is the first, so a span is up to ten seconds shorter than
    it says.
    """
    first = now - timedelta(seconds=now.timestamp() % BUCKET_S)
    found: dict[str, dict[int, list[Counts]]] = {}
    for each in buckets:
        age_s = (first - each.at).total_seconds()
        for span_s in SPANS_S:
            if age_s < span_s:
                for site in (each.counts.site, ""):
                    found.setdefault(site, {}).setdefault(span_s, []).append(each.counts)
    return {
        site: {span_s: total(spans.get(span_s, ())) for span_s in SPANS_S}
        for site, spans in found.items()
    }


def total(counts: Iterable[Counts]) -> Counts:
    """Add counts up."""
    loads = failed = slow = errors = api = visitors = 0
    for each in counts:
        loads += each.loads
        failed += each.failed
        slow += each.slow
        errors += each.errors
        api += each.api_failed
        visitors += each.visitors
    return Counts(
        service="",
        site="",
        loads=loads,
        failed=failed,
        slow=slow,
        errors=errors,
        api_failed=api,
        visitors=visitors,
    )


def above_by_chance(count: int, loads: int, ratio: float) -> float:
    """Bound the chance of `count` or more in so many loads at this ratio (Chernoff)."""
    if not loads or count <= loads * ratio:
        return 1.0
    seen = count / loads
    far = seen * math.log(seen / ratio)
    if seen < 1:
        far += (1 - seen) * math.log((1 - seen) / (1 - ratio))
    return math.exp(-loads * far)


def below_by_chance(seen: int, mean: float) -> float:
    """Bound the chance that a Poisson count of this mean is `seen` or fewer (Chernoff)."""
    if seen >= mean:
        return 1.0
    if seen == 0:
        return math.exp(-mean)
    return math.exp(seen - mean + seen * math.log(mean / seen))
