"""The metric probe: one number of a page, against bounds, in words."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jmespath
import msgspec
import pytest

from relight.detect.exposition import Sample
from relight.detect.histogram import buckets_of, quantile
from relight.detect.probes import Probe, Result
from relight.detect.probes.metric import MetricProbe
from relight.kernel.ports import HttpRequest
from tests.contracts.aim import PATIENCE_S, Aim
from tests.peers.http_sink import http_sink, plain
from tests.peers.outside import real_ports
from tests.peers.prometheus import prometheus

TEXT = """\
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{path="/a",le="1"} 90
http_request_duration_seconds_bucket{path="/a",le="4"} 100
http_request_duration_seconds_bucket{path="/a",le="+Inf"} 100
http_requests_total{code="200"} 900
http_requests_total{code="500"} 3
http_requests_total{code="503"} 4 # {trace_id="x"} 1
heap_bytes 734003200
lag NaN
# EOF
"""
JSON = '{"queue": {"depth": 12, "oldest_s": "3.5", "idle": false, "names": ["a"]}}'
IDLE = """\
quiet_seconds_bucket{le="1"} 0
quiet_seconds_bucket{le="+Inf"} 0
"""
ANSWERS = {
    "metrics": plain(200, TEXT.encode(), "Content-Type: text/plain; version=0.0.4"),
    "json": plain(200, JSON.encode(), "Content-Type: application/json"),
    "idle": plain(200, IDLE.encode()),
    "long": plain(200, b"a 1\n" * (5 << 18)),
    "broken": plain(200, b"lag soon\n"),
}
P95 = {"metric": "http_request_duration_seconds", "quantile": 0.95}


def at(url: str) -> MetricProbe:
    return MetricProbe(url=url, timeout_s=PATIENCE_S)


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    async with http_sink(answers=ANSWERS) as sink:
        yield at(sink.url("/metrics"))


AIM = Aim(working, at=lambda host_port: at(f"http://{host_port}/"), url=at)


async def look(target: str, **settings: object) -> Result:
    async with http_sink(answers=ANSWERS) as sink:
        probe = msgspec.convert({"url": sink.url(target), **settings}, MetricProbe)
        return await probe.observe(real_ports())


@pytest.mark.parametrize(
    ("settings", "ok", "reason"),
    [
        (
            {**P95, "below": 1},
            False,
            "p95 of http_request_duration_seconds is 2.5 s, wanted below 1 s",
        ),
        ({**P95, "below": 3}, True, "p95 of http_request_duration_seconds is 2.5 s"),
        (
            {"metric": 'http_requests_total{code=~"5.."}', "below": 5},
            False,
            'http_requests_total{code=~"5.."} is 7, wanted below 5',
        ),
        (
            {"metric": "http_requests_total", "above": 1000},
            False,
            "http_requests_total is 907, wanted above 1000",
        ),
        ({"metric": "heap_bytes", "below": 1e9}, True, "heap_bytes is 734003200 B"),
        ({"metric": "lag", "below": 1}, False, "lag is not a number"),
        (
            {"metric": "http_request_total"},
            False,
            "there is no http_request_total among 4 metrics; the nearest is http_requests_total",
        ),
        (
            {"metric": 'http_requests_total{code="404"}'},
            False,
            'there is no series http_requests_total{code="404"}; others of that name are there',
        ),
        (
            {"metric": 'http_requests_total{code="404"}', "absent_is_zero": True, "below": 1},
            True,
            'http_requests_total{code="404"} is 0',
        ),
        ({}, True, "has 4 metrics"),
    ],
)
async def test_a_page_of_prometheus(settings: dict[str, Any], ok: bool, reason: str) -> None:
    result = await look("/metrics", **settings)
    assert (result.ok, result.reason) == (ok, reason)


@pytest.mark.parametrize(
    ("settings", "ok", "reason"),
    [
        ({"json": "queue.depth", "below": 10}, False, "queue.depth is 12, wanted below 10"),
        ({"json": "queue.oldest_s", "below": 10}, True, "queue.oldest_s is 3.5"),
        ({"json": "queue.idle"}, True, "queue.idle is 0"),
        ({"json": "length(queue.names)", "above": 0}, True, "length(queue.names) is 1"),
        ({"json": "queue.names"}, False, "queue.names is not a number"),
        ({"json": "queue.length"}, False, "there is no queue.length in the answer"),
        ({"json": "queue.length", "absent_is_zero": True}, True, "queue.length is 0"),
    ],
)
async def test_an_answer_in_json(settings: dict[str, Any], ok: bool, reason: str) -> None:
    result = await look("/json", **settings)
    assert (result.ok, result.reason) == (ok, reason)


@pytest.mark.parametrize(
    ("target", "settings", "fault", "reason"),
    [
        ("/502", {}, "status", "answered 502, wanted 2xx with metrics"),
        ("/html", {}, "format", "the answer is not a page of metrics"),
        ("/html", {"metric": "a"}, "format", "the answer is not a page of metrics"),
        ("/html", {"json": "a"}, "format", "the answer is not JSON"),
        ("/broken", {"metric": "lag"}, "format", "a value of lag is not a number"),
        ("/long", {}, "length", "the page is longer than 4 MB, which is more than is read"),
    ],
)
async def test_what_cannot_be_read_is_named(
    target: str, settings: dict[str, Any], fault: str, reason: str
) -> None:
    result = await look(target, **settings)
    assert not result.ok
    assert (dict(result.evidence)["fault"], result.reason) == (fault, reason)


async def test_the_number_is_kept_as_evidence() -> None:
    result = await look("/metrics", **P95, below=1)
    assert dict(result.evidence) == {"fault": "value", "value": "2.5", "address": "127.0.0.1"}


async def test_nothing_measured_is_no_failure_and_is_said() -> None:
    result = await look("/idle", metric="quiet_seconds", quantile=0.95, below=1)
    assert result.ok
    assert result.reason == "p95 of quiet_seconds: nothing was measured since its process began"


async def test_a_token_is_sent_and_not_shown() -> None:
    async with http_sink(answers=ANSWERS) as sink:
        probe = MetricProbe(url=sink.url("/metrics"), bearer="hunter2")
        assert (await probe.observe(real_ports())).ok
    assert sink.received[0].headers["authorization"] == "Bearer hunter2"
    assert "hunter2" not in repr(probe)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"metric": "a b"}, "is not a metric"),
        ({"metric": "a", "json": "b"}, "Keep one"),
        ({"json": "a["}, "is not a JMESPath"),
        ({"quantile": 0.95}, "histogram's name"),
        ({"below": 1}, "name it with"),
        ({"metric": "a", "quantile": 1.5}, "< 1.0"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert({"url": "http://x.test/metrics", **settings}, MetricProbe)


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("prometheus")
    with prometheus(folder) as address:
        yield address


@pytest.mark.peer("prometheus")
async def test_a_real_prometheus_tells_of_itself(server: str) -> None:
    async def ask(**settings: object) -> Result:
        probe = msgspec.convert({"url": f"{server}/metrics", **settings}, MetricProbe)
        return await probe.observe(real_ports())

    histogram = "prometheus_http_request_duration_seconds"
    # It tells of a request only once that has been answered.
    build = await ask(metric="prometheus_build_info", above=0)
    slow = await ask(metric=histogram, quantile=0.95, below=1e-9)
    rate = await ask(metric="prometheus_http_requests_total", window_s=0.5, above=0)

    assert slow.reason.startswith(f"p95 of {histogram} is ")
    assert slow.reason.endswith(" s, wanted below 1e-09 s")
    assert float(dict(slow.evidence)["value"]) > 0
    assert rate.ok, rate.reason
    assert rate.reason.endswith("/s")
    assert build.reason == "prometheus_build_info is 1"


@pytest.mark.peer("prometheus")
@pytest.mark.parametrize("q", [0.5, 0.95, 0.999])
async def test_a_quantile_is_the_one_that_prometheus_reckons(server: str, q: float) -> None:
    name = "prometheus_http_response_size_bytes_bucket"

    async def ask(query: str) -> list[tuple[dict[str, str], float]]:
        # A moment that has passed, so that both questions are about the same figures.
        url = f"{server}/api/v1/query?" + urlencode({"query": query, "time": moment})
        answer = await real_ports().http.request(HttpRequest(url=url))
        found = jmespath.search("data.result[].[metric, value[1]]", json.loads(answer.body))
        return [(labels, float(value)) for labels, value in found]

    for _ in range(600):
        moment = time.time() - 0.2
        if series := await ask(name):
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail("Prometheus has not scraped itself")
    ((_, theirs),) = await ask(f"histogram_quantile({q}, sum by (le) ({name}))")

    samples = [Sample(labels, value) for labels, value in series]
    assert quantile(q, buckets_of(samples)) == pytest.approx(theirs)
