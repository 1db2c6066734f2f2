import pytest
from litestar.testing import TestClient

from relight.catalog.person import Role
from relight.web.front import Front
from relight.wiring.house import House
from tests.web.given import with_session, with_token

BODY = {"title": "checkout fails"}
ADDRESS = "/api/v1/incidents"


def test_a_session_needs_the_word_of_its_own_forms(client: TestClient[Front], house: House):
    without = with_session(house, "sam", csrf=False)
    assert client.post(ADDRESS, json=BODY, headers=without).json()["error"] == "foreign_form"
    foreign = {**without, "x-csrf-token": with_session(house, "vera")["x-csrf-token"]}
    assert client.post(ADDRESS, json=BODY, headers=foreign).status_code == 403
    own = with_session(house, "sam")
    assert client.post(ADDRESS, json=BODY, headers=own).status_code == 201


def test_the_word_may_come_in_the_form(client: TestClient[Front], house: House):
    headers = with_session(house, "sam")
    word = headers.pop("x-csrf-token")
    answer = client.post("/sign-out", data={"_csrf": word}, headers=headers, follow_redirects=False)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "elsewhere",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "http://evil"}],
)
def test_what_another_site_sends_is_refused(
    client: TestClient[Front], house: House, elsewhere: dict[str, str]
):
    headers = with_session(house, "sam")
    if "origin" in elsewhere:
        del headers["sec-fetch-site"]
    headers.update(elsewhere)
    assert client.post(ADDRESS, json=BODY, headers=headers).status_code == 403
    # Signing someone in as another person would be such a form too.
    assert client.post("/sign-in/link", data={"link": "x"}, headers=elsewhere).status_code == 403


def test_a_browser_that_only_says_null_is_judged_by_the_word(
    client: TestClient[Front], house: House
):
    headers = {**with_session(house, "sam"), "origin": "null"}
    del headers["sec-fetch-site"]
    assert client.post(ADDRESS, json=BODY, headers=headers).status_code == 201


def test_a_token_needs_no_word(client: TestClient[Front], house: House):
    headers = {**with_token(house, Role.RESPONDER), "sec-fetch-site": "cross-site"}
    assert client.post(ADDRESS, json=BODY, headers=headers).status_code == 201
