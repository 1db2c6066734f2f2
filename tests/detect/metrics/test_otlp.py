from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from google.protobuf.json_format import MessageToJson
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from relight.detect.metrics.otlp import NotOtlp, Otlp, Taken, prometheus_name

NOW = datetime(2026, 1, 16, 2, 0, tzinfo=UTC)
DELTA, CUMULATIVE = 1, 2


def request(**metric: object) -> dict[str, object]:
    usual = {"name": "jobs.done", **metric}
    about = [{"key": "service.name", "value": {"stringValue": "api"}}]
    return {
        "resourceMetrics": [
            {"resource": {"attributes": about}, "scopeMetrics": [{"metrics": [usual]}]}
        ]
    }


def point(value: float = 1, at: datetime = NOW, **labels: str) -> dict[str, object]:
    return {
        "timeUnixNano": str(int(at.timestamp()) * 10**9),
        "asDouble": value,
        "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in labels.items()],
    }


def read(sent: dict[str, object], otlp: Otlp | None = None, **labels: str) -> Taken:
    body = msgspec.json.encode(sent)
    return (otlp or Otlp()).read(body, is_json=True, sender="api", labels=labels, now=NOW)


def taken(body: bytes, *, is_json: bool) -> Taken:
    return Otlp().read(body, is_json=is_json, sender="api", labels={}, now=NOW)


@pytest.mark.parametrize(
    ("name", "unit", "kind", "wanted"),
    [
        ("http.server.request.duration", "s", {}, "http_server_request_duration_seconds"),
        ("system.memory.utilization", "1", {"ratio": True}, "system_memory_utilization_ratio"),
        ("jobs.done", "{job}", {"total": True}, "jobs_done_total"),
        ("http_requests_total", "", {"total": True}, "http_requests_total"),
        ("size", "By", {}, "size_bytes"),
        ("2xx", "", {}, "_2xx"),
        ("ümlaut", "", {}, "mlaut"),
    ],
)
def test_names_are_those_that_prometheus_would_have(
    name: str, unit: str, kind: dict[str, bool], wanted: str
) -> None:
    assert prometheus_name(name, unit, **kind) == wanted


def test_a_gauge_becomes_a_reading_with_its_labels() -> None:
    sent = request(name="queue.depth", gauge={"dataPoints": [point(7, queue="mail")]})
    (reading,) = read(sent, host="web-1").readings
    assert (reading.name, reading.value, reading.at) == ("queue_depth", 7, NOW)
    assert reading.labels == (("host", "web-1"), ("job", "api"), ("queue", "mail"))


def test_the_senders_own_labels_win_over_what_it_claims() -> None:
    sent = request(gauge={"dataPoints": [point(1, host="another")]})
    assert dict(read(sent, host="web-1").readings[0].labels)["host"] == "web-1"


def test_sums_of_what_was_added_are_added_up() -> None:
    otlp = Otlp()
    kind = {"isMonotonic": True, "aggregationTemporality": DELTA}
    sent = request(sum={"dataPoints": [point(3)], **kind})
    values = [read(sent, otlp).readings[0].value for _ in range(3)]
    assert values == [3, 6, 9]
    assert read(sent, otlp).readings[0].name == "jobs_done_total"
    whole = request(sum={"dataPoints": [point(3)], **kind, "aggregationTemporality": CUMULATIVE})
    assert [read(whole, otlp).readings[0].value for _ in range(2)] == [3, 3]


def test_a_histogram_becomes_buckets_that_include_the_smaller() -> None:
    data = {
        **point(),
        "count": "6",
        "sum": 4.5,
        "bucketCounts": ["1", "2", "3"],
        "explicitBounds": [0.5, 1],
    }
    del data["asDouble"]
    sent = request(
        name="took",
        unit="s",
        histogram={"dataPoints": [data], "aggregationTemporality": CUMULATIVE},
    )
    found = {(r.name, dict(r.labels).get("le")): r.value for r in read(sent).readings}
    assert found == {
        ("took_seconds_bucket", "0.5"): 1,
        ("took_seconds_bucket", "1"): 3,
        ("took_seconds_bucket", "+Inf"): 6,
        ("took_seconds_count", None): 6,
        ("took_seconds_sum", None): 4.5,
    }


def test_an_exponential_histogram_does_too() -> None:
    data = {
        "timeUnixNano": str(int(NOW.timestamp()) * 10**9),
        "count": "5",
        "sum": 9,
        "scale": 0,
        "zeroCount": "1",
        "positive": {"offset": 0, "bucketCounts": ["1", "2"]},
        "negative": {"offset": 0, "bucketCounts": ["1"]},
    }
    sent = request(
        name="took",
        exponentialHistogram={"dataPoints": [data], "aggregationTemporality": CUMULATIVE},
    )
    found = [(dict(r.labels).get("le"), r.value) for r in read(sent).readings if "bucket" in r.name]
    assert found == [("-1", 1), ("0", 2), ("2", 3), ("4", 5), ("+Inf", 5)]


def test_protobuf_and_json_say_the_same() -> None:
    message = ExportMetricsServiceRequest()
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add()
    metric.name = "queue.depth"
    one = metric.gauge.data_points.add()
    one.as_int, one.time_unix_nano = 7, int(NOW.timestamp()) * 10**9
    binary = taken(message.SerializeToString(), is_json=False)
    text = taken(MessageToJson(message).encode(), is_json=True)
    assert binary == text
    assert binary.readings[0].value == 7


def test_what_comes_too_late_is_refused_and_what_lies_ahead_is_of_now() -> None:
    old = request(gauge={"dataPoints": [point(1, NOW - timedelta(hours=2)), point(2)]})
    taken = read(old)
    assert (taken.refused, taken.why, len(taken.readings)) == (1, "older than an hour", 1)
    ahead = request(gauge={"dataPoints": [point(1, NOW + timedelta(days=1))]})
    assert read(ahead).readings[0].at == NOW


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_or_refused(body: bytes, is_json: bool) -> None:
    with suppress(NotOtlp):
        assert taken(body, is_json=is_json).refused >= 0


def test_what_is_nested_too_deep_is_refused() -> None:
    deep = b'{"resourceMetrics":' * 200 + b"1" + b"}" * 200
    with pytest.raises(NotOtlp):
        taken(deep, is_json=True)
