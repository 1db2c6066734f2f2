"""A service's alerts held back from its page, through the API and at the shell."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from relight.catalog.person import Role
from relight.web.app import create_app
from relight.wiring.house import House
from tests.web.given import client_of, house_at, with_session, with_token
from tests.web_pages.reading import Browser

KIT = """\
name: Where2Eat
people:
  - name: sam
services:
  - name: api
silences:
  - {name: nightly, services: [api], every: day, at: "02:00", for: 1h}
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder = tmp_path / "kit"
    folder.mkdir()
    with closing(house_at(folder, kit=KIT)) as house:
        yield house


@pytest.fixture
def sam(house: House) -> Iterator[Browser]:
    with client_of(create_app(house)) as client:
        yield Browser(client, with_session(house, "sam", csrf=False))


def lasting(house: House) -> list[str]:
    desk, now = house.desk, house.clock.now()
    return [each.silence.reason for each in desk.silences.lasting(desk.catalog, now)]


def test_a_person_holds_alerts_back_and_ends_it_from_the_page(house: House, sam: Browser) -> None:
    page = sam.open("/services/api")
    sam.send(page.form("/silence"), reason="New disks.")

    assert "New disks." in lasting(house)
    page = sam.open("/services/api")
    sam.send(page.form("/end-silence"))
    assert "New disks." not in lasting(house)


def test_the_api_makes_lists_and_ends(house: House, sam: Browser) -> None:
    headers = with_token(house, Role.RESPONDER, "ci")
    body = {"for_s": 600, "name": "deploy", "checks": ["api/http"]}

    made = sam.client.post("/api/v1/silences", json=body, headers=headers)
    assert made.status_code == 201, made.text
    assert made.json()["by"]
    again = sam.client.post("/api/v1/silences", json=body, headers=headers)
    assert again.status_code == 409
    wide = sam.client.post("/api/v1/silences", json={"for_s": 600}, headers=headers)
    assert wide.status_code == 409
    listed = sam.client.get("/api/v1/silences", headers=headers).json()
    assert [each["name"] for each in listed] == ["nightly", "deploy"]
    assert sam.client.delete("/api/v1/silences/nightly", headers=headers).status_code == 409
    assert sam.client.delete("/api/v1/silences/deploy", headers=headers).status_code == 204
    assert sam.client.delete("/api/v1/silences/deploy", headers=headers).status_code == 404
