"""The doors for senders: keys, bounds, repeats, floods, and what is on disk when they are told."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from relight.desk.intake import ALONE
from relight.kernel.severity import Severity
from relight.store.intake import KEPT
from relight.web.app import create_app
from relight.web.front import Front
from relight.wiring.house import House
from tests.intake.given import KIT, event, firing, house_with_senders, key, path
from tests.web.given import client_of


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = house_with_senders(tmp_path / "kit")
    yield house
    house.close()


@pytest.fixture
def client(house: House) -> Iterator[TestClient[Front]]:
    with client_of(create_app(house)) as client:
        yield client


def test_a_delivery_is_an_alert_with_its_triage_once_it_is_answered(
    client: TestClient[Front], house: House
):
    answer = client.post(path(house, "prometheus"), json=firing("a", severity="critical"))
    assert (answer.status_code, answer.json()) == (200, {})
    (alert,) = house.alerts.alerts(only_open=True)
    assert (alert.source, alert.key, alert.service) == ("intake/prometheus", "a", "api")
    assert alert.severity is Severity.S1
    assert house.due.keys("triage") == {alert.id}
    client.post(path(house, "prometheus"), json=firing("a", status="resolved"))
    assert house.alerts.alerts(only_open=True) == []


@pytest.mark.parametrize("door", ["/in", "/in/", "/in/prometheus", "/in/prometheus/", "/in/x/y"])
def test_a_key_that_is_not_right_and_a_name_that_is_not_there_look_alike(
    client: TestClient[Front], house: House, door: str
):
    answers = {
        client.post(each, json=firing("a")).text
        for each in (door, f"/in/prometheus/{key(house, 'events')}", "/in/prometheus/é%00")
    }
    assert len(answers) == 1
    assert client.post(door, json=firing("a")).status_code == 404
    assert house.alerts.alerts() == []


def test_any_host_name_will_do(client: TestClient[Front], house: House):
    headers = {"host": "alerts.example.org"}
    assert client.post(path(house, "prometheus"), json=firing("a"), headers=headers).is_success


def test_pagerduty_is_answered_in_its_own_words(client: TestClient[Front], house: House):
    right = key(house, "events")
    taken = client.post("/v2/enqueue", json=event(right, "trigger"))
    assert taken.status_code == 202
    assert taken.json() == {
        "status": "success",
        "message": "Event processed",
        "dedup_key": "disk",
    }
    wrong = client.post("/v2/enqueue", json=event(right, "explode"))
    assert (wrong.status_code, wrong.json()["status"]) == (400, "invalid event")
    assert "event_action" in wrong.json()["errors"][0]
    for other in ("", "nobody's", key(house, "genie")):
        assert client.post("/v2/enqueue", json=event(other, "trigger")).status_code == 400
    large = event(right, "trigger")
    large["payload"]["custom_details"] = "x" * (512 * 1024)
    assert client.post("/v2/enqueue", json=large).status_code == 413
    (alert,) = house.alerts.alerts()
    assert (alert.service, alert.count, alert.severity) == ("api", 1, Severity.S2)


def test_a_trigger_without_a_key_is_always_new_and_one_after_a_resolve_too(
    client: TestClient[Front], house: House
):
    right = key(house, "events")
    keys = {
        client.post("/v2/enqueue", json=event(right, "trigger", "")).json()["dedup_key"]
        for _ in range(3)
    }
    assert len(keys) == 3
    assert all(len(each) == 32 for each in keys)
    for action in ("trigger", "resolve", "trigger"):
        client.post("/v2/enqueue", json=event(right, action))
    ours = [each for each in house.alerts.alerts() if each.key == "disk"]
    assert sorted(each.is_open for each in ours) == [False, True]


def test_a_change_never_notifies(client: TestClient[Front], house: House):
    change = {
        "routing_key": key(house, "events"),
        "payload": {"summary": "Deploy 1.2.3 to production", "timestamp": "2026-05-02T12:00:00Z"},
        "links": [{"href": "https://ci.example.org/7", "text": "Build 7"}],
    }
    answer = client.post("/v2/change/enqueue", json=change)
    assert answer.status_code == 202
    assert answer.json() == {"status": "success", "message": "Change event processed"}
    now = house.clock.now()
    (recorded,) = house.what_changed.between(now.replace(year=2020), now)
    assert (recorded.kind, recorded.service) == ("deploy", "api")
    assert recorded.link == "https://ci.example.org/7"
    assert house.alerts.alerts() == []


def test_opsgenie_is_answered_in_its_own_words(client: TestClient[Front], house: House):
    genie = {"authorization": f"GenieKey {key(house, 'genie')}"}
    made = client.post(
        "/v2/alerts", json={"message": "Full", "alias": "disk", "entity": "web"}, headers=genie
    )
    assert made.status_code == 202
    asked = client.get(f"/v2/alerts/requests/{made.json()['requestId']}", headers=genie)
    assert asked.json()["data"]["alias"] == "disk"
    assert asked.json()["data"]["isSuccess"] is True
    assert client.get("/v2/alerts/requests/none", headers=genie).status_code == 404
    assert client.post("/v2/alerts", json={"alias": "x"}, headers=genie).status_code == 422
    assert client.post("/v2/alerts", json={"message": "x"}).status_code == 401
    (alert,) = house.alerts.alerts()
    assert (alert.service, alert.severity, alert.is_open) == ("web", Severity.S4, True)
    where = "/v2/alerts/disk/close?identifierType=alias"
    assert client.post(where, json={"user": "x"}, headers=genie).status_code == 202
    assert not house.alerts.alerts()[0].is_open


def test_a_repeat_by_the_sender_s_own_id_counts_once(client: TestClient[Front], house: House):
    body = {"host": "db-1", "id": "delivery-7"}
    answers = [client.post(path(house, "scripts"), json=body).status_code for _ in range(3)]
    assert answers == [200, 200, 200]
    assert [each.count for each in house.alerts.alerts()] == [1]


def test_a_signature_that_cannot_be_checked_now_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Amazon takes 401 for the last word and 503 for a reason to try again."""

    def no_names(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    topic = "arn:aws:sns:eu-west-1:123456789012:alarms"
    kit = KIT + f'  - {{name: cloud, from: {{sns: {{topic: "{topic}"}}}}}}\n'
    host = "https://sns.eu-west-1.amazonaws.com"
    sent = {"Type": "Notification", "TopicArn": topic, "SigningCertURL": f"{host}/a.pem"}
    house = house_with_senders(tmp_path / "cloud", kit)
    with client_of(create_app(house)) as client:
        monkeypatch.setattr(socket, "getaddrinfo", no_names)
        answer = client.post(path(house, "cloud"), json=sent)
        other = client.post(path(house, "cloud"), json={**sent, "TopicArn": f"{topic}-2"})
        monkeypatch.undo()
    kept = [each.refused for each in house.handed_in.newest("cloud", limit=5)]
    house.close()
    assert kept == ["The topic is another.", "Whether it is genuine cannot be checked now."]
    assert (answer.status_code, answer.json()["error"]) == (503, "not_checked")
    assert (other.status_code, other.json()["sentence"]) == (401, "The topic is another.")


@pytest.mark.parametrize("size", [(1 << 20) + 1, 10 << 20])
def test_too_much_is_refused_and_nothing_else_disturbed(
    client: TestClient[Front], house: House, size: int
):
    def endless() -> Iterator[bytes]:
        for _ in range(size // 65536 + 1):
            yield b"x" * 65536

    assert client.post(path(house, "scripts"), content=b"x" * size).status_code == 413
    assert client.post(path(house, "scripts"), content=endless()).status_code == 413
    assert client.post(path(house, "scripts"), json={"host": "a"}).status_code == 200


def test_what_came_is_kept_within_bounds_and_without_keys(client: TestClient[Front], house: House):
    secret = key(house, "events")
    headers = {"x-api-key": "hunter2", "user-agent": "curl/8"}
    client.post("/v2/enqueue", json=event(secret, "trigger"), headers=headers)
    client.post("/v2/enqueue", content=b'{"routing_key": "%s", "x": 1}' % secret.encode())
    refused, taken = house.handed_in.newest("events")
    assert taken.counts == {"raised": 1}
    assert refused.refused == "'event_action' is missing or blank"
    assert taken.headers["user-agent"] == "curl/8"
    assert "hunter2" not in repr(taken)
    assert secret not in repr((taken, refused))
    for n in range(KEPT + 60):
        client.post(path(house, "scripts"), json={"host": "a", "n": n})
    assert len(house.handed_in.newest("scripts", limit=999)) < KEPT + 60


def test_a_flood_keeps_every_alert_and_asks_for_the_rest_as_one(
    client: TestClient[Front], house: House
):
    extra = 40
    group: dict[str, Any] = {"version": "4", "status": "firing", "alerts": []}
    for n in range(ALONE + extra):
        group["alerts"] += firing(f"a{n}")["alerts"]
    worst = firing("worst", severity="critical")
    assert client.post(path(house, "prometheus"), json=group).status_code == 200
    assert client.post(path(house, "prometheus"), json=worst).status_code == 200
    alerts = house.alerts.alerts(limit=999, only_open=True)
    (many,) = [each for each in alerts if each.source == "intake/prometheus/many"]
    assert len(alerts) == ALONE + extra + 2
    assert many.count == extra + 1
    assert many.severity is Severity.S1
    assert len(house.due.keys("triage")) == ALONE + 1
    # The counting alert ends with the last of those that it counts.
    for each in group["alerts"]:
        each["status"] = "resolved"
    client.post(path(house, "prometheus"), json=group)
    assert len(house.alerts.alerts(limit=999, only_open=True)) == 2
    client.post(path(house, "prometheus"), json=firing("worst", status="resolved"))
    assert house.alerts.alerts(limit=999, only_open=True) == []


def test_many_at_once_are_one_alert_each(client: TestClient[Front], house: House):
    where = path(house, "prometheus")

    def post(n: int) -> int:
        return client.post(where, json=firing(f"a{n % 5}")).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(80)))
    assert set(answers) == {200}
    assert sorted(each.count for each in house.alerts.alerts()) == [16] * 5


def test_so_many_reports_of_a_service_within_a_window_are_an_alert(
    client: TestClient[Front], house: House
):
    where = path(house, "customers")
    for n in range(2):
        client.post(where, json={"text": "It is white.", "service": "api", "id": n})
        client.post(where, json={"text": "Slow.", "service": "web", "id": f"w{n}"})
    assert house.alerts.alerts() == []
    client.post(where, json={"text": "<b>Broken</b>", "service": "api", "id": 2})
    (alert,) = house.alerts.alerts()
    assert (alert.source, alert.key, alert.service) == ("reports", "api", "api")
    assert alert.summary == "3 customers report trouble with api"
    since = house.clock.now().replace(year=2020)
    assert len(house.handed_in.reports(since, services=["api"])) == 3


def form(client: TestClient[Front], **fields: str) -> tuple[int, str]:
    answer = client.post("/report", data=fields, headers={"host": "status.example.org"})
    return answer.status_code, answer.text


def test_a_customer_reports_by_a_form_without_script(client: TestClient[Front], house: House):
    page = client.get("/report", headers={"host": "status.example.org"})
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "The shop" in page.text
    assert client.get("/status/").text.count('/report">Report a problem') == 1
    for n in range(3):
        status, text = form(client, service="web", text=f"<script>{n}</script>", by="mia@x.org")
        assert (status, "Thank you" in text) == (200, True)
    (alert,) = house.alerts.alerts()
    assert (alert.source, alert.key, alert.count) == ("reports", "web", 1)


def test_reports_of_a_robot_of_nothing_and_of_one_address_are_bounded(
    client: TestClient[Front], house: House
):
    assert form(client, text="Buy", website="https://spam.example")[0] == 200
    assert form(client, text="  ")[0] == 400
    assert form(client, text="x" * 40_000)[0] == 413
    answers = [form(client, text="White.")[0] for _ in range(8)]
    assert answers == [200] * 5 + [429] * 3
    since = house.clock.now().replace(year=2020)
    assert len(house.handed_in.reports(since)) == 5


def test_what_a_customer_typed_is_not_lost_and_not_believed(client: TestClient[Front]):
    status, text = form(client, by='"><b>', service="web", text="")
    assert status == 400
    assert "<b>" not in text
    assert 'value="web" selected' in text
