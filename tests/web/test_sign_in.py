import re
from pathlib import Path

import pytest
from litestar.testing import TestClient

from relight.catalog.person import Role
from relight.desk.sign_in import SIGN_IN
from relight.kernel.clock import JumpingClock
from relight.store.records import admins
from relight.web.access import COOKIE, role_of
from relight.web.app import create_app
from relight.web.front import Front
from relight.web.signin import Restraint, inside
from relight.wiring.house import House
from tests.web.given import client_of, house_at, with_session

HTML = {"accept": "text/html"}
TIMES = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.+Z]*|\d\d:\d\d(:\d\d)?|\d{9,}(\.\d+)?")


def link_for(house: House, person: str, valid_s: float = 900) -> str:
    return house.access.new_link(person, house.clock.now(), valid_s).reveal()


def use(client: TestClient[Front], link: str, **more: str):
    return client.post("/sign-in/link", data={"link": link, **more}, follow_redirects=False)


def test_opening_a_link_uses_nothing_up(client: TestClient[Front], house: House):
    link = link_for(house, "sam")
    for _ in range(3):
        shown = client.get("/sign-in", params={"link": link}, headers=HTML)
        assert shown.status_code == 200
        assert link in shown.text
        assert COOKIE not in client.cookies
    assert use(client, link).status_code == 303


def test_a_link_signs_in_once(client: TestClient[Front], house: House):
    link = link_for(house, "sam")
    answer = use(client, link, next="/incidents/INC-3")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/incidents/INC-3"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert client.get("/api/v1/services").status_code == 200
    again = use(client, link)
    assert again.status_code == 403
    assert again.json()["error"] == "link_used"


def test_a_link_grows_old(client: TestClient[Front], house: House):
    assert use(client, link_for(house, "sam", valid_s=0)).status_code == 403


def test_signing_in_ends_the_session_before(client: TestClient[Front], house: House):
    use(client, link_for(house, "sam"))
    before = client.cookies[COOKIE]
    use(client, link_for(house, "rebecca"))
    after = client.cookies[COOKIE]
    assert before != after
    assert house.access.session(before, house.clock.now()) is None


def test_the_first_sign_in_asks_who_it_is_and_makes_them_admin(
    client: TestClient[Front], house: House
):
    asked = use(client, link_for(house, ""))
    assert asked.status_code == 200
    assert "vera" in asked.text
    assert COOKIE not in client.cookies
    (fresh,) = set(re.findall(r'name="link" value="([^"]+)"', asked.text))
    answer = use(client, fresh, person="vera")
    assert answer.status_code == 303
    assert admins(house.database) == {"vera"}
    assert client.get("/api/v1/tokens").status_code == 200


def test_a_link_made_for_a_person_signs_in_nobody_else(client: TestClient[Front], house: House):
    assert use(client, link_for(house, "vera"), person="rebecca").status_code == 303
    assert client.get("/api/v1/tokens").status_code == 403
    assert not admins(house.database)


def test_where_nobody_is_declared_the_owner_comes_in(tmp_path: Path):
    house = house_at(tmp_path / "kit", kit="name: Where2Eat\n")
    with client_of(create_app(house)) as client:
        assert use(client, link_for(house, "")).status_code == 303
        assert client.get("/api/v1/tokens").status_code == 200
    assert role_of(house, "owner") is Role.ADMIN
    house.close()


def test_nobody_learns_who_is_declared(client: TestClient[Front], house: House):
    answers = {
        TIMES.sub("", client.post("/sign-in", data={"who": who}, headers=HTML).text)
        for who in ("sam", "SAM ", "rebecca@example.org", "nobody", "", "\0")
    }
    assert len(answers) == 1
    asked = house.due.claim([SIGN_IN], now=house.clock.now(), limit=10, lease_s=1)
    assert len(asked) == 3
    assert all(b"sam" in each.payload or b"rebecca" in each.payload for each in asked)


def test_a_person_gets_five_links_in_a_quarter_of_an_hour(house: House):
    clock = JumpingClock(house.clock.now())
    restraint = Restraint(clock)
    assert [restraint.allows("sam") for _ in range(6)] == [True] * 5 + [False]
    assert restraint.allows("vera")
    clock.jump(899)
    assert not restraint.allows("sam")
    clock.jump(1)
    assert restraint.allows("sam")


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("/incidents/INC-1", "/incidents/INC-1"),
        ("//evil.example", ""),
        ("/\\evil.example", ""),
        ("https://evil.example", ""),
        ("/a\r\nset-cookie: x", ""),
        ("/sign-in", ""),
        ("", ""),
    ],
)
def test_after_signing_in_one_stays_in_the_house(path: str, taken: str):
    assert inside(path) == taken


def test_signing_out_needs_a_form_of_ours(client: TestClient[Front], house: House):
    headers = with_session(house, "sam", csrf=False)
    assert client.post("/sign-out", headers=headers).status_code == 403


def test_over_https_the_cookie_is_secure(tmp_path: Path):
    house = house_at(tmp_path / "kit", base_url="https://status.example.org")
    with client_of(create_app(house), base_url="https://status.example.org") as client:
        answer = use(client, link_for(house, "sam"))
        assert "secure" in answer.headers["set-cookie"].lower()
        assert "strict-transport-security" in answer.headers
    house.close()
