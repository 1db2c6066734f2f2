"""Heartbeats through the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from relight.catalog.heartbeat import Heartbeat
from relight.catalog.person import Role
from relight.desk.heartbeats import Heard
from relight.detect.heartbeat import Ping, Signal
from relight.web.app import create_app
from relight.web.front import Front
from relight.wiring.house import House
from tests.web.given import KIT, client_of, house_at, with_token

HEARTBEATS = (
    KIT
    + """\
heartbeats:
  - {name: sync, every: 1h, service: api}
  - {name: Nightly report, cron: "0 2 * * *", zone: Europe/Amsterdam, grace: 30m}
"""
)
WHERE = "/api/v1/heartbeats"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = house_at(tmp_path / "kit", kit=HEARTBEATS)
    house.heartbeats.align()
    yield house
    house.close()


@pytest.fixture
def client(house: House) -> Iterator[TestClient[Front]]:
    with client_of(create_app(house)) as client:
        client.headers.update(with_token(house, Role.RESPONDER))
        yield client


def hear(house: House, signal: Signal, name: str = "sync") -> None:
    ping = Ping(signal=signal, at=house.clock.now())
    house.heartbeats.take([Heard(name=name, ping=ping, creates=Heartbeat(name=name))])


def test_each_is_listed_and_shown(house: House, client: TestClient[Front]):
    hear(house, Signal.SUCCESS)
    sync, nightly = client.get(WHERE).json()
    assert (sync["name"], sync["status"], sync["service"], sync["every_s"]) == (
        "sync",
        "up",
        "api",
        3600,
    )
    assert sync["expected_at"] < sync["down_at"]
    assert (nightly["status"], nightly["cron"], nightly["every_s"]) == ("new", "0 2 * * *", 0)
    assert nightly["url"] == house.heartbeats.url("Nightly report")
    assert client.get(f"{WHERE}/Nightly%20report").json() == nightly
    assert client.get(f"{WHERE}/nobody").status_code == 404


def test_a_viewer_sees_no_address_and_pauses_nothing(house: House, client: TestClient[Front]):
    vera = with_token(house, Role.VIEWER)
    assert [each["url"] for each in client.get(WHERE, headers=vera).json()] == ["", ""]
    assert client.post(f"{WHERE}/sync/pause", headers=vera).status_code == 403
    assert client.get(WHERE, headers={"authorization": ""}).status_code == 401


def test_one_is_paused_and_resumed(house: House, client: TestClient[Front]):
    hear(house, Signal.FAIL)
    assert client.get(f"{WHERE}/sync").json()["status"] == "down"
    answer = client.post(f"{WHERE}/sync/pause")
    assert (answer.status_code, answer.json()["status"]) == (200, "paused")
    assert client.post(f"{WHERE}/sync/resume").json()["status"] == "new"
    assert client.post(f"{WHERE}/nobody/resume").status_code == 404


def test_only_one_that_a_ping_made_is_forgotten(house: House, client: TestClient[Front]):
    hear(house, Signal.SUCCESS, "extra")
    assert client.get(f"{WHERE}/extra").json()["provisioned"]
    assert client.delete(f"{WHERE}/extra").status_code == 204
    assert client.get(f"{WHERE}/extra").status_code == 404
    assert client.delete(f"{WHERE}/sync").json()["error"] == "declared_in_kit"
