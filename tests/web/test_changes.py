from __future__ import annotations

from litestar.testing import TestClient

from relight.catalog.person import Role
from relight.web.front import Front
from relight.wiring.house import House
from tests.web.given import with_token


def test_changes_are_recorded_once_and_listed_by_service(client: TestClient[Front], house: House):
    headers = with_token(house, Role.RESPONDER)
    deploy = {"summary": "Deploy 1.2.3", "service": "api", "link": "https://ci.example.org/7"}
    keyed = {**headers, "idempotency-key": "build-7"}
    for _ in range(2):
        made = client.post("/api/v1/changes", json=deploy, headers=keyed)
        assert made.status_code == 201
    flag = {"summary": "new-checkout on", "kind": "flag"}
    client.post("/api/v1/changes", json=flag, headers=headers)
    widget = client.get("/api/v1/changes?service=widget", headers=headers).json()
    assert [each["summary"] for each in widget] == ["new-checkout on"]
    every = client.get("/api/v1/changes", headers=headers).json()
    assert [each["summary"] for each in every] == ["new-checkout on", "Deploy 1.2.3"]
    now = house.clock.now()
    assert [each.kind for each in house.desk.facts.changes(now.replace(year=2020), now)] == [
        "flag",
        "deploy",
    ]


def test_what_is_wrong_in_a_change_is_named(client: TestClient[Front], house: House):
    headers = with_token(house, Role.RESPONDER)
    for wrong, status in (
        ({"summary": "x", "service": "apy"}, 404),
        ({"summary": "x", "link": "javascript:alert(1)"}, 400),
        ({"summary": "x", "at": "2999-01-01T00:00:00Z"}, 400),
        ({"summary": ""}, 400),
    ):
        assert client.post("/api/v1/changes", json=wrong, headers=headers).status_code == status
    viewer = with_token(house, Role.VIEWER)
    assert client.post("/api/v1/changes", json={"summary": "x"}, headers=viewer).status_code == 403
