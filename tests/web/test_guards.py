"""Every route is closed unless it says who may come in."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar, get
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from relight.catalog.person import Role
from relight.web.account import (
    GUARDS,
    admin,
    deny_by_default,
    names_guard,
    open_to_all,
    responder,
    viewer,
)
from relight.web.app import create_app
from relight.web.errors import ANSWERS
from relight.web.front import Front
from relight.wiring.house import House
from tests.web.given import client_of, house_at, with_session, with_token

NEEDS = {viewer: Role.VIEWER, responder: Role.RESPONDER, admin: Role.ADMIN}
BELOW = {Role.VIEWER: None, Role.RESPONDER: Role.VIEWER, Role.ADMIN: Role.RESPONDER}
OPEN = {
    ("GET", "/ack/{token:str}"),
    ("POST", "/ack/{token:str}"),
    ("GET", "/api"),
    ("GET", "/api/openapi.json"),
    ("GET", "/api/{path:str}"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-in/link"),
}


def routes(app: Front) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    assert isinstance(app.app, Litestar)
    for route in app.app.routes:
        assert isinstance(route, HTTPRoute)
        for handler in route.route_handlers:
            for method in handler.http_methods - {"OPTIONS"}:
                yield str(method), route.path_format and route.path, handler


def role_needed(handler: HTTPRouteHandler) -> Role | None:
    named = [guard for guard in GUARDS if names_guard(handler, guard)]
    assert len(named) == 1, f"{handler} names {len(named)} guards"
    return NEEDS.get(named[0])


def address(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "x", re.sub(r"\{[^}]*:int\}", "1", path))


def test_each_route_names_exactly_one_guard_and_the_open_ones_are_known(app: Front):
    found = {(method, path) for method, path, handler in routes(app) if not role_needed(handler)}
    assert found == OPEN


def test_nobody_who_is_not_signed_in_passes(app: Front, client: TestClient[Front]):
    for method, path, handler in routes(app):
        if role_needed(handler) is None:
            continue
        plain = client.request(method, address(path), follow_redirects=False)
        assert plain.status_code == 401, (method, path)
        browser = client.request(
            method, address(path), headers={"accept": "text/html"}, follow_redirects=False
        )
        if method == "GET" and not path.startswith("/api/"):
            assert browser.status_code == 303, path
            assert browser.headers["location"].startswith("/sign-in?next=")
        else:
            assert browser.status_code == 401, (method, path)


@pytest.mark.parametrize("proof", ["token", "session"])
def test_each_role_is_enforced(app: Front, client: TestClient[Front], house: House, proof: str):
    people = {Role.VIEWER: "vera", Role.RESPONDER: "sam", Role.ADMIN: "rebecca"}
    callers = {
        role: with_token(house, role) if proof == "token" else with_session(house, people[role])
        for role in Role
    }
    for method, path, handler in routes(app):
        role = role_needed(handler)
        if role is None:
            continue
        below = BELOW[role]
        if below is not None:
            answer = client.request(method, address(path), headers=callers[below])
            assert answer.status_code == 403, (method, path, below)
        if path not in {"/live/home", "/sign-out"}:
            answer = client.request(
                method, address(path), headers=callers[role], follow_redirects=False
            )
            assert answer.status_code not in {401, 403}, (method, path, role, answer.text)


def test_a_route_without_a_guard_lets_nobody_in(house: House):
    @get("/forgotten", sync_to_thread=False)
    def forgotten() -> str:
        return "secret"

    app = Litestar([forgotten], guards=[deny_by_default], exception_handlers=ANSWERS)
    app.state.house = house
    with TestClient(app) as client:
        answer = client.get("/forgotten")
    assert answer.status_code == 403
    assert "secret" not in answer.text


def test_options_tell_nothing_to_strangers(client: TestClient[Front], house: House):
    assert client.options("/api/v1/incidents").status_code == 401
    allowed = client.options("/api/v1/incidents", headers=with_token(house, Role.VIEWER))
    assert allowed.status_code == 204


def test_a_revoked_token_and_an_ended_session_count_no_longer(
    client: TestClient[Front], house: House
):
    token = with_token(house, Role.ADMIN, "ci")
    assert client.get("/api/v1/services", headers=token).status_code == 200
    house.access.revoke_token("ci")
    assert client.get("/api/v1/services", headers=token).status_code == 401
    session = with_session(house, "sam")
    assert client.post("/sign-out", headers=session, follow_redirects=False).status_code == 303
    assert client.get("/api/v1/services", headers=session).status_code == 401


def test_a_wrong_token_is_not_helped_by_a_session(client: TestClient[Front], house: House):
    headers = {**with_session(house, "rebecca"), "authorization": "Bearer nonsense"}
    assert client.get("/api/v1/services", headers=headers).status_code == 401


def test_a_person_taken_out_of_the_kit_is_signed_out(tmp_path: Path):
    house = house_at(tmp_path / "kit")
    headers = with_session(house, "sam")
    with client_of(create_app(house)) as client:
        assert client.get("/api/v1/services", headers=headers).status_code == 200
        (house.folder / "relight.yaml").write_text("name: Where2Eat\npeople: [{name: rebecca}]\n")
        house.kit.loaded = house.read_kit(house.folder, house.kit.loaded)
        assert client.get("/api/v1/services", headers=headers).status_code == 401
    house.close()


def test_the_open_guard_is_open_on_purpose():
    assert open_to_all in GUARDS
