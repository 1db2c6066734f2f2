from datetime import timedelta

from litestar.testing import TestClient

from relight.incident.events import Acknowledged
from relight.incident.state import Incident
from relight.kernel.actor import person
from relight.kernel.severity import Severity
from relight.kernel.signing import sign
from relight.web.ack import PURPOSE
from relight.web.front import Front
from relight.wiring.house import House

HTML = {"accept": "text/html"}


def declared(house: House) -> Incident:
    return house.desk.declare("api fails", by=person("rebecca"), severity=Severity.S1)


def link(house: House, incident: Incident, who: str = "sam", *, minutes: float = 60) -> str:
    subject = {"incident": incident.id, "person": who, "page": f"{incident.id}.0.0"}
    expires_at = house.clock.now() + timedelta(minutes=minutes)
    return sign(house.instance.key, PURPOSE, subject, expires_at)


def test_the_button_acknowledges_without_signing_in(client: TestClient[Front], house: House):
    incident = declared(house)
    assert incident.is_paging
    token = link(house, incident)
    answer = client.post(f"/ack/{token}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/ack/{token}"
    after = house.desk.find(incident.id)
    assert after.acknowledged_by == "sam"
    assert not after.is_paging
    assert client.cookies.get("relight_session") is None
    (entry,) = [e for e in house.desk.timeline(after) if isinstance(e.event, Acknowledged)]
    assert entry.by == person("sam")
    assert isinstance(entry.event, Acknowledged)
    assert entry.event.via == "link"


def test_opening_the_link_changes_nothing(client: TestClient[Front], house: House):
    incident = declared(house)
    answer = client.get(f"/ack/{link(house, incident)}", headers=HTML)
    assert answer.status_code == 200
    assert "<form" in answer.text
    assert house.desk.find(incident.id).seq == incident.seq


def test_pressing_twice_changes_nothing_more(client: TestClient[Front], house: House):
    incident = declared(house)
    token = link(house, incident)
    client.post(f"/ack/{token}", follow_redirects=False)
    once = house.desk.find(incident.id).seq
    assert client.post(f"/ack/{token}", follow_redirects=False).status_code == 303
    assert house.desk.find(incident.id).seq == once


def test_a_second_person_is_told_who_has_it(client: TestClient[Front], house: House):
    incident = declared(house)
    client.post(f"/ack/{link(house, incident, 'sam')}", follow_redirects=False)
    late = client.post(f"/ack/{link(house, incident, 'rebecca')}", headers=HTML)
    assert late.status_code == 409
    assert "sam has it already." in late.text
    assert house.desk.find(incident.id).acknowledged_by == "sam"


def test_a_link_that_is_not_ours_or_too_old_says_so(client: TestClient[Front], house: House):
    incident = declared(house)
    good = link(house, incident)
    other = sign(
        house.instance.key, "other", {"incident": incident.id}, house.clock.now() + timedelta(1)
    )
    empty = sign(house.instance.key, PURPOSE, {}, house.clock.now() + timedelta(1))
    for token, word in (
        (f"{good}x", "link_invalid"),
        ("x", "link_invalid"),
        (f"x{good}", "link_invalid"),
        (other, "link_invalid"),
        (empty, "link_invalid"),
        (link(house, incident, minutes=-1), "link_expired"),
    ):
        answer = client.post(f"/ack/{token}")
        assert (answer.status_code, answer.json()["error"]) == (403, word)
        page = client.post(f"/ack/{token}", headers=HTML)
        assert page.status_code == 403
        assert "This link is" in page.text
    assert house.desk.find(incident.id).acknowledged_by == ""


def test_an_incident_that_has_ended_is_not_acknowledged(client: TestClient[Front], house: House):
    incident = declared(house)
    token = link(house, incident)
    house.desk.resolve(incident.id, by=person("sam"), override_reason="false alarm")
    answer = client.post(f"/ack/{token}")
    assert (answer.status_code, answer.json()["error"]) == (409, "not_live")
