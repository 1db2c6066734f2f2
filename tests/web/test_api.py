import json
from typing import Any, TypeAlias

import pytest
from litestar.testing import TestClient

from relight.catalog.person import Role
from relight.incident.commands import PageContact, RequestPages
from relight.kernel.actor import ActorKind, machine, person, rule
from relight.kernel.severity import Severity
from relight.web.front import Front
from relight.wiring.house import House
from tests.web.given import with_session, with_token

V1 = "/api/v1"
Json: TypeAlias = Any
AS_SAM: Json = {"as": "sam"}


@pytest.fixture
def sam(house: House) -> dict[str, str]:
    return with_session(house, "sam")


@pytest.fixture
def ci(house: House) -> dict[str, str]:
    return with_token(house, Role.RESPONDER, "ci")


def call(
    client: TestClient[Front], headers: dict[str, str], what: str, expect: int = 200, **body: object
) -> Json:
    answer = client.post(f"{V1}/incidents/{what}", json=body, headers=headers)
    assert answer.status_code == expect, answer.text
    return answer.json()


def declare(client: TestClient[Front], headers: dict[str, str], **body: object) -> Json:
    answer = client.post(
        f"{V1}/incidents", json={"title": "checkout fails", **body}, headers=headers
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_whole_life(client: TestClient[Front], house: House, sam: dict[str, str]):
    made = declare(client, sam, severity="S1", services=["api"], reason="orders fail")
    assert made["name"] == "INC-1"
    assert made["status"] == "investigating"
    assert made["paging"]["active"]
    assert made["url"] == "http://127.0.0.1:8181/incidents/INC-1"
    assert call(client, sam, "INC-1/acknowledge")["acknowledged_by"] == "sam"
    assert call(client, sam, "1/severity", severity="S2", reason="less")["severity"] == "S2"
    assert call(client, sam, "1/status", status="identified")["status"] == "identified"
    call(client, sam, "1/notes", text="saw 500s", occurred_at="2026-01-01T03:00:00+01:00")
    call(client, sam, "1/updates", audience="internal", text="Sam is on it", next_in_s=600)
    told = call(client, sam, "1/updates", audience="public", text="We are on it.")
    assert told["next_public_at"]
    taken = call(client, sam, "1/duties", duty="communications", person="rebecca")
    assert taken["duties"] == {"commander": "sam", "communications": "rebecca"}
    refused = call(client, sam, "1/resolve", expect=409)
    assert refused["error"] == "gate_not_passed"
    assert refused["hint"]
    refused = call(client, sam, "1/resolve", expect=409, override_reason="seen by hand")
    assert refused["error"] == "last_word_missing"
    ended = call(
        client, sam, "1/resolve", override_reason="seen by hand", last_word="It works again."
    )
    assert ended["status"] == "resolved"
    assert not ended["live"]
    assert call(client, sam, "1/reopen", reason="again")["status"] == "investigating"
    call(client, sam, "1/resolve", override_reason="now it is", last_word="Works.")
    assert call(client, sam, "1/close")["status"] == "closed"
    timeline = client.get(f"{V1}/incidents/1/timeline", headers=sam).json()
    assert [each["seq"] for each in timeline] == list(range(1, len(timeline) + 1))
    (note,) = [each for each in timeline if each["type"] == "NoteAdded"]
    assert note["occurred_at"] == "2026-01-01T02:00:00Z"
    assert note["by"] == "sam"
    assert all(each["sentence"] for each in timeline)
    fixed = call(client, sam, "1/corrections", seq=note["seq"], text="saw 502s", reason="typo")
    assert fixed["seq"] == len(timeline) + 1
    rest = client.get(f"{V1}/incidents/1/timeline?after={len(timeline)}", headers=sam).json()
    assert [each["type"] for each in rest] == ["Corrected"]
    words = client.get(f"{V1}/updates?audience=public", headers=sam).json()
    assert [each["text"] for each in words] == ["Works.", "It works again.", "We are on it."]
    assert [each["text"] for each in client.get(f"{V1}/updates?limit=1", headers=sam).json()]


def test_declining_and_merging(client: TestClient[Front], sam: dict[str, str]):
    for _ in range(3):
        declare(client, sam)
    assert call(client, sam, "1/decline", reason="a drill")["status"] == "declined"
    merged = call(client, sam, "2/merge", into="INC-3", reason="same")
    other = client.get(f"{V1}/incidents/3", headers=sam).json()
    assert merged["merged_into"] == other["id"]
    assert call(client, sam, "3/merge", expect=409, into="3")["error"] == "merge_into_itself"
    live = client.get(f"{V1}/incidents?live=true", headers=sam).json()
    assert [each["name"] for each in live] == ["INC-3"]
    ended = client.get(f"{V1}/incidents?live=false&limit=1", headers=sam).json()
    assert [each["name"] for each in ended] == ["INC-2"]


def test_the_same_key_gives_the_first_answer(
    client: TestClient[Front], house: House, sam: dict[str, str], ci: dict[str, str]
):
    key = {"idempotency-key": "abc"}
    first = declare(client, {**ci, **key})
    again = declare(client, {**ci, **key}, severity="S1")
    assert again["id"] == first["id"]
    assert again["severity"] == first["severity"]
    assert declare(client, {**sam, **key})["id"] != first["id"], "another caller, another key"
    noted = call(client, {**ci, **key}, f"{first['name']}/notes", text="one")
    assert noted["id"] == first["id"]
    assert noted["seq"] == first["seq"] + 1, "another path, another key"
    assert call(client, {**ci, **key}, f"{first['name']}/notes", text="one")["seq"] == noted["seq"]


def test_a_token_acts_as_a_program_unless_it_names_a_person(
    client: TestClient[Front], house: House, ci: dict[str, str], sam: dict[str, str]
):
    declare(client, ci)
    (first, *_) = house.desk.timeline(house.desk.find("1"))
    assert first.by == machine("ci")
    nobody = call(client, ci, "1/acknowledge", expect=400)
    assert nobody["field"] == "as"
    taken = call(client, ci, "1/acknowledge", **AS_SAM)
    assert taken["acknowledged_by"] == "sam"
    assert house.desk.timeline(house.desk.find("1"))[-1].by.kind is ActorKind.PERSON
    assert (
        call(client, ci, "1/notes", 404, text="x", **{"as": "eve"})["error"] == "person_not_found"
    )
    assert (
        call(client, sam, "1/notes", 403, text="x", **{"as": "rebecca"})["error"] == "role_too_low"
    )
    call(client, sam, "1/notes", text="x", **AS_SAM)


def test_what_is_not_there_is_said_with_a_next_step(client: TestClient[Front], ci: dict[str, str]):
    missing = client.get(f"{V1}/incidents/INC-9", headers=ci)
    assert missing.status_code == 404
    assert missing.json()["error"] == "incident_not_found"
    service = client.get(f"{V1}/services/wdget", headers=ci)
    assert service.status_code == 404
    assert service.json()["hint"] == "Did you mean `widget`?"
    unknown = client.post(f"{V1}/incidents", json={"title": "x", "services": ["nope"]}, headers=ci)
    assert unknown.json()["error"] == "service_not_found"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "x", "severety": "S1"}, "severety"),
        ({"title": "x", "severity": "S9"}, "severity"),
        ({"title": ""}, "title"),
        ({}, "title"),
        ({"title": "x", "occurred_at": "2099-01-01T00:00:00Z"}, "occurred_at"),
        ({"title": "x", "occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"title": "x", "occurred_at": "2026-01-01T00:00:00"}, "occurred_at"),
        ({"title": "x", "services": [5]}, "services"),
    ],
)
def test_a_wrong_field_is_named(
    client: TestClient[Front], ci: dict[str, str], body: dict[str, Any], field: str
):
    answer = client.post(f"{V1}/incidents", json=body, headers=ci)
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["error"] == "invalid"
    assert field in problem.get("field", "") or field in problem["sentence"]


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b'"\xff"', b'{"title":"\\ud800"}'])
def test_a_body_that_is_no_json_is_refused(
    client: TestClient[Front], ci: dict[str, str], content: bytes
):
    headers = {**ci, "content-type": "application/json"}
    answer = client.post(f"{V1}/incidents", content=content, headers=headers)
    assert answer.status_code == 400, answer.text


def test_the_timeline_shows_no_address_of_a_contact(
    client: TestClient[Front], house: House, ci: dict[str, str]
):
    incident = house.desk.declare("x", by=person("sam"), severity=Severity.S1)
    sam = house.kit.catalog.person("sam")
    assert sam is not None
    contact = PageContact(person="sam", contact=sam.contacts[0], address=sam.contacts[0].label())
    house.desk.run(
        incident.id, RequestPages(round=0, contacts=(contact,), rule="At once."), rule("paging")
    )
    answer = client.get(f"{V1}/incidents/1/timeline", headers=ci)
    assert "PageRequested" in answer.text
    assert "hooks.example.org" in answer.text
    assert "very-secret-path" not in answer.text
    assert "very-secret-path" not in client.get(f"{V1}/incidents/1", headers=ci).text


def test_the_other_resources(client: TestClient[Front], house: House, ci: dict[str, str]):
    def read(what: str) -> Json:
        answer = client.get(f"{V1}/{what}", headers=ci)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert [each["name"] for each in read("services")] == ["api", "widget"]
    (check,) = read("services/api")["checks"]
    assert check["kind"] == "http"
    assert check["status"] == "unknown"
    assert read("alerts") == []
    assert read("alerts?open=true") == []
    assert read("oncall")["schedules"] == []
    config = read("config")
    assert config["name"] == "Where2Eat"
    assert not config["refused"]
    declare(client, ci, services=["api"])
    gate = read("incidents/1/gate")
    assert not gate["passed"]
    assert gate["gate"]["items"]


def test_only_an_admin_makes_tokens(client: TestClient[Front], house: House):
    boss = with_session(house, "rebecca")
    made = client.post(f"{V1}/tokens", json={"name": "ci", "role": "viewer"}, headers=boss)
    assert made.status_code == 201
    token = {"authorization": f"Bearer {made.json()['token']}"}
    assert client.get(f"{V1}/services", headers=token).status_code == 200
    assert client.get(f"{V1}/tokens", headers=token).status_code == 403
    twice = client.post(f"{V1}/tokens", json={"name": "ci"}, headers=boss)
    assert (twice.status_code, twice.json()["error"]) == (409, "token_name_taken")
    bad = client.post(f"{V1}/tokens", json={"name": "a b"}, headers=boss)
    assert bad.status_code == 400
    listed = client.get(f"{V1}/tokens", headers=boss)
    assert made.json()["token"] not in listed.text
    assert [each["name"] for each in listed.json()] == ["ci"]
    assert client.delete(f"{V1}/tokens/ci", headers=boss).status_code == 204
    assert client.get(f"{V1}/services", headers=token).status_code == 401
    assert client.delete(f"{V1}/tokens/ci", headers=boss).status_code == 404


def test_the_document_is_open_and_closes_its_bodies(client: TestClient[Front]):
    answer = client.get("/api/openapi.json")
    assert answer.status_code == 200
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    operations = [
        operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in {"get", "post", "delete"}
    ]
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    assert all(operation["summary"] for operation in operations)
    bodies = [each["requestBody"] for each in operations if "requestBody" in each]
    assert len(bodies) == 17
    for body in bodies:
        name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert document["components"]["schemas"][name]["additionalProperties"] is False
    assert "Secret" not in json.dumps(document["components"]["schemas"])
