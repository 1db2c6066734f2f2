"""Reads what OpenTelemetry pushes: OTLP metrics, as protobuf or JSON, in Prometheus' vocabulary.

Names and labels follow OpenTelemetry's own rules for Prometheus: dots become underscores, the unit
is added, a sum that only grows ends in `_total`, a histogram becomes `_bucket`, `_sum` and
`_count`. Source: opentelemetry.io, "Prometheus and OpenMetrics Compatibility", and the OTLP 1.x
specification.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from relight.detect.metrics.reading import Labels, Reading, labels_of

if TYPE_CHECKING:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.metrics.v1.metrics_pb2 import (
        ExponentialHistogramDataPoint,
        HistogramDataPoint,
        Metric,
        NumberDataPoint,
    )

_UNITS = {
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "min": "minutes",
    "h": "hours",
    "d": "days",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "%": "percent",
}
_DELTA = 1
_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_:]+")
_LONGEST = 256
_MOST_LABELS = 32
_OLDEST = timedelta(hours=1)
_MOST_DELTAS = 20_000


class NotOtlp(ValueError):
    """What was sent is not an OTLP metrics request."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a request held: the readings, and how many points were left out for which reason."""

    readings: tuple[Reading, ...]
    refused: int = 0
    why: str = ""


class Otlp:
    """Reads requests. Sums that tell only what was added are added up here, for each sender."""

    def __init__(self) -> None:
        """Begin with nothing added up; after a restart a counter begins anew, as counters may."""
        self._totals: dict[tuple[str, str, Labels], float] = {}

    def read(
        self, body: bytes, *, is_json: bool, sender: str, labels: Mapping[str, str], now: datetime
    ) -> Taken:
        """Read one request. `labels` are the sender's own and win. Raises `NotOtlp`."""
        request = _decoded(body, is_json=is_json)
        readings: list[Reading] = []
        refused, why = 0, ""
        for name, found, at, value, added in _points(request):
            when = now if at is None or at > now else at
            if now - when > _OLDEST:
                refused, why = refused + 1, "older than an hour"
                continue
            if len(found) + len(labels) > _MOST_LABELS:
                refused, why = refused + 1, f"more than {_MOST_LABELS} labels"
                continue
            own = labels_of({**found, **labels})
            total = self._added(sender, name, own, value) if added else value
            if total is None or not math.isfinite(total):
                refused, why = refused + 1, "too many sums of one sender, or not a number"
                continue
            readings.append(Reading(name=name, labels=own, at=when, value=total))
        return Taken(readings=tuple(readings), refused=refused, why=why)

    def _added(self, sender: str, name: str, labels: Labels, value: float) -> float | None:
        key = (sender, name, labels)
        if key not in self._totals and len(self._totals) >= _MOST_DELTAS:
            return None
        self._totals[key] = self._totals.get(key, 0.0) + value
        return self._totals[key]


def _decoded(body: bytes, *, is_json: bool) -> "ExportMetricsServiceRequest":
    # Protobuf is 10 MB that only those need who are sent OTLP.
    from google.protobuf.json_format import Parse, ParseError
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )

    request = ExportMetricsServiceRequest()
    if is_json and not body.lstrip().startswith(b"{"):
        raise NotOtlp(NotOtlp.__doc__)  # the parser takes a list for an empty request
    try:
        if is_json:
            Parse(body, request, ignore_unknown_fields=True, max_recursion_depth=32)
        else:
            request.ParseFromString(body)
    except (DecodeError, ParseError, UnicodeDecodeError, RecursionError) as error:
        raise NotOtlp(NotOtlp.__doc__) from error
    return request


_Raw = tuple[str, dict[str, str], datetime | None, float, bool]
"""Name, labels, moment, value, and whether the value is to be added to what came before."""


def _points(request: "ExportMetricsServiceRequest") -> Iterator[_Raw]:
    for resource in request.resource_metrics:
        about = _attributes(resource.resource.attributes)
        own = {
            label: about[key]
            for key, label in (("host_name", "host"), ("service_name", "job"))
            if key in about
        }
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                yield from _of_metric(metric, own)


def _of_metric(metric: "Metric", own: Mapping[str, str]) -> Iterator[_Raw]:
    kind = metric.WhichOneof("data")
    if kind == "gauge":
        name = prometheus_name(metric.name, metric.unit, ratio=True)
        yield from _numbers(name, metric.gauge.data_points, own, added=False)
    elif kind == "sum":
        grows = metric.sum.is_monotonic
        name = prometheus_name(metric.name, metric.unit, total=grows)
        added = metric.sum.aggregation_temporality == _DELTA
        yield from _numbers(name, metric.sum.data_points, own, added=added)
    elif kind == "histogram":
        name = prometheus_name(metric.name, metric.unit)
        added = metric.histogram.aggregation_temporality == _DELTA
        for point in metric.histogram.data_points:
            yield from _histogram(name, point, _explicit(point), own, added=added)
    elif kind == "exponential_histogram":
        name = prometheus_name(metric.name, metric.unit)
        added = metric.exponential_histogram.aggregation_temporality == _DELTA
        for each in metric.exponential_histogram.data_points:
            yield from _histogram(name, each, _exponential(each), own, added=added)


def _numbers(
    name: str, points: "Iterable[NumberDataPoint]", own: Mapping[str, str], *, added: bool
) -> Iterator[_Raw]:
    for point in points:
        kind = point.WhichOneof("value")
        if kind is None:
            continue
        value = float(point.as_int if kind == "as_int" else point.as_double)
        labels = {**own, **_attributes(point.attributes)}
        yield name, labels, _moment(point.time_unix_nano), value, added


def _histogram(
    name: str,
    point: "HistogramDataPoint | ExponentialHistogramDataPoint",
    buckets: Sequence[tuple[float, int]],
    own: Mapping[str, str],
    *,
    added: bool,
) -> Iterator[_Raw]:
    labels, at = {**own, **_attributes(point.attributes)}, _moment(point.time_unix_nano)
    below = 0
    for bound, count in buckets:
        below += count
        yield f"{name}_bucket", {**labels, "le": f"{bound:.6g}"}, at, float(below), added
    yield f"{name}_bucket", {**labels, "le": "+Inf"}, at, float(point.count), added
    yield f"{name}_count", labels, at, float(point.count), added
    yield f"{name}_sum", labels, at, float(point.sum), added


def _explicit(point: "HistogramDataPoint") -> list[tuple[float, int]]:
    return list(zip(point.explicit_bounds, point.bucket_counts, strict=False))


def _exponential(point: "ExponentialHistogramDataPoint") -> list[tuple[float, int]]:
    """Give the upper bound and the count of each bucket: base ** (index + 1), base = 2 ** 2**-s."""
    base = 2.0 ** (2.0**-point.scale)
    found: list[tuple[float, int]] = []
    for n, count in enumerate(reversed(point.negative.bucket_counts)):
        index = point.negative.offset + len(point.negative.bucket_counts) - 1 - n
        found.append((-_power(base, index), count))
    found.append((point.zero_threshold, point.zero_count))
    for n, count in enumerate(point.positive.bucket_counts):
        found.append((_power(base, point.positive.offset + n + 1), count))
    return found


def _power(base: float, index: int) -> float:
    try:
        return base**index
    except OverflowError:
        return math.inf


def prometheus_name(name: str, unit: str, *, total: bool = False, ratio: bool = False) -> str:
    """Give a metric's name as Prometheus would have it."""
    plain = _NOT_A_NAME.sub("_", name[:_LONGEST]).strip("_") or "unnamed"
    if plain[0].isdigit():
        plain = f"_{plain}"
    word = "ratio" if unit == "1" and ratio else _UNITS.get(unit, "")
    if word and not plain.endswith(f"_{word}"):
        plain = f"{plain}_{word}"
    return f"{plain}_total" if total and not plain.endswith("_total") else plain


def _attributes(pairs: "Iterable[KeyValue]") -> dict[str, str]:
    return {
        _NOT_A_NAME.sub("_", each.key[:_LONGEST]): _text(each.value)[:_LONGEST]
        for each in pairs
        if each.key
    }


def _text(value: "AnyValue") -> str:
    kind = value.WhichOneof("value")
    match kind:
        case "string_value":
            return value.string_value
        case "bool_value":
            return str(value.bool_value).lower()
        case "int_value":
            return str(value.int_value)
        case "double_value":
            return f"{value.double_value:g}"
        case _:
            return ""


def _moment(nanoseconds: int) -> datetime | None:
    if not nanoseconds:
        return None
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None
