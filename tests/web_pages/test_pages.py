"""Each page is there for its role, well-formed, and says what it has to say."""

from datetime import timedelta
from pathlib import Path

import pytest

from relight.kernel.signing import sign
from relight.store.records import make_admin
from relight.web.app import create_app
from relight.wiring.house import House
from tests.web.given import client_of, with_session
from tests.web_pages.given import SAM, UGLY, declared, house_of, looked
from tests.web_pages.reading import Browser

PATHS = ("/", "/incidents", "/incidents?show=live", "/oncall", "/services", "/settings")


@pytest.mark.parametrize("services", [0, 1, 60])
@pytest.mark.parametrize("who", ["rebecca", "sam", "vera"])
def test_every_page_is_there_for_everyone_who_may_look(
    tmp_path: Path, services: int, who: str
) -> None:
    house = house_of(tmp_path / "kit", services)
    looked(house, down="service-0")
    incident = declared(house, UGLY * 3)
    with client_of(create_app(house)) as client:
        browser = Browser(client, with_session(house, who, csrf=False))
        for path in (*PATHS, "/fragment", f"/incidents/{incident.name}"):
            page = browser.open(path)
            assert "<img src=x" not in (browser.answer.text if browser.answer else "")
            if path == "/":
                assert "Nobody has it yet." in page.text
        for service in house.desk.catalog.services[:2]:
            browser.open(f"/services/{service.name}")
        may_work = who != "vera"
        browser.open("/incidents/new", answers=200 if may_work else 403)
        room = browser.open(f"/incidents/{incident.name}")
        assert bool(room.forms) == may_work
    house.close()


def test_without_anything_declared_the_pages_say_what_to_write(tmp_path: Path) -> None:
    house = house_of(tmp_path / "kit", 0, people=False)
    make_admin(house.database, "owner")
    with client_of(create_app(house)) as client:
        owner = Browser(client, with_session(house, "owner", csrf=False))
        home = owner.open("/")
        assert "Nothing is watched yet." in home.text
        assert "services:" in home.text
        assert "people:" in home.text
        assert "Nobody is on call." in owner.open("/oncall").text
    house.close()


def test_a_quiet_house_says_so_in_one_line(house: House, sam: Browser) -> None:
    looked(house)
    home = sam.open("/")
    assert "1 service works." in home.text
    assert "checked" in home.text


def test_trouble_without_an_incident_offers_to_declare_one(house: House, sam: Browser) -> None:
    looked(house, down="service-0")
    home = sam.open("/")
    assert "No incident is declared." in home.text
    assert "/incidents/new?service=service-0" in home.links


def test_a_faulty_kit_is_listed_with_its_lines(house: House, sam: Browser) -> None:
    written = house.folder / "relight.yaml"
    written.write_text(written.read_text().replace("services:", "servcies:"))
    house.kit.loaded = house.read_kit(house.folder, house.kit.loaded)
    home = sam.open("/")
    assert "the version before is in force" in home.text
    assert "relight.yaml:" in home.text
    assert "servcies" in sam.open("/settings").text


def test_a_copy_of_the_public_page_that_fails_is_said(house: House, sam: Browser) -> None:
    house.publishing["folder ./public"] = "No space left on device."
    assert "No space left on device." in sam.open("/").text


def test_who_cannot_be_reached_is_said(sam: Browser) -> None:
    page = sam.open("/oncall")
    assert "vera has no contact" in page.text


def test_the_fragment_has_the_parts_of_the_room(house: House, sam: Browser) -> None:
    incident = declared(house)
    room = sam.open(f"/incidents/{incident.name}")
    fragment = sam.open(f"/incidents/{incident.name}/fragment")
    parts = {"room-head", "room-actions", "room-timers", "evidence", "timeline", "people"}
    assert parts | {"room-updates"} <= fragment.ids <= room.ids


def test_a_long_timeline_is_cut_and_can_be_had_whole(house: House, sam: Browser) -> None:
    incident = declared(house)
    for n in range(160):
        house.desk.note(incident.id, f"Note {n}.", by=SAM)
    short = sam.open(f"/incidents/{incident.name}")
    assert "entry-1" not in short.ids
    assert "entry-1" in sam.open(f"/incidents/{incident.name}?whole=true").ids


def test_the_acknowledge_page_needs_no_session(house: House, sam: Browser) -> None:
    incident = declared(house)
    subject = {"incident": incident.id, "person": "rebecca", "page": ""}
    expires_at = house.clock.now() + timedelta(hours=1)
    token = sign(house.instance.key, "acknowledge", subject, expires_at)
    sam.client.cookies.clear()
    page = sam.open(f"/ack/{token}")
    assert house.desk.find(incident.id).acknowledged_by == ""
    done = sam.send(page.form(token))
    assert "You have it" in done.text
    assert house.desk.find(incident.id).acknowledged_by == "rebecca"


def test_the_postmortem_is_read_from_the_kit_folder_alone(house: House, sam: Browser) -> None:
    incident = declared(house)
    sam.open(f"/incidents/{incident.name}/postmortem", answers=404)
    sam.open("/incidents/INC-99", answers=404)
    sam.open("/services/none", answers=404)


def test_signing_in_has_its_pages(house: House, sam: Browser) -> None:
    sam.client.cookies.clear()
    asked = sam.open("/sign-in")
    assert "on its way" in sam.send(asked.form("/sign-in"), who="sam").text
    link = house.new_link("", 60).reveal()
    pressed = sam.send(sam.open(f"/sign-in?link={link}").form("/link"))
    assert "Who are you?" in pressed.text
    home = sam.send(pressed.form("/link"), person="rebecca")
    assert "Signed in as rebecca" in home.text
