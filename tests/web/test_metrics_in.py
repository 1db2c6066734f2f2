"""What programs push, by OpenTelemetry's own exporter and by hand."""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from litestar.testing import TestClient
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from relight.detect.metrics.reading import History
from relight.store.metrics import MOST_SERIES
from relight.web.app import create_app
from relight.web.front import Front
from relight.web.metrics_in import LARGEST
from relight.wiring.house import House
from tests.web.given import KIT, client_of, house_at, served

METRICS = (
    KIT
    + """\
hosts: [web-1]
metrics:
  - {name: shop, service: api, keep: [orders_*, http_*]}
"""
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = house_at(tmp_path / "kit", kit=METRICS)
    yield house
    house.close()


@pytest.fixture
def client(house: House) -> Iterator[TestClient[Front]]:
    with client_of(create_app(house)) as client:
        yield client


def key(house: House, name: str = "web-1") -> dict[str, str]:
    catalog = house.kit.catalog
    (source,) = (each for each in (*catalog.hosts, *catalog.metrics) if each.name == name)
    return {
        "authorization": f"Bearer {house.metrics.key_of(source)}",
        "content-type": "application/json",
    }


def body(*names: str, series: int = 1) -> str:
    points = ",".join(
        f'{{"asDouble":1,"attributes":[{{"key":"n","value":{{"stringValue":"{n}"}}}}]}}'
        for n in range(series)
    )
    gauges = ",".join(f'{{"name":"{name}","gauge":{{"dataPoints":[{points}]}}}}' for name in names)
    return f'{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{gauges}]}}]}}]}}'


def kept(house: House, name: str) -> list[History]:
    now = house.clock.now()
    return house.metrics.records.histories(name, now - timedelta(minutes=5), now)


def test_a_host_tells_under_its_own_name(client: TestClient[Front], house: House) -> None:
    answer = client.post("/v1/metrics", headers=key(house), content=body("used"))
    assert (answer.status_code, answer.json()) == (200, {})
    (history,) = kept(house, "used")
    assert dict(history.labels) == {"host": "web-1", "n": "0"}


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", "Basic d2ViLTE6"])
def test_a_strangers_figures_are_refused(
    client: TestClient[Front], house: House, given: str
) -> None:
    headers = {**key(house), "authorization": given}
    answer = client.post("/v1/metrics", headers=headers, content=body("used"))
    assert answer.status_code == 401
    assert "no host" in answer.json()["message"]
    assert kept(house, "used") == []


def test_what_is_not_wanted_is_left_out(client: TestClient[Front], house: House) -> None:
    sent = body("orders_open", "secret_numbers")
    assert client.post("/v1/metrics", headers=key(house, "shop"), content=sent).status_code == 200
    assert house.metrics.records.names() == ["orders_open"]


def test_what_finds_no_room_is_told(client: TestClient[Front], house: House) -> None:
    sent = body("used", series=MOST_SERIES + 3)
    answer = client.post("/v1/metrics", headers=key(house), content=sent)
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"]["rejectedDataPoints"] == "3"
    assert "no room" in answer.json()["partialSuccess"]["errorMessage"]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"\xff\xff\xff", {"content-type": "application/x-protobuf"}, 400),
        (b"no gzip", {"content-encoding": "gzip"}, 400),
        (b"x", {"content-encoding": "br"}, 415),
        (gzip.compress(b" " * (17 << 20)), {"content-encoding": "gzip"}, 413),
        (b" " * (LARGEST + 1), {}, 413),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_word(
    client: TestClient[Front],
    house: House,
    content: bytes,
    headers: dict[str, str],
    status: int,
) -> None:
    answer = client.post("/v1/metrics", headers={**key(house), **headers}, content=content)
    assert answer.status_code == status
    assert answer.content


def test_other_signals_and_methods_are_told_so(client: TestClient[Front], house: House) -> None:
    assert client.post("/v1/traces", headers=key(house), content=b"").status_code == 404
    assert client.get("/v1/metrics", headers=key(house)).status_code == 405


def test_opentelemetrys_own_exporter_is_understood(house: House) -> None:
    with served(house) as (url, _, _):
        exporter = OTLPMetricExporter(
            endpoint=f"{url}/v1/metrics",
            headers={"authorization": key(house, "shop")["authorization"]},
        )
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=60_000)
        resource = Resource.create({"service.name": "shop"})
        provider = MeterProvider(metric_readers=[reader], resource=resource)
        meter = provider.get_meter("shop")
        meter.create_counter("orders.paid").add(3, {"method": "card"})
        meter.create_histogram("http.server.request.duration", unit="s").record(0.2)
        provider.shutdown()
    (paid,) = kept(house, "orders_paid_total")
    assert paid.points[-1].value == 3
    assert dict(paid.labels) == {"job": "shop", "method": "card"}
    assert kept(house, "http_server_request_duration_seconds_bucket")
