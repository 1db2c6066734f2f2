"""What every request meets first."""

from pathlib import Path

import pytest
from litestar.testing import TestClient

from relight.catalog.person import Role
from relight.kernel.actor import person
from relight.web.app import create_app
from relight.web.front import Front
from relight.web.headers import KnownHosts, is_loopback
from relight.wiring.house import House
from tests.web.given import client_of, house_at, with_token

EVERYWHERE = [
    "/",
    "/status/",
    "/status/nothing",
    "/health",
    "/ready",
    "/metrics",
    "/sign-in",
    "/nothing",
    "/static/tokens.css",
    "/static/nothing",
    "/api/openapi.json",
    "/api/v1/incidents",
    "/ack/nonsense",
]


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_carries_the_security_headers_once(client: TestClient[Front], path: str):
    answer = client.get(path, headers={"accept": "text/html"}, follow_redirects=False)
    for name in (
        "content-security-policy",
        "x-content-type-options",
        "referrer-policy",
        "permissions-policy",
        "cross-origin-opener-policy",
    ):
        assert len(answer.headers.get_list(name)) == 1, name
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "x:y:z"])
def test_a_strange_name_is_refused(client: TestClient[Front], host: str):
    for path in ("/", "/sign-in", "/api/v1/incidents", "/metrics", "/static/tokens.css"):
        assert client.get(path, headers={"host": host}).status_code == 421
    for path in ("/status/", "/health", "/ready"):
        assert client.get(path, headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1:99", "localhost", "[::1]:8181", "192.168.1.9", "demo.localhost:1"]
)
def test_addresses_and_this_machine_are_known(client: TestClient[Front], host: str):
    assert client.get("/sign-in", headers={"host": host}).status_code == 200


def test_the_operator_allows_more_names(tmp_path: Path):
    house = house_at(tmp_path / "kit", base_url="https://relight.example.org")
    with client_of(create_app(house, allowed_hosts=["inside.example.org"])) as client:
        for host in ("relight.example.org", "Inside.Example.org:443"):
            assert client.get("/sign-in", headers={"host": host}).status_code == 200
        assert client.get("/sign-in", headers={"host": "example.org"}).status_code == 421
    house.close()


def test_a_body_has_a_largest_size(client: TestClient[Front], house: House):
    headers = with_token(house, Role.RESPONDER)
    large = {"title": "x" * (1 << 20)}
    answer = client.post("/api/v1/incidents", json=large, headers=headers)
    assert answer.status_code == 413
    assert answer.json()["error"] == "too_large"

    def endless():
        for _ in range(64):
            yield b"x" * 65536

    kind = {**headers, "content-type": "application/json"}
    answer = client.post("/api/v1/incidents", content=endless(), headers=kind)
    assert answer.status_code == 413
    assert client.post("/sign-in", data={"who": "x" * (1 << 20)}).status_code == 413


def test_a_path_with_a_null_is_refused(client: TestClient[Front]):
    assert client.get("/api/v1/incidents/%00").status_code == 400


def test_an_unknown_page_is_a_page_for_browsers_and_words_for_programs(
    client: TestClient[Front],
):
    page = client.get("/nothing", headers={"accept": "text/html,*/*;q=0.8"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "There is no such page." in page.text
    words = client.get("/nothing")
    assert words.json() == {"error": "not_found", "sentence": "There is no such page."}
    api = client.get("/api/v1/nothing", headers={"accept": "text/html"})
    assert api.headers["content-type"] == "application/json"
    assert client.delete("/sign-in").status_code == 405


def test_what_nobody_expected_gets_a_number_and_no_traceback(
    client: TestClient[Front], house: House
):
    headers = with_token(house, Role.VIEWER)
    done = house.desk.declare("x", by=person("sam"))
    with house.database.engine.begin() as tx:
        tx.exec_driver_sql("UPDATE stream SET state = 'broken'")
    for accept in ("application/json", "text/html"):
        answer = client.get(f"/api/v1/incidents/{done.id}", headers={**headers, "accept": accept})
        assert answer.status_code == 500
        assert answer.json()["error"] == "unexpected"
        assert len(answer.json()["id"]) == 12
        assert "Traceback" not in answer.text
        assert "Decode" not in answer.text


def test_a_name_is_known_by_its_host_alone():
    hosts = KnownHosts("https://relight.example.org:8443/", ["other"])
    assert "RELIGHT.example.org" in hosts
    assert "other:1" in hosts
    assert "relight.example.org.evil" not in hosts
    assert 5 not in hosts


@pytest.mark.parametrize(
    ("peer", "here"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("testclient", False),
    ],
)
def test_this_machine_is_recognised(peer: str, here: bool):
    assert is_loopback(peer) is here
