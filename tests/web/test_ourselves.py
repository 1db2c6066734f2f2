"""Relight's own state, over a real socket where the peer's address counts."""

import urllib.error
import urllib.request
from pathlib import Path

import msgspec
from litestar.testing import TestClient
from prometheus_client.parser import text_string_to_metric_families

from relight.catalog.person import Role
from relight.kernel.actor import person
from relight.kernel.severity import Severity
from relight.web.app import create_app
from relight.web.front import Front
from relight.wiring.house import House
from tests.web.given import client_of, house_at, served, with_token


def test_health_asks_nothing(client: TestClient[Front], house: House):
    house.database.close()
    assert client.get("/health").json() == {"status": "up"}


def test_ready_when_all_is_there(client: TestClient[Front]):
    answer = client.get("/ready")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "reasons": [], "warnings": []}


def test_not_ready_says_why(tmp_path: Path):
    house = house_at(tmp_path / "kit")
    idle = {"worker": 1.0}
    with client_of(create_app(house, loops=lambda: idle)) as client:
        assert client.get("/ready").status_code == 200
        idle["worker"] = 31.0
        answer = client.get("/ready")
        assert answer.status_code == 503
        assert answer.json()["reasons"] == ["The loop `worker` has not turned for 31 s."]
        idle["worker"] = 0.0
        with house.database.engine.begin() as tx:
            tx.exec_driver_sql("DROP TABLE instance")
        answer = client.get("/ready")
        assert answer.status_code == 503
        assert "database" in answer.json()["reasons"][0]
        assert client.get("/health").status_code == 200
    house.close()


def test_a_faulty_newer_kit_is_said_and_stays_ready(client: TestClient[Front], house: House):
    (house.folder / "relight.yaml").write_text("nonsense: true\n")
    house.kit.loaded = house.read_kit(house.folder, house.kit.loaded)
    answer = client.get("/ready")
    assert answer.status_code == 200
    assert answer.json()["warnings"] == [
        "The newest relight.yaml is faulty; the one before it is in force."
    ]
    headers = with_token(house, Role.VIEWER)
    config = client.get("/api/v1/config", headers=headers).json()
    assert config["refused"]
    assert config["faults"]
    assert client.get("/api/v1/services", headers=headers).json()


def test_metrics_count_what_there_is(client: TestClient[Front], house: House):
    house.desk.declare("x", by=person("sam"), severity=Severity.S1)
    headers = with_token(house, Role.VIEWER)
    client.get("/api/v1/services", headers=headers)
    client.get("/status/")
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found[("relight_incidents_declared_total",)] == 1
    assert found[("relight_incidents", ("status", "investigating"))] == 1
    assert found[("relight_alerts_open",)] == 0
    assert found[("relight_pages_total", ("outcome", "sent"))] == 0
    assert found[("relight_public_requests_total",)] == 1
    assert found[("relight_http_requests_total", ("code", "2xx"))] == 1
    assert any(name[0] == "relight_due_rows" for name in found)
    assert any(name[0] == "relight_build_info" for name in found)
    assert house.instance.key.hex() not in answer.text


def test_metrics_are_for_this_machine_or_a_token(house: House):
    with served(house) as (base, _, _):

        def status(**headers: str) -> int:
            asked = urllib.request.Request(f"{base}/metrics", headers=headers)  # noqa: S310
            try:
                with urllib.request.urlopen(asked) as answer:  # noqa: S310
                    return answer.status
            except urllib.error.HTTPError as error:
                with error:
                    return error.code

        assert status() == 200
        # Behind a proxy on this machine every stranger seems to be local.
        assert status(**{"X-Forwarded-For": "203.0.113.9"}) == 401
        assert status(Authorization="Bearer nonsense") == 401
        assert status(Host="evil.example") == 421


def test_strangers_from_elsewhere_get_no_numbers(client: TestClient[Front]):
    answer = client.get("/metrics")
    assert answer.status_code == 401
    assert msgspec.json.decode(answer.content)["error"] == "sign_in_needed"
