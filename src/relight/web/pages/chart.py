"""Lines drawn from results, as SVG coordinates: the last hour in a row, hours on a page."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from relight.catalog.catalog import Catalog
from relight.catalog.service import Check

_WIDTH = 600
_HEIGHT = 120
_SPARK_WIDTH = 120
_SPARK_HEIGHT = 24
_SPARK_BUCKETS = 40
_BUCKETS = 150
_ROWS = 24
_HEADROOM = 1.15
_NEAR = 4.0
_GAP = 12


class Result(Protocol):
    """One result of a check: when, whether it was fine, how long it took in seconds."""

    @property
    def at(self) -> datetime: ...
    @property
    def ok(self) -> bool: ...
    @property
    def took_s(self) -> float: ...


class Results(Protocol):
    """Where results come from; `store.series` serves it."""

    def recent(self, check: str, since: datetime, until: datetime) -> Sequence[Result]:
        """Give the results of a check in a half-open span, oldest first."""
        ...


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Some neighbouring results: how many, how many failed, the slowest good one in seconds."""

    start: datetime
    end: datetime
    count: int
    failed: int
    slowest_s: float | None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What a template draws.

    `paths` are the unbroken pieces of the line, `bars` the failures as (x, width); `threshold_y`
    is None where it lies above the chart.
    """

    width: int
    height: int
    paths: tuple[str, ...]
    bars: tuple[tuple[float, float], ...]
    top_s: float
    threshold_s: float | None
    threshold_y: float | None
    start: datetime
    end: datetime
    count: int
    failed: int
    table: tuple[Bucket, ...]

    @property
    def sentence(self) -> str:
        """Say what the picture shows."""
        if not self.count:
            return "No results."
        return f"{self.count - self.failed} of {self.count} results good."


def last_hour(results: Results, catalog: Catalog, now: datetime) -> Mapping[str, Line]:
    """Draw the last hour of each service's first check, by service name."""
    since = now - timedelta(hours=1)
    return {
        service.name: line(
            results.recent(service.checks[0].key, since, now),
            since,
            now,
            width=_SPARK_WIDTH,
            height=_SPARK_HEIGHT,
            buckets=_SPARK_BUCKETS,
        )
        for service in catalog.services
        if service.checks
    }


def long(results: Results, check: Check, hours: int, now: datetime) -> Line:
    """Draw the last hours of one check, with the time it may take as the threshold."""
    since = now - timedelta(hours=hours)
    found = results.recent(check.key, since, now)
    settings = check.probe.settings
    limit = settings.get("slow_s") or settings.get("timeout_s")
    threshold_s = float(limit) if isinstance(limit, int | float) else None
    return line(found, since, now, width=_WIDTH, height=_HEIGHT, threshold_s=threshold_s)


def line(
    results: Sequence[Result],
    start: datetime,
    end: datetime,
    *,
    width: int,
    height: int,
    buckets: int = _BUCKETS,
    threshold_s: float | None = None,
) -> Line:
    """Put results into buckets of equal length and those into coordinates; y grows downwards."""
    cells = gather(results, start, end, buckets)
    slowest = max((each.slowest_s for each in cells if each.slowest_s is not None), default=0.0)
    near = threshold_s is not None and slowest > 0 and threshold_s <= slowest * _NEAR
    top_s = max(slowest, threshold_s if near and threshold_s else 0.0, 0.001) * _HEADROOM
    step = width / buckets

    def y(seconds: float) -> float:
        return round(height - seconds / top_s * height, 1)

    heights = {n: y(each.slowest_s) for n, each in enumerate(cells) if each.slowest_s is not None}
    return Line(
        width=width,
        height=height,
        paths=tuple(_paths(cells, step, heights)),
        bars=tuple(
            (round(n * step, 1), round(step, 1)) for n, each in enumerate(cells) if each.failed
        ),
        top_s=top_s,
        threshold_s=threshold_s,
        threshold_y=y(threshold_s) if near and threshold_s is not None else None,
        start=start,
        end=end,
        count=sum(each.count for each in cells),
        failed=sum(each.failed for each in cells),
        table=tuple(gather(results, start, end, _ROWS)),
    )


def gather(results: Sequence[Result], start: datetime, end: datetime, buckets: int) -> list[Bucket]:
    """Count results into equal spans; what lies outside is left out."""
    step = (end - start) / buckets
    inside: list[list[Result]] = [[] for _ in range(buckets)]
    for each in results:
        if start <= each.at < end:
            inside[min(int((each.at - start) / step), buckets - 1)].append(each)
    return [
        Bucket(
            start=start + step * n,
            end=start + step * (n + 1),
            count=len(cell),
            failed=sum(not each.ok for each in cell),
            slowest_s=max((each.took_s for each in cell if each.ok), default=None),
        )
        for n, cell in enumerate(inside)
    ]


def _paths(cells: Sequence[Bucket], step: float, heights: Mapping[int, float]) -> list[str]:
    """Join neighbours that have figures; a failure breaks the line, a mere gap of two does not."""
    pieces: list[list[str]] = [[]]
    last = None
    for n, each in enumerate(cells):
        if each.failed and n not in heights:
            pieces.append([])
        elif n in heights:
            if last is not None and n - last > _GAP:
                pieces.append([])
            pieces[-1].append(f"{round((n + 0.5) * step, 1)},{heights[n]}")
            last = n
    return ["M" + "L".join(piece if len(piece) > 1 else piece * 2) for piece in pieces if piece]
