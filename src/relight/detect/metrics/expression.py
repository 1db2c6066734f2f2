"""Makes one figure of many series at a moment: as they are, as a rate, or as a quantile."""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import fmean

import msgspec

from relight.catalog.metric import Combine
from relight.detect.exposition import Selector
from relight.detect.histogram import quantile
from relight.detect.metrics.reading import History, Labels, Point

LOOKBACK_S = 120
"""A value older than this is no value; a series that stopped is not the same as one at rest."""
HISTOGRAM_S = 300
"""Over how long a histogram is read where nothing says otherwise."""


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """What to reckon. `by` are the labels that stay apart; everything else is combined."""

    selector: Selector
    rate_s: int = 0
    quantile: float | None = None
    by: tuple[str, ...] = ()
    combine: Combine = Combine.SUM

    @property
    def name(self) -> str:
        """Name the series that have to be read."""
        plain = self.selector.name
        if self.quantile is None:
            return plain
        return f"{plain.removesuffix('_bucket')}_bucket"

    @property
    def reach_s(self) -> int:
        """Tell how far back a figure looks."""
        if self.quantile is not None:
            return max(self.rate_s or HISTOGRAM_S, LOOKBACK_S)
        return max(self.rate_s, LOOKBACK_S)


def reckon(
    expression: Expression, histories: Iterable[History], at: datetime
) -> dict[Labels, float]:
    """Give the figure at a moment for each value of the labels in `by`.

    A series without a value near that moment takes no part, so a group of such is left out.
    """
    at_ms = int(at.timestamp() * 1000)
    chosen = [
        (dict(each.labels), each.points)
        for each in histories
        if all(matcher.holds(dict(each.labels)) for matcher in expression.selector.matchers)
    ]
    if expression.quantile is not None:
        return _quantiles(expression, expression.quantile, chosen, at_ms)
    found: defaultdict[Labels, list[float]] = defaultdict(list)
    for labels, points in chosen:
        value = (
            rate(points, at_ms, expression.rate_s) if expression.rate_s else latest(points, at_ms)
        )
        if value is not None and not math.isnan(value):
            found[_group(labels, expression.by)].append(value)
    return {group: _combined(values, expression.combine) for group, values in found.items()}


def latest(points: Sequence[Point], at_ms: int) -> float | None:
    """Give the newest value that is not too old."""
    n = bisect_right(points, at_ms, key=lambda point: point.at_ms)
    if not n or at_ms - points[n - 1].at_ms > LOOKBACK_S * 1000:
        return None
    return points[n - 1].value


def rate(points: Sequence[Point], at_ms: int, over_s: int) -> float | None:
    """Give how fast a counter grew, per second; a counter that fell began anew."""
    grown, span_ms = _growth(points, at_ms, over_s)
    return grown * 1000 / span_ms if span_ms else None


def _growth(points: Sequence[Point], at_ms: int, over_s: int) -> tuple[float, int]:
    """Give by how much a counter grew within a span, and the milliseconds that points cover."""
    first = bisect_right(points, at_ms - over_s * 1000 - 1, key=lambda point: point.at_ms)
    end = bisect_right(points, at_ms, key=lambda point: point.at_ms)
    inside = points[first:end]
    if len(inside) < 2 or at_ms - inside[-1].at_ms > LOOKBACK_S * 1000:
        return 0.0, 0
    grown = sum(
        after.value - before.value if after.value >= before.value else after.value
        for before, after in pairwise(inside)
    )
    return grown, inside[-1].at_ms - inside[0].at_ms


def _quantiles(
    expression: Expression,
    wanted: float,
    chosen: Sequence[tuple[Mapping[str, str], Sequence[Point]]],
    at_ms: int,
) -> dict[Labels, float]:
    over_s = expression.rate_s or HISTOGRAM_S
    buckets: defaultdict[Labels, dict[float, float]] = defaultdict(dict)
    for labels, points in chosen:
        try:
            bound = float(labels.get("le", ""))
        except ValueError:
            continue
        grown, span_ms = _growth(points, at_ms, over_s)
        if span_ms:
            group = buckets[_group(labels, expression.by)]
            group[bound] = group.get(bound, 0.0) + grown
    figures = {group: quantile(wanted, found) for group, found in buckets.items()}
    return {group: value for group, value in figures.items() if not math.isnan(value)}


def _group(labels: Mapping[str, str], by: Sequence[str]) -> Labels:
    return tuple((name, labels.get(name, "")) for name in by)


def _combined(values: Sequence[float], how: Combine) -> float:
    match how:
        case Combine.SUM:
            return sum(values)
        case Combine.MAX:
            return max(values)
        case Combine.MIN:
            return min(values)
        case Combine.AVERAGE:
            return fmean(values)
