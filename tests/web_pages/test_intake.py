from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from relight.kernel.actor import person
from relight.web.app import create_app
from relight.web.front import Front
from relight.wiring.house import House
from tests.intake.given import KIT, as_json, firing, house_with_senders, key, path
from tests.web.given import client_of, with_session


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = house_with_senders(tmp_path / "kit")
    yield house
    house.close()


@pytest.fixture
def client(house: House) -> Iterator[TestClient[Front]]:
    with client_of(create_app(house)) as client:
        client.headers.update(with_session(house, "rebecca"))
        yield client


def test_a_sample_is_tried_on_the_page(client: TestClient[Front], house: House):
    assert "prometheus" in client.get("/intake").text
    shown = client.get("/intake/prometheus").text
    assert key(house, "prometheus") in shown
    sample = as_json(firing("HighLatency", severity="critical")).decode()
    tried = client.post("/intake/prometheus/try", data={"body": sample, "headers": ""})
    assert "Raises S1 of api: HighLatency" in tried.text
    wrong = client.post("/intake/prometheus/try", data={"body": "{<b>", "headers": ""})
    assert wrong.status_code == 409
    assert "The body is not JSON." in wrong.text
    assert "<b>" not in wrong.text
    assert house.alerts.alerts() == []
    assert client.get("/intake/nobody").status_code == 404


def test_what_came_is_shown_and_escaped(client: TestClient[Front], house: House):
    client.post(path(house, "scripts"), json={"host": "<script>alert(1)</script>"})
    shown = client.get("/intake/scripts").text
    assert "1 raised" in shown
    assert "<script>alert" not in shown


def test_changes_and_reports_stand_beside_service_and_incident(
    client: TestClient[Front], house: House
):
    client.post(path(house, "shipping"), json={"flag": "new-checkout", "environment": "production"})
    client.post(path(house, "customers"), json={"text": "<i>White map</i>", "service": "api"})
    house.desk.declare("API is slow", by=person("rebecca"), services=["api"])
    for where in ("/services/api", "/incidents/INC-1"):
        shown = client.get(where).text
        assert "new-checkout in production" in shown
        assert "&lt;i&gt;White map" in shown


def test_a_mail_source_has_a_mail_address(tmp_path: Path):
    source = "  - {name: nagios, from: {email: {listen: '127.0.0.1:2525'}}}\n"
    house = house_with_senders(tmp_path / "mail", KIT + source)
    with client_of(create_app(house)) as client:
        client.headers.update(with_session(house, "rebecca"))
        shown = client.get("/intake/nagios").text
        expected = f"nagios+{key(house, 'nagios')}@"
    house.close()
    assert expected in shown
    assert "/in/nagios/" not in shown
