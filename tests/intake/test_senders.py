"""Real senders, pointed at a real server: their own clients take our answers for their vendors'."""

# pyright: reportUnknownMemberType=false
from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pagerduty import EventsApiV2Client

from relight.detect.alert import Alert
from relight.wiring.house import House
from tests.intake.given import firing, house_with_senders, key, path
from tests.peers.programs import free_port, running
from tests.web.given import served

_PATIENCE_S = 60.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = house_with_senders(tmp_path / "kit")
    yield house
    house.close()


@pytest.fixture
def address(house: House) -> Iterator[str]:
    with served(house) as (address, _, _):
        yield address


def waits_for(found: Callable[[], bool]) -> bool:
    ends = time.monotonic() + _PATIENCE_S
    while not found() and time.monotonic() < ends:
        time.sleep(0.1)
    return found()


def newest(house: House) -> Alert:
    return house.alerts.alerts(limit=1)[0]


def test_the_official_pagerduty_client(house: House, address: str):
    client = EventsApiV2Client(key(house, "events"))
    client._url = address  # pyright: ignore[reportPrivateUsage] - its setter takes https alone
    dedup_key = client.trigger("The disk is full", "db-1", severity="critical")
    assert newest(house).key == dedup_key
    assert newest(house).severity == "S1"
    assert client.trigger("Still full", "db-1", dedup_key=dedup_key) == dedup_key
    assert newest(house).count == 2
    client.acknowledge(dedup_key)
    assert len(house.due.keys("intake")) == 1
    client.resolve(dedup_key)
    assert not newest(house).is_open
    link = {"href": "https://ci.example.org/7"}
    client.submit("Deploy 1.2.3", source="ci", links=[link], timestamp="2026-05-02T12:00:00Z")
    client.close()
    now = house.clock.now()
    assert [each.summary for each in house.what_changed.between(now.replace(year=2020), now)]


OPSGENIE = """
import sys
import opsgenie_sdk as sdk
configuration = sdk.Configuration()
configuration.host = sys.argv[1]
configuration.api_key["Authorization"] = sys.argv[2]
alerts = sdk.AlertApi(api_client=sdk.ApiClient(configuration=configuration))
full = sdk.CreateAlertPayload(message="Full", alias="disk/7", entity="web", priority="P1")
made = alerts.create_alert(full)
status = alerts.get_request_status(made.request_id)
assert status.data.is_success
assert status.data.alert_id == "disk/7"
by = sdk.AcknowledgeAlertPayload(user="rebecca")
alerts.acknowledge_alert(status.data.alert_id, acknowledge_alert_payload=by)
note = sdk.AddNoteToAlertPayload(note="I look at it.")
alerts.add_note("disk/7", identifier_type="alias", add_note_to_alert_payload=note)
if len(sys.argv) > 3:
    alerts.close_alert("disk/7", identifier_type="alias")
"""
"""In a process of its own: the SDK leaves its connections open."""


def test_the_official_opsgenie_sdk(house: House, address: str):
    calls = [sys.executable, "-c", OPSGENIE, address, key(house, "genie")]
    subprocess.run(calls, check=True)
    alert = newest(house)
    assert (alert.key, alert.service, alert.severity) == ("disk/7", "web", "S1")
    assert len(house.due.keys("intake")) == 2
    subprocess.run([*calls, "close"], check=True)
    assert (newest(house).count, newest(house).is_open) == (2, False)


@pytest.mark.peer("curl")
def test_curl(house: House, address: str):
    body = json.dumps(firing("by-curl"))
    for _ in range(2):
        done = subprocess.run(
            ["curl", "-fsS", "--json", body, f"{address}{path(house, 'prometheus')}"],
            capture_output=True,
            check=True,
        )
        assert done.stdout == b"{}"
    assert newest(house).count == 2


@pytest.mark.peer("prometheus")
@pytest.mark.peer("prometheus-alertmanager")
def test_prometheus_and_alertmanager_fire_and_resolve(house: House, address: str, tmp_path: Path):
    sender, rules = free_port(), tmp_path / "prometheus" / "rules.yml"
    for name in ("alertmanager", "prometheus"):
        (tmp_path / name).mkdir()
    (tmp_path / "alertmanager" / "alertmanager.yml").write_text(
        "route: {receiver: relight, group_wait: 1s, group_interval: 1s, group_by: [alertname]}\n"
        "receivers:\n"
        "  - name: relight\n"
        "    webhook_configs:\n"
        f"      - {{url: '{address}{path(house, 'prometheus')}', send_resolved: true}}\n"
    )
    rule = (
        "groups:\n"
        "  - name: shop\n"
        "    rules:\n"
        "      - alert: AlwaysOn\n"
        "        expr: {expr}\n"
        "        labels: {{severity: critical, service: api}}\n"
        "        annotations: {{summary: It is on}}\n"
    )
    rules.write_text(rule.format(expr="vector(1)"))
    scraper = free_port()
    (tmp_path / "prometheus" / "prometheus.yml").write_text(
        "global: {evaluation_interval: 1s}\n"
        "rule_files: [rules.yml]\n"
        f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{sender}']}}]}}]}}\n"
    )
    with ExitStack() as peers:
        peers.enter_context(
            running(
                [
                    "prometheus-alertmanager",
                    "--config.file=alertmanager.yml",
                    "--storage.path=data",
                    f"--web.listen-address=127.0.0.1:{sender}",
                    "--cluster.listen-address=",
                ],
                port=sender,
                folder=tmp_path / "alertmanager",
            )
        )
        peers.enter_context(
            running(
                [
                    "prometheus",
                    "--config.file=prometheus.yml",
                    "--storage.tsdb.path=data",
                    "--web.enable-lifecycle",
                    "--rules.alert.resend-delay=1s",
                    f"--web.listen-address=127.0.0.1:{scraper}",
                ],
                port=scraper,
                folder=tmp_path / "prometheus",
            )
        )
        assert waits_for(lambda: bool(house.alerts.alerts(only_open=True)))
        alert = newest(house)
        assert (alert.title, alert.service, alert.severity) == ("It is on", "api", "S1")
        rules.write_text(rule.format(expr="vector(1) > 2"))
        subprocess.run(
            ["curl", "-fsS", "-X", "POST", f"http://127.0.0.1:{scraper}/-/reload"], check=True
        )
        assert waits_for(lambda: not house.alerts.alerts(only_open=True))
